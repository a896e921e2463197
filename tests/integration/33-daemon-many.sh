#!/usr/bin/env bash
# d1keepd with two thousand databases that are all due in the same minute: each backed up once, in little memory, and
# nobody who waits for the loop waits for long. The children are fakes that cost next to nothing: how d1keep does its part
# is the business of other tests, and two thousand of it would take minutes.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../daemon.sh"

COUNT=2000
LAG_US=20000
RSS_KB=32768

# The least that can be run: not bash, and no other process.
cat >"$D1KEEP_BINARY" <<'END'
#!/bin/sh
echo "$4 $8" >>"$FAKE/calls"
echo '{"event":"done","snapshot":"20261122T021700Z","rows":12,"sql_bytes":300,"stored_bytes":200,"new_bytes":100,"exit":0}' >&3
END

many_conf() { # SCHEDULE
    {
        printf 'state_dir = "%s"\njobs = 8\n' "$STATE_DIR"
        printf 'bucket "here" {\n    type = "directory"\n    path = "%s"\n}\n' "$TEST_TMP/bucket"
        printf 'environment "shop" {\n    bucket = "here"\n    schedule = "%s"\n    timezone = "Europe/Berlin"\n' "$1"
        for ((i = 1; i <= COUNT; i++)); do
            printf '    database "d%d" {\n        source = "sqlite"\n        path = "%s"\n    }\n' "$i" "$TEST_TMP/a.sqlite"
        done
        printf '}\n'
    } >"$CONF"
}

# As if the daemon had been down at the due time of all of them.
all_due() {
    daemon_start
    daemon_stop
    state "UPDATE databases SET next_at = 1000000000"
}

# "the longest turn of the loop took N us, N us of them computing". The first of these is by the clock, which on a machine
# with other things to do says more of them than of d1keepd; the second is the thread's own time.
lag_of() { sed -n 's/.*longest turn of the loop took \([0-9]*\) us, \([0-9]*\) us of them.*/\1 \2/p' "$LOG"; }

two_thousand_at_once() {
    local clock_us cpu_us peak_kb
    clean_slate
    many_conf "$NEVER"
    all_due
    start_background "$LOG" "$D1KEEPD" -c "$CONF" --foreground
    DAEMON=$BACKGROUND_PID
    wait_for 120 runs_ended_are "$COUNT"
    # Other times for all of them.
    many_conf '30 3 * * *'
    kill -HUP "$DAEMON"
    replanned() { [ "$(state "SELECT count(*) FROM databases WHERE next_at BETWEEN unixepoch() AND unixepoch() + 90000")" -eq "$COUNT" ]; }
    wait_for 20 replanned
    peak_kb=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$DAEMON/status")
    daemon_stop

    expect_equal "$(wc -l <"$FAKE/calls")" "$COUNT"
    expect_equal "$(sort -u "$FAKE/calls" | wc -l)" "$COUNT"
    expect_equal "$(state "SELECT count(*), count(DISTINCT database), sum(exit_code), min(rows) FROM runs")" "$COUNT|$COUNT|0|12"
    read -r clock_us cpu_us < <(lag_of)
    echo "$COUNT databases: $peak_kb KiB at most, longest turn $clock_us us, $cpu_us us of computing" | tee "$TEST_TMP/figures"
    [ "$peak_kb" -lt "$RSS_KB" ]
    [ "$cpu_us" -lt "$LAG_US" ]
}
test_case 'two thousand due at once: each backed up once' two_thousand_at_once
sed 's/^/# /' "$TEST_TMP/figures" 2>/dev/null
test_done
