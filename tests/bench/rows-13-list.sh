#!/usr/bin/env bash
# A list of 1,000 snapshots of one database in R2: how many requests and how long, the first time and again.
. "$(dirname "$0")/bench.sh"

SNAPSHOTS=${BENCH_SNAPSHOTS:-1000}
file=$(usage_file "$ROWS")
rig_with "$file"
rig_conf
measure "$D1KEEP" -c "$CONF" backup rig/r0 --verify none

# The one real manifest, dated anew a thousand times, each six hours after the one before.
s3() { curl -sSf --aws-sigv4 aws:amz:auto:s3 --user "$RIG_KEY_ID:$RIG_SECRET_KEY" -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' -H 'Expect:' "$@"; }
folder=$(rig_fact .s3)/b1/rig/r0/snapshots
id=$(fact rig/r0 .id | tr -d ':-')
s3 "$folder/$id.json" | gunzip >"$TEST_TMP/manifest.json"
mkdir "$TEST_TMP/manifests"
for ((n = 0; n < SNAPSHOTS - 1; n++)); do
    other=$(date -u -d "@$((1700000000 + n * 21600))" +%Y%m%dT%H%M%SZ)
    sed "s/$id/$other/" "$TEST_TMP/manifest.json" | gzip -n >"$TEST_TMP/manifests/$other.json"
    printf 'next\nupload-file = "%s"\nurl = "%s/%s.json"\nsilent\nfail\naws-sigv4 = "aws:amz:auto:s3"\nuser = "%s:%s"\nheader = "x-amz-content-sha256: UNSIGNED-PAYLOAD"\nheader = "Expect:"\noutput = /dev/null\n' \
        "$TEST_TMP/manifests/$other.json" "$folder" "$other" "$RIG_KEY_ID" "$RIG_SECRET_KEY"
done | tail -n +2 >"$TEST_TMP/uploads"
curl -K "$TEST_TMP/uploads" || exit 1
sleep 3 # what was written within the last two seconds is asked for again: docs/performance.md

recorder --log "$TEST_TMP/log"
rig_conf
list() {
    : >"$TEST_TMP/log"
    measure "$D1KEEP" -c "$CONF" list rig/r0
    [ "$(grep -c '^rig/r0@' "$OUT")" = "$SNAPSHOTS" ] || { echo "the list is not whole" >&2; exit 1; }
    gets=$(grep -c '/snapshots/[^?]*json' "$TEST_TMP/log")
    listings=$(grep -c 'list-type=2' "$TEST_TMP/log")
}
list
cold="$gets GETs and $listings listing(s) in $WALL ms ($CPU ms of CPU, $(calc "$RSS / 1024") MiB)"
cold_gets=$gets
list
best=$WALL
for ((n = 1; n < ROUNDS; n++)); do list; best=$(least "$best" "$WALL"); done
row 13 "list of $SNAPSHOTS snapshots in R2" - \
    "cold: $cold; warm: $gets GETs and $listings listing(s) in $best ms ($CPU ms of CPU)" \
    'cold one GET each, warm none in under 300 ms' "$(met "$cold_gets <= $SNAPSHOTS && $gets == 0 && $best < 300")"
bench_done
