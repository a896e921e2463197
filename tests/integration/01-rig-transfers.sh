#!/usr/bin/env bash
# Is the rig true? The rest of it: databases that come and go, import, export, Time Travel.
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

rig_start

# call METHOD PATH [BODY]   a call of the API, through the proxy if there is one: answer in $OUT, $STATUS
call() {
    STATUS=$(curl -sS --max-time 20 ${CA_FILE:+--cacert "$CA_FILE"} -o "$OUT" -w '%{http_code}' -X "$1" -H "Authorization: Bearer $RIG_TOKEN" \
        -H 'Content-Type: application/json' ${3:+--data-binary "$3"} "$API/accounts/$RIG_ACCOUNT/d1/database$2")
}
answer() { jq -c "$@" "$OUT"; }
result() { answer "[.result | .success, .status, .error]"; }
set_rig() { rig_call POST "/$1/rig/set" "$2" | jq -e .success; } # DATABASE SETTINGS
tables() { rig_sql "$1" "SELECT group_concat(name) FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB '_cf_*'"; }

# ---- databases come and go

databases_come_and_go() {
    local id
    call POST '' '{"name": "fresh", "primary_location_hint": "weur", "jurisdiction": "eu"}'
    expect_equal "$STATUS $(answer '.result | [.name, .jurisdiction]')" '200 ["fresh","eu"]'
    id=$(answer -r .result.uuid)
    [[ $id =~ ^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$ ]]
    call POST '' '{"name": "fresh"}'
    expect_equal "$STATUS $(answer '[.success, .errors[0].code]')" '400 [false,7502]'
    call POST '' '{"name": "fresh2", "jurisdiction": "moon"}'
    expect_equal "$STATUS $(answer '.errors[0].code')" '400 7400'
    call GET '?name=fresh'
    expect_equal "$(answer '[.result_info.total_count, .result[0].uuid]')" "[1,\"$id\"]"
    rig_sql fresh 'CREATE TABLE here(n)'
    expect_equal "$(sqlite3 -readonly "$(wrangler_file "$RIG_DIR" "$id")" .tables)" here
    call DELETE "/$id"
    expect_equal "$STATUS $(answer .success)" '200 true'
    call POST "/$id/raw" '{"sql": "SELECT 1"}'
    expect_equal "$STATUS $(answer '.errors[0].code')" '404 7404'
    call POST '' '{"name": "fresh"}'
    expect_equal "$STATUS $(tables fresh)" '200 NULL'
}
test_case 'a database is created, listed, used, deleted' databases_come_and_go

# ---- import

# upload DATABASE FILE   init and upload: $ETAG and $FILENAME
upload() {
    local url
    ETAG=$(md5sum <"$2" | cut -d' ' -f1)
    call POST "/$1/import" "{\"action\": \"init\", \"etag\": \"$ETAG\"}"
    FILENAME=$(answer -r .result.filename)
    url=$(answer -r .result.upload_url)
    STATUS=$(curl -sS -D "$ERR" -o "$OUT" -w '%{http_code}' -T "$2" -H 'Expect:' "$url")
}
ingest() { call POST "/$1/import" "{\"action\": \"ingest\", \"etag\": \"$ETAG\", \"filename\": \"$FILENAME\"}"; }
poll() { call POST "/$1/import" "{\"action\": \"poll\", \"current_bookmark\": \"$2\"}"; }
sql() { printf %s "$1" >"$TEST_TMP/file.sql"; }

import_whole() {
    local before
    sql "CREATE TABLE a(n UNIQUE); CREATE TABLE log(t);
CREATE TRIGGER tr AFTER INSERT ON a BEGIN INSERT INTO log VALUES('a;b' || CASE WHEN 1 THEN ';' END); SELECT 1; END;
INSERT INTO a VALUES(1), ('é');
INSERT INTO a VALUES('no semicolon')"
    call GET /t1/time_travel/bookmark
    before=$(answer -r .result.bookmark)
    upload t1 "$TEST_TMP/file.sql"
    expect_equal "$STATUS" 200
    expect_match "$ERR" "^ETag: \"$ETAG\""
    ingest t1
    expect_equal "$STATUS $(answer '.result | [.success, .type, .status, .at_bookmark]')" "200 [true,\"import\",\"complete\",\"$before\"]"
    expect_equal "$(answer '.result.result | [.num_queries, (.meta | .changes, .changed_db, (.size_after > 0), (.rows_written > 0))]')" '[4,4,true,true,true]'
    [[ $(answer -r .result.result.final_bookmark) > $before ]]
    expect_equal "$(rig_sql t1 'SELECT group_concat(n) FROM a; SELECT group_concat(t) FROM log')" $'1,é\na;b;,a;b;'
    poll t1 "$before"
    expect_equal "$STATUS $(result)" '200 [false,"error","Not currently importing anything."]'
}
test_case 'import: a file, carried out as a whole, but for a tail without semicolon' import_whole

