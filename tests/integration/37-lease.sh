#!/usr/bin/env bash
# One at a time writes to a database's folder: who comes second is told who is first, waits if it is told to, and takes over when
# the first is dead. In R2 and in a folder.

. "$(dirname "$0")/../lib.sh"

# shellcheck disable=SC2119 # flags of the rig, not the test's
rig_start
write_conf
need_crash_programs
rig_sql t1 "CREATE TABLE a(x); INSERT INTO a VALUES (1)"
sqlite3 "$TEST_TMP/shop.sqlite" "CREATE TABLE a(x); INSERT INTO a VALUES (1)"

snapshots() { d1keep list "$1" --json | jq '.snapshots | length'; }
change() { # ENV/DB
    case $1 in
        test/t1) rig_sql t1 "INSERT INTO a VALUES (random())" ;;
        *) sqlite3 "$TEST_TMP/shop.sqlite" "INSERT INTO a VALUES (random())" ;;
    esac >"$TEST_TMP/changed"
}
lease_of() { # ENV/DB   prints lease.json
    if [ "$1" = local/shop ]; then cat "$TEST_TMP/bucket/local/shop/lease.json"; else rig_object b1 test/t1/lease.json; fi
}
holds() { [ "$(lease_of "$1" | jq -r '.holder.pid')" = "$2" ]; }
is_stopped() { grep -q '^State:.T' "/proc/$1/status"; }
# stopped ENV/DB POINT [TTL]   a backup that stands still at a point; sets $STOPPED
stopped() {
    change "$1"
    D1KEEP_CRASH_AT=$2 D1KEEP_CRASH_SIGNAL=19 D1KEEP_LEASE_TTL=${3:-120} \
        "$CRASH_D1KEEP" -c "$CONF" backup "$1" >"$TEST_TMP/first.out" 2>"$TEST_TMP/first.err" &
    STOPPED=$!
    echo "$STOPPED" >>"$TEST_PIDS"
    wait_for 10 is_stopped "$STOPPED"
    holds "$1" "$STOPPED"
}
# ends CODE   the stopped one goes on, to this end
ends() {
    local rc=0
    kill -CONT "$STOPPED"
    wait "$STOPPED" || rc=$?
    [ "$rc" -eq "$1" ] || { cat "$TEST_TMP/first.err"; expect_equal "exit $rc" "exit $1"; }
}

second_is_told() {
    expect_exit 0 d1keep backup "$1"
    local before
    before=$(snapshots "$1")
    stopped "$1" chunk.before-put
    expect_error 75 "$1 is being backed up by $(uname -n) pid $STOPPED since 20[0-9TZ:-]*" d1keep backup "$1"
    expect_err '^d1keep: hint: .*--wait'
    expect_exit 75 d1keep backup "$1" --events-fd 1
    grep '"event"' "$OUT" | tail -1 >"$TEST_TMP/event"
    expect_equal "$(jq -r '.event + " " + .code' "$TEST_TMP/event")" 'error held'
    expect_equal "$(snapshots "$1")" "$before"
    # What only reads needs no lease.
    expect_exit 0 d1keep verify "$1"
    ends 0
    expect_equal "$(snapshots "$1")" $((before + 1))
    expect_equal "$(lease_of "$1" | jq -c .holder)" null
    expect_exit 0 d1keep backup "$1"
}

waits_for_the_first() {
    local before second
    before=$(snapshots "$1")
    stopped "$1" publish.before-manifest
    d1keep backup "$1" --wait 60 >"$OUT" 2>"$ERR" &
    second=$!
    wait_for 10 expect_match "$ERR" "waiting: $1 is being backed up by .* pid $STOPPED "
    ends 0
    wait "$second"
    expect_equal "$(snapshots "$1")" $((before + 2))
}

gives_up_waiting() {
    stopped "$1" chunk.before-put
    expect_error 75 "$1 is being backed up by .* pid $STOPPED " d1keep backup "$1" --wait 1
    kill -TERM "$STOPPED"
    ends 130
    # One that was told to end has given the lease back.
    expect_exit 0 d1keep backup "$1"
}

killed_is_followed() {
    local before generation
    before=$(snapshots "$1")
    generation=$(lease_of "$1" | jq .generation)
    stopped "$1" chunk.after-put 1
    kill -KILL "$STOPPED"
    wait "$STOPPED" || true
    expect_exit 0 d1keep backup "$1" --wait 60
    expect_equal "$(snapshots "$1")" $((before + 1))
    expect_equal "$(lease_of "$1" | jq .generation)" $((generation + 2))
}

