"""What tells how good captions are."""

PANEL = "Quality of captions"
