#!/usr/bin/env bash
# A snapshot into a D1 of the rig, with every row read back, against wrangler executing the official export of the same
# database locally. That takes some milliseconds a row, an hour for 300,000: so both have fewer rows, and d1keep has all of
# them besides, alone. BENCH_WRANGLER_ROWS
. "$(dirname "$0")/bench.sh"

few=${BENCH_WRANGLER_ROWS:-10000}
[ "$few" -le "$ROWS" ] || few=$ROWS
file=$(usage_file "$few")
rig_with "$file"
rig_conf
# A second database of the rig to restore into.
sed -i 's|^environment "rig" .*|&\n    database "target" { id = "7e570000-0000-4000-8000-000000000004" }|' "$CONF"
measure "$D1KEEP" -c "$CONF" backup rig/r0 --verify none

[ -x "$BENCH/node_modules/.bin/wrangler" ] ||
    npm install --prefix "$BENCH" --no-save --no-audit --no-fund --loglevel=error wrangler@4 >&2 || exit 1
export WRANGLER_SEND_METRICS=false CI=1
wrangler() { (cd "$TEST_TMP/project" && "$BENCH/node_modules/.bin/wrangler" "$@"); }
mkdir -p "$TEST_TMP/project"
cat >"$TEST_TMP/project/wrangler.json" <<'JSON'
{ "name": "bench", "compatibility_date": "2026-04-01",
  "d1_databases": [{ "binding": "DB", "database_name": "bench", "database_id": "7e570000-0000-4000-8000-000000000003" },
    { "binding": "EMPTY", "database_name": "empty", "database_id": "7e570000-0000-4000-8000-000000000004" }] }
JSON
copy=$(wrangler_file "$TEST_TMP/project/.wrangler/state" 7e570000-0000-4000-8000-000000000003)
mkdir -p "$(dirname "$copy")"
cp "$file" "$copy"
wrangler d1 export bench --local --output dump.sql >&2 || exit 1

restore() { measure "$D1KEEP" -c "$CONF" restore rig/r0@latest --to d1:rig/target --replace; }
execute() {
    rm -f "$(wrangler_file "$TEST_TMP/project/.wrangler/state" 7e570000-0000-4000-8000-000000000004)"*
    measure sh -c "cd '$TEST_TMP/project' && '$BENCH/node_modules/.bin/wrangler' d1 execute empty --local --file dump.sql --yes"
}
ROUNDS=$((ROUNDS < 2 ? ROUNDS : 2))
compare restore execute
expect_equal "$(rig_sql 7e570000-0000-4000-8000-000000000004 'SELECT count(*) FROM usage')" "$few" >&2 || exit 1

rig_stop
cp "$(usage_file "$ROWS")" "$(wrangler_file "$RIG_DIR" 7e570000-0000-4000-8000-000000000003)"
# shellcheck disable=SC2119 # no flags
rig_start
rig_conf
sed -i 's|^environment "rig" .*|&\n    database "target" { id = "7e570000-0000-4000-8000-000000000004" }|' "$CONF"
measure "$D1KEEP" -c "$CONF" backup rig/r1 --verify none
measure "$D1KEEP" -c "$CONF" restore rig/r1@latest --to d1:rig/target --replace
row 6 "snapshot of $few rows into a D1, every row read back" 'wrangler d1 execute --local --file (of its export)' \
    "$RATIO times faster ($OURS_MS, $THEIRS_MS ms); alone, $ROWS rows take $WALL ms, $CPU of them d1keep's CPU, $(calc "$RSS / 1024") MiB" \
    '3 times' "$(met "$RATIO >= 3")"
bench_done
