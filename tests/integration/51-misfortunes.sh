#!/usr/bin/env bash
# A daemon and its misfortunes, each until it is over: what was due is backed up then, by itself, and what had been there is
# whole. (tests/soak.sh has them all at once and for longer.)

. "$(dirname "$0")/../lib.sh"
unset JOURNAL_STREAM INVOCATION_ID NOTIFY_SOCKET WATCHDOG_USEC
LOG=$TEST_TMP/d1keepd.log
SOCKET=$TEST_TMP/control.sock
# shellcheck disable=SC2119 # no options
rig_start
faults_start

SMALL_DISK=
mkdir -p "$STATE_DIR" "$TEST_TMP/disk"
if mount -t tmpfs -o size=2m d1keep-test "$TEST_TMP/disk" 2>/dev/null; then SMALL_DISK=yes; fi
leave() {
    [ -z "$SMALL_DISK" ] || umount -l "$TEST_TMP/disk"
    test_cleanup
}
trap leave EXIT

CONF_TOP="control_socket = \"$SOCKET\" jobs = 3"
CONF_ENV='retries = 50 retry_delay = 1 garbage_grace = 0 keep_last = 3 timeout = 60'
CONF_TEST='schedule = "* * * * *"'
CONF_MORE="bucket \"small\" { type = \"directory\" path = \"$TEST_TMP/disk/bucket\" }
environment \"small\" { bucket = \"small\" $CONF_ENV
    database \"shop\" { source = \"sqlite\" path = \"$TEST_TMP/shop.sqlite\" } }"
write_conf
sed -i "s/id = \"$(uuid_of t5)\"/& timeout = 6/" "$CONF"
sqlite3 "$TEST_TMP/shop.sqlite" "CREATE TABLE goods(id INTEGER PRIMARY KEY, picture BLOB); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) INSERT INTO goods SELECT i, randomblob(1000) FROM n"

