#!/usr/bin/env bash
# What Cloudflare's import can answer beside "complete": the outcome is found out, told as it is, and there is a way back.
# Cases are named after the rows of TORTURE.md A3.
# shellcheck disable=SC2119 # rig_start without flags
. "$(dirname "$0")/../lib.sh"

rig_start
faults_start
write_conf
export D1KEEP_CONFIG=$CONF

set_rig() { rig_call POST "/$1/rig/set" "$2" >/dev/null; }
bookmark_of() { rig_call GET "/$1/time_travel/bookmark" | jq -r .result.bookmark; }
same_as() { expect_same_database "$(rig_file "$1")" "$(rig_file "$2")"; } # DATABASE ORIGINAL

rig_sql t1 "CREATE TABLE p(id INTEGER PRIMARY KEY, t); CREATE TABLE c(p REFERENCES p(id), n CHECK (n < 10)); CREATE INDEX c_n ON c(n);
    INSERT INTO p VALUES (1, 'x'); INSERT INTO c VALUES (1, 2);
    CREATE TRIGGER tr AFTER INSERT ON p BEGIN SELECT CASE WHEN new.id > 5 THEN RAISE(ABORT, ';') END; END"
expect_exit 0 d1keep backup test/t1

target() { # t2 holds something else
    faults_reset
    rig_sql t2 "DROP TABLE IF EXISTS c; DROP TABLE IF EXISTS p; CREATE TABLE IF NOT EXISTS old(x); DELETE FROM old; INSERT INTO old VALUES ('y')"
    set_rig t2 '{"import_active": 0, "import_error": null, "failures": "both", "locked": null, "poll_timeout_ms": 15000}'
    BEFORE=$(bookmark_of t2)
}
restore() { d1keep restore test/t1 --to d1:test/t2 --replace "$@"; }
as_it_was() { # EXIT REGEX [OPTION]…   and nothing was done
    local code=$1 regex=$2
    shift 2
    expect_error "$code" "d1:test/t2 is as it was: .*($regex)" restore "$@"
    expect_equal "$(bookmark_of t2) $(rig_sql t2 "SELECT group_concat(name) FROM sqlite_schema WHERE name NOT LIKE '\_cf%' ESCAPE '\'")" "$BEFORE old"
}
INIT='"match": "^POST .*/import$", "body": "init"'
INGEST='"match": "^POST .*/import$", "body": "ingest"'
POLL='"match": "^POST .*/import$", "body": "poll"'
UPLOAD='"match": "^PUT /rig/upload/"'

# ---- lost answers

lost_answers() {
    local step
    for step in "$INIT" "$INGEST" "$POLL"; do
        target
        set_rig t2 '{"import_active": 1}'
        fault "{$step, \"kind\": \"lost-ok\"}"
        if [ "$step" = "$INIT" ]; then
            # Nothing was begun: that is found out too.
            expect_error 75 'd1:test/t2 is as it was: ' restore
            expect_equal "$(bookmark_of t2)" "$BEFORE"
        else
            expect_exit 0 restore
            same_as t2 t1
        fi
        expect_equal "$(requests_seen '^PUT /rig/upload/')" "$([ "$step" = "$INIT" ] && echo 0 || echo 1)"
    done
}
test_case 'TORTURE A3 #44, #45: an answer is lost: no second import, and the outcome is found out' lost_answers

