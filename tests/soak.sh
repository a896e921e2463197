#!/usr/bin/env bash
# A daemon left alone with bad luck: `make soak`, or tests/soak.sh [SECONDS], 900 by default.
#
# Twelve databases, eight in the rig's D1 and bucket and four files in a directory, are each backed up every minute, one every
# five seconds, and more when asked for, while writers change them and one misfortune after the other happens: errors, cut,
# slow and lost answers of API and bucket, the network gone, jobs killed and stopped, the daemon killed (in the first third
# only, so that the memory of the last one can be watched), SIGHUP, a full disk under the state. At the end the misfortunes
# cease, and it is counted what came of it:
#
#   - every snapshot that is listed is rebuilt and checked (verify --replay), and the newest is restored and compared;
#   - every snapshot that a run said it took is listed, or was removed by retention; no slot was taken twice;
#   - after prune nothing lies in the buckets that no snapshot names;
#   - memory, descriptors and children of the daemon.
#
# SEED repeats the choice of misfortunes (not their timing). The figures are printed as a table for docs/reliability.md.

. "$(dirname "$0")/lib.sh"
unset JOURNAL_STREAM INVOCATION_ID NOTIFY_SOCKET WATCHDOG_USEC

LENGTH=${1:-900}
SEED=${SEED:-$((EPOCHSECONDS % 32768))}
RANDOM=$SEED
LOG=$TEST_TMP/d1keepd.log
SOCKET=$TEST_TMP/control.sock
FIGURES=$TEST_TMP/figures
DID=$TEST_TMP/did # one misfortune a line
DATABASES=(test/t1 test/t2 test/t3 test/t4 test/t5 test/t6 test/t7 test/t8 files/f1 files/f2 files/f3 files/f4)

# shellcheck disable=SC2119 # no options
rig_start
faults_start

# A small disk of its own for the state, where we may have one.
mkdir -p "$STATE_DIR"
SMALL_DISK=
if mount -t tmpfs -o size=8m d1keep-soak "$STATE_DIR" 2>/dev/null; then SMALL_DISK=yes; fi
end_soak() {
    [ -z "$SMALL_DISK" ] || umount -l "$STATE_DIR" 2>/dev/null
    test_cleanup
}
trap end_soak EXIT

expect_exit 0 "$D1KEEP" keygen "$TEST_TMP/sign.pem"
CONF_TOP="control_socket = \"$SOCKET\" jobs = 3
$(grep -E '^(sign_key|trusted_keys)' "$OUT")"
CONF_VERIFY=replay
CONF_ENV='spread = 55 retries = 5 retry_delay = 2 timeout = 45 keep_last = 6 garbage_grace = 30 attempts = 4'
CONF_TEST='schedule = "* * * * *"'
CONF_MORE="environment \"files\" { bucket = \"here\" $CONF_ENV schedule = \"* * * * *\"
$(for n in 1 2 3 4; do echo "database \"f$n\" { source = \"sqlite\" path = \"$TEST_TMP/f$n.sqlite\" }"; done)
}"
write_conf

# ---- the databases and who writes to them

