"""Loads a published dataset as anybody would, in a process of its own: `python -m tests.hub.loading REPO`."""

import json
import sys

from datasets import Image, List, load_dataset

if __name__ == "__main__":
    rows = load_dataset(sys.argv[1], "sft", split="train")
    streamed = load_dataset(sys.argv[1], "stream", split="train", streaming=True)
    seen = sorted(row["video_id"] for row in streamed.cast_column("images", List(Image(decode=False))))
    print(json.dumps({"rows": len(rows), "size": rows[0]["frames_window1"][0].size, "videos": sorted(set(rows["video_id"])), "streamed": seen}))
