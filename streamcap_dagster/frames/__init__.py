"""How stills are taken from a video: the picture on screen at each target time, by presentation timestamp, as JPEG with its true time."""
