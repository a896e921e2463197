#!/usr/bin/env bash
# Processes that are ended at a bad moment: nothing half is listed, the rest is whole, the next backup succeeds. And no secret
# is shown by any of it.

. "$(dirname "$0")/../lib.sh"

# Words that must not be found in anything d1keep says or shows.
TOKEN='tok-7f3a9c51e2-secret'
S3_SECRET='key-0b8d64fa17-secret'
rig_start --token "$TOKEN" --s3_secret_access_key "$S3_SECRET"
faults_start
write_conf
need_crash_programs
d1keep() {
    local rc=0
    "$D1KEEP" -c "$CONF" "$@" 2>"$TEST_TMP/this-error" || rc=$?
    tee -a "$TEST_TMP/all-errors" <"$TEST_TMP/this-error" >&2
    return "$rc"
}

# shellcheck source=tests/faulty.sh
. "$TESTS/faulty.sh"

# ---- killed

held() { [ "$(requests_seen "$1")" -ge 1 ]; }
# killed SIGNAL EXIT-CODE FAULT SEEN   a backup is held at a request and gets the signal
killed() {
    local before rc=0 begun
    before=$(snapshots)
    change >"$TEST_TMP/changed"
    faults_reset
    fault "$3"
    D1KEEP_LEASE_TTL=1 "$CRASH_D1KEEP" -c "$CONF" backup test/t1 --label "killed-$KILLS" >"$OUT" 2>"$ERR" &
    wait_for 10 held "$4"
    # A good moment to look at what everyone may see of the process.
    tr '\0' ' ' <"/proc/$!/cmdline" >>"$TEST_TMP/cmdlines"
    begun=${EPOCHREALTIME/./}
    kill "-$1" $!
    wait $! || rc=$?
    [ $((${EPOCHREALTIME/./} - begun)) -lt 4000000 ]
    cat "$OUT" "$ERR" >>"$TEST_TMP/all-errors"
    expect_equal "$rc" "$2"
    [ "$1" = KILL ] || expect_err '^d1keep: error: test/t1: .*interrupted'
    faults_reset
    expect_equal "$(snapshots)" "$before"
    expect_error 1 'no snapshot' d1keep show "test/t1@killed-$KILLS"
    whole
    # The label was not used up.
    # Only SIGKILL leaves its lease behind.
    expect_exit 0 d1keep backup test/t1 --label "killed-$KILLS" --wait "$([ "$1" = KILL ] && echo 60 || echo 0)"
    expect_equal "$(snapshots)" $((before + 1))
    equals_the_original
}
n=0
for at in "an answer of the API|$API_CALL, \"skip\": 1|/raw 0" "the upload of a chunk|$CHUNK|PUT .*/data/.* 0" "the upload of the manifest|$MANIFEST|PUT .*/snapshots/.* 0"; do
    IFS='|' read -r where match seen <<<"$at"
    for signal in KILL:137 TERM:130 INT:130 HUP:130; do
        [[ "$signal" =~ KILL|TERM ]] || [ "$where" = 'the upload of a chunk' ] || continue
        KILLS=$((n += 1))
        test_case "SIG${signal%:*} during $where: nothing listed, the rest whole, the next backup succeeds" \
            killed "${signal%:*}" "${signal#*:}" "{$match, \"kind\": \"stall\"}" "$seen"
    done
done

test_case 'SIGTERM while it waits to try again' <<'EOF'
faults_reset
fault "{$API_CALL, \"kind\": \"429\", \"retry_after\": 60}"
"$D1KEEP" -c "$CONF" backup test/t1 >"$OUT" 2>"$ERR" &
wait_for 10 held '/raw 429'
begun=${EPOCHREALTIME/./}
kill -TERM $!
rc=0
wait $! || rc=$?
expect_equal $rc 130
[ $((${EPOCHREALTIME/./} - begun)) -lt 3000000 ]
expect_err 'interrupted'
rm -f "$STATE_DIR"/budget-* # where the minute is noted
EOF

# As systemd and the daemon together may send it, and as timeout(1) does.
test_case 'SIGTERM twice is no more than SIGTERM' <<'EOF'
change
faults_reset
fault "{$CHUNK, \"kind\": \"stall\"}"
"$D1KEEP" -c "$CONF" backup test/t1 >"$OUT" 2>"$ERR" &
wait_for 10 held 'PUT .*/data/.* 0'
handled() { ! grep -qE '^SigCgt:.*[4567cdef]...$' "/proc/$!/status"; } # the first was taken
kill -TERM $!
wait_for 2 handled || true
kill -TERM $! 2>/dev/null || true
rc=0
wait $! || rc=$?
expect_equal $rc 130
expect_err interrupted
EOF

sigterm_elsewhere() { # a verification and a restore
    faults_reset
    fault '{"match": "^GET .*/data/", "kind": "stall", "times": -1}'
    rm -f "$TEST_TMP/restored.sqlite"
    "$D1KEEP" -c "$CONF" restore test/t1 --to "sqlite:$TEST_TMP/restored.sqlite" >"$OUT" 2>"$ERR" &
    local restore=$! verify rc
    "$D1KEEP" -c "$CONF" verify test/t1 >"$TEST_TMP/verify.out" 2>&1 &
    verify=$!
    both_held() { [ "$(requests_seen '/data/.* 0$')" -ge 4 ]; }
    wait_for 10 both_held
    kill -TERM "$restore" "$verify"
    rc=0; wait "$restore" || rc=$?
    expect_equal "$rc" 130
    rc=0; wait "$verify" || rc=$?
    expect_equal "$rc" 130
    expect_equal "$(find "$TEST_TMP" -name 'restored.sqlite*')" ''
    faults_reset
    expect_exit 0 d1keep verify test/t1
}
test_case 'SIGTERM during verify and restore: exit 130, no half file' sigterm_elsewhere

# ---- secrets

secrets_stay_secret() {
    expect_match "$TEST_TMP/cmdlines" 'backup test/t1'
    [ -s "$TEST_TMP/all-errors" ]
    for file in "$TEST_TMP/all-errors" "$TEST_TMP/cmdlines"; do
        refuse_match "$file" "$TOKEN|$S3_SECRET|7f3a9c51e2|0b8d64fa17"
    done
    # Nor in what is stored, nor in what is noted on this host.
    rig_stop
    if grep -rlE "$TOKEN|$S3_SECRET" "$RIG_DIR/v3/r2" "$STATE_DIR"; then return 1; fi
    # With everything it can say about failures.
    expect_exit 75 d1keep list test/t1
    refuse_match "$ERR" "$TOKEN|$S3_SECRET"
}
test_case 'no secret in any message, command line, object or state file' secrets_stay_secret

test_done
