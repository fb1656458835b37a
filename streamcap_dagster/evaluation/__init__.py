"""How good captions are where it is known what happened, and which of two runs is better; no captioner is asked, and no picture looked at."""
