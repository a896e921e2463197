#!/usr/bin/env bash
# The daemon with the real d1keep, the real engine and the real bucket.
. "$(dirname "$0")/../lib.sh"
unset JOURNAL_STREAM INVOCATION_ID NOTIFY_SOCKET WATCHDOG_USEC
LOG=$TEST_TMP/d1keepd.log
# shellcheck disable=SC2119 # no options
rig_start
rig_sql production-auth "CREATE TABLE users(id TEXT PRIMARY KEY, email TEXT UNIQUE NOT NULL)"
rig_sql production-auth "INSERT INTO users VALUES('a', 'a@example.org'), ('b', 'b@example.org')"

# Only production/auth has a schedule.
conf() {
    CONF_PRODUCTION='' write_conf
    sed -i "s/database \"auth\" { id = \"$(uuid_of production-auth)\"/& schedule = \"$1\"/" "$CONF"
    grep -q "schedule = \"$1\"" "$CONF"
}
snapshots() { d1keep list production/auth --json | jq '.snapshots | length'; }
snapshots_are() { [ "$(snapshots)" -ge "$1" ]; }
run_count() { sqlite3 -cmd '.timeout 5000' "$STATE_DIR/state.db" 'SELECT count(*) FROM runs WHERE finished_at > 0' 2>/dev/null; }
runs_are() { [ "$(run_count)" -ge "$1" ]; }
daemon_start() {
    start_background "$LOG" "$D1KEEPD" -c "$CONF" --foreground
    DAEMON=$BACKGROUND_PID
    wait_for 10 grep -q 'with a schedule' "$LOG"
}

once_takes_what_is_due() {
    conf '@yearly'
    expect_exit 0 "$D1KEEPD" -c "$CONF" --foreground --once
    expect_equal "$(snapshots)" 1
    expect_exit 0 d1keep status
    expect_out "production/auth +good "
    expect_out "production/billing +never ran"
    expect_exit 0 d1keep status --json
    expect_equal "$(jq -r '.databases[] | select(.database == "production/auth") | .last_snapshot_id' "$OUT")" \
        "$(d1keep list production/auth --json | jq -r '.snapshots[0].id')"
    expect_exit 0 d1keep verify production/auth
    # What ran is not due any more.
    expect_exit 0 "$D1KEEPD" -c "$CONF" --foreground --once
    expect_equal "$(snapshots)" 1
}
test_case '--once takes the snapshot that is due, and status tells of it' once_takes_what_is_due

a_failed_run_is_told() {
    conf '@yearly'
    rm -rf "$STATE_DIR"
    # The notes are lost, but the bucket knows.
    expect_exit 0 "$D1KEEPD" -c "$CONF" --foreground --once
    expect_err 'nothing to do: its slot was taken by snapshot'
    expect_equal "$(snapshots)" 1
    conf '@hourly'
    rm -rf "$STATE_DIR"
    printf wrong >"$TEST_TMP/token"
    expect_exit 1 "$D1KEEPD" -c "$CONF" --foreground --once
    expect_err 'database=production/auth: .*refused the API token'
    printf %s "$RIG_TOKEN" >"$TEST_TMP/token"
    expect_exit 1 d1keep status
    expect_out 'production/auth +failed .*refused the API token'
}
test_case 'a run that failed is told by the log and by status' a_failed_run_is_told

# The daemon died before its child could ask the kernel to tell of that.
an_orphan_begins_nothing() {
    local reader before
    before=$(snapshots)
    exec 3> >(exit 0)
    reader=$!
    wait_for 10 process_is_gone "$reader"
    expect_exit 130 d1keep backup production/auth --events-fd 3
    expect_equal "$(snapshots)" "$before"
}
test_case 'a job whose daemon is gone begins nothing' an_orphan_begins_nothing

# No case: the daemon outlives it.
rm -rf "$STATE_DIR"
conf '* * * * *'
before=$(snapshots)
daemon_start

every_minute() {
    wait_for 75 snapshots_are $((before + 1))
    wait_for 10 runs_are 1
    expect_exit 0 d1keep status
    expect_out 'production/auth +good '
    curl -sS --unix-socket "$STATE_DIR/control.sock" http://d1keep/metrics >"$OUT"
    expect_out '^d1keep_account_requests_left\{account="taco"\} [0-9]+$'
}
test_case 'the daemon takes a snapshot by itself within a minute' every_minute

works_by_what_it_accepted() {
    local done_runs
    done_runs=$(run_count)
    cp "$CONF" "$TEST_TMP/good.conf"
    printf 'environment "broken {\n' >>"$CONF"
    kill -HUP "$DAEMON"
    wait_for 10 grep -q 'keeping the old configuration' "$LOG"
    wait_for 75 runs_are $((done_runs + 1))
    cp "$TEST_TMP/good.conf" "$CONF"
    expect_exit 0 d1keep status
    expect_out 'production/auth +good '
    expect_equal "$(sqlite3 "$STATE_DIR/state.db" 'SELECT count(*) FROM runs WHERE exit_code <> 0')" 0
}
test_case 'jobs work by the configuration that was accepted, though the file is broken now' works_by_what_it_accepted

leaves_no_child() {
    end_process "$DAEMON"
    wait_for 10 process_is_gone "$DAEMON"
    expect_match "$LOG" 'leaving'
    expect_equal "$(sqlite3 "$STATE_DIR/state.db" 'SELECT count(*) FROM runs WHERE finished_at = 0')" 0
}
test_case 'SIGTERM ends it' leaves_no_child

# All that any process of it wrote: log, notes, and what a database says of itself.
no_secret_shows() {
    expect_match "$LOG" 'database=production/auth'
    for secret in "$RIG_TOKEN" "$RIG_SECRET_KEY"; do
        [ "${#secret}" -gt 8 ]
        if grep -rF -e "$secret" "$LOG" "$STATE_DIR"; then return 1; fi
    done
}
test_case 'no secret was written anywhere' no_secret_shows
test_done
