#!/bin/sh
# Prints the path of a Chromium or Chrome that runs, installing Chromium with apt or Homebrew first when there is none.
set -eu
cd "$(dirname "$0")"

works() { "$1" --version >/dev/null 2>&1; }

find_browser() {
    for browser in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable \
        "/Applications/Chromium.app/Contents/MacOS/Chromium" "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
        if [ -n "$browser" ] && works "$browser"; then
            command -v "$browser"
            return
        fi
    done
    return 1
}

if find_browser; then exit 0; fi
if command -v apt-get >/dev/null 2>&1; then
    sh system_package.sh chromium chromium >&2 || sh system_package.sh chromium-browser chromium-browser >&2 || true
elif command -v brew >/dev/null 2>&1; then
    brew install --cask google-chrome >&2 || true
fi
find_browser || {
    echo "make test-heavy looks at pages in a browser, and none runs here: install Chromium or Google Chrome, or name one with CHROMIUM=/path/to/it." >&2
    exit 1
}
