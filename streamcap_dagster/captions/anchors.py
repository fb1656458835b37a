"""Which windows of a clip are described in full again, so that what was said of it does not drift away from what is there."""


def anchor_windows(windows: int, every: int) -> range:
    """Every so many from the clip's first, which has its initial caption; none where `every` is 0, nor in a clip of no more windows than that."""
    return range(every, windows, every) if every else range(0)
