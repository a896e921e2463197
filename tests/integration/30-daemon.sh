#!/usr/bin/env bash
# d1keepd: when what is due is started, with a fake d1keep that tells what was asked of it.

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../daemon.sh"

# ---- the command line

answers_and_refuses() {
    expect_exit 0 "$D1KEEPD" --help
    expect_out 'usage: d1keepd'
    expect_out 'never goes to the background'
    expect_exit 0 "$D1KEEPD" --version
    expect_out '^d1keepd [0-9]+\.'
    expect_exit 2 "$D1KEEPD" --frobnicate
    expect_exit 2 "$D1KEEPD" something
    expect_err 'it takes options only'
    expect_exit 2 "$D1KEEPD" -c "$TEST_TMP/nowhere.conf"
    expect_err 'nowhere.conf'
}
test_case 'options are answered or refused' answers_and_refuses

tells_what_is_wrong() {
    clean_slate
    conf 'every now and then' a
    expect_exit 2 daemon
    expect_err "$CONF:[0-9]+: .*"
    expect_equal "$(calls)" 0
}
test_case 'a broken configuration is told with its line' tells_what_is_wrong

# ---- --once

once_runs_what_never_ran() {
    clean_slate
    conf "$NEVER" a b
    expect_exit 0 daemon --once
    expect_equal "$(sort "$FAKE/calls")" "$(call_of shop/a)
$(call_of shop/b)"
    expect_exit 0 daemon --once
    expect_equal "$(calls)" 2
    make_due shop/b
    expect_exit 0 daemon --once
    expect_equal "$(cat "$FAKE/calls")" "$(call_of shop/b)"
}
test_case '--once runs what never ran and what was missed, once' once_runs_what_never_ran

events_become_state() {
    clean_slate
    conf "$NEVER" a b
    cat >"$FAKE/do/shop.b" <<'END'
echo 'not an event' >&3
echo 'd1keep: error: the account is overloaded' >&2
echo '{"event":"error","code":"again","message":"the account is overloaded","hint":"wait"}' >&3
leave 75
END
    expect_exit 1 daemon --once
    expect_err 'job=2 database=shop/b: d1keep: error: the account is overloaded'
    expect_err 'job=2 database=shop/b: failed after [0-9]+ s with exit code 75: the account is overloaded'
    expect_equal "$(state 'SELECT database, exit_code, rows, sql_bytes, stored_bytes, new_bytes, snapshot, message FROM runs ORDER BY 1')" \
        'shop/a|0|12|300|200|100|20261122T021700Z|
shop/b|75|0|0|0|0||the account is overloaded'
    expect_equal "$(state 'SELECT name, last_success_at > 0, next_at > unixepoch() FROM databases ORDER BY 1')" 'shop/a|1|1
shop/b|0|1'
}
test_case 'events and exit codes become state; --once says that one failed' events_become_state

timeout_ends_it() {
    clean_slate
    CONF_ENV='timeout = 1' conf "$NEVER" a
    runs_hang shop.a
    expect_exit 1 daemon --once
    expect_err 'longer than its timeout of 1 s'
    expect_equal "$(state 'SELECT exit_code, message FROM runs')" '130|stopped: it took longer than its timeout of 1 s'
}
test_case 'a job that takes too long is ended' timeout_ends_it

cannot_start() {
    clean_slate
    conf "$NEVER" a
    D1KEEP_BINARY=$TEST_TMP/none expect_exit 1 daemon --once
    expect_err "cannot start \"$TEST_TMP/none\""
}
test_case 'a d1keep that is not there is a failed run' cannot_start

# ---- the daemon

missed_run_is_made_up() {
    clean_slate
    conf "$NEVER" a b
    make_due shop/a
    daemon_start
    wait_for 10 runs_ended_are 3
    daemon_stop
    expect_equal "$(cat "$FAKE/calls")" "$(call_of shop/a)"
    expect_equal "$(state "SELECT slot_at FROM runs WHERE database = 'shop/a' ORDER BY id DESC LIMIT 1")" "$SLOT_AT"
    expect_equal "$(state "SELECT next_at > unixepoch() FROM databases WHERE name = 'shop/a'")" 1
}
test_case 'a missed run is made up by exactly one' missed_run_is_made_up