daemon_start() {
    start_background "$LOG" "$D1KEEPD" -c "$CONF" --foreground
    DAEMON=$BACKGROUND_PID
    echo "$DAEMON" >"$TEST_TMP/daemon.pid" # what a case starts outlives its shell
    wait_for 15 api -f http://d1keep/healthz # a socket may be left from one that was killed
}
api() { curl -sS --unix-socket "$SOCKET" "$@"; }
state() { sqlite3 -cmd '.timeout 5000' -readonly "$STATE_DIR/state.db" "$1"; }
ask() { # DATABASE; sets RUN
    RUN=$(api -H 'Content-Type: application/json' -d "{\"database\": \"$1\"}" http://d1keep/api/backup/create | jq .run)
    [ "$RUN" -gt 0 ]
}
# What was asked for, or the last of its retries, has taken a snapshot.
taken() { # DATABASE
    [ "$(state "SELECT count(*) FROM runs WHERE database = '$1' AND id >= $RUN AND finished_at > 0 AND exit_code = 0 AND snapshot <> ''")" -ge 1 ]
}
has_failed() { # DATABASE TIMES
    [ "$(state "SELECT count(*) FROM runs WHERE database = '$1' AND id >= $RUN AND finished_at > 0 AND exit_code <> 0")" -ge "$2" ]
}
all_whole() { # DATABASE
    local names
    expect_exit 0 d1keep list "$1" --json
    names=$(jq -r '.snapshots[].snapshot' "$OUT")
    [ -n "$names" ]
    # shellcheck disable=SC2086 # words
    expect_exit 0 d1keep verify --replay $names
}
change() { rig_sql "$1" "UPDATE usage SET note = hex(randomblob(40)) WHERE id % 2 = 0" >/dev/null; }

# ---- all at once: each database has a misfortune of its own, the seventh has none

# Their jobs are made up by retries, of which there are enough before the next minute.
api_of() { echo "\"match\": \"^POST .*/database/$(uuid_of "$1")/\", \"times\": -1"; }
chunks_of() { echo "\"match\": \"^PUT .*/test/$1/data/\", \"times\": -1"; }
for n in 1 2 3 4 5 6 7; do
    rig_sql t$n "CREATE TABLE usage(id INTEGER PRIMARY KEY, note TEXT); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $((n == 4 ? 40000 : 3000))) INSERT INTO usage SELECT i, hex(randomblob(40)) FROM n" >/dev/null
    expect_exit 0 d1keep backup test/t$n
done
faults_reset
fault "{$(api_of t1), \"kind\": \"429\", \"retry_after\": 0}"
fault "{$(api_of t2), \"kind\": \"503\"}"
fault "{$(api_of t3), \"kind\": \"html\"}"
fault "{$(chunks_of t4), \"skip\": 1, \"kind\": \"503\"}"
fault "{$(api_of t5), \"kind\": \"stall\"}"
fault '{"match": "(database/'"$(uuid_of t6)"'|/test/t6)/", "times": -1, "kind": "drop"}'
for n in 1 2 3 4 5 6 7; do change t$n; done
RUN=1
daemon_start

seventh() {
    wait_for 75 taken test/t7
    all_whole test/t7
}
test_case 'the others do not keep a database from its backup' seventh

fails() { # DATABASE MESSAGE
    wait_for 60 has_failed "$1" 1
    state "SELECT message FROM runs WHERE database = '$1' AND exit_code <> 0 AND finished_at > 0" >"$OUT"
    expect_out "$2"
    expect_exit 1 d1keep status
    expect_match "$OUT" "$1 +(failed|running|waiting)"
}
test_case 'the API answers 429 to everything' fails test/t1 'throttling'
test_case 'the API answers 503 to everything' fails test/t2 'unavailable'
test_case 'the API answers with a web page' fails test/t3 'HTML instead of JSON'
test_case 'the bucket refuses writes midway' fails test/t4 'bucket "b1": '
test_case 'the API takes a request and never answers: the job is ended after its timeout' fails test/t5 'longer than its timeout of 6 s'
test_case 'nothing answers: the network is gone' fails test/t6 'the connection was lost'

faults_reset
succeeds() { # DATABASE
    wait_for 100 taken "$1"
    all_whole "$1"
    expect_equal "$(state "SELECT failures FROM databases WHERE name = '$1'")" 0
}
for n in 1 2 3 4 5 6; do
    test_case "t$n is backed up by itself when its misfortune is over" succeeds test/t$n
done

slowly() {
    change t1
    faults_reset
    fault '{"match": "^PUT .*/data/", "times": -1, "kind": "slow", "pieces": 5, "delay_ms": 100}'
    fault '{"match": "^GET .*/data/", "times": -1, "kind": "slow", "pieces": 5, "delay_ms": 100}'
    ask test/t1
    wait_for 60 taken test/t1
    faults_reset
    all_whole test/t1
}
test_case 'a bucket that answers slowly is waited for' slowly

full_disk() {
    [ -n "$SMALL_DISK" ] || { echo 'skipped: no disk of its own without root'; return 0; }
    dd if=/dev/zero of="$TEST_TMP/disk/filler" bs=16k count=110 2>/dev/null || true
    ask small/shop
    wait_for 30 has_failed small/shop 1
    state "SELECT message FROM runs WHERE id = $RUN" >"$OUT"
    expect_out 'No space left'
    rm "$TEST_TMP/disk/filler"
    ask small/shop
    wait_for 60 taken small/shop
    all_whole small/shop
    # Nothing half-written is left.
    [ -z "$(find "$TEST_TMP/disk/bucket" -name '*.tmp-*' ! -name '*.tmp-locked')" ]
}
test_case 'the disk of the bucket is full, and then is not' full_disk

nothing_runs() { [ "$(state 'SELECT count(*) FROM runs WHERE finished_at = 0')" -eq 0 ]; }
hups() {
    local i database first
    ask local/shop
    first=$RUN
    for i in 1 2 3 4 5 6; do
        for database in test/t1 local/shop small/shop; do ask "$database"; done
        for _ in 1 2 3 4 5; do
            kill -HUP "$DAEMON"
            sleep 0.1 # the misfortune itself
        done
    done
    RUN=$first
    for database in test/t1 local/shop small/shop; do wait_for 60 taken "$database"; done
    wait_for 60 nothing_runs
    expect_equal "$(state "SELECT count(*) FROM runs WHERE id >= $first AND finished_at > 0 AND exit_code <> 0")" 0
    process_is_gone "$DAEMON" && return 1
    expect_equal "$(api http://d1keep/healthz -o "$TEST_TMP/health" -w '%{http_code}')" 200
    all_whole test/t1
}
test_case 'thirty SIGHUPs during backups disturb none of them' hups

killed_again_and_again() {
    local i
    for i in 1 2 3 4 5 6; do
        ask test/t1
        change t1
        sleep "0.$((i * 13))" # somewhere in the run
        kill -KILL "$DAEMON"
        wait_for 10 process_is_gone "$DAEMON"
        daemon_start
    done
    ask test/t1
    wait_for 170 taken test/t1
    all_whole test/t1
    expect_equal "$(state 'SELECT count(*) FROM runs WHERE finished_at = 0')" 0
}
test_case 'kill -9 of the daemon, six times during a run' killed_again_and_again

leaves() {
    end_process "$(cat "$TEST_TMP/daemon.pid")"
    expect_match "$LOG" 'leaving'
    expect_exit 0 d1keep prune test/t1
}
test_case 'and it leaves as always' leaves
test_done
