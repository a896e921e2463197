#!/usr/bin/env bash
# d1keepd: what it does after a run that failed, was held up or cut off; its logs when nobody reads them.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../daemon.sh"

# Fails the first time, and the second; what $1 says is how.
fails_twice() { # DATABASE SHELL
    # shellcheck disable=SC2016
    printf 'n=$(grep -c " %s " "$FAKE/calls")\nif [ "$n" -le 2 ]; then %s; fi\nsnapshot\n' "${1/.//}" "$2" >"$FAKE/do/$1"
}
error() { printf "echo '{\"event\":\"error\",\"code\":\"%s\",\"message\":\"%s\"}' >&3; leave %d" "$1" "$2" "$3"; }
runs_since_are() { [ "$(state "SELECT count(*) FROM runs WHERE finished_at > 0 AND id > $LAST_ID")" -eq "$1" ]; }
begin_case() { # DATABASE…   with these due, and what is in $CONF_ENV
    clean_slate
    CONF_ENV="retry_delay = 1 ${CONF_MORE:-}" conf "$NEVER" a b
    make_due "$@"
    LAST_ID=$(state 'SELECT max(id) FROM runs')
}

is_tried_again() {
    begin_case shop/a
    fails_twice shop.a "$(error again 'the account is overloaded' 75)"
    daemon_start
    wait_for 20 runs_since_are 3
    daemon_stop
    expect_equal "$(state "SELECT attempt, cause, exit_code, code, slot_at = $SLOT_AT FROM runs WHERE id > $LAST_ID ORDER BY id")" '1|made-up|75|again|1
2|retry|75|again|1
3|retry|0||1'
    expect_equal "$(state "SELECT failures, retry_at, last_success_at > 0 FROM databases WHERE name = 'shop/a'")" '0|0|1'
    expect_match "$LOG" "job=[0-9]+ database=shop/a: will be tried again at "
}
test_case 'a failed run is tried again, later each time' is_tried_again

is_given_up() {
    CONF_MORE='retries = 1' begin_case shop/a
    error failed 'it is broken' 1 >"$FAKE/do/shop.a"
    daemon_start
    wait_for 20 grep -q 'failed 2 times, not tried again before it is due' "$LOG"
    wait_for 10 runs_since_are 2
    daemon_stop
    expect_equal "$(state "SELECT failures, retry_at FROM databases WHERE name = 'shop/a'")" '2|0'
}
test_case 'it is given up after as many retries as are wished' is_given_up

needs_a_person() { # CODE EXIT
    begin_case shop/a
    error "$1" 'so it is' "$2" >"$FAKE/do/shop.a"
    daemon_start
    wait_for 10 grep -q 'this needs a person: not tried again' "$LOG"
    wait_for 10 runs_since_are 1
    daemon_stop
    expect_equal "$(state "SELECT failures, retry_at FROM databases WHERE name = 'shop/a'")" '1|0'
    expect_equal "$(calls)" 1
}
test_case 'a refused token is not tried again' needs_a_person denied 1
test_case 'damage is not tried again' needs_a_person corrupt 3

is_held() {
    begin_case shop/a
    error held 'shop/a is being backed up by HOST pid 7' 75 >"$FAKE/do/shop.a"
    daemon_start
    wait_for 10 grep -q 'must wait: shop/a is being backed up by HOST' "$LOG"
    wait_for 10 runs_since_are 1
    daemon_stop
    # In a minute, as the same attempt, and no failure.
    expect_equal "$(state "SELECT failures, retry_attempt, retry_at - unixepoch() BETWEEN 30 AND 60 FROM databases WHERE name = 'shop/a'")" '0|1|1'
    # The next daemon remembers, and asks again when the time has come.
    rm "$FAKE/do/shop.a"
    state "UPDATE databases SET retry_at = 1000000000 WHERE name = 'shop/a'"
    daemon_start
    wait_for 10 runs_since_are 2
    daemon_stop
    expect_equal "$(tail -n 1 "$FAKE/calls")" "$(call_of shop/a)"
}
test_case 'a held database is asked for again in a minute' is_held

is_remembered() {
    begin_case shop/a
    CONF_ENV='retry_delay = 3000' conf "$NEVER" a b
    error again 'busy' 75 >"$FAKE/do/shop.a"
    daemon_start
    wait_for 10 runs_since_are 1
    waits() { [ "$(state "SELECT retry_attempt, retry_at - unixepoch() > 2900 FROM databases WHERE name = 'shop/a'")" = '2|1' ]; }
    wait_for 10 waits
    kill -KILL "$DAEMON"
    wait "$DAEMON" || true
    daemon_start
    daemon_stop
    waits
    expect_equal "$(calls)" 1
}
test_case 'a retry that waits survives the daemon' is_remembered

