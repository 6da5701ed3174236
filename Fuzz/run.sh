#!/usr/bin/env bash
# What `make fuzz` runs: every target for SECONDS_EACH seconds (default 600), from the corpus that is checked in; two beside each other
# where there are two cores. New inputs go to Fuzz/.build/corpus; a crash leaves its input in Fuzz/.build/crashes and ends with status 1.
#
#   Fuzz/run.sh [TARGET…]      Fuzz/run.sh --build: builds and ends
set -euo pipefail
cd "$(dirname "$0")"

seconds=${SECONDS_EACH:-600}

clang_resources=$(dirname "$(dirname "$(readlink -f "$(command -v swiftc)")")")/lib/clang
fuzzer=$(find "$clang_resources" -name 'libclang_rt.fuzzer_no_main-x86_64.a' -o -name 'libclang_rt.fuzzer_no_main-aarch64.a' | head -1)
[ -n "$fuzzer" ] || { echo "fuzz: this Swift toolchain has no libFuzzer" >&2; exit 4; }
swift build -c release --product fuzz -debug-info-format none --disable-index-store -Xswiftc -Xfrontend -Xswiftc -sanitize=fuzzer -Xlinker "$fuzzer" -Xlinker -lstdc++ -Xlinker -lm
[ "${1:-}" != --build ] || exit 0
program=.build/release/fuzz

mapfile -t known < <("$program" --targets)
[ ${#known[@]} -gt 0 ] || { echo "fuzz: the program has no targets" >&2; exit 4; }
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=("${known[@]}")
for target in "${targets[@]}"; do
    [[ " ${known[*]} " == *" $target "* ]] || { echo "fuzz: no target is called $target; there are: ${known[*]}" >&2; exit 2; }
    [ -n "$(ls "Corpus/$target" 2>/dev/null)" ] || { echo "fuzz: the corpus of $target is not there" >&2; exit 3; }
done

# A crash prints its own trace; the interactive backtracer would wait for a terminal.
export SWIFT_BACKTRACE="enable=no"
mkdir -p .build/crashes
# In memory where there is a file system for that: inputs are written and read again millions of times.
scratch=$(mktemp -d -p /dev/shm twin-fuzz-XXXXXX 2>/dev/null || mktemp -d)
running=()
trap '[ ${#running[@]} -eq 0 ] || kill "${running[@]}" 2>/dev/null || true; rm -rf "$scratch"' EXIT

# Becomes the fuzzer of one target.
fuzz() {
    mkdir -p ".build/corpus/$1"
    FUZZ_TARGET=$1 FUZZ_SCRATCH=$scratch/$1 exec "$program" ".build/corpus/$1" "Corpus/$1" \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=512 -malloc_limit_mb=64 -max_len=20000 -use_value_profile=1 \
        -print_final_stats=1 -verbosity=0 -artifact_prefix=".build/crashes/$1-" >".build/log-$1" 2>&1
}

# Waits for the oldest one that runs, and says what came of it.
report() {
    local target=$1
    if ! wait "${running[0]}"; then
        running=("${running[@]:1}")
        tail -50 ".build/log-$target" >&2
        echo "fuzz: $target failed; its input is in Fuzz/.build/crashes" >&2
        exit 1
    fi
    running=("${running[@]:1}")
    awk -v target="$target" -v seconds="$seconds" '
        /number_of_executed_units/ { units = $2 }
        /slowest_unit/ { slowest = $2 }
        /peak_rss/ { peak = $2 }
        END { printf "%s: %d inputs in %d s, the slowest took %d s, at most %d MiB\n", target, units, seconds, slowest, peak }' \
        ".build/log-$target"
}

most=$(($(nproc) > 1 ? 2 : 1))
reported=0
for target in "${targets[@]}"; do
    if [ ${#running[@]} -eq "$most" ]; then
        report "${targets[reported]}"
        reported=$((reported + 1))
    fi
    fuzz "$target" &
    running+=($!)
done
while [ "$reported" -lt ${#targets[@]} ]; do
    report "${targets[reported]}"
    reported=$((reported + 1))
done
echo "fuzz: ${#targets[@]} targets without a finding"
