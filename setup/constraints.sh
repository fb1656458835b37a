#!/bin/sh
# Writes constraints.txt anew: what pip resolves pyproject.toml to today, in an environment that holds nothing else.
# Needs Python 3.11, the oldest that is supported: what it resolves to has files for the later ones too.
# Then look at the difference, and run `make setup check test`.
set -eu
cd "$(dirname "$0")/.."
unset PYTHONPATH PYTHONHOME VIRTUAL_ENV
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"${PYTHON:-python3.11}" -m venv "$scratch/venv"
python="$scratch/venv/bin/python"
"$python" -m pip install --quiet --disable-pip-version-check --upgrade pip setuptools
"$python" - >"$scratch/requirements.txt" <<'PYTHON'
import tomllib

project = tomllib.load(open("pyproject.toml", "rb"))["project"]
of_extras = [needed for extra in project["optional-dependencies"].values() for needed in extra if not needed.startswith(project["name"])]
print(*project["dependencies"], *of_extras, sep="\n")
PYTHON
"$python" -m pip install --disable-pip-version-check -r "$scratch/requirements.txt"

{
    printf '# Every package of the environment at the version that it was tried with. Written by make constraints; edit pyproject.toml instead.\n'
    printf '# torch carries no +cpu or +cu suffix, so both builds fit; the CUDA packages are left to the pins of torch itself.\n'
    "$python" -m pip freeze --all --disable-pip-version-check | sed 's/+[a-z0-9.]*$//' | grep -v -i -E '^(nvidia-|cuda-|triton)'
} >"$scratch/constraints.txt"
mv "$scratch/constraints.txt" constraints.txt
