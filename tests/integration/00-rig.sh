#!/usr/bin/env bash
# Is the rig true? Everything else believes what it answers.
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

rig_start

# call METHOD PATH [BODY] [TOKEN]   a call as d1keep makes it, through the proxy if there is one: answer in $OUT, $STATUS
call() {
    STATUS=$(curl -sS --max-time 10 ${CA_FILE:+--cacert "$CA_FILE"} -o "$OUT" -w '%{http_code}' -X "$1" -H "Authorization: Bearer ${4:-$RIG_TOKEN}" \
        -H 'Content-Type: application/json' ${3:+--data-binary "$3"} "$API/accounts/$RIG_ACCOUNT/d1/database$2")
}
answer() { jq -c "$@" "$OUT"; }

s3() { # METHOD PATH [CURL-OPTION]…
    local method=$1 path=$2
    shift 2
    STATUS=$(curl -sS --max-time 10 ${CA_FILE:+--cacert "$CA_FILE"} -o "$OUT" -w '%{http_code}' -X "$method" --aws-sigv4 aws:amz:auto:s3 \
        --user "$RIG_KEY_ID:$RIG_SECRET_KEY" -H "x-amz-content-sha256: UNSIGNED-PAYLOAD" -H 'Expect:' "$@" "$S3/$path")
}

# ---- the API

test_case 'the envelope, and one result per statement' <<'EOF'
call POST /t1/raw '{"sql": "SELECT ?1 AS a; SELECT 2 AS b /* ; */", "params": ["x"]}'
expect_equal "$STATUS" 200
expect_equal "$(answer '[.success, .errors, .messages, (.result | length)]')" '[true,[],[],2]'
expect_equal "$(answer '[.result[].results]')" '[{"columns":["a"],"rows":[["x"]]},{"columns":["b"],"rows":[[2]]}]'
expect_equal "$(answer '.result[0].meta | [.rows_read, .rows_written, .changes, .changed_db, (.duration | type), (.size_after > 0), .served_by]')" \
    '[0,0,0,false,"number",true,"v3-prod"]'
EOF

test_case '/raw keeps columns of the same name, and those of an empty answer' <<'EOF'
call POST /t1/raw '{"sql": "SELECT 1 AS a, 2 AS a; SELECT 3 AS b, 4 AS b WHERE 0"}'
expect_equal "$(answer '[.result[].results]')" '[{"columns":["a","a"],"rows":[[1,2]]},{"columns":["b","b"],"rows":[]}]'
call POST /t1/query '{"sql": "SELECT 1 AS a, 2 AS a"}'
expect_equal "$(answer '.result[0].results')" '[{"a":2}]'
EOF

test_case 'values become JSON as on D1: what is lost is lost' <<'EOF'
call POST /t1/raw '{"sql": "SELECT 9007199254740993, 1.0, -0.0, 9e999, NULL, x'"''"', x'"'00ff'"', '"'a'"'||char(0)||'"'b'"', CAST(x'"'41ff42'"' AS TEXT)"}'
expect_equal "$(answer '.result[0].results.rows[0]')" '[9007199254740992,1,0,null,null,[],[0,255],"a\u0000b","A�B"]'
call POST /t1/raw '{"sql": "SELECT quote(9007199254740993), quote(1.0), quote(9e999)"}'
expect_equal "$(answer '.result[0].results.rows[0]')" '["9007199254740993","1.0","9.0e+999"]'
EOF

a_batch_is_one_transaction() {
    rig_sql t2 'CREATE TABLE a(n INTEGER UNIQUE); INSERT INTO a VALUES(1)'
    local body
    for body in '{"batch": [{"sql": "INSERT INTO a VALUES(2)"}, {"sql": "CREATE TABLE b(x)"}, {"sql": "INSERT INTO a VALUES(1)"}]}' \
        '{"sql": "INSERT INTO a VALUES(2); CREATE TABLE b(x); INSERT INTO a VALUES(1)"}'; do
        call POST /t2/raw "$body"
        expect_equal "$STATUS $(answer '[.success, .errors[0].code, .result]')" '400 [false,7500,[]]'
        expect_out 'UNIQUE constraint failed: a.n: SQLITE_CONSTRAINT'
        expect_equal "$(rig_sql t2 'SELECT group_concat(n) FROM a; SELECT group_concat(name) FROM sqlite_schema WHERE type = '"'table'")" $'1\na'
    done
    call POST /t2/raw '{"batch": [{"sql": "INSERT INTO a VALUES(?)", "params": ["2"]}, {"sql": "SELECT max(n) FROM a"}]}'
    expect_equal "$(answer '.result[1].results.rows')" '[[2]]'
}
test_case 'a batch, and several statements, are one transaction' a_batch_is_one_transaction

