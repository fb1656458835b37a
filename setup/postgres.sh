#!/bin/sh
# Prints the folder of PostgreSQL's server programs, installing them with apt or Homebrew first when there are none. It starts no server.
set -eu
cd "$(dirname "$0")"

for version in 18 17 16 15 14 13; do # neither apt nor Homebrew puts them on the PATH
    PATH="$PATH:/usr/lib/postgresql/$version/bin:${HOMEBREW_PREFIX:-/opt/homebrew}/opt/postgresql@$version/bin"
done
export PATH

sh system_package.sh postgresql initdb pg_ctl >&2
dirname "$(command -v initdb)"
