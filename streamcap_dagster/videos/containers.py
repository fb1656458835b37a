"""What the bytes of a file tell before any demuxer sees it: a script or picture in disguise, or a container whose end is missing."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_DISGUISES = (
    (b"#EXTM3U", "a playlist (HLS)"),
    (b"ffconcat", "a script (ffconcat)"),
    (b"<MPD", "a playlist (DASH)"),
    (b"<?xml", "a script (XML)"),
    (b"<smil", "a playlist (SMIL)"),
    (b"[playlist]", "a playlist (PLS)"),
    (b"v=0", "a stream description (SDP)"),
    (b"\x89PNG", "a still picture (PNG)"),
    (b"\xff\xd8\xff", "a still picture (JPEG)"),
)
_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"moof", b"styp"})
_HOLDING = frozenset({b"moov", b"mdat", b"moof", b"mfra"})
"""The boxes whose end matters; a length that is wrong elsewhere harms nobody."""
_NO_INDEX = "its index (the `moov` box) is missing"
_MATROSKA = b"\x1a\x45\xdf\xa3"
_TS_PACKETS = (188, 192, 204)
_TS_SYNC = 0x47


def disguise_of(path: Path) -> str:
    """What a file that is named like a video really is, when its first bytes give it away as a script or a picture; else empty."""
    with path.open("rb") as file:
        head = file.read(512)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return next((what for start, what in _DISGUISES if text.startswith(start)), "")


def missing_end(path: Path) -> str:
    """How the container shows that its last bytes are missing, as the end of a sentence; empty when it does not show that."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(16)
        file.seek(0)
        if head[4:8] in _BOXES:
            return _missing_of_boxes(file, size)
        if head.startswith(_MATROSKA):
            return _missing_of_matroska(file, size)
        if head.startswith(b"RIFF"):
            return _missing_of_riff(file, size)
        if head.startswith(b"GIF8"):
            return _missing_of_gif(file)
        return _missing_of_ts(file, size)


def _missing_of_boxes(file: BinaryIO, size: int) -> str:
    """MP4 and QuickTime (ISO/IEC 14496-12): the top level is a chain of boxes, each with its length; one of them, `moov`, is the index."""
    whole = set()
    for kind, end in _boxes(file, size):
        if end > size and kind in _HOLDING:
            return _bytes_missing(end - size) if b"moov" in whole else _NO_INDEX
        whole.add(kind)
    return "" if b"moov" in whole else _NO_INDEX


def _boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int]]:
    start = 0
    while start + 8 <= size:
        file.seek(start)
        length, kind = struct.unpack(">I4s", file.read(8))
        if length == 1:
            length = int.from_bytes(file.read(8), "big")
        end = size if length == 0 else start + length
        if end < start + 8:
            return
        yield kind, end
        start = end


def _missing_of_matroska(file: BinaryIO, size: int) -> str:
    """Matroska and WebM (RFC 9559): an EBML header, then one Segment that says how long it is, unless it was written live."""
    file.seek(len(_MATROSKA))
    length, _ = _ebml_size(file)
    file.seek(length, 1)
    if file.read(4) != b"\x18\x53\x80\x67":
        return ""
    length, known = _ebml_size(file)
    missing = file.tell() + length - size
    return _bytes_missing(missing) if known and missing > 0 else ""


def _ebml_size(file: BinaryIO) -> tuple[int, bool]:
    """A variable-length size, and whether it is known: all bits set mean that it is not."""
    first = file.read(1)
    if not first or not first[0]:
        return 0, False
    extra = 8 - first[0].bit_length()
    value = int.from_bytes(first + file.read(extra), "big")
    mask = (1 << (7 * (extra + 1))) - 1
    return value & mask, value & mask != mask


def _missing_of_riff(file: BinaryIO, size: int) -> str:
    """AVI: one RIFF chunk, in files above 1 GB several; some writers count the 8 bytes of its head into its length."""
    start = 0
    while start + 8 <= size:
        file.seek(start)
        name, length = struct.unpack("<4sI", file.read(8))
        if name != b"RIFF" or not length:
            return ""
        start += 8 + length + length % 2
    return _bytes_missing(start - size) if start - size > 8 else ""


def _missing_of_gif(file: BinaryIO) -> str:
    """GIF89a: a screen, then blocks of sub-blocks up to a trailer. One that ends between two blocks only lacks its trailer."""
    file.seek(10)
    file.seek(2 + _colours(file.read(1)), 1)
    while kind := file.read(1):
        if kind == b";":
            return ""
        if kind == b",":
            position = file.read(9)
            file.seek(_colours(position[8:]) + 1, 1)
        elif kind == b"!":
            file.seek(1, 1)
        else:
            return ""
        if not _skip_sub_blocks(file):
            return "its last picture is not complete"
    return ""


def _colours(flags: bytes) -> int:
    """Bytes of the colour table that these flags announce."""
    return 3 << ((flags[0] & 7) + 1) if flags and flags[0] & 0x80 else 0


def _skip_sub_blocks(file: BinaryIO) -> bool:
    while length := file.read(1):
        if not length[0]:
            return True
        file.seek(length[0], 1)
    return False


def _missing_of_ts(file: BinaryIO, size: int) -> str:
    """MPEG-TS: packets of one length, each beginning with a sync byte; a recording may begin anywhere but ends with a whole packet."""
    head = file.read(1 << 12)
    for length in _TS_PACKETS:
        for start in range(length):
            syncs = head[start : start + 8 * length : length]
            # The bits tested last are never both zero in a packet; a text of many G, the letter that is the sync byte, is none.
            if len(syncs) >= 5 and set(syncs) == {_TS_SYNC} and head[start + 3] & 0x30:
                over = (size - start + (4 if length == 192 else 0)) % length
                return "its last packet is not complete" if over else ""
    return ""


def _bytes_missing(count: int) -> str:
    return f"{count:,} bytes are missing"
