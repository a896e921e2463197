#!/usr/bin/env bash
# The request budget: one for all processes of the host that use an account.
#
# Of N requests in five minutes a quarter may come at once, the rest is spread evenly. With 30: 7 at once, then one every 13 s,
# which no test waits for.

. "$(dirname "$0")/../lib.sh"

# shellcheck disable=SC2119 # without flags
rig_start
faults_start
REQUEST_BUDGET=30 write_conf
for n in 1 2 3 4 5 6; do rig_sql "t$n" "CREATE TABLE t(a); INSERT INTO t VALUES ($n)"; done

calls() { requests_seen '^(POST|GET) /client/v4/'; } # to the API
calls_are() { [ "$(calls)" -eq "$1" ]; }
fresh() {
    rm -f "$STATE_DIR"/budget-*
    faults_reset
}
# waits SECONDS COMMAND…   it does nothing within so many seconds, and leaves at once when told to
waits() {
    local rc=0 begun seconds=$1
    shift
    begun=${EPOCHREALTIME/./}
    timeout --foreground -s TERM --preserve-status "$seconds" "$D1KEEP" -c "$CONF" "$@" >"$OUT" 2>"$ERR" || rc=$?
    expect_equal "$rc" 130
    [ $((${EPOCHREALTIME/./} - begun)) -lt $((seconds * 1000000 + 700000)) ]
}

one_after_another() {
    fresh
    for n in 1 2 3; do expect_exit 0 d1keep backup "test/t$n"; done # two calls each
    calls_are 6
    waits 1 backup test/t4
    calls_are 7
    expect_exit 0 d1keep list test/t4 --json
    expect_equal "$(jq '.snapshots | length' "$OUT")" 0
    # Another process, another database, another environment: the same account.
    waits 1 backup test/t5
    waits 1 backup production/auth
    calls_are 7
    expect_equal "$(echo "$STATE_DIR"/budget-*)" "$STATE_DIR/budget-taco"
    # The bucket is no part of it, nor is another account.
    expect_exit 0 d1keep verify test/t1 test/t2
    sed "s/account \"taco\"/account \"other\"/; s/account = \"taco\"/account = \"other\"/" "$CONF" >"$CONF.other"
    expect_exit 0 "$D1KEEP" -c "$CONF.other" backup test/t4
    expect_equal "$(echo "$STATE_DIR"/budget-*)" "$STATE_DIR/budget-other $STATE_DIR/budget-taco"
}
test_case 'three backups at once, the fourth has to wait, and so has everyone else' one_after_another

all_at_once() {
    local pids=() pid rc done=0
    fresh
    for n in 1 2 3 4 5 6; do # twelve calls wanted
        "$D1KEEP" -c "$CONF" backup "test/t$n" >"$TEST_TMP/out.$n" 2>"$TEST_TMP/err.$n" &
        pids+=($!)
    done
    wait_for 5 calls_are 7
    # Whoever has all its answers leaves by itself; the others wait.
    waits 1 backup test/t7
    calls_are 7
    for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do
        rc=0
        wait "$pid" || rc=$?
        case $rc in 0) done=$((done + 1)) ;; 130) ;; *) return 1 ;; esac
    done
    [ "$done" -ge 1 ] && [ "$done" -le 3 ]
    expect_equal "$(d1keep list test --json | jq '[.snapshots[] | select(.rows == 1)] | length >= 1')" true
}
test_case 'six processes at once share it' all_at_once

retries_count() {
    fresh
    fault '{"match": "^POST", "kind": "500", "times": -1}'
    sed 's/request_budget = 30/request_budget = 8/' "$CONF" >"$CONF.eight" # two at once
    local CONF=$CONF.eight
    waits 2 backup test/t1
    calls_are 2
}
test_case 'a request that is repeated counts again' retries_count

told_to_wait() { # 429 with Retry-After holds for everyone
    local begun
    REQUEST_BUDGET=1200 write_conf
    fresh
    fault '{"match": "^POST", "kind": "429", "retry_after": 2}'
    begun=${EPOCHREALTIME/./}
    d1keep backup test/t1 >"$OUT" 2>"$ERR" &
    wait_for 5 calls_are 1
    expect_exit 0 d1keep backup test/t2
    [ $((${EPOCHREALTIME/./} - begun)) -ge 1900000 ]
    wait $!
    calls_are 5
}
test_case 'a 429 with Retry-After holds for every process' told_to_wait

test_case 'a damaged budget file, and none to be had: the backup goes on' <<'EOF'
fresh
echo nonsense >"$STATE_DIR/budget-taco"
expect_exit 0 d1keep backup test/t1
# A moment far in the future, as a clock that was wrong once leaves it: counted from now at most.
printf '%020d %020d\n' 4000000000000000 4000000000000000 >"$STATE_DIR/budget-taco"
waits 1 backup test/t1
touch "$TEST_TMP/a-file"
sed "s|^state_dir = .*|state_dir = \"$TEST_TMP/a-file/state\"|" "$CONF" >"$CONF.nostate"
expect_exit 0 "$D1KEEP" -c "$CONF.nostate" backup test/t1
EOF

test_done
