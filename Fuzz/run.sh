#!/usr/bin/env bash
# What `make fuzz` runs: every target for SECONDS_EACH seconds (default 600), from the corpus that is checked in. New inputs go to
# Fuzz/.build/corpus; a crash leaves its input in Fuzz/.build/crashes and ends with status 1.
#
#   Fuzz/run.sh [TARGET…]
set -euo pipefail
cd "$(dirname "$0")"

seconds=${SECONDS_EACH:-600}
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(frame record checkpoint proof stream journal)

clang_resources=$(dirname "$(dirname "$(readlink -f "$(command -v swiftc)")")")/lib/clang
fuzzer=$(find "$clang_resources" -name 'libclang_rt.fuzzer_no_main-x86_64.a' -o -name 'libclang_rt.fuzzer_no_main-aarch64.a' | head -1)
[ -n "$fuzzer" ] || { echo "fuzz: this Swift toolchain has no libFuzzer" >&2; exit 4; }

swift build -c release --product fuzz-journal -Xswiftc -Xfrontend -Xswiftc -sanitize=fuzzer \
    -Xlinker "$fuzzer" -Xlinker -lstdc++ -Xlinker -lm

# A crash prints its own trace; the interactive backtracer would wait for a terminal.
export SWIFT_BACKTRACE="enable=no"
mkdir -p .build/crashes
for target in "${targets[@]}"; do
    mkdir -p ".build/corpus/$target" "Corpus/$target"
    echo "== $target, $seconds s"
    FUZZ_TARGET=$target .build/release/fuzz-journal ".build/corpus/$target" "Corpus/$target" \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=512 -malloc_limit_mb=64 -max_len=20000 -use_value_profile=1 \
        -print_final_stats=1 -verbosity=0 -artifact_prefix=".build/crashes/$target-"
done
rm -rf /dev/shm/twin-fuzz-*
echo "fuzz: ${#targets[@]} targets without a finding"