# In a folder, without waiting: the lease has not been renewed for long.
killed_is_followed_at_once_when_old() {
    stopped local/shop chunk.after-put
    kill -KILL "$STOPPED"
    wait "$STOPPED" || true
    expect_error 75 'is being backed up by' d1keep backup local/shop
    touch -d '-130 seconds' "$TEST_TMP/bucket/local/shop/lease.json" # an eighth more is granted
    expect_error 75 'is being backed up by' d1keep backup local/shop
    touch -d '-140 seconds' "$TEST_TMP/bucket/local/shop/lease.json"
    expect_exit 0 d1keep backup local/shop
}

sleeper_finds_out() {
    local before
    before=$(snapshots "$1")
    stopped "$1" "$2" 1
    expect_exit 0 d1keep backup "$1" --wait 60
    expect_equal "$(snapshots "$1")" $((before + 1))
    ends 75
    expect_match "$TEST_TMP/first.err" "^d1keep: error: $1: .*the lease of $1 was lost"
    expect_equal "$(snapshots "$1")" $((before + 1))
    expect_exit 0 d1keep verify --replay "$1"
}

newest_is_past() { [[ $(d1keep list local/shop --json | jq -r '.snapshots[0].id') < $(date -u +%Y%m%dT%H%M%SZ) ]]; }
# In a folder, between the last look at the lease and the manifest: it is listed, and what it shares was pruned meanwhile.
sleeper_is_verified() {
    local before
    sqlite3 "$TEST_TMP/shop.sqlite" "PRAGMA journal_mode = WAL; CREATE TABLE shared(x); INSERT INTO shared VALUES (random())" >"$TEST_TMP/changed"
    expect_exit 0 d1keep backup local/shop
    wait_for 10 newest_is_past # or both would want one id
    stopped local/shop publish.before-manifest 1
    sqlite3 "$TEST_TMP/shop.sqlite" "DELETE FROM shared"
    CONF_ENV='keep_last = 1' write_conf
    expect_exit 0 d1keep backup local/shop --verify hashes --prune --wait 60
    before=$(snapshots local/shop)
    ends 3
    expect_match "$TEST_TMP/first.err" '^d1keep: warning: the lease of local/shop was lost'
    expect_match "$TEST_TMP/first.err" 'chunk data/shared/.* is missing from the bucket'
    expect_equal "$(snapshots local/shop)" $((before + 1))
    write_conf
    expect_exit 0 d1keep backup local/shop
}

damaged_lease() {
    echo '{"format": 1, "holder"' >"$TEST_TMP/bucket/local/shop/lease.json"
    expect_error 75 'its lease.json cannot be read' d1keep backup local/shop
    touch -d '-140 seconds' "$TEST_TMP/bucket/local/shop/lease.json"
    expect_exit 0 d1keep backup local/shop
    [ "$(lease_of local/shop | jq .generation)" -gt 1000000000 ]
}

# Two at once, again and again: each time at least one does it, and whoever does not was told of another.
crowd() {
    local n pid rc pids done_ones before
    for _ in 1 2 3; do
        change "$1"
        before=$(snapshots "$1")
        pids=() done_ones=0
        for n in 1 2 3 4; do
            d1keep backup "$1" >"$TEST_TMP/crowd.$n" 2>&1 &
            pids+=($!)
        done
        for pid in "${pids[@]}"; do
            rc=0
            wait "$pid" || rc=$?
            [ "$rc" -eq 0 ] || [ "$rc" -eq 75 ]
            [ "$rc" -ne 0 ] || done_ones=$((done_ones + 1))
        done
        [ "$done_ones" -ge 1 ]
        expect_equal "$(snapshots "$1")" $((before + done_ones))
    done
}

for database in test/t1 local/shop; do
    test_case "$database: the second is told who is first" second_is_told "$database"
    test_case "$database: --wait waits for the first" waits_for_the_first "$database"
    test_case "$database: --wait ends when it is told to; SIGTERM gives the lease back" gives_up_waiting "$database"
    test_case "$database: one that was killed is followed when its lease expires" killed_is_followed "$database"
    test_case "$database: one that stood still too long does not publish" sleeper_finds_out "$database" chunk.before-put
    test_case "$database: nor when all but its manifest is there" sleeper_finds_out "$database" publish.begin
    test_case "$database: a crowd" crowd "$database"
done
test_case 'local/shop: one that was killed long ago is followed at once' killed_is_followed_at_once_when_old
test_case 'test/t1: nor right before its manifest' sleeper_finds_out test/t1 publish.before-manifest
test_case 'local/shop: there it is published, and verified whatever is wished' sleeper_is_verified
test_case 'local/shop: a damaged lease holds for a while, not for ever' damaged_lease

test_done
