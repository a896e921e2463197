#!/usr/bin/env bash
# A D1 database from the rig to the rig's R2: against wrangler's export, against the very requests it takes, and far away.
. "$(dirname "$0")/bench.sh"

wants() { [ -z "${BENCH_ONLY:-}" ] || [[ " $BENCH_ONLY " == *" $1 "* ]]; }

file=$(usage_file "$ROWS")
rig_with "$file"
number=0
backup() {
    number=$((number + 1))
    measure "$D1KEEP" -c "$CONF" backup "rig/r$number"
}

# ---- 2: what was recorded of one backup is sent again, one request after another

floor_of_recorded() { measure "$BUILD/bench/floor" "$(rig_fact .origin)" "$TEST_TMP/recorded"; }
if wants 2; then
    mkdir -p "$TEST_TMP/recorded"
    recorder --folder "$TEST_TMP/recorded"
    rig_conf
    backup
    end_process "$RECORDER_PID"
    API=$RIG_API S3=$(rig_fact .s3)
    rig_conf
    compare backup floor_of_recorded
    row 2 "D1 of $ROWS rows to R2" 'its own requests, one after another' \
        "$(calc "1 / $RATIO") times the floor ($OURS_MS, $THEIRS_MS ms; $(fact "rig/r$number" .requests) requests to the API)" \
        'at most 1.15 times' "$(met "1 / $RATIO <= 1.15")"
fi

# ---- 1: wrangler (the newest that runs on Node 20: 195 MB, seven seconds to install), with a copy of the same file where it keeps a local database

wrangler_export() {
    measure sh -c "cd '$TEST_TMP/project' && '$BENCH/node_modules/.bin/wrangler' d1 export bench --local --output dump.sql && gzip -6 -f dump.sql"
}
if wants 1; then
    [ -x "$BENCH/node_modules/.bin/wrangler" ] ||
        npm install --prefix "$BENCH" --no-save --no-audit --no-fund --loglevel=error wrangler@4.86.0 >&2 || exit 1
    rig_conf
    export WRANGLER_SEND_METRICS=false CI=1
    mkdir -p "$TEST_TMP/project"
    cat >"$TEST_TMP/project/wrangler.json" <<'JSON'
{ "name": "bench", "compatibility_date": "2026-04-01",
  "d1_databases": [{ "binding": "DB", "database_name": "bench", "database_id": "7e570000-0000-4000-8000-000000000003" }] }
JSON
    copy=$(wrangler_file "$TEST_TMP/project/.wrangler/state" 7e570000-0000-4000-8000-000000000003)
    mkdir -p "$(dirname "$copy")"
    cp "$file" "$copy"
    rounds=$ROUNDS ROUNDS=$((ROUNDS < 3 ? ROUNDS : 3))
    compare backup wrangler_export
    ROUNDS=$rounds
    row 1 "D1 of $ROWS rows to R2, whole command" 'wrangler d1 export --local, gzip -6' \
        "$RATIO times faster ($OURS_MS, $THEIRS_MS ms)" '6 times' "$(met "$RATIO >= 6")"
fi

# ---- 11: every answer comes 100 ms later

if wants 11; then
    recorder --delay_ms 100 --log "$TEST_TMP/log"
    rig_conf
    backup
    requests=$(grep -c ' /client/v4/' "$TEST_TMP/log")
    sql=$(fact "rig/r$number" '[.objects[].sql_bytes] | add')
    most=$(calc "int($sql / 4000000) + 2 * $(fact "rig/r$number" '.tables | length') + 6")
    # milliseconds from the first question to the last answer of the API, and to the last chunk's
    read -r reading storing < <(awk '/ \/client\/v4\// { if (!first) first = $4; if ($5 > read) read = $5 }
        / \/cdn-cgi\/.*\/data\// { if ($5 > put) put = $5 } END { print read - first, put - first }' "$TEST_TMP/log")
    row 11 'the same, each answer 100 ms late' - \
        "$requests requests to the API (at most $most); read after $reading ms, the last chunk stored after $storing ms" \
        'that many; uploads hidden' "$(met "$requests <= $most && $storing <= 1.1 * $reading + 300")"
fi
bench_done
