#!/usr/bin/env bash
# Networks and servers that misbehave: a request that fails is repeated, and what does not get better ends with exit 75.

. "$(dirname "$0")/../lib.sh"

# shellcheck disable=SC2119 # without flags
rig_start
faults_start
write_conf

# shellcheck source=tests/faulty.sh
. "$TESTS/faulty.sh"

# survives FAULT…   a backup meets these faults: it succeeds, once, in silence
survives() {
    change >"$TEST_TMP/changed"
    faults_reset
    for f; do fault "$f"; done
    expect_exit 0 d1keep backup test/t1
    expect_equal "$(wc -l <"$OUT") $(wc -c <"$ERR")" '2 0'
    faults_seen=$(curl -sS "$FAULTS_CONTROL/log" | jq -r 'select(.fault) | .fault' | wc -l)
    [ "$faults_seen" -ge $# ]
    faults_reset
    local before
    before=$(cat "$TEST_TMP/snapshots")
    snapshots >"$TEST_TMP/snapshots"
    expect_equal "$(cat "$TEST_TMP/snapshots") snapshots" "$((before + 1)) snapshots"
    expect_exit 0 d1keep verify test/t1
    equals_the_original
}
snapshots >"$TEST_TMP/snapshots"

# ---- one request goes wrong, and is repeated

waits_as_told() {
    local begun=${EPOCHREALTIME/./}
    survives "{$API_CALL, \"kind\": \"429\", \"retry_after\": 1}"
    [ $((${EPOCHREALTIME/./} - begun)) -ge 1000000 ]
}
test_case '429 with Retry-After: waited for' waits_as_told
test_case '429 from S3, on a chunk and on the manifest' survives "{$CHUNK, \"kind\": \"429\"}" "{$MANIFEST, \"kind\": \"429\"}"
test_case '500 twice, from the API and from S3' survives "{$API_CALL, \"kind\": \"500\", \"times\": 2}" "{$CHUNK, \"kind\": \"500\", \"times\": 2}"
test_case '500 and 503 on the manifest' survives "{$MANIFEST, \"kind\": \"500\"}" "{$MANIFEST, \"kind\": \"503\", \"skip\": 1}"
test_case '503, and an overloaded database' survives "{$LISTING, \"kind\": \"503\"}" \
    "{$API_CALL, \"kind\": \"answer\", \"status\": 400, \"code\": 7500, \"message\": \"D1 DB is overloaded. Too many requests queued.\"}"
test_case 'the database is reset while it answers' survives \
    "{$API_CALL, \"skip\": 1, \"kind\": \"answer\", \"status\": 500, \"code\": 7500, \"message\": \"Internal error in D1 DB storage caused object to be reset.\"}"
test_case 'a cut body: of an answer, a listing, a manifest' survives "{$API_CALL, \"kind\": \"cut\"}" "{$LISTING, \"kind\": \"cut\"}" "{$GET_MANIFEST, \"kind\": \"cut\"}"
test_case 'a slow body' survives "{$API_CALL, \"skip\": 1, \"kind\": \"slow\", \"pieces\": 8, \"delay_ms\": 60}"
test_case 'HTML with status 200' survives "{$API_CALL, \"kind\": \"html\"}"
# What answers instead of the bucket has stored nothing: found by tests/soak.sh, as a listed snapshot without a chunk.
test_case 'HTML with status 200 instead of an upload: of a chunk, of the manifest' survives "{$CHUNK, \"kind\": \"html\"}" "{$MANIFEST, \"kind\": \"html\"}"
test_case 'HTML with status 502' survives "{$API_CALL, \"kind\": \"html\", \"status\": 502}" "{$LISTING, \"kind\": \"html\", \"status\": 502}"
test_case 'a dropped connection: to the API, to S3, on the manifest' survives "{$API_CALL, \"kind\": \"drop\"}" "{$CHUNK, \"kind\": \"drop\"}" "{$MANIFEST, \"kind\": \"drop\"}"
test_case 'a chunk that arrived, but the answer did not' survives "{$CHUNK, \"kind\": \"lost-ok\"}"
test_case 'a manifest that arrived, but the answer did not: one snapshot' survives "{$MANIFEST, \"kind\": \"lost-ok\"}"
test_case 'a manifest that arrived, and two answers that did not' survives "{$MANIFEST, \"kind\": \"lost-ok\"}" "{$MANIFEST, \"kind\": \"500\", \"skip\": 1}"

html_from_s3() { # 200 and a web page where a manifest, a listing or a chunk should be: not believed
    for where in "$LISTING" "$GET_MANIFEST"; do
        faults_reset
        fault "{$where, \"kind\": \"html\", \"times\": -1}"
        rc=0
        d1keep verify test/t1 >"$OUT" 2>"$ERR" || rc=$?
        [[ $rc == 75 || $rc == 3 || $rc == 1 ]]
        expect_err '^d1keep: error: test/t1: '
    done
    faults_reset
    fault '{"match": "^GET .*/data/usage", "kind": "html", "times": -1}'
    expect_exit 3 d1keep verify test/t1
    faults_reset
    expect_exit 0 d1keep verify test/t1
}
test_case 'HTML with status 200 from S3' html_from_s3

reading_survives() {
    faults_reset
    fault '{"match": "^GET .*/data/", "kind": "cut"}'
    fault '{"match": "^GET .*/data/", "kind": "503", "skip": 2}'
    fault '{"match": "^GET .*/data/", "kind": "drop", "skip": 4}'
    expect_exit 0 d1keep verify test/t1
    fault '{"match": "^GET .*/data/", "kind": "cut"}'
    equals_the_original
    fault '{"match": "^PUT .*verified", "kind": "lost-ok"}'
    expect_exit 0 d1keep verify test/t1
}
test_case 'verify and restore: cut, refused and dropped chunks' reading_survives

restore_gives_up() {
    faults_reset
    fault '{"match": "^GET .*/data/usage", "kind": "answer", "status": 400, "code": "Odd", "message": "what", "times": -1}'
    rm -f "$TEST_TMP/restored.sqlite"
    expect_error 1 'chunk data/usage/.*HTTP 400, Odd: what' d1keep restore test/t1 --to "sqlite:$TEST_TMP/restored.sqlite"
    expect_equal "$(find "$TEST_TMP" -name 'restored.sqlite*')" ''
}
test_case 'a restore that fails leaves nothing' restore_gives_up

# ---- what does not get better: exit 75, nothing listed

fails_for_now() { # REGEX FAULT…
    local before regex=$1
    shift
    before=$(snapshots)
    faults_reset
    for f; do fault "$f"; done
    expect_error 75 "test/t1: .*$regex" d1keep backup test/t1
    faults_reset
    expect_equal "$(snapshots)" "$before"
}
test_case '429 that asks for an hour: not waited for, said' fails_for_now '3600|HTTP 429|Please wait' "{$API_CALL, \"kind\": \"429\", \"retry_after\": 3600}"
rm -f "$STATE_DIR"/budget-* # or the next backup waits as long as it may be told to, five minutes
test_case 'the daily limit of the free plan' fails_for_now 'free tier daily' \
    "{$API_CALL, \"kind\": \"answer\", \"status\": 429, \"code\": 7500, \"times\": -1, \"message\": \"Your account has exceeded D1's free tier daily read limit.\", \"headers\": {\"retry-after\": \"0\"}}"

gives_up() { # five tries at most; the chunk's and the manifest's side by side
    local pids=() pid
    change >"$TEST_TMP/changed"
    faults_reset
    fault "{\"match\": \"^PUT .*/test/t1/data/\", \"kind\": \"503\", \"times\": -1}"
    fault "{\"match\": \"^PUT .*/test/t2/snapshots/\", \"kind\": \"lost-ok\", \"times\": -1}"
    fault "{\"match\": \"^PUT .*/test/t3/snapshots/\", \"kind\": \"drop\", \"times\": -1}"
    fault "{\"match\": \"^POST .*000004/raw\", \"kind\": \"500\", \"times\": -1}"
    for n in 1 2 3 4; do
        { rc=0; "$D1KEEP" -c "$CONF" backup "test/t$n" >"$TEST_TMP/gives-up.$n" 2>&1 || rc=$?; echo "$rc" >"$TEST_TMP/gives-up.$n.rc"; } &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid"; done
    head "$TEST_TMP"/gives-up.*
    expect_equal "$(cat "$TEST_TMP"/gives-up.?.rc | tr '\n' ' ')" '75 0 75 75 '
    for n in 1 3 4; do expect_match "$TEST_TMP/gives-up.$n" "^d1keep: error: test/t$n: .*5 (tries|times)"; done
    faults_reset
    # The one whose manifest arrived each time looked, and found its own.
    expect_equal "$(d1keep list test --json | jq -c '[.snapshots[].database | select(. != "test/t1")]')" '["test/t2"]'
    whole
    expect_exit 0 d1keep backup test/t1
    equals_the_original
}
test_case 'faults that stay: exit 75 after five tries, nothing listed; the next backup succeeds' gives_up

test_done
