"""Captions as subtitles: SubRip, and WebVTT (https://www.w3.org/TR/webvtt1/), one cue per window that has words."""

from collections.abc import Iterable

from streamcap_dagster.records import Caption


def to_srt(captions: Iterable[Caption]) -> str:
    """SubRip, times as `00:00:05,000`; empty when nothing was said.

    SubRip knows no escapes, so what players would take for markup is written with characters that look alike.
    """
    cues = [f"{number}\n{_span(caption, ',')}\n{_srt_text(caption.text)}\n" for number, caption in enumerate(_spoken(captions), 1)]
    return "\n".join(cues)


def to_vtt(captions: Iterable[Caption]) -> str:
    """WebVTT, times as `00:00:05.000`, its markup characters escaped; empty when nothing was said. The identifier of an anchor's cue says that it is one."""
    cues = [f"{_identifier(caption)}{_span(caption, '.')}\n{_vtt_text(caption.text)}\n" for caption in _spoken(captions)]
    return "\n".join(["WEBVTT\n", *cues]) if cues else ""


def _identifier(caption: Caption) -> str:
    return f"anchor {caption.clip}/{caption.window}\n" if caption.kind == "anchor" else ""


def _spoken(captions: Iterable[Caption]) -> list[Caption]:
    return sorted((caption for caption in captions if caption.text), key=lambda caption: (caption.start_s, caption.clip, caption.window))


def _span(caption: Caption, point: str) -> str:
    return f"{_time(caption.start_s, point)} --> {_time(caption.end_s, point)}"


def _time(second: float, point: str) -> str:
    milliseconds = round(second * 1000)
    return f"{milliseconds // 3_600_000:02d}:{milliseconds // 60_000 % 60:02d}:{milliseconds // 1000 % 60:02d}{point}{milliseconds % 1000:03d}"


def _srt_text(text: str) -> str:
    return _one_line(text).replace("-->", "→").replace("<", "‹").replace(">", "›").replace("{", "(").replace("}", ")")


def _vtt_text(text: str) -> str:
    return _one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _one_line(text: str) -> str:
    return " ".join(text.split())