import_nothing() {
    local text
    sql 'CREATE TABLE left_over(n); CREATE TABLE a(n UNIQUE); INSERT INTO a VALUES(1); INSERT INTO a VALUES(1);'
    upload t2 "$TEST_TMP/file.sql"
    ingest t2
    expect_equal "$(answer '.result | [.success, .status, .error == .errors[0]]')" '[false,"error",true]'
    expect_out 'UNIQUE constraint failed: a.n: SQLITE_CONSTRAINT'
    for text in 'CREATE TABLE x(n); BEGIN; COMMIT;@transaction' 'CREATE TABLE _cf_x(n);@not authorized' \
        "CREATE TABLE x(t); INSERT INTO x VALUES('$(head -c 100000 /dev/zero | tr '\0' x)');@statement too long: SQLITE_TOOBIG" \
        'CREATE TABLE p(n PRIMARY KEY); CREATE TABLE c(n REFERENCES p DEFERRABLE INITIALLY DEFERRED); INSERT INTO c VALUES(1);@internal error'; do
        sql "${text%@*}"
        upload t2 "$TEST_TMP/file.sql"
        ingest t2
        expect_equal "$(answer .result.status)" '"error"'
        expect_out "${text##*@}"
    done
    expect_equal "$(tables t2)" NULL
}
test_case 'import: one bad statement, and nothing of the file is there' import_nothing

