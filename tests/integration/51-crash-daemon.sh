#!/usr/bin/env bash
# d1keepd is killed (SIGKILL) at every point where it notes something, with the real d1keep at work: after its next start the slot
# is answered, by exactly one snapshot, and the notes say so.

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../daemon.sh"

need_crash_programs
export D1KEEP_BINARY=$D1KEEP
clean_slate
sqlite3 "$TEST_TMP/a.sqlite" 'CREATE TABLE t(x); INSERT INTO t VALUES (1)'
CONF_ENV='verify = "replay"' conf "$NEVER" a
FOLDER=$TEST_TMP/bucket/shop/a

nobody_works() { ! pgrep -f -- "-c $CONF backup" >/dev/null; }
slots() { for file in "$FOLDER"/snapshots/*Z.json; do [ ! -e "$file" ] || unpacked "$file" | jq -r .slot; done; }
answered() {
    [ "$(state "SELECT count(*) FROM databases WHERE name = 'shop/a' AND next_at > unixepoch() AND failures = 0 AND last_verified_at > 0")" -eq 1 ]
}
# A missed slot, and nothing yet in the bucket.
begin_again() {
    rm -rf "$STATE_DIR"
    make_due shop/a # which makes up a slot itself
    state 'DELETE FROM runs; UPDATE databases SET last_success_at = 0, last_verified_at = 0'
    rm -rf "$FOLDER"
}

# The points of a made-up run, each with its number: "state.before-begin:1".
lists_the_points() {
    begin_again
    rm -f "$TEST_TMP/points"
    D1KEEP_CRASH_LOG=$TEST_TMP/points start_background "$LOG" "$CRASH_D1KEEPD" -c "$CONF" --foreground
    wait_for 20 answered
    cp "$TEST_TMP/points" "$TEST_TMP/passed" # and no more: what it notes when it ends is another matter
    end_process "$BACKGROUND_PID"
    expect_equal "$(slots)" "$SLOT"
    grep '^state\.' "$TEST_TMP/passed" | awk '{ print $1 ":" ++n[$1] }' >"$TEST_TMP/numbered"
    cat "$TEST_TMP/numbered"
    for point in state.{before,after}-{begin,end,next}; do expect_match "$TEST_TMP/numbered" "^$point:1$"; done
}
test_case 'the points where the daemon notes something' lists_the_points

dies_at() { # POINT
    local rc=0
    begin_again
    D1KEEP_CRASH_AT=$1 timeout -k 1 20 "$CRASH_D1KEEPD" -c "$CONF" --foreground >"$TEST_TMP/dead.log" 2>&1 || rc=$?
    expect_equal "$rc" 137 || { cat "$TEST_TMP/dead.log"; return 1; }
    wait_for 10 nobody_works # its child ends with it
    daemon_start
    wait_for 20 answered || { cat "$LOG"; return 1; }
    daemon_stop
    expect_equal "$(slots)" "$SLOT"
    expect_equal "$(state 'SELECT count(*) FROM runs WHERE finished_at = 0')" 0
    expect_exit 0 d1keep verify --replay shop/a
}
while read -r point; do
    test_case "the daemon dies at $point: no slot lost, none doubled" dies_at "$point"
done <"$TEST_TMP/numbered"

test_done
