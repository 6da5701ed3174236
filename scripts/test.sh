#!/usr/bin/env bash
# Every test: formatting rules, then the suites. Debug, so that overflow and bounds checks of all code run.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "== lint"
swift format lint --recursive --strict Package.swift Sources Tests

echo "== build"
swift build --build-tests

# What the last two steps need is built beside the suite, from what it leaves of the processor; they build again what failed here.
mkdir -p .build/beside
setsid nice -n 19 bash -c 'scripts/sanitize.sh build >.build/beside/sanitize.log 2>&1; Fuzz/run.sh --build >.build/beside/fuzz.log 2>&1' </dev/null &
beside=$!
trap 'kill -- "-$beside" 2>/dev/null || true' EXIT

echo "== tests"
# A crash prints its own trace; the interactive backtracer would wait for a terminal.
export SWIFT_BACKTRACE="enable=no"
swift test --skip-build

echo "== the journal's writer, killed and hindered a few times (make torture: often)"
python3 Tests/Torture/journal.py .build/debug/twin-journal --rounds 8

echo "== journals that are being copied, looked at a few times (make torture: often)"
python3 Tests/Torture/live.py .build/debug --rounds 25 --ingest

echo "== ingest, killed and hindered a few times (make torture: often)"
python3 Tests/Torture/ingest.py .build/debug --rounds 6 --flows 3000

echo "== what was built beside the tests"
wait "$beside" || true

echo "== the programs under ThreadSanitizer (make sanitize: the suite, and AddressSanitizer)"
scripts/sanitize.sh smoke

echo "== fuzzing, some seconds a reader (make fuzz: minutes)"
SECONDS_EACH=5 Fuzz/run.sh