test_case 'a trigger is one statement' <<'EOF'
rig_sql t3 "CREATE TABLE a(n); CREATE TABLE log(what);
CREATE TRIGGER tr AFTER INSERT ON a BEGIN INSERT INTO log VALUES('a;b' || CASE WHEN 1 THEN ';' END); DELETE FROM a; END;
INSERT INTO a VALUES(1)"
expect_equal "$(rig_sql t3 'SELECT what FROM log; SELECT count(*) FROM a')" $'a;b;\n0'
EOF

errors_as_cloudflare() {
    call GET /nowhere
    expect_equal "$STATUS $(answer '.errors[0].code')" '404 7404'
    call POST /nowhere/raw '{"sql": "SELECT 1"}'
    expect_equal "$STATUS $(answer '[.success, .errors[0].code]')" '404 [false,7404]'
    call POST /t1/raw '{"sql": "SELEC 1"}'
    expect_equal "$STATUS $(answer '.errors[0]')" '400 {"code":7500,"message":"near \"SELEC\": syntax error at offset 0: SQLITE_ERROR"}'
    call POST /t1/raw '{"sql": "SELECT zeroblob(20000000)"}'
    expect_equal "$STATUS $(answer '.errors[0].message')" '400 "string or blob too big: SQLITE_TOOBIG"'
    call POST /t1/raw '{"sql": "SELECT sqlite_version()"}'
    expect_out 'not authorized to use function: sqlite_version'
    call POST /t1/raw '{"sql": " -- nothing"}'
    expect_equal "$STATUS $(answer '.errors[0].message')" '400 "No SQL statements detected."'
    call POST /t1/raw '{"sql": "SELECT 1"}' wrong-token
    expect_equal "$STATUS $(answer '.errors[0]')" '403 {"code":10000,"message":"Authentication error"}'
    expect_equal "$(curl -s -o /dev/null -w '%{http_code}' "$API/accounts/$RIG_ACCOUNT/d1/database")" 401
    expect_equal "$(curl -s -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $RIG_TOKEN" "$API/accounts/ffff/d1/database")" 404
}
test_case 'errors: unknown database, bad SQL, the sandbox, wrong token, wrong account' errors_as_cloudflare

lists_and_describes() {
    call GET '?per_page=5&page=3'
    expect_equal "$(answer '[.result_info, [.result[].name]]')" '[{"page":3,"per_page":5,"count":2,"total_count":12},["t7","t8"]]'
    call GET '?name=production-auth'
    expect_equal "$(answer '.result')" \
        '[{"uuid":"483da8b0-94c7-4f9e-ab1a-68df41e5664d","name":"production-auth","created_at":"2026-01-02T03:04:05.678Z","version":"production","jurisdiction":null}]'
    call GET /production-auth
    expect_equal "$(answer '.result | [.uuid, .version, (.file_size > 0)]')" '["483da8b0-94c7-4f9e-ab1a-68df41e5664d","production",true]'
    call GET '/483da8b0-94c7-4f9e-ab1a-68df41e5664d?fields=uuid,name'
    expect_equal "$(answer .result)" '{"uuid":"483da8b0-94c7-4f9e-ab1a-68df41e5664d","name":"production-auth"}'
}
test_case 'databases: listed in pages, described by UUID or by name' lists_and_describes

