#!/usr/bin/env bash
# The bench still runs, with a thousand rows: what it measures says nothing then.

. "$(dirname "$0")/../lib.sh"

prints_its_table() {
    export BENCH_ROWS=1000 BENCH_ROUNDS=1 BENCH_ONLY='2 11 15' BENCH_DATA=$TEST_TMP/data
    expect_exit 0 "$TESTS/bench/run.sh" "$(dirname "$D1KEEP")"
    expect_out '^\| 2 \| D1 of 1000 rows to R2 \| .* times the floor '
    expect_out '^\| 11 \| .* requests to the API \(at most '
    expect_equal "$(grep -c '^| 15 ' "$OUT")" 3
    refuse_match "$ERR" 'failed'
}
test_case 'bench: rows 2, 11 and 15 run and make a table' prints_its_table

test_done
