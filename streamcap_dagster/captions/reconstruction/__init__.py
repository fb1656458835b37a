"""What the deltas kept: questions that a full caption of a window answers, put to somebody who knows only what was said of its clip until then."""