import_refuses() {
    sql 'CREATE TABLE x(n);'
    upload t2 "$TEST_TMP/file.sql"
    FILENAME=other.sql ingest t2
    expect_equal "$(result)" '[false,"error","Input file other.sql missing or invalid"]'
    ETAG=00000000000000000000000000000000 ingest t2
    expect_out 'missing or invalid'
    call POST /t2/import '{"action": "init", "etag": "x"}'
    expect_equal "$STATUS" 400
    call POST /t2/import '{"action": "init", "etag": "00000000000000000000000000000000"}'
    local url
    url=$(answer -r .result.upload_url)
    expect_equal "$(curl -sS -o "$OUT" -w '%{http_code}' -T - -H 'Expect:' "$url" <"$TEST_TMP/file.sql")" 411
    expect_equal "$(curl -sS -o "$OUT" -w '%{http_code}' -T "$TEST_TMP/file.sql" -H 'Expect:' -H 'Authorization: Bearer x' "$url")" 400
    expect_equal "$(curl -sS -o "$OUT" -w '%{http_code}' -T "$TEST_TMP/file.sql" -H 'Expect:' "${url%/*}/nobody")" 404
}
test_case 'import: unknown files, wrong hashes, uploads with a token or without a length' import_refuses

import_again() {
    sql 'CREATE TABLE IF NOT EXISTS twice(n); INSERT INTO twice VALUES(1);'
    upload t3 "$TEST_TMP/file.sql"
    ingest t3
    call POST /t3/import "{\"action\": \"init\", \"etag\": \"$ETAG\"}"
    expect_equal "$STATUS $(answer '.result | [.status, .upload_url]')" '200 ["complete",null]'
    set_rig t3 '{"import_reuse": false}'
    call POST /t3/import "{\"action\": \"init\", \"etag\": \"$ETAG\"}"
    expect_equal "$STATUS $(answer '.result | [.status, (.upload_url | type)]')" '200 [null,"string"]'
    expect_equal "$(rig_sql t3 'SELECT count(*) FROM twice')" 2
}
test_case 'import: init of a file that is there already begins at once, unless told not to' import_again

import_blocks() {
    local at
    sql 'CREATE TABLE slow(n);'
    set_rig t4 '{"import_active": 2}'
    upload t4 "$TEST_TMP/file.sql"
    ingest t4
    expect_equal "$STATUS $(result)" '202 [true,"active",null]'
    at=$(answer -r .result.at_bookmark)
    call POST /t4/raw '{"sql": "SELECT 1"}'
    expect_equal "$STATUS $(answer '.errors[0]')" '400 {"code":7500,"message":"Currently processing a long-running import."}'
    ingest t4
    expect_equal "$(result)" '[false,"error","Currently processing a long-running import. Cannot start another import until that completes or times out."]'
    call POST /t4/export '{"output_format": "polling"}'
    expect_equal "$(result)" '[false,"error","Currently processing a long-running import."]'
    poll t4 elsewhere
    expect_equal "$(result)" '[false,"error","Not currently import at bookmark elsewhere"]'
    poll t4 "$at"
    expect_equal "$STATUS $(result)" '202 [true,"active",null]'
    poll t4 "$at"
    expect_equal "$STATUS $(result)" '200 [true,"complete",null]'
    expect_equal "$(tables t4)" slow
}
test_case 'import: active as often as wished; meanwhile the database serves nobody' import_blocks

works() { call POST "/$1/raw" '{"sql": "SELECT 1"}' && [ "$STATUS" = 200 ]; }

import_is_cancelled() {
    local at
    sql 'CREATE TABLE late(n);'
    set_rig t5 '{"import_active": 1, "poll_timeout_ms": 300}'
    upload t5 "$TEST_TMP/file.sql"
    ingest t5
    at=$(answer -r .result.at_bookmark)
    expect_equal "$STATUS" 202
    wait_for 5 works t5
    poll t5 "$at"
    expect_out 'Cancelled due to no poll\(\) received in 300ms. Latest messages: '
    poll t5 "$at"
    expect_equal "$(result)" '[false,"error","Not currently importing anything."]'
    # One that has begun already is rolled back.
    set_rig t5 '{"import_active": 0, "poll_timeout_ms": 0}'
    { echo 'CREATE TABLE late(n);'; seq 1 100000 | sed 's/.*/INSERT INTO late VALUES(&);/'; } >"$TEST_TMP/file.sql"
    upload t5 "$TEST_TMP/file.sql"
    ingest t5
    expect_out 'Cancelled due to no poll'
    wait_for 5 works t5
    expect_equal "$(tables t5)" NULL
}
test_case 'import: nobody polls, and it is cancelled' import_is_cancelled

large_import() {
    { echo 'CREATE TABLE large(n, t);'; seq 1 40000 | sed "s/.*/INSERT INTO large VALUES(&, 'é;&');/"; } >"$TEST_TMP/file.sql"
    upload t6 "$TEST_TMP/file.sql"
    ingest t6
    expect_equal "$STATUS $(result)" '202 [true,"active",null]'
    while [ "$STATUS" = 202 ]; do poll t6 "$(answer -r .result.at_bookmark)"; done
    expect_equal "$(answer '.result | [.status, .messages, .result.num_queries]')" '["complete",["Processed 40001 queries."],40001]'
    expect_equal "$(rig_sql t6 "SELECT count(*), sum(n), sum(t = 'é;' || n) FROM large")" $'40000\t800020000\t40000'
}
test_case 'import: a file of many pieces says active first' large_import

# ---- export

export_begin() { call POST "/$1/export" "${2:-"{\"output_format\": \"polling\"}"}"; }
export_poll() { call POST "/$1/export" "{\"current_bookmark\": \"$2\"}"; }
export_whole() { # DATABASE [BODY]   $OUT is the last answer
    export_begin "$@"
    while [ "$STATUS" = 202 ]; do export_poll "$1" "$(answer -r .result.at_bookmark)"; done
}
export_file() { curl -sS -o "$TEST_TMP/dump.sql" -w '%{http_code}' "$(answer -r '.result.result.signed_url')"; }

export_works() {
    local at
    call GET /t1/time_travel/bookmark
    at=$(answer -r .result.bookmark)
    export_begin t1
    expect_equal "$STATUS $(answer '.result | [.success, .type, .status, .at_bookmark]')" "202 [true,\"export\",\"active\",\"$at\"]"
    call POST /t1/raw '{"sql": "SELECT 1"}'
    expect_equal "$STATUS $(answer '.errors[0]')" '400 {"code":7500,"message":"Currently processing a long-running export."}'
    export_begin t1
    expect_equal "$(result)" '[false,"error","Currently processing a long-running export. Cannot start a new export until that completes or times out."]'
    export_poll t1 "$at"
    expect_equal "$STATUS $(answer .result.status)" '202 "active"'
    export_poll t1 "$at"
    expect_equal "$STATUS $(answer '.result | [.status, .messages[-1], .at_bookmark]')" "200 [\"complete\",\"Uploaded part 1\",\"$at\"]"
    works t1
    export_poll t1 "$at" # asked again: a fresh address
    expect_equal "$(export_file)" 200
    expect_same_file "$TEST_TMP/dump.sql" - <<'EOF'
PRAGMA defer_foreign_keys=TRUE;
CREATE TABLE a(n UNIQUE);
INSERT INTO "a" ("n") VALUES(1);
INSERT INTO "a" ("n") VALUES('é');
CREATE TABLE log(t);
INSERT INTO "log" ("t") VALUES('a;b;');
INSERT INTO "log" ("t") VALUES('a;b;');
CREATE TRIGGER tr AFTER INSERT ON a BEGIN INSERT INTO log VALUES('a;b' || CASE WHEN 1 THEN ';' END); SELECT 1; END;
EOF
}
test_case "export: blocks, is active for a while, and gives Cloudflare's dump" export_works

export_options() {
    export_whole t1 '{"output_format": "polling", "dump_options": {"no_data": true, "tables": ["log"]}}'
    expect_equal "$(export_file)" 200
    expect_equal "$(cat "$TEST_TMP/dump.sql")" $'PRAGMA defer_foreign_keys=TRUE;\nCREATE TABLE log(t);'
    set_rig t1 '{"export_url": "flat", "export_ttl_ms": 0, "export_active": 0}'
    export_begin t1
    expect_equal "$STATUS $(answer '.result | [.status, .result]')" '200 ["complete",null]'
    expect_equal "$(curl -sS -o "$OUT" -w '%{http_code}' "$(answer -r .result.signed_url)")" 403
    expect_out '<Code>ExpiredRequest</Code>'
    set_rig t1 '{"export_url": "nested", "export_ttl_ms": 3600000, "export_active": 2}'
}
test_case 'export: dump_options; both shapes of the answer; an address that has expired' export_options

export_fails() {
    rig_sql t7 'CREATE VIRTUAL TABLE f USING fts5(x)'
    export_whole t7
    expect_equal "$(result)" '[false,"error","D1 Export error: cannot export databases with Virtual Tables (fts5)"]'
    works t7
    set_rig t7 '{"failures": "http", "lock_after_error": true}'
    export_whole t7
    expect_equal "$STATUS $(answer '.errors[0].code')" '400 7500'
    if works t7; then return 1; fi
    expect_out 'Currently processing a long-running export.'
    set_rig t7 '{"failures": "status", "locked": null, "lock_after_error": false, "export_error": "cell.replace is not a function"}'
    works t7
    export_whole t7
    expect_equal "$(result)" '[true,"error","cell.replace is not a function"]'
    set_rig t7 '{"poll_timeout_ms": 300, "export_error": null}'
    export_begin t7
    wait_for 5 works t7
    export_poll t7 "$(rig_call GET /t7/time_travel/bookmark | jq -r .result.bookmark)"
    expect_out 'Cancelled due to no poll\(\) received in 300ms'
    if set_rig t7 '{"nonsense": 1}'; then return 1; fi
}
test_case 'export: virtual tables, errors to order, a database that stays locked, nobody polls' export_fails

# ---- Time Travel

now() { call GET "/$1/time_travel/bookmark" && answer -r .result.bookmark; }
restore() { call POST "/$1/time_travel/restore?$2"; }

restores() {
    local old later
    rig_sql t8 "CREATE TABLE a(id INTEGER PRIMARY KEY AUTOINCREMENT, t); INSERT INTO a(t) VALUES('one'); CREATE INDEX i ON a(t);
        CREATE VIRTUAL TABLE f USING fts5(x); INSERT INTO f VALUES('hello world')"
    old=$(now t8)
    rig_sql t8 "DROP INDEX i; DELETE FROM a; INSERT INTO a(t) VALUES('two'); INSERT INTO f VALUES('other'); CREATE TABLE b(n)"
    later=$(now t8)
    restore t8 "bookmark=$old"
    expect_equal "$STATUS $(answer '[.success, .result.previous_bookmark, (.result.message | type)]')" "200 [true,\"$later\",\"string\"]"
    [[ $(answer -r .result.bookmark) > $later ]]
    expect_equal "$(now t8)" "$(answer -r .result.bookmark)"
    expect_equal "$(rig_sql t8 "SELECT * FROM a; SELECT x FROM f WHERE f MATCH 'hello'; SELECT seq FROM sqlite_sequence;
        SELECT group_concat(name) FROM sqlite_schema WHERE name IN ('b', 'i'); SELECT total_changes()")" $'1\tone\nhello world\n1\ni\n0'
    rig_sql t8 "INSERT INTO f VALUES('more'); INSERT INTO f(f) VALUES('integrity-check')"
    restore t8 "bookmark=$later"
    expect_equal "$(rig_sql t8 'SELECT * FROM a; SELECT group_concat(x) FROM f; PRAGMA quick_check')" $'2\ttwo\nhello world,other\nok'
    restore t8 "bookmark=$old"
    expect_equal "$(rig_sql t8 'SELECT * FROM a')" $'1\tone'
}
test_case 'restore: the whole database, there and back again' restores

this_moment() { date -u +%Y-%m-%dT%H:%M:%S.%3NZ; }
is_past() { [[ $(this_moment) > $1 ]]; }

restores_by_time() {
    local old
    call POST '' '{"name": "timed"}'
    set_rig timed '{"keep_all": true}'
    rig_sql timed 'CREATE TABLE a(n); INSERT INTO a VALUES(1)'
    old=$(this_moment)
    wait_for 5 is_past "$old"
    rig_sql timed 'INSERT INTO a VALUES(2)'
    rig_sql timed 'INSERT INTO a VALUES(3)'
    call GET "/timed/time_travel/bookmark?timestamp=$old"
    expect_out '-00000001-'
    restore timed "timestamp=$old"
    expect_equal "$(rig_sql timed 'SELECT group_concat(n) FROM a')" 1
    restore timed 'bookmark=00000000-00000000-00000000-00000000000000000000000000000000'
    expect_equal "$STATUS $(answer '[.errors[0].code, .success]')" '400 [7400,false]'
    restore timed 'timestamp=2199-01-01T00:00:00Z'
    expect_equal "$STATUS" 400
    restore timed 'timestamp=nonsense'
    expect_equal "$STATUS" 400
}
test_case 'restore: by time; unknown bookmarks and impossible times' restores_by_time

test_case 'restore: the state before an import' <<'EOF'
sql 'CREATE TABLE imported(n);'
before=$(now t6)
upload t6 "$TEST_TMP/file.sql"
ingest t6
expect_equal "$(tables t6)" large,imported
restore t6 "bookmark=$before"
expect_equal "$(tables t6)" large
EOF

# ---- through the proxy

faults_start

test_case 'uploads and downloads go through the proxy, and answers are patched' <<'EOF'
sql 'CREATE TABLE patched(n);'
fault '{"match": "^PUT /rig/upload/", "kind": "patch", "headers": {"etag": "\"other\""}}'
upload t2 "$TEST_TMP/file.sql"
expect_match "$ERR" '^etag: "other"'
expect_equal "$(grep -ci '^etag' "$ERR")" 1
fault '{"match": "/import$", "body": "ingest", "kind": "patch", "status": 202, "json": {"result": {"status": "active", "result": null, "new": {"a": 1}}}}'
ingest t2
expect_equal "$STATUS $(answer '.result | [.success, .status, .result, .new]')" '202 [true,"active",null,{"a":1}]'
export_whole t2
fault '{"match": "^GET /rig/export/", "kind": "patch", "at": 7}'
expect_equal "$(export_file) $(cat "$TEST_TMP/dump.sql")" '200 PRAGMA '
fault '{"match": "^GET /rig/export/", "kind": "answer", "status": 403, "code": "ExpiredRequest"}'
expect_equal "$(export_file)" 403
expect_match "$TEST_TMP/dump.sql" '<Code>ExpiredRequest'
expect_equal "$(requests_seen '^(PUT|GET) /rig/')" 3
EOF

# ---- another start

faults_stop
rig_stop
make_ca
rig_start --https_key "$SERVER_KEY" --https_cert "$SERVER_CERT"

after_a_restart() {
    expect_equal "$(rig_sql timed 'SELECT group_concat(n) FROM a')" 1
    expect_equal "$(uuid_of timed | wc -c)" 37
    export_whole timed
    [[ $(answer -r .result.result.signed_url) == https://* ]]
}
test_case 'created databases outlive the rig; addresses are https when the API is' after_a_restart

test_done
