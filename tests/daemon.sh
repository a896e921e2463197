# shellcheck shell=bash disable=SC2034
# For tests of d1keepd, after lib.sh: a fake d1keep that tells what was asked of it, a configuration, the daemon itself.

# ---- the fake: notes its arguments in $FAKE/calls and, while it runs, its process id in $FAKE/running/; then does what
# $FAKE/do/ENV.DB says (a piece of bash), or takes a snapshot without more ado.

FAKE=$TEST_TMP/fake
export FAKE D1KEEP_BINARY=$TEST_TMP/fake-d1keep
unset JOURNAL_STREAM INVOCATION_ID NOTIFY_SOCKET WATCHDOG_USEC

cat >"$D1KEEP_BINARY" <<'END'
#!/usr/bin/env bash
database=${4//\//.}
leave() { rm -f "$FAKE/running/$database"; exit "$1"; }
hang() { while :; do read -rt 1 <>"$FAKE/never"; done; }
hang_until() { while [ ! -e "$FAKE/$1" ]; do read -rt 0.02 <>"$FAKE/never"; done; }
snapshot() {
    echo '{"event":"start","database":"'"$4"'"}' >&3
    echo '{"event":"done","snapshot":"20261122T021700Z","rows":12,"sql_bytes":300,"stored_bytes":200,"new_bytes":100,"exit":0}' >&3
}
trap 'leave 130' TERM
echo "$*" >>"$FAKE/calls"
echo $$ >"$FAKE/running/$database"
ls "$FAKE/running" | wc -l >>"$FAKE/at-once"
if [ -e "$FAKE/do/$database" ]; then . "$FAKE/do/$database"; else snapshot; fi
leave 0
END
chmod +x "$D1KEEP_BINARY"

# A case begins with no daemon, no notes and nothing called.
clean_slate() {
    rm -rf "$FAKE" "$STATE_DIR"
    mkdir -p "$FAKE/do" "$FAKE/running" "$TEST_TMP/bucket"
    mkfifo "$FAKE/never"
    LOG=$TEST_TMP/d1keepd.log
    for name in a b c d e; do : >"$TEST_TMP/$name.sqlite"; done
}

# conf SCHEDULE DATABASE…   one environment, "shop"; more lines by CONF_TOP and CONF_ENV
conf() {
    local schedule=$1 name
    shift
    {
        printf 'state_dir = "%s"\n%s\n' "$STATE_DIR" "${CONF_TOP:-}"
        printf 'bucket "here" {\n    type = "directory"\n    path = "%s"\n}\n' "$TEST_TMP/bucket"
        printf 'environment "shop" {\n    bucket = "here"\n    schedule = "%s"\n%s\n' "$schedule" "${CONF_ENV:-}"
        for name; do
            printf '    database "%s" {\n        source = "sqlite"\n        path = "%s"\n    }\n' "$name" "$TEST_TMP/$name.sqlite"
        done
        printf '}\n'
    } >"$CONF"
}

# For what leaves by itself; a daemon that stays by mistake is a failure, not a hang.
daemon() { timeout 30 "$D1KEEPD" -c "$CONF" --foreground "$@"; }

daemon_start() {
    rm -f "$LOG" # or the last daemon's would be read until this one's is there
    start_background "$LOG" "$D1KEEPD" -c "$CONF" --foreground --verbose
    DAEMON=$BACKGROUND_PID
    wait_for 10 grep -q 'databases, .* with a schedule' "$LOG"
}

daemon_stop() {
    local rc=0
    kill -TERM "$DAEMON"
    wait "$DAEMON" || rc=$?
    expect_equal "$rc" 0
}

state() { sqlite3 -cmd '.timeout 5000' "$STATE_DIR/state.db" "$1"; }
calls() { if [ -e "$FAKE/calls" ]; then wc -l <"$FAKE/calls"; else echo 0; fi; }
calls_are() { [ "$(calls)" -eq "$1" ]; }
runs_ended_are() { [ "$(state 'SELECT count(*) FROM runs WHERE finished_at > 0')" -eq "$1" ]; }
runs_hang() { # DATABASE
    echo 'hang' >"$FAKE/do/$1"
}

# make_due DATABASE…   as if d1keepd had been down at their due time
make_due() {
    local name
    [ -e "$STATE_DIR/state.db" ] || daemon --once >/dev/null 2>&1
    rm -f "$FAKE/calls" "$FAKE/at-once"
    for name; do
        state "INSERT INTO databases(name, next_at) VALUES('$name', 1000000000)
               ON CONFLICT(name) DO UPDATE SET next_at = 1000000000"
    done
}

# Far from now, whenever this runs: nothing is due by itself but what a case makes due.
FAR=$(date -u -d '+40 days' +%Y-%m-%d)
[[ $FAR != *-02-29 ]] || FAR=$(date -u -d '+41 days' +%Y-%m-%d)
NEVER="0 0 ${FAR:8} ${FAR:5:2} *"
# The newest time that such a schedule has missed.
SLOT=$((${FAR:0:4} - 1))${FAR:4}T00:00:00Z
SLOT_AT=$(date -u -d "$SLOT" +%s)
call_of() { echo "-c $CONF backup $1 --events-fd 3 --slot $SLOT --prune"; }
