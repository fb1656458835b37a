"""`python -m benchmarks.dataset [ROWS]`: fewer rows than `make bench` has, to see that it works; prints the figures and writes them nowhere."""

import json
import sys

from benchmarks.dataset import ROWS, measure

print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS), indent=1))
