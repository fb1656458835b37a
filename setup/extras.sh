#!/bin/sh
# Installs extras of pyproject.toml into .venv at the versions of constraints.txt; does nothing when they are there already.
# Usage: extras.sh EXTRA... (make setup has made .venv)
# Reads: TORCH_INDEX  one more package index, for the CPU-only build of torch
set -eu
cd "$(dirname "$0")/.."
unset PYTHONPATH PYTHONHOME VIRTUAL_ENV
extras=$(printf ',%s' "$@")
extras=${extras#,}
mark=.venv/streamcap-extras # written last: the extras, and the set-up that they were added to

wanted_mark() { printf '%s\n' "$extras" && cat .venv/streamcap-setup; }

if [ "$(cat "$mark" 2>/dev/null)" = "$(wanted_mark)" ]; then exit 0; fi
rm -f "$mark"
printf '==> installing the extras %s into .venv\n' "$extras"
.venv/bin/python -m pip install --disable-pip-version-check -c constraints.txt ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} --no-build-isolation -e ".[$extras]" || {
    printf '\nThe extras %s could not be installed; the words of pip are above.\n' "$extras" >&2
    exit 1
}
wanted_mark >"$mark"
