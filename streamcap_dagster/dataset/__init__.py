"""From the examples of all videos to what trainers load: JSON files, and a Hugging Face dataset with its card. No frame is decoded here, but a few for the card."""