taken_elsewhere() {
    begin_case shop/a
    printf '%s\n' "echo '{\"event\":\"taken\",\"snapshot\":\"20261122T021700Z\"}' >&3" >"$FAKE/do/shop.a"
    daemon_start
    wait_for 10 runs_since_are 1
    daemon_stop
    expect_equal "$(state "SELECT taken, verified, snapshot, exit_code FROM runs WHERE id > $LAST_ID")" '1|1|20261122T021700Z|0'
    expect_match "$LOG" 'nothing to do: its slot was taken by snapshot 20261122T021700Z'
}
test_case 'a slot that another daemon took is a success' taken_elsewhere

# A child and what it started hold the pipes after the timeout.
hangs_with_its_children() {
    CONF_MORE='timeout = 1 retries = 0' begin_case shop/a
    # shellcheck disable=SC2016
    echo 'trap "" TERM; sleep 300 & echo $! >"$FAKE/left"; exec sleep 301' >"$FAKE/do/shop.a"
    daemon_start
    wait_for 30 runs_since_are 1
    expect_equal "$(state "SELECT exit_code, code FROM runs WHERE id > $LAST_ID")" '137|timeout'
    kill -KILL "$(cat "$FAKE/left")"
    daemon_stop
}
test_case 'a child that hangs is killed, whatever it left behind' hangs_with_its_children

# ---- killed at any time: each slot is answered, and none forgotten

killed_again_and_again() {
    begin_case
    CONF_TOP='jobs = 2' conf "$NEVER" a b c d e
    make_due shop/a shop/b shop/c shop/d shop/e
    LAST_ID=$(state 'SELECT ifnull(max(id), 0) FROM runs')
    # Each takes a moment, and notes what it took, once: as d1keep does with its slot.
    for name in a b c d e; do
        # shellcheck disable=SC2016
        echo 'read -rt 0.05 <>"$FAKE/never"; mkdir "$FAKE/taken.$database" 2>/dev/null && echo "$8" >>"$FAKE/slots"; snapshot' >"$FAKE/do/shop.$name"
    done
    for i in 1 2 3 4 5 6 7 8; do
        start_background "$LOG" "$D1KEEPD" -c "$CONF" --foreground
        read -rt "0.0$((i * 7 % 10))$i" <>"$FAKE/never" || true
        kill -KILL "$BACKGROUND_PID"
        wait "$BACKGROUND_PID" || true
    done
    daemon_start
    all_answered() { [ "$(state "SELECT count(*) FROM databases WHERE next_at > unixepoch()")" -eq 5 ] &&
        [ "$(state "SELECT count(DISTINCT database) FROM runs WHERE id > $LAST_ID AND exit_code = 0 AND finished_at > 0")" -eq 5 ]; }
    wait_for 20 all_answered
    daemon_stop
    expect_equal "$(cat "$FAKE/slots")" "$(printf "$SLOT\n%.0s" 1 2 3 4 5)"
    expect_equal "$(state 'SELECT count(*) FROM runs WHERE finished_at = 0')" 0
}
test_case 'kill -9 again and again: every slot is answered, once' killed_again_and_again

# ---- what was asked for

ask() { # DATABASE [LABEL]   the run's id
    curl -sS --unix-socket "$STATE_DIR/control.sock" -H 'Content-Type: application/json' \
        -d "{\"database\":\"$1\"${2:+,\"label\":\"$2\"}}" http://d1keepd/api/backup/create | jq -r .run
}

asked_runs_survive() {
    local first second
    begin_case
    CONF_TOP='jobs = 1' conf "$NEVER" a b
    runs_hang shop.a
    daemon_start
    first=$(ask shop/a)
    wait_for 10 test -s "$FAKE/running/shop.a"
    second=$(ask shop/b v1)
    expect_equal "$(ask shop/b)" "$second" # it waits: not doubled
    expect_equal "$(ask shop/a)" "$first"  # it goes
    noted() { [ "$(state "SELECT asked_id, asked_label FROM databases WHERE name = 'shop/b'")" = "$second|v1" ]; }
    wait_for 10 noted
    kill -KILL "$DAEMON"
    wait "$DAEMON" || true
    kill -KILL "$(cat "$FAKE/running/shop.a")"
    rm "$FAKE/do/shop.a" "$FAKE/calls"
    daemon_start
    all_done() { [ "$(state "SELECT count(*) FROM runs WHERE id > $LAST_ID AND cause = 'request' AND exit_code = 0 AND finished_at > 0")" -eq 2 ]; }
    wait_for 10 all_done
    daemon_stop
    # The one that had begun as a new run, the one that had not under its own id.
    expect_equal "$(state "SELECT database, exit_code, attempt, label FROM runs WHERE id > $LAST_ID ORDER BY id")" "shop/a|130|1|
shop/b|0|1|v1
shop/a|0|2|"
    expect_equal "$(state "SELECT id FROM runs WHERE database = 'shop/b' AND cause = 'request'")" "$second"
    expect_equal "$(sort "$FAKE/calls")" "-c $CONF backup shop/a --events-fd 3 --wait 300
-c $CONF backup shop/b --events-fd 3 --wait 300 --label v1"
}
test_case 'what was asked for survives the daemon' asked_runs_survive

