#!/usr/bin/env bash
# Every test: formatting rules, then the suites. All checks of a debug build run; Package.swift says what TWIN_CHECKED does.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "== lint"
swift format lint --recursive --strict Package.swift Plugins Sources Tests

echo "== build"
mkdir -p .build
TWIN_CHECKED=1 swift build --build-tests 2>&1 | tee .build/build-tests.log
# Of what is compiled now; sources of others are not ours to mend.
if grep -E "^$PWD/(Sources|Tests|Package\.swift)[^ ]*: warning:" .build/build-tests.log; then
    echo "test: the compiler warns of the above" >&2
    exit 1
fi

# Sanitizer and fuzzer are built, and the programs run under ThreadSanitizer, beside what follows: from what it leaves of the processor.
mkdir -p .build/beside
rm -f .build/beside/*.log
setsid nice -n 19 bash -c '
    Fuzz/run.sh --build >.build/beside/fuzz.log 2>&1 || exit
    exec scripts/sanitize.sh smoke >.build/beside/sanitize.log 2>&1' </dev/null &
beside=$!
trap 'kill -- "-$beside" 2>/dev/null || true' EXIT

echo "== tests"
# A crash prints its own trace; the interactive backtracer would wait for a terminal.
export SWIFT_BACKTRACE="enable=no"
TWIN_CHECKED=1 swift test --skip-build

echo "== the journal's writer, killed and hindered a few times (make torture: often)"
python3 Tests/Torture/journal.py .build/debug/twin-journal --rounds 8

echo "== journals that are being copied, looked at a few times (make torture: often)"
python3 Tests/Torture/live.py .build/debug --rounds 25 --ingest

echo "== ingest, killed and hindered a few times (make torture: often)"
python3 Tests/Torture/ingest.py .build/debug --rounds 6 --flows 3000

echo "== the programs under ThreadSanitizer (make sanitize: the suite, and AddressSanitizer)"
status=0
wait "$beside" || status=$?
cat .build/beside/*.log
[ "$status" -eq 0 ] || exit "$status"

echo "== fuzzing, some seconds a reader (make fuzz: minutes)"
SECONDS_EACH=5 Fuzz/run.sh