SCHEMA='CREATE TABLE usage(id INTEGER PRIMARY KEY, account TEXT, used REAL, raw BLOB); CREATE TABLE credits(id TEXT PRIMARY KEY, balance INTEGER); CREATE INDEX by_account ON usage(account)'
MORE='WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400) INSERT INTO usage(account, used, raw) SELECT hex(randomblob(4)), random() / 1e9, randomblob(60) FROM n'
CHANGE='UPDATE usage SET used = used + 1 WHERE id % 97 = abs(random()) % 97; INSERT OR REPLACE INTO credits VALUES(hex(randomblob(1)), random())'
change() { # DATABASE SQL
    if [[ $1 == files/* ]]; then
        sqlite3 -cmd '.timeout 5000' "$TEST_TMP/${1#*/}.sqlite" "$2"
    else
        rig_sql "${1#*/}" "$2"
    fi
}
for database in "${DATABASES[@]}"; do
    change "$database" "$SCHEMA" && change "$database" "$MORE; $CHANGE"
done >/dev/null

# ---- the daemon, and what starts it again as systemd would

supervise() {
    trap 'kill "$daemon" 2>/dev/null; wait "$daemon"; exit' TERM
    while :; do
        "$D1KEEPD" -c "$CONF" --foreground >>"$LOG" 2>&1 &
        daemon=$!
        echo "$daemon" >"$TEST_TMP/daemon.pid"
        wait "$daemon"
        echo "the daemon ended with $?" >>"$TEST_TMP/deaths"
        [ ! -e "$TEST_TMP/over" ] || exit
        sleep 0.5 # as RestartSec would
    done
}
daemon_pid() { cat "$TEST_TMP/daemon.pid"; }
jobs_pids() { pgrep -P "$(daemon_pid)" -x d1keep || true; }
a_job() { jobs_pids | shuf -n 1; }

# ---- misfortunes

API_CALL='^POST .*/(raw|query)'
BUCKET_PUT='^PUT .*/data/'
BUCKET_ANY='^(GET|PUT|HEAD|DELETE) .*/s3/'
KINDS=(429 500 503 html cut slow drop lost-ok)

misfortune() {
    local kind=${KINDS[RANDOM % ${#KINDS[@]}]} pid times=$((RANDOM % 4 + 1)) target=$API_CALL
    case $((RANDOM % 4)) in 0) target=$BUCKET_PUT ;; 1) target=$BUCKET_ANY ;; esac
    case $((RANDOM % 14)) in
    0 | 1 | 2 | 3 | 4) echo "answer" && fault "{\"match\": \"$target\", \"kind\": \"$kind\", \"times\": $times}" ;;
    5) echo "network gone" && fault '{"match": ".", "kind": "drop", "times": -1}' && sleep $((RANDOM % 8 + 2)) && faults_reset ;;
    6 | 7) pid=$(a_job) && [ -n "$pid" ] && echo "job killed" && kill -KILL "$pid" ;;
    8) pid=$(a_job) && [ -n "$pid" ] && echo "job stopped for a while" && kill -STOP "$pid" && sleep 3 && kill -CONT "$pid" ;;
    9 | 10) echo "SIGHUP" && kill -HUP "$(daemon_pid)" ;;
    11) echo "asked for one more" && curl -sS --unix-socket "$SOCKET" -H 'Content-Type: application/json' \
        -d "{\"database\": \"${DATABASES[RANDOM % ${#DATABASES[@]}]}\"}" http://d1keep/api/backup/create ;;
    12) [ -n "$SMALL_DISK" ] && echo "disk full" && { dd if=/dev/zero of="$STATE_DIR/filler" bs=64k count=1000 2>/dev/null; sleep 4; rm -f "$STATE_DIR/filler"; } ;;
    13) [ "$SECONDS" -lt $((LENGTH / 3)) ] && echo "daemon killed" && kill -KILL "$(daemon_pid)" && sleep 1 ;;
    esac 2>/dev/null
}

look() { # SECONDS RSS-KiB DESCRIPTORS ZOMBIES of the daemon
    local pid
    pid=$(daemon_pid)
    # shellcheck disable=SC2009 # pgrep shows no states
    printf '%d %s %s %s\n' "$SECONDS" "$(awk '/^VmRSS/ {print $2}' "/proc/$pid/status" 2>/dev/null || echo 0)" \
        "$(find "/proc/$pid/fd" -mindepth 1 2>/dev/null | wc -l)" \
        "$(ps --ppid "$pid" -o stat= 2>/dev/null | grep -c '^Z' || true)"
}

echo "soak: $LENGTH s, seed $SEED"
supervise &
SUPERVISOR=$!
echo "$SUPERVISOR" >>"$TEST_PIDS"
wait_for 15 test -S "$SOCKET" || { cat "$LOG"; exit 1; }
SECONDS=0
: >"$DID"
while [ "$SECONDS" -lt "$LENGTH" ]; do
    change "${DATABASES[RANDOM % ${#DATABASES[@]}]}" "$CHANGE" >/dev/null 2>&1 || true
    [ $((RANDOM % 20)) -ne 0 ] || change "${DATABASES[RANDOM % ${#DATABASES[@]}]}" "$MORE" >/dev/null 2>&1 || true
    misfortune 2>/dev/null | head -n 1 >>"$DID" || true
    [ $((RANDOM % 3)) -ne 0 ] || look >>"$FIGURES"
    sleep "$((RANDOM % 2)).$((RANDOM % 10))"
done
faults_reset >/dev/null

# ---- peace, and the account