all_lost() {
    # The answer to the ingest and every poll after it are lost, and the import is done. Without rows to compare, too.
    target
    fault "{$INGEST, \"kind\": \"lost-ok\"}"
    expect_exit 0 restore --check count
    same_as t2 t1
    # What was there had the same counts, and the import came to nothing: counts alone prove nothing.
    target
    rig_sql t2 "DROP TABLE old; CREATE TABLE p(id INTEGER PRIMARY KEY, t); CREATE TABLE c(p, n); INSERT INTO p VALUES (1, 'old'); INSERT INTO c VALUES (1, 2)"
    BEFORE=$(bookmark_of t2)
    set_rig t2 '{"import_error": "no such thing"}'
    fault "{$INGEST, \"kind\": \"lost-ok\"}"
    expect_error 75 'd1:test/t2 is as it was: D1 rolled the import back, and its reason was lost' restore --check count
    expect_equal "$(bookmark_of t2) $(rig_sql t2 'SELECT t FROM p')" "$BEFORE old"
    set_rig t2 '{"import_error": null}'
    # The database moves on while nobody knows.
    fault "{$INGEST, \"kind\": \"lost-ok\"}"
    set_rig t2 '{"import_error": "no such thing"}'
    fault '{"match": "^GET .*/time_travel/bookmark", "skip": 2, "kind": "hook", "db": "t2", "sql": "INSERT INTO p VALUES (2, 3)"}'
    expect_error 75 'd1:test/t2 is as it was: D1 rolled the import back' restore
    set_rig t2 '{"import_error": null}'
    rig_sql t2 'CREATE TABLE IF NOT EXISTS old(x)'
}
test_case 'TORTURE A3 #45: "Not currently importing anything." is neither success nor failure' all_lost

not_known() {
    target
    fault "{$INGEST, \"kind\": \"lost-ok\"}"
    fault '{"match": "^POST .*/raw", "body": "_d1keep_restore", "kind": "answer", "status": 403, "code": 10000, "message": "Authentication error", "times": -1}'
    expect_error 1 'it is NOT KNOWN whether the import of part 1 of 1 into d1:test/t2 has happened: .*Authentication error' restore
    expect_err '^d1keep: hint: go back: d1keep undo test/t2 [0-9a-f-]+; or look into it first'
    refuse_match "$ERR" 'as it was'
}
test_case 'what cannot be found out is said to be not known' not_known

# ---- refused, cancelled, reset

another() {
    target
    set_rig t2 '{"locked": "import"}'
    fault '{"match": "^POST .*/import$", "kind": "hook", "skip": 1, "delay_ms": 1}'
    d1keep restore test/t1 --to d1:test/t3 >/dev/null
    expect_exit 75 restore
    expect_err 'long-running import'
    set_rig t2 '{"locked": null}'
    expect_equal "$(bookmark_of t2)" "$BEFORE"
}
test_case 'another import is running: exit 75, and nothing is touched' another

fails_in_the_middle() {
    local message
    for message in 'no such function: nothing: SQLITE_ERROR' 'statement too long: SQLITE_TOOBIG' 'incomplete input: SQLITE_ERROR [code: 7500]'; do
        target
        set_rig t2 "$(jq -n --arg m "$message" '{import_error: $m, import_active: 1}')"
        as_it_was 1 "${message%%:*}"
        set_rig t2 '{"import_error": null}'
    done
    # however a failure looks
    for shape in success status http; do
        target
        set_rig t2 "{\"import_error\": \"no such function: nothing\", \"failures\": \"$shape\"}"
        expect_exit 1 restore
        expect_err 'd1:test/t2 is as it was: '
        expect_equal "$(bookmark_of t2)" "$BEFORE"
        set_rig t2 '{"import_error": null, "failures": "both"}'
    done
}
test_case 'TORTURE A3 #28, #37: a statement is refused: the words of the engine, and the database as it was' fails_in_the_middle

resets() {
    local message
    for message in 'Your isolate exceeded its memory limit and was reset.' 'D1 DB exceeded its CPU time limit and was reset.' \
        'D1 DB storage operation exceeded timeout which caused object to be reset.'; do
        target
        set_rig t2 "$(jq -n --arg m "$message" '{import_error: $m, import_active: 1}')"
        as_it_was 1 "$message"
        expect_equal "$(requests_seen '^PUT /rig/upload/')" 2 # once more, in smaller parts
        set_rig t2 '{"import_error": null}'
    done
    for message in 'Network connection lost.' 'Cancelled due to no poll() received in 15000ms. Latest messages: '; do
        target
        set_rig t2 "$(jq -n --arg m "$message" '{import_error: $m}')"
        expect_error 75 'd1:test/t2 is as it was: ' restore
        expect_equal "$(bookmark_of t2)" "$BEFORE"
        set_rig t2 '{"import_error": null}'
    done
}
test_case 'TORTURE A3 #29, #30, #31: resets for memory and time, lost connections' resets

