#!/usr/bin/env bash
# Every test: formatting rules, then the suites. Debug, so that overflow and bounds checks of all code run.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "== lint"
swift format lint --recursive --strict Package.swift Sources Tests

echo "== build"
swift build --build-tests

echo "== tests"
# A crash prints its own trace; the interactive backtracer would wait for a terminal.
export SWIFT_BACKTRACE="enable=no"
swift test --skip-build
