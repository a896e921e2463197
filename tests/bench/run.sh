#!/usr/bin/env bash
# The bench: d1keep and what people use today, side by side, in one run. Prints a table; `make bench` runs it.
#
#   tests/bench/run.sh [BUILD]      BENCH_ONLY="3 4": these rows only     BENCH_ROWS=1000 BENCH_ROUNDS=1: does it still run?
set -u
cd "$(dirname "$0")/../.." || exit 1
BENCH_BUILD=$(realpath "${1:-build}")
export BENCH_BUILD
only=" ${BENCH_ONLY:-} "

mkdir -p "$BENCH_BUILD/bench"
cc -O2 -o "$BENCH_BUILD/bench/measure" tests/bench/measure.c || exit 1
# shellcheck disable=SC2046 # flags are words
cc -O2 -o "$BENCH_BUILD/bench/floor" tests/bench/floor.c $(pkg-config --cflags --libs libcurl) || exit 1

BENCH_RESULTS=$(mktemp)
export BENCH_RESULTS
trap 'rm -f "$BENCH_RESULTS"' EXIT

# A script's name says which rows it makes: rows-3-4-9-file.sh
for script in tests/bench/rows-*.sh; do
    wanted=
    for row in $(basename "$script" | sed -E 's/^rows-([0-9-]+).*/\1/; s/-/ /g'); do [[ $only != *" $row "* ]] || wanted=yes; done
    [ "$only" = '  ' ] || [ -n "$wanted" ] || continue
    echo "bench: $(basename "$script" .sh)" >&2
    D1KEEP=$BENCH_BUILD/d1keep D1KEEPD=$BENCH_BUILD/d1keepd bash "$script" >&2 || echo "bench: $script failed" >&2
done

echo "| # | work | against | measured | goal | |"
echo "|---|---|---|---|---|---|"
sort -n "$BENCH_RESULTS" | awk -F '\t' '{ printf "| %s | %s | %s | %s | %s | %s |\n", $1, $2, $3, $4, $5, $6 }'
