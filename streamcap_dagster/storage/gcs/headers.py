"""What a browser and a cache are told of an object, by the suffix of its name."""

from pathlib import PurePosixPath

_TYPES = {
    ".json": "application/json",
    ".jsonl": "application/x-ndjson",
    ".csv": "text/csv; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".srt": "application/x-subrip; charset=utf-8",
    ".vtt": "text/vtt; charset=utf-8",
    ".parquet": "application/vnd.apache.parquet",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".gif": "image/gif",
    ".mp4": "video/mp4",
    ".m4v": "video/x-m4v",
    ".mov": "video/quicktime",
    ".mkv": "video/x-matroska",
    ".webm": "video/webm",
    ".avi": "video/x-msvideo",
    ".ts": "video/mp2t",
}
_ANY = "application/octet-stream"


def content_type(name: str) -> str:
    return _TYPES.get(PurePosixPath(name).suffix.lower(), _ANY)


def cache_control(name: str) -> str:
    """Pictures and videos may be kept by a browser for an hour; texts and tables are asked for anew, since they change with every run."""
    return "private, max-age=3600" if content_type(name).startswith(("image/", "video/")) else "no-cache"
