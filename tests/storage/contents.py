"""Files that can be told apart."""


def content(name: str, size_bytes: int = 1000) -> bytes:
    return (name.encode() * size_bytes)[:size_bytes]