# ---- SIGHUP again and again

hup_all_the_time() {
    begin_case shop/a shop/b
    echo 'hang_until go; snapshot' >"$FAKE/do/shop.a"
    daemon_start
    wait_for 10 calls_are 2
    for _ in {1..200}; do
        kill -HUP "$DAEMON"
        read -rt 0.005 <>"$FAKE/never" || true
    done
    : >"$FAKE/go"
    wait_for 10 runs_since_are 2
    daemon_stop
    expect_equal "$(calls)" 2
    # Not one for each: those that came while it was read are one.
    [ "$(grep -c 'with a schedule' "$LOG")" -ge 2 ]
}
test_case 'SIGHUP two hundred times in a second leaves runs alone' hup_all_the_time

# ---- logs

json_logs() {
    begin_case shop/a
    CONF_TOP='log_format = "json"' conf "$NEVER" a b
    error denied 'it says "no" \\ no' 1 >"$FAKE/do/shop.a"
    daemon_start
    wait_for 10 runs_since_are 1
    daemon_stop
    jq -e . "$LOG" >/dev/null
    expect_equal "$(jq -r 'select(.database == "shop/a" and (.message | test("failed after"))) | "\(.level) \(.job)"' "$LOG")" \
        "error $((LAST_ID + 1))"
    expect_equal "$(env -u INVOCATION_ID JOURNAL_STREAM=8:1 timeout 20 "$D1KEEPD" -c "$CONF" --once 2>&1 | grep -vc '^<[3-7]>{.*}$' || true)" 0
}
test_case 'the log as JSON: one object a line, with job and database' json_logs

log_format_again() {
    begin_case shop/a
    conf "$NEVER" a
    daemon_start
    CONF_TOP='log_format = "json"' conf "$NEVER" a
    kill -HUP "$DAEMON"
    wait_for 10 grep -q '^{.*with a schedule' "$LOG"
    daemon_stop
}
test_case 'SIGHUP: log_format too' log_format_again

journal_priorities() {
    begin_case shop/a
    error denied 'no' 1 >"$FAKE/do/shop.a"
    JOURNAL_STREAM=8:1 expect_exit 1 timeout 20 "$D1KEEPD" -c "$CONF" --once
    expect_err '^<6>job=[0-9]+ database=shop/a: started'
    expect_err '^<3>error: job=[0-9]+ database=shop/a: failed'
}
test_case 'under systemd each line has its priority' journal_priorities

nobody_reads() {
    local reader
    begin_case shop/a
    # shellcheck disable=SC2028
    echo 'head -c 2000000 /dev/zero | tr "\0" "\n" >&2; snapshot' >"$FAKE/do/shop.a"
    mkfifo "$FAKE/log"
    # shellcheck disable=SC2217 # that is the point
    sleep 60 <"$FAKE/log" &
    reader=$!
    echo "$reader" >>"$TEST_PIDS"
    start_background "$FAKE/log" "$D1KEEPD" -c "$CONF" --foreground --verbose
    DAEMON=$BACKGROUND_PID
    wait_for 20 runs_since_are 1
    # And then there is no reader at all.
    kill "$reader"
    wait "$reader" || true
    make_due shop/b
    kill -HUP "$DAEMON"
    daemon_stop
    daemon_start
    wait_for 10 runs_since_are 2
    daemon_stop
}
test_case 'a log that nobody reads holds up no backup' nobody_reads

full_log() {
    begin_case shop/a
    timeout 20 "$D1KEEPD" -c "$CONF" --foreground --once 2>/dev/full
    expect_equal "$(state "SELECT exit_code FROM runs WHERE id > $LAST_ID")" 0
}
test_case 'nor does a full disk under the log' full_log

# ---- a full disk under the notes: a tiny file system where we may mount one, else a limit on the size of files

full_state() {
    begin_case shop/a
    conf '* * * * *' a
    if mkdir "$TEST_TMP/tiny" && mount -t tmpfs -o size=128k none "$TEST_TMP/tiny" 2>/dev/null; then
        trap 'umount "$TEST_TMP/tiny"' EXIT
        cp "$STATE_DIR/state.db" "$TEST_TMP/tiny/"
        sed -i "s|^state_dir.*|state_dir = \"$TEST_TMP/tiny\"|" "$CONF"
        head -c 200000 /dev/zero >"$TEST_TMP/tiny/ballast" 2>/dev/null || true
        expect_exit 0 timeout 20 "$D1KEEPD" -c "$CONF" --foreground --once
    else
        expect_exit 0 bash -c 'trap "" XFSZ; ulimit -f 4; exec timeout 20 "$@"' - "$D1KEEPD" -c "$CONF" --foreground --once
    fi
    expect_err 'cannot note|backups go on'
    expect_err 'database=shop/a: done'
    expect_equal "$(calls)" 1
}
test_case 'a full disk under the notes stops no backup' full_state

test_done
