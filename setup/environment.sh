#!/bin/sh
# Makes .venv with what pyproject.toml asks for at the versions of constraints.txt, and ffmpeg; does nothing when that is done already.
# Reads: DECODER  torchcodec or ffmpeg; default: the one chosen last time, at first torchcodec
#        PYTHON   the Python to build with; default: the first of python3, python3.14 ... python3.11 that is new enough
#        TORCH_INDEX  one more package index, for the CPU-only build of torch
set -eu
cd "$(dirname "$0")/.."
unset PYTHONPATH PYTHONHOME VIRTUAL_ENV
mark=.venv/streamcap-setup # written last: the decoder, where the environment is, and what it was made from

fail() {
    printf '\nmake setup: %s\n' "$1" >&2
    exit 1
}

say() { printf '==> %s\n' "$1"; }

chosen_decoder() {
    decoder=${DECODER:-$(sed -n 1p "$mark" 2>/dev/null || true)}
    decoder=${decoder:-torchcodec}
    case $decoder in
    torchcodec | ffmpeg) ;;
    *) fail "DECODER=$decoder is not known; it is torchcodec or ffmpeg." ;;
    esac
}

made_from() { cat pyproject.toml constraints.txt setup/environment.sh | git hash-object --stdin; }

wanted_mark() { printf '%s\n%s\n%s\n' "$decoder" "$(pwd -P)" "$(made_from)"; }

is_done() { [ -x .venv/bin/python ] && [ "$(cat "$mark" 2>/dev/null)" = "$(wanted_mark)" ]; }

suitable() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' >/dev/null 2>&1; }

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        suitable "$PYTHON" || fail "PYTHON=$PYTHON is not a Python from 3.11 to 3.14."
        python=$PYTHON
        return
    fi
    for python in python3 python3.14 python3.13 python3.12 python3.11; do
        if suitable "$python"; then return; fi
    done
    found=$(python3 --version 2>/dev/null || echo "no python3")
    fail "Python 3.11 to 3.14 is needed, and this machine has $found. Install one (Debian or Ubuntu: sudo apt-get install python3 python3-venv; macOS: brew install python@3.13), or name one with make setup PYTHON=/path/to/python3."
}

make_venv() {
    made_at=$(sed -n 2p "$mark" 2>/dev/null || true)
    if suitable .venv/bin/python && [ "${made_at:-$(pwd -P)}" = "$(pwd -P)" ]; then return; fi
    find_python
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        fail "$python has no venv module, which makes the environment. Debian or Ubuntu: sudo apt-get install python$version-venv; elsewhere install Python from python.org or brew."
    say "making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv || fail "$python could not make .venv; its words are above."
}

in_venv_pip_install() {
    .venv/bin/python -m pip install --disable-pip-version-check -c constraints.txt ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} "$@"
}

install_packages() {
    in_venv_pip_install --quiet pip setuptools || fail "pip could not reach a package index; its words are above. Is there a network, or a proxy to set?"
    if [ "$decoder" = torchcodec ]; then
        .venv/bin/python setup/torch_download.py constraints.txt
        extras=torchcodec,dev
        hint=" Where torch has no build for this machine, make setup DECODER=ffmpeg does without it."
    else
        extras=dev
        hint=
    fi
    sh setup/system_package.sh ffmpeg ffmpeg ffprobe
    say "installing the packages of constraints.txt into .venv (each is shown while it is downloaded)"
    in_venv_pip_install --no-build-isolation -e ".[$extras]" || fail "the packages could not be installed; pip's words are above.$hint"
}

chosen_decoder
if is_done; then
    exec sh setup/system_package.sh ffmpeg ffmpeg ffprobe
fi
make_venv
rm -f "$mark"
install_packages
wanted_mark >"$mark.new"
mv "$mark.new" "$mark"
say "the environment is ready in .venv (decoder: $decoder)"