so_many_at_once() {
    clean_slate
    CONF_TOP='jobs = 2' conf "$NEVER" a b c d e
    make_due shop/a shop/b shop/c shop/d shop/e
    for name in a b c d e; do echo 'hang_until go; snapshot' >"$FAKE/do/shop.$name"; done
    daemon_start
    wait_for 10 calls_are 2
    : >"$FAKE/go"
    wait_for 10 runs_ended_are 10
    daemon_stop
    expect_equal "$(calls)" 5
    expect_equal "$(sort -n "$FAKE/at-once" | tail -n 1)" 2
}
test_case 'no more jobs at once than are allowed' so_many_at_once

hup_keeps_or_takes() {
    clean_slate
    conf "$NEVER" a b
    make_due
    daemon_start
    make_due shop/c # which nobody backs up yet
    conf 'every now and then' a c
    kill -HUP "$DAEMON"
    wait_for 10 grep -q 'keeping the old configuration' "$LOG"
    expect_match "$LOG" "error: $CONF:[0-9]+: "
    expect_equal "$(calls)" 0
    expect_equal "$(state "SELECT count(*) FROM databases WHERE next_at > unixepoch()")" 2

    conf "$NEVER" a c
    kill -HUP "$DAEMON"
    wait_for 10 runs_ended_are 3
    expect_equal "$(cat "$FAKE/calls")" "$(call_of shop/c)"
    expect_equal "$(state 'SELECT name FROM databases WHERE next_at > unixepoch() ORDER BY 1')" 'shop/a
shop/c'
    daemon_stop
}
test_case 'SIGHUP: a broken configuration is not taken, a good one is' hup_keeps_or_takes

hup_leaves_runs_alone() {
    clean_slate
    conf "$NEVER" a
    make_due shop/a
    echo 'hang_until go; snapshot' >"$FAKE/do/shop.a"
    daemon_start
    wait_for 10 calls_are 1
    kill -HUP "$DAEMON"
    reloaded_once() { [ "$(grep -c 'databases, .* with a schedule' "$LOG")" -eq 2 ]; }
    wait_for 10 reloaded_once
    : >"$FAKE/go"
    wait_for 10 runs_ended_are 2
    daemon_stop
    expect_equal "$(calls)" 1
    expect_equal "$(state 'SELECT count(*) FROM runs WHERE exit_code = 0')" 2
}
test_case 'SIGHUP leaves a running job alone' hup_leaves_runs_alone

term_ends_children() {
    local child
    clean_slate
    CONF_TOP='jobs = 1' conf "$NEVER" a b
    make_due shop/a shop/b
    runs_hang shop.a
    daemon_start
    wait_for 10 test -s "$FAKE/running/shop.a"
    child=$(cat "$FAKE/running/shop.a")
    daemon_stop
    process_is_gone "$child"
    expect_equal "$(calls)" 1
    expect_equal "$(state 'SELECT exit_code FROM runs ORDER BY id DESC LIMIT 1')" 130
    # What was cut off and what still waited are due again.
    expect_equal "$(state 'SELECT DISTINCT next_at FROM databases')" "$SLOT_AT"
    rm "$FAKE/do/shop.a" "$FAKE/calls"
    daemon_start
    wait_for 10 runs_ended_are 5
    daemon_stop
    expect_equal "$(calls)" 2
}
test_case 'SIGTERM ends the children; what was cut off is made up later' term_ends_children

