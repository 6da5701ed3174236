#!/usr/bin/env bash
# What `make fuzz` runs: every target for SECONDS_EACH seconds (default 600), from the corpus that is checked in. New inputs go to
# Fuzz/.build/corpus; a crash leaves its input in Fuzz/.build/crashes and ends with status 1.
#
#   Fuzz/run.sh [TARGET…]
set -euo pipefail
cd "$(dirname "$0")"

seconds=${SECONDS_EACH:-600}
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(
    frame record checkpoint proof stream journal lines documents report sniffer policy answers terraform adminlog
)

clang_resources=$(dirname "$(dirname "$(readlink -f "$(command -v swiftc)")")")/lib/clang
fuzzer=$(find "$clang_resources" -name 'libclang_rt.fuzzer_no_main-x86_64.a' -o -name 'libclang_rt.fuzzer_no_main-aarch64.a' | head -1)
[ -n "$fuzzer" ] || { echo "fuzz: this Swift toolchain has no libFuzzer" >&2; exit 4; }

program() {
    case $1 in
        lines | documents | report | sniffer) echo fuzz-formats ;;
        policy | answers | terraform | adminlog) echo fuzz-policy ;;
        *) echo fuzz-journal ;;
    esac
}
for product in $(for target in "${targets[@]}"; do program "$target"; done | sort -u); do
    swift build -c release --product "$product" -Xswiftc -Xfrontend -Xswiftc -sanitize=fuzzer \
        -Xlinker "$fuzzer" -Xlinker -lstdc++ -Xlinker -lm
done

# A crash prints its own trace; the interactive backtracer would wait for a terminal.
export SWIFT_BACKTRACE="enable=no"
mkdir -p .build/crashes
# In memory where there is a file system for that: inputs are written and read again millions of times.
FUZZ_SCRATCH=$(mktemp -d -p /dev/shm twin-fuzz-XXXXXX 2>/dev/null || mktemp -d)
export FUZZ_SCRATCH
trap 'rm -rf "$FUZZ_SCRATCH"' EXIT
for target in "${targets[@]}"; do
    mkdir -p ".build/corpus/$target"
    [ -n "$(ls "Corpus/$target")" ] || { echo "fuzz: the corpus of $target is not there" >&2; exit 3; }
    log=.build/log-$target
    if ! FUZZ_TARGET=$target ".build/release/$(program "$target")" ".build/corpus/$target" "Corpus/$target" \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=512 -malloc_limit_mb=64 -max_len=20000 -use_value_profile=1 \
        -print_final_stats=1 -verbosity=0 -artifact_prefix=".build/crashes/$target-" >"$log" 2>&1
    then
        tail -50 "$log" >&2
        echo "fuzz: $target failed; its input is in Fuzz/.build/crashes" >&2
        exit 1
    fi
    awk -v target="$target" -v seconds="$seconds" '
        /number_of_executed_units/ { units = $2 }
        /slowest_unit/ { slowest = $2 }
        /peak_rss/ { peak = $2 }
        END { printf "%s: %d inputs in %d s, the slowest took %d s, at most %d MiB\n", target, units, seconds, slowest, peak }' "$log"
done
echo "fuzz: ${#targets[@]} targets without a finding"
