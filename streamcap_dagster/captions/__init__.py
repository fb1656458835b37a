"""How captions are made: prompts, the chain of a clip, the no-change gate, kept answers, objectives, subtitles and the captioners."""
