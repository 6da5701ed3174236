#!/usr/bin/env bash
# The suite under ThreadSanitizer and AddressSanitizer; with `smoke`, twin-audit under ThreadSanitizer on made-up tenants, some
# minutes; the debug build has to stand.
# Readers of outside bytes run under AddressSanitizer in Fuzz/run.sh as well.
set -euo pipefail
cd "$(dirname "$0")/.."
# A crash prints its own trace; ThreadSanitizer goes on behind a report, and fails in the end. What Swift's runtime keeps for good is no leak.
export SWIFT_BACKTRACE="enable=no" ASAN_OPTIONS="detect_leaks=0" TSAN_OPTIONS="second_deadlock_stack=1"

if [ "${1:-all}" = smoke ]; then
    # Without what debuggers and editors need: functions are named in reports all the same.
    swift build --sanitize=thread --scratch-path .build-thread-smoke --product twin-audit -debug-info-format none --disable-index-store
    exec python3 Tests/Sanitize/programs.py .build-thread-smoke/debug .build/debug
fi
for kind in thread address; do
    echo "== the suite under the $kind sanitizer"
    swift build --build-tests --sanitize="$kind" --scratch-path ".build-$kind"
    # What compares times says nothing here: everything is slower, and not evenly.
    TWIN_SANITIZED=$kind swift test --skip-build --sanitize="$kind" --scratch-path ".build-$kind"
done
for kind in thread address; do
    python3 Tests/Sanitize/programs.py ".build-$kind/debug" ".build-$kind/debug"
done
