"""Decoding through torchcodec: one picture at a time, by its index in the timeline. The only file that speaks to torch."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import torch
from torch.nn.functional import interpolate
from torchcodec.decoders import VideoDecoder

from streamcap_dagster.frames.pictures import Picture, PictureNotFound, Size, Stretch, seconds_of, ticks_of
from streamcap_dagster.frames.timeline import Timeline, printable, read_timeline
from streamcap_dagster.records import Video


class TorchcodecDecoder:
    """Exact for containers that store presentation times. It turns rotated pictures upright, but cannot deinterlace."""

    def pictures(self, path: Path, video: Video, stretches: Sequence[Stretch], size: Size) -> Iterator[Picture]:
        torch.set_num_threads(1)
        timeline = read_timeline(path, video)
        timeline.require(video, stretches)
        decoder = _opened(path, video, timeline)
        indices = (timeline.index_at(video, target) for stretch in stretches for target in stretch)
        for index, same in groupby(indices):
            picture = _decoded(decoder, video, int(timeline.pts[index]), index, size)
            yield from (picture for _ in same)


def _opened(path: Path, video: Video, timeline: Timeline) -> VideoDecoder:
    try:
        return VideoDecoder(str(path.absolute()), stream_index=timeline.stream, dimension_order="NCHW", num_ffmpeg_threads=1, seek_mode="exact")
    except (RuntimeError, ValueError) as error:
        raise PictureNotFound(video.video_id, 0.0, _said(error)) from error


def _decoded(decoder: VideoDecoder, video: Video, announced: int, index: int, size: Size) -> Picture:
    """The picture of an index, which must be the one that the container announces there.

    Torch scales it: the decoder's own scaling takes three times as long.
    """
    try:
        frame = decoder.get_frame_at(index)
    except (RuntimeError, IndexError) as error:
        raise PictureNotFound(video.video_id, seconds_of(video, announced), _said(error)) from error
    if ticks_of(video, frame.pts_seconds) != announced:
        raise PictureNotFound(video.video_id, seconds_of(video, announced), f"the decoder gave that of {frame.pts_seconds:.3f} s")
    pixels = frame.data
    if tuple(pixels.shape[1:]) != (size.height, size.width):
        pixels = interpolate(pixels[None], size=(size.height, size.width), mode="bilinear", antialias=True)[0]
    return Picture(announced, pixels.permute(1, 2, 0).contiguous().numpy())


def _said(error: Exception) -> str:
    return printable(str(error).splitlines()[0] if str(error) else type(error).__name__)
