#!/bin/sh
# Installs a system package with apt or Homebrew unless its programs are there; where neither works, says what to install.
# Usage: system_package.sh PACKAGE PROGRAM...
set -eu
package=$1
shift

missing() {
    for program in "$@"; do
        command -v "$program" >/dev/null 2>&1 || return 0
    done
    return 1
}

fail() {
    printf '\n%s\n' "$1" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif ! command -v sudo >/dev/null 2>&1; then
        fail "$package is missing, and installing it takes root: run apt-get install $package as root, then try again."
    elif [ -t 0 ]; then
        sudo "$@"
    else
        sudo -n "$@" # nobody is there to type a password
    fi
}

apt_install() { as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$package"; }

if ! missing "$@"; then exit 0; fi
if command -v apt-get >/dev/null 2>&1; then
    printf '==> installing %s with apt-get\n' "$package"
    # The package lists are fetched only when those at hand do not do: that takes longer than the install itself.
    apt_install || { as_root apt-get update && apt_install; } || true
elif command -v brew >/dev/null 2>&1; then
    printf '==> installing %s with brew\n' "$package"
    brew install "$package" || true
fi
if missing "$@"; then
    fail "$package is missing and could not be installed from here: install it so that these programs are on the PATH, then try again: $*."
fi