state() { sqlite3 -cmd '.timeout 5000' -readonly "$STATE_DIR/state.db" "$1"; }
all_ran_well() { # since peace
    [ "$(state "SELECT count(DISTINCT database) FROM runs WHERE started_at >= $PEACE AND finished_at > 0 AND exit_code = 0")" -eq ${#DATABASES[@]} ]
}
comes_to_rest() {
    PEACE=$EPOCHSECONDS
    wait_for 240 all_ran_well
    look >>"$FIGURES"
    : >"$TEST_TMP/over"
    kill -TERM "$SUPERVISOR"
    wait_for 40 process_is_gone "$(daemon_pid)"
}
test_case 'when the misfortunes cease every database is backed up by itself' comes_to_rest

every_snapshot_is_whole() {
    expect_exit 0 d1keep list --json
    cp "$OUT" "$TEST_TMP/list.json"
    jq -r '.snapshots[].snapshot' "$TEST_TMP/list.json" >"$TEST_TMP/snapshots"
    [ "$(wc -l <"$TEST_TMP/snapshots")" -ge ${#DATABASES[@]} ]
    # shellcheck disable=SC2046 # words
    expect_exit 0 d1keep verify --replay $(cat "$TEST_TMP/snapshots")
}
test_case 'every listed snapshot is rebuilt and found whole' every_snapshot_is_whole

nothing_was_lost() {
    local database id
    # What a run took is listed, unless it is older than what retention keeps.
    state "SELECT database || ' ' || snapshot FROM runs WHERE snapshot <> '' AND exit_code = 0 AND finished_at > 0" | sort -u >"$TEST_TMP/taken"
    while read -r database id; do
        grep -qxF "$database@${id:0:4}-${id:4:2}-${id:6:2}T${id:9:2}:${id:11:2}:${id:13:2}Z" "$TEST_TMP/snapshots" && continue
        oldest=$(jq -r --arg d "$database@" '[.snapshots[] | select(.snapshot | startswith($d)).id] | min' "$TEST_TMP/list.json")
        [[ $id < $oldest ]] || { echo "$database $id was taken and is not listed (oldest: $oldest)"; return 1; }
    done <"$TEST_TMP/taken"
    for database in "${DATABASES[@]}"; do
        [ "$(jq -r --arg d "$database@" '[.snapshots[] | select(.snapshot | startswith($d))] | length' "$TEST_TMP/list.json")" -ge 6 ] ||
            [ "$LENGTH" -lt 600 ] || { echo "$database has too few snapshots"; return 1; }
    done
}
test_case 'every snapshot that was said to be taken is there, or was removed by retention' nothing_was_lost

restores_equal() {
    local database
    for database in files/f1 files/f2 files/f3 files/f4; do
        expect_exit 0 d1keep backup "$database"
        rm -f "$TEST_TMP/back.sqlite"
        expect_exit 0 d1keep restore "$database" --to "sqlite:$TEST_TMP/back.sqlite"
        expect_same_database "$TEST_TMP/back.sqlite" "$TEST_TMP/${database#*/}.sqlite"
    done
}
test_case 'what comes back equals what is there' restores_equal

no_garbage() {
    local database
    sleep 31 # garbage_grace: this is a script of minutes
    for database in "${DATABASES[@]}"; do
        expect_exit 0 d1keep prune "$database" --json
        expect_exit 0 d1keep prune "$database" --dry-run --json
        cp "$OUT" "$TEST_TMP/prune.json"
        expect_equal "$(jq '[.. | .garbage? // empty | if type == "array" then length elif type == "number" then . else 0 end] | add // 0' "$TEST_TMP/prune.json")" 0
    done
}
test_case 'prune leaves nothing that no snapshot names' no_garbage

steady() {
    # One daemon lived through the last two thirds: its first and last quarter of these are compared.
    local first last
    first=$(awk -v from=$((LENGTH / 3 + LENGTH / 12)) -v to=$((LENGTH / 2 + LENGTH / 12)) '$1 >= from && $1 < to && $2 > 0 {print $2}' "$FIGURES" | sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}')
    last=$(awk -v from=$((LENGTH * 5 / 6)) '$1 >= from && $2 > 0 {print $2}' "$FIGURES" | sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}')
    echo "memory: $first KiB, later $last KiB"
    [ "$last" -le $((first + first / 10 + 512)) ]
    [ "$(sort -n -k2 "$FIGURES" | tail -n 1 | awk '{print $2}')" -le 32768 ]
    # With no job running the last look shows what the daemon itself holds open.
    [ "$(awk '{print $3}' "$FIGURES" | sort -n | tail -n 1)" -le 80 ]
    ! awk '$4 > 0 && last4 > 0 && last2 > 0 {bad = 1} {last2 = last4; last4 = $4} END {exit !bad}' "$FIGURES" # three looks in a row
}
test_case 'no growth of memory or descriptors, no zombies' steady

{
    echo
    echo "| | |"
    echo "|---|---|"
    echo "| length, seed | $LENGTH s, $SEED |"
    echo "| runs | $(state 'SELECT count(*) FROM runs') |"
    echo "| of them with a snapshot | $(wc -l <"$TEST_TMP/taken") |"
    echo "| of them failed or cut off | $(state 'SELECT count(*) FROM runs WHERE exit_code <> 0') |"
    echo "| snapshots listed, all rebuilt | $(wc -l <"$TEST_TMP/snapshots") |"
    echo "| misfortunes | $(sort "$DID" | uniq -c | sort -rn | awk '{n = $1; $1 = ""; printf "%s%s %d", (NR > 1 ? "," : ""), $0, n}') |"
    echo "| daemon's memory, least and most | $(awk '$2 > 0 {print $2}' "$FIGURES" | sort -n | sed -n '1p;$p' | paste -sd' ') KiB |"
    echo "| daemon's descriptors, least and most | $(awk '$3 > 0 {print $3}' "$FIGURES" | sort -n | sed -n '1p;$p' | paste -sd' ') |"
}
cp "$LOG" "$FIGURES" "$DID" "${SOAK_KEEP:-$TEST_TMP}" 2>/dev/null
test_done
