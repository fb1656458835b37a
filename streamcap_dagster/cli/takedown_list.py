"""A takedown list: the ids of videos in a file, as whoever asks for it hands it over."""

from pathlib import Path

from streamcap_dagster.errors import SettingError

OPTION = "--from"


def read_takedown_list(path: Path) -> list[str]:
    """The ids, one a line, each once; what follows a `#`, and empty lines, say nothing. Raises SettingError for a file that cannot be read or names none."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise SettingError(OPTION, str(path), f"it cannot be read ({why}); give a text file with a video id a line") from error
    video_ids = list(dict.fromkeys(video_id for line in lines if (video_id := line.partition("#")[0].strip())))
    if not video_ids:
        raise SettingError(OPTION, str(path), "it names no video; give a text file with a video id a line")
    return video_ids
