#!/usr/bin/env bash
# What a scheduled run does beside the snapshot: a slot is answered once, the snapshot is verified, then pruned; and all of it is told
# as events.

. "$(dirname "$0")/../lib.sh"

# shellcheck disable=SC2119 # flags of the rig, not the test's
rig_start
faults_start
CONF_VERIFY=replay write_conf
need_crash_programs
rig_sql t1 "CREATE TABLE a(x); INSERT INTO a VALUES (1)"
sqlite3 "$TEST_TMP/shop.sqlite" "CREATE TABLE a(x); INSERT INTO a VALUES (1)"
FOLDER=$TEST_TMP/bucket/local/shop

snapshots() { d1keep list "$1" --json | jq '.snapshots | length'; }
newest() { d1keep list "$1" --json | jq -r "[.snapshots[]] | max_by(.id) | $2"; }
ago() { date -u -d "-$1" +%Y-%m-%dT%H:%M:%SZ; }
# events CODE ARGUMENT…   a backup whose events go to $TEST_TMP/events
events() {
    local code=$1
    shift
    exec 9>"$TEST_TMP/events"
    expect_exit "$code" d1keep backup "$@" --events-fd 9
    exec 9>&-
}
told() { jq -rs "map(select(.event != \"progress\")) | $1" "$TEST_TMP/events"; }

a_slot_once() {
    local slot before
    slot=$(ago '1 hour')
    before=$(snapshots "$1")
    events 0 "$1" --slot "$slot" --prune
    expect_equal "$(told 'map(.event) | join(" ")')" 'start done verified pruned'
    expect_equal "$(told '.[1] | [.exceptions, .exit] | join(" ")')" '0 0'
    [ "$(told '.[1] | [.requests, .rows_read, .retries, .ms] | map(type == "number") | all')" = true ]
    expect_equal "$(told '.[2] | [.how, .good, (.problems | length)] | join(" ")')" 'replay true 0'
    expect_equal "$(told '.[3] | [.removed, .freed_bytes] | join(" ")')" '0 0'
    expect_equal "$(newest "$1" '.slot_at + " " + .verified + " " + .verified_how')" "$slot good replay"
    expect_out 'good, rebuilt'
    # Once more, and an earlier one: they are answered.
    for slot in "$slot" "$(ago '2 hours')"; do
        events 0 "$1" --slot "$slot" --prune
        expect_equal "$(told 'map(.event) | join(" ")')" 'start taken pruned'
        expect_equal "$(told '.[1].snapshot')" "$(newest "$1" .id)"
        expect_out "$slot was answered already"
    done
    expect_equal "$(snapshots "$1")" $((before + 1))
    # One without a slot in between changes nothing.
    expect_exit 0 d1keep backup "$1"
    events 0 "$1" --slot "$slot"
    expect_equal "$(told 'map(.event) | join(" ")')" 'start taken'
    # The next one is new.
    events 0 "$1" --slot "$(ago '1 minute')"
    expect_equal "$(told 'map(.event) | join(" ")')" 'start done verified'
    expect_equal "$(snapshots "$1")" $((before + 3))
}

a_verdict_is_made_up() {
    local slot
    slot=$(ago '10 seconds')
    events 0 local/shop --slot "$slot" --verify none
    expect_equal "$(told 'map(.event) | join(" ")')" 'start done'
    expect_equal "$(newest local/shop .verified)" no
    events 0 local/shop --slot "$slot" --verify hashes
    expect_equal "$(told 'map(.event) | join(" ")')" 'start taken verified'
    events 0 local/shop --slot "$slot"
    expect_equal "$(told 'map(.event) | join(" ")')" 'start taken verified' # rebuilt, now
    events 0 local/shop --slot "$slot"
    expect_equal "$(told 'map(.event) | join(" ")')" 'start taken'
}

nonsense() {
    expect_error 2 'is in the future' d1keep backup local/shop --slot "$(date -u -d '+2 hours' +%Y-%m-%dT%H:%M:%SZ)"
    expect_error 2 'takes a moment such as' d1keep backup local/shop --slot yesterday
    expect_error 2 'takes seconds' d1keep backup local/shop --wait long
    expect_error 2 'takes seconds' d1keep backup local/shop --wait -1
    expect_error 2 'replay, hashes or none' d1keep backup local/shop --verify twice
}