bookmark() {
    call GET /t4/time_travel/bookmark
    answer -r .result.bookmark
}
bookmark_moves_iff_written() {
    local before after sql
    rig_sql t4 'CREATE TABLE a(n); INSERT INTO a VALUES(1)'
    before=$(bookmark)
    [[ $before =~ ^[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{32}$ ]]
    rig_sql t4 'SELECT * FROM a; PRAGMA table_info(a); UPDATE a SET n = 2 WHERE n = 77; WITH x AS (SELECT 1) SELECT * FROM x'
    call POST /t4/raw '{"sql": "INSERT INTO a VALUES(5); SELECT broken"}'
    expect_equal "$(bookmark)" "$before"
    for sql in 'UPDATE a SET n = 3' 'CREATE INDEX i ON a(n)' 'DROP INDEX i' 'DELETE FROM a' 'ALTER TABLE a ADD COLUMN m' \
        'WITH x AS (SELECT 1) INSERT INTO a(n) SELECT * FROM x' 'CREATE VIEW v AS SELECT 1' 'DROP VIEW v'; do
        rig_sql t4 "$sql"
        after=$(bookmark)
        [[ $after > $before ]]
        before=$after
    done
}
test_case 'the bookmark stands still over reads and failed writes, and moves with every write' bookmark_moves_iff_written

test_case 'total_changes() counts writes, not reads, and starts anew when the database is reset' <<'EOF'
rig_sql t5 'CREATE TABLE a(n); INSERT INTO a VALUES(1),(2)' 
expect_equal "$(rig_sql t5 'SELECT total_changes()')$(rig_sql t5 'SELECT total_changes()')" 22
rig_call POST /t5/rig/reset '{}'
expect_equal "$(rig_sql t5 'SELECT total_changes(), count(*) FROM a')" $'0\t2'
EOF

test_case 'the files lie where wrangler puts them' <<'EOF'
rig_sql t6 'CREATE TABLE there(n)'
expect_equal "$(sqlite3 -readonly "$(rig_file t6)" 'SELECT name FROM sqlite_schema WHERE name = "there"')" there
EOF

many_statements() {
    seq 1 1200 | sed "s/.*/INSERT INTO many VALUES(&, 'a;''b');/" >"$TEST_TMP/many.sql"
    rig_sql t6 'CREATE TABLE many(n, t)'
    rig_sql_file t6 "$TEST_TMP/many.sql"
    expect_equal "$(rig_sql t6 "SELECT count(*), sum(n), min(t), NULL FROM many")" $'1200\t720600\ta;\'b\tNULL'
    if rig_sql t6 'SELECT nonsense' 2>"$ERR"; then return 1; fi
    expect_err 'rig: no such column: nonsense'
}
test_case 'rig_sql and rig_sql_file do what they say' many_statements

# ---- S3

s3_works() {
    printf 'hello\n' >"$TEST_TMP/body"
    s3 PUT b2/dir/one --data-binary @"$TEST_TMP/body" -H 'If-None-Match: *'
    expect_equal "$STATUS" 200
    s3 PUT b2/dir/one --data-binary other -H 'If-None-Match: *'
    expect_equal "$STATUS" 412
    s3 GET b2/dir/one
    expect_equal "$STATUS" 200
    expect_same_file "$OUT" "$TEST_TMP/body"
    s3 GET b2/dir/two
    expect_equal "$STATUS" 404
    expect_out '<Code>NoSuchKey</Code>'
    RIG_SECRET_KEY=wrong s3 GET b2/dir/one
    expect_equal "$STATUS" 403
    expect_out '<Code>SignatureDoesNotMatch</Code>'
}
test_case 'S3: put, conditional put, get, refused signature' s3_works

# ---- the fault proxy

faults_start
rig_sql t7 'CREATE TABLE big(n, t)'
rig_sql t7 "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 2000) INSERT INTO big SELECT n, hex(zeroblob(50)) FROM i"
READ='{"sql": "SELECT * FROM big"}'

# fails CURL-EXIT-CODES COMMAND…   the transfer itself fails, in one of these ways
fails() {
    local expected=$1 rc=0
    shift
    "$@" 2>/dev/null || rc=$?
    [[ " $expected " == *" $rc "* ]] || expect_equal "$rc" "$expected"
}

through_the_proxy() {
    faults_reset
    call POST /t7/raw "$READ"
    expect_equal "$STATUS $(answer '.result[0].results.rows | length')" '200 2000'
    s3 PUT b3/through --data-binary @"$OUT"
    expect_equal "$STATUS" 200
    s3 GET b3/through
    expect_equal "$STATUS $(answer '.result[0].results.rows | length')" '200 2000'
    RIG_SECRET_KEY=wrong s3 GET b3/through
    expect_equal "$STATUS" 403
    expect_equal "$(requests_seen '^POST .*/t7/raw 200$') $(requests_seen '/b3/through ') $(requests_seen '^DELETE ')" '1 3 0'
    faults_reset
    expect_equal "$(requests_seen .)" 0
}
test_case 'the proxy is transparent to the API and to signed S3 requests, and counts them' through_the_proxy

test_case 'fault 429: with Retry-After, so many times, after so many' <<'EOF'
faults_reset
fault '{"match": "^POST .*/raw$", "kind": "429", "retry_after": 7, "times": 2, "skip": 1}'
codes=
for _ in 1 2 3 4; do call POST /t7/raw '{"sql": "SELECT 1"}'; codes="$codes $STATUS"; done
expect_equal "$codes" ' 200 429 429 200'
fault '{"kind": "429", "retry_after": 7}'
curl -s -D "$ERR" -o "$OUT" "$API/"
expect_err '^retry-after: 7'
EOF

test_case 'fault lost-delete: said to be deleted, and still there' <<'EOF'
faults_reset
s3 PUT b4/kept --data-binary here
expect_equal "$STATUS" 200
fault '{"match": "^DELETE ", "kind": "lost-delete"}'
s3 DELETE b4/kept
expect_equal "$STATUS" 204
s3 GET b4/kept
expect_equal "$STATUS $(cat "$OUT")" '200 here'
fault '{"match": "^POST .*delete", "kind": "lost-delete"}'
s3 POST 'b4?delete=' --data-binary '<Delete><Object><Key>kept</Key></Object><Object><Key>b</Key></Object></Delete>'
expect_equal "$STATUS" 200
expect_out '<DeleteResult><Deleted><Key>kept</Key></Deleted><Deleted><Key>b</Key></Deleted></DeleteResult>'
s3 GET b4/kept
expect_equal "$STATUS" 200
s3 DELETE b4/kept
s3 GET b4/kept
expect_equal "$STATUS" 404
EOF

test_case 'faults 500, 503, html and an answer made to order' <<'EOF'
faults_reset
fault '{"kind": "500"}'
call POST /t7/raw "$READ"
expect_equal "$STATUS $(answer '[.success, .errors[0].code]')" '500 [false,7500]'
fault '{"kind": "503"}'
s3 GET b3/through
expect_equal "$STATUS" 503
expect_out '<Code>ServiceUnavailable</Code>'
fault '{"kind": "html"}'
call POST /t7/raw "$READ"
expect_equal "$STATUS" 200
expect_out '<html>'
fault '{"kind": "answer", "status": 400, "code": 7500, "message": "D1 DB is overloaded. Too many requests queued."}'
call POST /t7/raw "$READ"
expect_equal "$STATUS $(answer '.errors[0].message')" '400 "D1 DB is overloaded. Too many requests queued."'
EOF

test_case 'fault cut: the right length announced, half of it sent, the connection reset' <<'EOF'
faults_reset
fault '{"match": "/raw", "kind": "cut"}'
fails 56 call POST /t7/raw "$READ"
[ "$(wc -c <"$OUT")" -gt 50000 ]
fault '{"match": "b3/through", "kind": "cut", "at": 10}'
fails 56 s3 GET b3/through
expect_equal "$(wc -c <"$OUT")" 10
EOF

test_case 'faults drop and lost-ok: no answer, but the second did its work' <<'EOF'
faults_reset
fault '{"kind": "drop"}'
fails 56 call POST /t7/raw '{"sql": "CREATE TABLE dropped(n)"}'
fault '{"kind": "lost-ok"}'
fails 52 call POST /t7/raw '{"sql": "CREATE TABLE lost(n)"}'
expect_equal "$(rig_sql t7 "SELECT group_concat(name) FROM sqlite_schema WHERE name IN ('dropped', 'lost')")" lost
EOF

test_case 'faults slow and stall' <<'EOF'
faults_reset
fault '{"kind": "slow", "pieces": 5, "delay_ms": 60}'
begun=${EPOCHREALTIME/./}
call POST /t7/raw "$READ"
expect_equal "$(answer '.result[0].results.rows | length')" 2000
[ $((${EPOCHREALTIME/./} - begun)) -gt 280000 ]
fault '{"kind": "stall"}'
fails 28 curl -s --max-time 0.5 "$API/"
EOF

test_case 'fault hook: a write between two requests, chosen by what they ask' <<'EOF'
faults_reset
fault '{"match": "/raw", "body": "FROM big", "kind": "hook", "skip": 1, "db": "t7", "sql": "DELETE FROM big WHERE n > 1990; DELETE FROM big WHERE n < 3"}'
counts=
for _ in 1 2 3; do call POST /t7/raw '{"sql": "SELECT count(*) FROM big"}'; counts="$counts $(answer '.result[0].results.rows[0][0]')"; done
expect_equal "$counts" ' 2000 1988 1988'
expect_equal "$(requests_seen /raw)" 3
EOF

test_case 'a fault nobody knows is refused' <<'EOF'
if fault '{"kind": "nonsense"}' >"$OUT" 2>&1; then false; fi
expect_out "unknown kind 'nonsense'"
EOF

# ---- https, restarts, ends

faults_stop
rig_stop
make_ca
rig_start --https_key "$SERVER_KEY" --https_cert "$SERVER_CERT"

test_case 'https with a private authority, and the data are still there' <<'EOF'
[[ $API == https://* ]]
call POST /t7/raw '{"sql": "SELECT count(*) FROM big"}'
expect_equal "$(answer '.result[0].results.rows')" '[[1988]]'
s3 GET b2/dir/one
expect_equal "$STATUS" 200
fails 60 curl -s "$API/"
EOF

faults_start
test_case 'https through the proxy' <<'EOF'
[[ $API == https://* ]]
call POST /t7/raw '{"sql": "SELECT count(*) FROM big"}'
expect_equal "$(answer '.result[0].results.rows')" '[[1988]]'
s3 GET b2/dir/one
expect_equal "$STATUS" 200
fault '{"kind": "cut"}'
fails '18 52 56' s3 GET b2/dir/one
fault '{"kind": "drop"}'
fails '18 52 56' s3 GET b2/dir/one
EOF

the_configuration_is_written() {
    CONF_TEST='consistency = "best-effort"' write_conf
    expect_match "$CONF" "api_base = \"$API\""
    expect_match "$CONF" "ca_file = \"$CA_FILE\""
    expect_match "$CONF" 'consistency = "best-effort"'
    expect_match "$CONF" 'database "t8" \{ id = "7e570000-0000-4000-8000-000000000008" \}'
    expect_equal "$(stat -c %a "$TEST_TMP/token" "$TEST_TMP/s3.secret" | tr '\n' ' ')" '600 600 '
}
test_case 'write_conf' the_configuration_is_written

no_orphans() {
    local engine guardian
    # A rig whose keeper goes away stops; one that is killed takes its engine with it.
    sh -c 'echo $$ >"$1"; exec sleep 60' sh "$TEST_TMP/keeper" &
    wait_for 5 test -s "$TEST_TMP/keeper"
    guardian=$(cat "$TEST_TMP/keeper")
    "$RIG_NODE" "$TESTS/cloudflare/rig.mjs" --ready "$TEST_TMP/rig2.json" --leash "$guardian" &
    local rig=$!
    wait_for 20 test -e "$TEST_TMP/rig2.json"
    engine=$(jq -r '.engine_pids[0]' "$TEST_TMP/rig2.json")
    kill -0 "$engine"
    kill "$guardian"
    wait "$guardian" || true
    wait_for 8 process_is_gone "$rig"
    wait_for 8 process_is_gone "$engine"
    wait_for 5 test ! -e "$(jq -r .dir "$TEST_TMP/rig2.json")"

    rm "$TEST_TMP/rig2.json"
    "$RIG_NODE" "$TESTS/cloudflare/rig.mjs" --ready "$TEST_TMP/rig2.json" --leash $$ &
    rig=$!
    wait_for 20 test -e "$TEST_TMP/rig2.json"
    engine=$(jq -r '.engine_pids[0]' "$TEST_TMP/rig2.json")
    kill -KILL "$rig"
    wait_for 8 process_is_gone "$engine"
    wait_for 5 test ! -e "$(jq -r .dir "$TEST_TMP/rig2.json")"
}
test_case 'no process outlives its parent' no_orphans

test_done