dead_daemon_is_made_up_for() {
    local orphan
    clean_slate
    conf "$NEVER" a
    make_due shop/a
    runs_hang shop.a
    daemon_start
    wait_for 10 test -s "$FAKE/running/shop.a"
    orphan=$(cat "$FAKE/running/shop.a")
    echo "$orphan" >>"$TEST_PIDS"
    kill -KILL "$DAEMON"
    wait "$DAEMON" || true
    rm "$FAKE/do/shop.a" "$FAKE/calls"
    daemon_start # the job that is left over holds no lock
    wait_for 10 runs_ended_are 3
    kill -KILL "$orphan"
    daemon_stop
    expect_equal "$(calls)" 1
    expect_equal "$(state 'SELECT exit_code, message FROM runs ORDER BY id')" '0|
130|cut off: d1keepd ended while it ran
0|'
}
test_case 'a daemon that was killed: its run is made up by the next' dead_daemon_is_made_up_for

only_one_daemon() {
    clean_slate
    conf "$NEVER" a
    daemon_start
    expect_exit 75 daemon
    expect_err "another d1keepd \(process $DAEMON\) already works in \"$STATE_DIR\""
    expect_exit 75 daemon --once
    daemon_stop
    expect_exit 0 daemon --once
}
test_case 'one daemon for a state folder' only_one_daemon

# ---- trouble with the state

damaged_state() {
    clean_slate
    conf "$NEVER" a
    mkdir -p "$STATE_DIR"
    head -c 10000 /dev/urandom >"$STATE_DIR/state.db"
    expect_exit 0 daemon --once
    expect_err 'warning: the history is damaged'
    expect_err 'the damaged file is now ".*/state.db.corrupt-[0-9]{8}T[0-9]{6}Z"'
    expect_equal "$(calls)" 1
    expect_equal "$(state 'SELECT count(*) FROM runs')" 1
    expect_equal "$(find "$STATE_DIR" -name 'state.db.corrupt-*' | wc -l)" 1
}
test_case 'a damaged state file stops no backup' damaged_state

no_state_at_all() {
    clean_slate
    conf '* * * * *' a
    mkdir -p "$STATE_DIR/state.db"
    expect_exit 0 daemon --once
    expect_err 'backups go on, but their history will be lost'
    expect_equal "$(calls)" 1
}
test_case 'no state file at all stops no backup' no_state_at_all

state_comes_back() {
    clean_slate
    conf "$NEVER" a
    mkdir -p "$STATE_DIR/state.db"
    daemon_start
    rmdir "$STATE_DIR/state.db"
    kill -HUP "$DAEMON"
    noted() { [ "$(state 'SELECT name FROM databases WHERE next_at > 0')" = shop/a ]; }
    wait_for 10 test -f "$STATE_DIR/state.db"
    wait_for 10 noted
    daemon_stop
}
test_case 'a state file that can be had again is used after a reload' state_comes_back

# One manifest that cannot be trusted keeps all garbage where it is: no failure, but not for nobody to see either.
what_is_not_pruned_shows() {
    clean_slate
    conf "$NEVER" a b
    cat >"$FAKE/do/shop.a" <<'END'
snapshot
echo '{"event":"pruned","removed":0,"kept":2,"freed_bytes":0,"blocked":"no garbage is removed: snapshot 20261120T021700Z: it is not signed"}' >&3
END
    expect_exit 0 daemon --once
    expect_exit 0 "$D1KEEP" -c "$CONF" status
    expect_out 'shop/a +good .*no garbage is removed: snapshot 20261120T021700Z: it is not signed'
    expect_equal "$("$D1KEEP" -c "$CONF" status --json 2>/dev/null | jq -r '.databases[1].last_message')" null
    daemon_start
    expect_equal "$(curl -fsS --unix-socket "$STATE_DIR/control.sock" http://localhost/metrics | grep '^d1keep_prune_blocked')" \
        'd1keep_prune_blocked{environment="shop",database="shop/a"} 1
d1keep_prune_blocked{environment="shop",database="shop/b"} 0'
    daemon_stop
}
test_case 'what keeps garbage from being removed shows in status and metrics' what_is_not_pruned_shows

test_done
