"""How good captions are, window by window, measured from what they say: below the steps, because more than one of them tells of it."""