etag() {
    target
    fault "{$UPLOAD, \"kind\": \"patch\", \"headers\": {\"etag\": \"\\\"00000000000000000000000000000000\\\"\"}, \"times\": -1}"
    expect_error 3 'd1:test/t2 is as it was: .*(ETag|arrived)' restore
    expect_equal "$(bookmark_of t2) $(requests_seen '^POST .*/import')" "$BEFORE $(requests_seen '^PUT /rig/upload/')"
    target
    fault "{$UPLOAD, \"kind\": \"503\"}"
    expect_exit 0 restore
    same_as t2 t1
}
test_case 'TORTURE A3 #46: the file arrives changed: nothing is imported' etag

slow_import() {
    target
    set_rig t2 '{"import_active": 4}'
    fault "{$POLL, \"kind\": \"html\", \"status\": 504}"
    expect_exit 0 restore
    same_as t2 t1
    set_rig t2 '{"import_active": 0}'
}
test_case 'TORTURE A3 #39, #40, #47: a long import is polled to its end, through a 504' slow_import

no_check_allowed() {
    target
    fault '{"match": "^POST .*/raw", "body": "foreign_key_check", "kind": "answer", "status": 400, "code": 7500, "message": "not authorized: SQLITE_AUTH", "times": -1}'
    expect_exit 0 restore
    expect_err '^d1keep: checked: foreign keys hold: D1 forbids foreign_key_check, and took no row without looking$'
}
test_case 'TORTURE A3 #41: PRAGMA foreign_key_check is not authorized' no_check_allowed

# ---- ends from outside

during_import() { rig_call POST /t2/raw '{"sql": "SELECT 1"}' | grep -q 'long-running import'; }
start_long() { # in the background; the import is under way
    target
    mkdir -p "$TEST_TMP/tmp"
    set_rig t2 "{\"import_active\": $1, \"poll_timeout_ms\": 1200}"
    TMPDIR=$TEST_TMP/tmp "$D1KEEP" restore test/t1 --to d1:test/t2 --replace >"$OUT" 2>"$ERR" &
    PID=$!
    wait_for 20 during_import
}
terminated() {
    local rc=0
    start_long 3
    set_rig t2 '{"poll_timeout_ms": 15000}'
    kill -TERM "$PID"
    wait "$PID" || rc=$?
    expect_equal "$rc $(find "$TEST_TMP/tmp" -mindepth 1 | wc -l)" '130 0'
    expect_err 'd1:test/t2 was restored, but could not be compared: .*interrupted'
    expect_err '^d1keep: hint: go back: d1keep undo test/t2 '
    same_as t2 t1
}
test_case 'SIGTERM during the import: it is waited for, and nothing stays among temporary files' terminated

terminated_before() {
    local rc=0
    target
    fault "{$UPLOAD, \"kind\": \"stall\", \"times\": -1}"
    mkdir -p "$TEST_TMP/tmp"
    TMPDIR=$TEST_TMP/tmp "$D1KEEP" restore test/t1 --to d1:test/t2 --replace >"$OUT" 2>"$ERR" &
    PID=$!
    upload_seen() { [ "$(requests_seen '^POST .*/import')" -ge 1 ]; }
    wait_for 20 upload_seen
    kill -TERM "$PID"
    wait "$PID" || rc=$?
    expect_equal "$rc $(find "$TEST_TMP/tmp" -mindepth 1 | wc -l) $(bookmark_of t2)" "130 0 $BEFORE"
    expect_err 'd1:test/t2 is as it was: .*interrupted'
}
test_case 'SIGTERM while uploading: as it was, and nothing stays among temporary files' terminated_before

killed() {
    start_long 99
    kill -KILL "$PID"
    wait "$PID" || true
    not_during() { ! during_import; }
    wait_for 20 not_during
    expect_equal "$(rig_sql t2 "SELECT group_concat(name) FROM sqlite_schema WHERE name NOT LIKE '\_cf%' ESCAPE '\'")" old
    set_rig t2 '{"import_active": 0, "poll_timeout_ms": 15000}'
    expect_exit 0 restore
    same_as t2 t1
    rm -rf "$TEST_TMP/tmp"
}
test_case 'kill -9 during the import: D1 cancels it, the database is as it was' killed

