"""From the captions of a video to its SFT and RL examples, and the images that their JSON form refers to."""
