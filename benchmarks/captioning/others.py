"""How else the same windows could be captioned with the same SDK: one call after another, or many threads that leave every wait to the SDK's retries."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from itertools import islice
from pathlib import Path

from google import genai
from google.genai import types
from google.genai.errors import APIError

from benchmarks.captioning.footage import Footage
from benchmarks.captioning.ours import MODEL
from streamcap_dagster.captions.prompts import Prompts
from streamcap_dagster.records import Frame
from streamcap_dagster.storage import keys
from streamcap_dagster.storage.frame_table import read_windows


def start(way: str, folder: str, footage: Footage, url: str, count: int) -> subprocess.Popen[str]:
    """Begin `sequential` (so many calls) or `threads` (so many of them) in a process of its own; `figures` waits for its end."""
    command = [sys.executable, "-m", "benchmarks.captioning.others", way, folder, json.dumps(asdict(footage)), url, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])


def figures(process: subprocess.Popen[str]) -> dict[str, float]:
    told, _ = process.communicate()
    assert process.returncode == 0, told
    return dict(json.loads(told.splitlines()[-1]))


def sequential(folder: str, footage: Footage, url: str, calls: int) -> dict[str, float]:
    """Seconds of a call, the mean of the first so many, one after another."""
    client, began = _client(url, None), time.perf_counter()
    windows = (None for video_id in footage.video_ids for clip in range(footage.clips) for _ in _caption(client, folder, video_id, clip))
    done = sum(1 for _ in islice(windows, calls))
    return {"calls": done, "s_per_call": (time.perf_counter() - began) / done}


def threads(folder: str, footage: Footage, url: str, count: int) -> dict[str, float]:
    """How many windows so many threads caption, a clip each at a time, with the retries that the SDK has by itself; and in how many seconds.

    A call that fails for good ends its clip: what comes later could not know what was said before.
    """
    client, began = _client(url, types.HttpRetryOptions()), time.perf_counter()
    chains = [(video_id, clip) for video_id in footage.video_ids for clip in range(footage.clips)]
    with ThreadPoolExecutor(count) as pool:
        done = sum(pool.map(lambda chain: _until_it_fails(_caption(client, folder, *chain)), chains))
    return {"windows": done, "wall_s": time.perf_counter() - began}


def _client(url: str, retries: types.HttpRetryOptions | None) -> genai.Client:
    return genai.Client(api_key="any", http_options=types.HttpOptions(base_url=url, api_version="v1beta", timeout=120_000, retry_options=retries))


def _until_it_fails(windows: Iterator[None]) -> int:
    done = 0
    try:
        for _ in windows:
            done += 1
    except APIError:
        pass
    return done


def _caption(client: genai.Client, folder: str, video_id: str, clip: int) -> Iterator[None]:
    """Caption window after window of a clip."""
    prompts, said = Prompts(), list[str]()
    for window, frames in read_windows(Path(folder, keys.frames(video_id)), clip):
        answer = client.models.generate_content(
            model=MODEL,
            contents=[prompts.delta(said) if window else prompts.initial(), *_pictures(frames)],
            config=types.GenerateContentConfig(
                system_instruction=prompts.system("delta" if window else "initial"),
                response_mime_type="application/json",
                media_resolution=types.MediaResolution.MEDIA_RESOLUTION_LOW,
                max_output_tokens=512 if window else 1024,
            ),
        )
        said.append(json.loads(answer.text or "{}").get("caption", ""))
        yield


def _pictures(frames: list[Frame]) -> Iterator[types.Part | str]:
    for frame in frames:
        yield f"+{frame.target_s - frames[0].target_s:.2f} s"
        yield types.Part.from_bytes(data=frame.jpeg, mime_type="image/jpeg")


if __name__ == "__main__":
    way, folder_, footage_, url_, count_ = sys.argv[1:]
    print(json.dumps({"sequential": sequential, "threads": threads}[way](folder_, Footage(**json.loads(footage_)), url_, int(count_))))