# A clock that was years ahead for a day: what it left answers no slot, and is in nobody's way.
future_counts_for_nothing() {
    local id slot before real
    id=$(newest local/shop .id)
    unpacked "$FOLDER/snapshots/$id.json" | jq '.id = "20370101T000000Z" | .slot = "2037-01-01T00:00:00Z" | .started_at = .slot' >"$FOLDER/snapshots/20370101T000000Z.json"
    before=$(snapshots local/shop)
    slot=$(ago '1 second')
    real=$id
    expect_exit 0 d1keep show local/shop@latest --json
    expect_equal "$(jq -r .id "$OUT")" "$real"
    events 0 local/shop --slot "$slot"
    expect_equal "$(told 'map(.event) | join(" ")')" 'start done verified'
    # Once only, although the newest by name is another.
    events 0 local/shop --slot "$slot"
    expect_equal "$(told 'map(.event) | join(" ")')" 'start taken'
    expect_equal "$(snapshots local/shop)" $((before + 1))
    # It went before none of them.
    id=$(told '.[1].snapshot')
    expect_equal "$(unpacked "$FOLDER/snapshots/$id.json" | jq -r .previous.id)" "$real"
    rm "$FOLDER/snapshots/20370101T000000Z.json"
    expect_exit 0 d1keep verify "local/shop@$(newest local/shop .started_at)"
    expect_exit 0 d1keep backup local/shop
}

is_stopped() { grep -q '^State:.T' "/proc/$1/status"; }
damage_is_found_and_mended() {
    local pid rc=0 chunk
    sqlite3 "$TEST_TMP/shop.sqlite" "INSERT INTO a VALUES (random())"
    exec 9>"$TEST_TMP/events"
    D1KEEP_CRASH_AT=publish.after-manifest D1KEEP_CRASH_SIGNAL=19 \
        "$CRASH_D1KEEP" -c "$CONF" backup local/shop --events-fd 9 --prune >"$OUT" 2>"$ERR" &
    pid=$!
    exec 9>&-
    wait_for 10 is_stopped "$pid"
    chunk=$(unpacked "$FOLDER/snapshots/$(newest local/shop .id).json" | jq -r '.objects[] | select(.table == "a").key')
    printf '####' | dd of="$FOLDER/$chunk" bs=1 seek=20 conv=notrunc status=none
    kill -CONT "$pid"
    wait "$pid" || rc=$?
    expect_equal "$rc" 3
    expect_err 'error: .*1 of [0-9]* chunks is damaged'
    expect_equal "$(told 'map(.event) | join(" ")')" 'start done verified'
    expect_equal "$(told '.[2] | [.good, .problems[0]] | join(" ")')" 'false 1 chunks are damaged or missing'
    [ -e "$FOLDER/$chunk.damaged" ]
    # The same rows: the chunk is stored anew, and the mark goes.
    expect_exit 0 d1keep backup local/shop
    [ ! -e "$FOLDER/$chunk.damaged" ]
    expect_equal "$(newest local/shop .verified)" good
    expect_exit 0 d1keep backup local/shop
    expect_out ' \(0 B new\)'
}

cannot_be_verified() {
    local slot before
    slot=$(ago '5 seconds')
    before=$(snapshots test/t1)
    faults_reset
    fault '{"match": "^GET .*/data/", "kind": "answer", "status": 403, "code": "AccessDenied", "message": "no", "times": -1}'
    events 1 test/t1 --slot "$slot" --prune
    expect_equal "$(told 'map(.event) | join(" ")')" 'start done error'
    expect_err "error: test/t1: snapshot [0-9TZ]* is kept, but could not be verified: "
    faults_reset
    expect_equal "$(snapshots test/t1)" $((before + 1))
    events 0 test/t1 --slot "$slot" --prune
    expect_equal "$(told 'map(.event) | join(" ")')" 'start taken verified pruned'
    expect_equal "$(snapshots test/t1)" $((before + 1))
}

retries_are_told() {
    faults_reset
    fault '{"match": "^POST .*/raw", "kind": "429", "retry_after": 0}'
    fault '{"match": "^PUT .*/snapshots/", "kind": "503"}'
    events 0 test/t1
    expect_equal "$(told '.[1].retries')" 2
    faults_reset
}

removes_what_is_not_kept() {
    local kept
    CONF_VERIFY=replay CONF_ENV='keep_last = 2' write_conf
    events 0 local/shop --prune
    kept=$(snapshots local/shop)
    expect_equal "$kept" 2
    expect_equal "$(told '.[3] | [.event, .kept] | join(" ")')" 'pruned 2'
    [ "$(told '.[3].removed')" -ge 1 ]
    expect_out 'snapshots? removed, 2 kept'
    expect_exit 0 d1keep verify --replay local/shop
}

test_case 'a slot is answered once, verified and pruned (R2)' a_slot_once test/t1
test_case 'a slot is answered once, verified and pruned (folder)' a_slot_once local/shop
test_case 'a missing verdict is made up' a_verdict_is_made_up
test_case 'options that cannot be' nonsense
test_case 'a snapshot from the future answers nothing' future_counts_for_nothing
test_case 'damage is found right after the backup, and mended by the next' damage_is_found_and_mended
test_case 'what cannot be verified is kept, and verified by the next run' cannot_be_verified
test_case 'retries are counted' retries_are_told
test_case '--prune removes what is not kept' removes_what_is_not_kept

test_done
