#!/usr/bin/env bash
# Searches with libFuzzer, one target after the other, each for FUZZ_SECONDS (60).
#
#   tests/fuzz/run.sh BUILD NAME…          what `make fuzz` does
#   KEEP=1 tests/fuzz/run.sh BUILD NAME…   then adds inputs that reach new code to the corpus
#
# What is searched on from lies in BUILD/corpus/NAME and stays there from run to run. An input that breaks a target lands
# in BUILD/broken and is named; the exit code is 1 then.
set -u
cd "$(dirname "$0")/../.." || exit 2

BUILD=$1
shift
SECONDS_EACH=${FUZZ_SECONDS:-60}
broken=$BUILD/broken
found=0

limits=(-max_len=4096 -timeout=10 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1)
for name in "$@"; do
    program=$BUILD/tests/fuzz_$name
    grown=$BUILD/corpus/$name
    log=$BUILD/$name.log
    mkdir -p "$grown" "$broken"
    options=("${limits[@]}" "-artifact_prefix=$broken/$name-")
    [ -f "tests/fuzz/$name.dict" ] && options+=("-dict=tests/fuzz/$name.dict")
    if "$program" "${options[@]}" "-max_total_time=$SECONDS_EACH" "$grown" "tests/fuzz/corpus/$name" >"$log" 2>&1; then
        echo "ok - $name: $(awk '/number_of_executed_units/ { n = $2 } /average_exec_per_sec/ { s = $2 }
            END { print n " runs, " s " a second" }' "$log")"
    else
        found=1
        echo "not ok - $name: $(grep -E 'does not hold|SUMMARY|runtime error' "$log" | head -n 1)"
        sed -n 's/^artifact_prefix.*written to /    the input: /p' "$log"
        echo "    all of it: $log"
    fi
    # One input for each piece of code that none before it reached.
    if [ -n "${KEEP:-}" ]; then
        "$program" -merge=1 -use_counters=0 "${limits[@]}" "tests/fuzz/corpus/$name" "$grown" >/dev/null 2>&1 ||
            echo "not ok - $name: cannot merge"
    fi
done
exit $found
