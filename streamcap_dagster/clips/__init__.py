"""Which spans of a video are captioned, and why the rest is not."""
