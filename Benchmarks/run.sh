#!/bin/sh
# What `make bench` runs; arguments go to bench.py.
set -eu
exec python3 "$(dirname "$0")/bench.py" --save "$@"
