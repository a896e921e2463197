#!/usr/bin/env bash
# Two daemons with one configuration, as on two hosts: each slot of each database is taken once, whatever becomes of one of
# them. MINUTES (2) of them; the slots are cron's, so less than one minute shows nothing.

. "$(dirname "$0")/../lib.sh"
unset JOURNAL_STREAM INVOCATION_ID NOTIFY_SOCKET WATCHDOG_USEC
MINUTES=${MINUTES:-2}
# shellcheck disable=SC2119 # no options
rig_start
expect_exit 0 "$D1KEEP" keygen "$TEST_TMP/sign.pem"
CONF_TOP="jobs = 2
$(grep -E '^(sign_key|trusted_keys)' "$OUT")"
CONF_ENV='retries = 20 retry_delay = 1'
CONF_TEST='schedule = "* * * * *"'
CONF_MORE="environment \"files\" { bucket = \"here\" $CONF_ENV schedule = \"* * * * *\"
$(for n in 1 2 3 4; do echo "database \"f$n\" { source = \"sqlite\" path = \"$TEST_TMP/f$n.sqlite\" }"; done)
}"
write_conf
for n in 1 2 3 4; do sqlite3 "$TEST_TMP/f$n.sqlite" "CREATE TABLE t(a); INSERT INTO t VALUES($n)"; done
for n in 1 2 3 4 5 6 7 8; do rig_sql t$n "CREATE TABLE t(a); INSERT INTO t VALUES($n)" >/dev/null; done
DATABASES=(files/f1 files/f2 files/f3 files/f4 test/t1 test/t2 test/t3 test/t4 test/t5 test/t6 test/t7 test/t8)

# The second has a state of its own, as another host would.
sed "s|^state_dir = .*|state_dir = \"$TEST_TMP/state2\"|" "$CONF" >"$TEST_TMP/second.conf"
for which in first second; do
    conf=$CONF
    [ $which = first ] || conf=$TEST_TMP/second.conf
    start_background "$TEST_TMP/$which.log" "$D1KEEPD" -c "$conf" --foreground
    [ $which = first ] && FIRST=$BACKGROUND_PID || SECOND=$BACKGROUND_PID
done
BEGAN=$EPOCHSECONDS

slots_of() { # DATABASE   the slots that its snapshots answer, one a line
    d1keep list "$1" --json | jq -r '.snapshots[].snapshot' | while read -r snapshot; do
        d1keep show "$snapshot" --json | jq -r '.slot_at // empty'
    done
}
has_slots() { # DATABASE COUNT
    [ "$(slots_of "$1" | wc -l)" -ge "$2" ]
}
each_slot_once() {
    local database
    for database in "${DATABASES[@]}"; do
        wait_for $((MINUTES * 60 + 40)) has_slots "$database" "$MINUTES"
        slots_of "$database" | sort | uniq -d >"$TEST_TMP/doubled"
        expect_equal "$(cat "$TEST_TMP/doubled")" ''
    done
    echo "seconds: $((EPOCHSECONDS - BEGAN))"
}
test_case 'each slot is taken once, and every one of them' each_slot_once

one_is_killed() {
    local database before
    before=$(slots_of test/t8 | wc -l)
    kill -KILL "$FIRST"
    pkill -KILL -f "$TEST_TMP/backup.conf backup" || true
    for database in "${DATABASES[@]}"; do
        wait_for 130 has_slots "$database" $((before + 1))
        expect_equal "$(slots_of "$database" | sort | uniq -d)" ''
    done
}
[ "$MINUTES" -le 3 ] || test_case 'kill -9 of one of them and its jobs: the other goes on' one_is_killed

nothing_is_damaged() {
    end_process "$FIRST"
    end_process "$SECOND"
    expect_exit 0 d1keep list --json
    # shellcheck disable=SC2046 # words
    expect_exit 0 d1keep verify $(jq -r '.snapshots[].snapshot' "$OUT")
    refuse_match "$TEST_TMP/first.log" 'failed after'
    refuse_match "$TEST_TMP/second.log" 'failed after'
}
test_case 'nothing is damaged, and none of them counts the other as a failure' nothing_is_damaged
test_done