# ---- what a D1 refuses

broken_rows() {
    target
    rig_sql t1 'PRAGMA ignore_check_constraints=ON; INSERT INTO c VALUES (1, 99); PRAGMA ignore_check_constraints=OFF'
    expect_exit 0 d1keep backup test/t1
    expect_exit 0 restore
    expect_err 'warning: rows break a CHECK of their own table: they were there, and came back'
    expect_equal "$(grep -c 'the bookmark before' "$ERR")" 1
    same_as t2 t1
    if rig_sql t2 'INSERT INTO c VALUES (1, 12)' 2>"$TEST_TMP/check"; then return 1; fi
    expect_match "$TEST_TMP/check" 'CHECK constraint failed'
    # … also when the import without checks fails in its middle
    target
    rm -f "$TEST_TMP/shop.sqlite"
    sqlite3 "$TEST_TMP/shop.sqlite" "PRAGMA ignore_check_constraints=ON; CREATE TABLE c(n CHECK (n < 10)); INSERT INTO c VALUES (99);
        CREATE INDEX deep ON c($(printf 'n + %.0s' {1..120})n)" # deeper than D1's limit of 100
    expect_exit 0 d1keep backup local/shop
    expect_error 1 'd1:test/t2 is as it was: .*Expression tree is too large' d1keep restore local/shop --to d1:test/t2 --replace --yes-i-mean test/t2
    expect_equal "$(requests_seen '^PUT /rig/upload/')" 2
    rm -f "$TEST_TMP/shop.sqlite"
    rig_sql t2 'CREATE TABLE IF NOT EXISTS k(n CHECK (n < 10))'
    if rig_sql t2 'INSERT INTO k VALUES (12)' 2>"$TEST_TMP/check"; then return 1; fi
    rig_sql t2 'DROP TABLE k'
}
test_case 'rows that break a CHECK come back, and checks are on afterwards' broken_rows

broken_keys() {
    target
    rm -f "$TEST_TMP/shop.sqlite"
    sqlite3 "$TEST_TMP/shop.sqlite" "PRAGMA foreign_keys=OFF; PRAGMA user_version=7; PRAGMA application_id=77; CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p(id));
        INSERT INTO p VALUES (1); INSERT INTO c VALUES (1), (2), (3)"
    expect_exit 0 d1keep backup local/shop
    expect_exit 0 d1keep restore local/shop --to d1:test/t2 --replace --dry-run
    expect_err 'warning: user_version or application_id of the file were left out'
    expect_error 1 'd1:test/t2 is as it was: the snapshot has rows that refer to nothing, which no D1 takes: table "c", 2 rows' \
        d1keep restore local/shop --to d1:test/t2 --replace --yes-i-mean test/t2
    expect_err '^d1keep: hint: restore it to sqlite:PATH, where PRAGMA foreign_key_check names the rows$'
    expect_equal "$(rig_sql t2 'SELECT x FROM old')" y
    expect_exit 0 d1keep restore local/shop --to "sqlite:$TEST_TMP/broken.sqlite"
    expect_err 'warning: table "c": 2 rows refer to rows that are not there \(it was so in the snapshot\)'
    expect_equal "$(sqlite3 "$TEST_TMP/broken.sqlite" 'PRAGMA user_version; PRAGMA application_id')" $'7\n77'
    sqlite3 "$TEST_TMP/shop.sqlite" 'DELETE FROM c WHERE p > 1'
    expect_exit 0 d1keep backup local/shop
    expect_exit 0 d1keep restore local/shop --to d1:test/t2 --replace --yes-i-mean test/t2
    expect_err 'warning: user_version or application_id of the file were left out: a D1 has none'
    expect_equal "$(rig_sql t2 'SELECT count(*) FROM c')" 1
}
test_case 'a snapshot of a SQLite file whose keys nobody looked at: named, where a D1 says "internal error"' broken_keys

test_done
