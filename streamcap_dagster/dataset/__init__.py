"""From the examples of all videos to what trainers load: JSON files, and a Hugging Face dataset with its card, for which alone a few frames are decoded."""
