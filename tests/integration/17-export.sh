#!/usr/bin/env bash
# fallback = "export": databases that never rest, taken from Cloudflare's own export. "A1 #n" are rows of TORTURE.md.

. "$(dirname "$0")/../lib.sh"

# shellcheck disable=SC2119 # without flags
rig_start
faults_start
CONF_TEST='fallback = "export" attempts = 1' write_conf

snapshot() { d1keep show "$1" --json | jq -cr "$2"; } # SNAPSHOT JQ-EXPRESSION
listed() { d1keep list "$1" --json | jq '.snapshots | length'; }
# Too large for one call, by a few rows.
PAD='CREATE TABLE pad(id INTEGER PRIMARY KEY, x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6) INSERT INTO pad SELECT i, zeroblob(800000) FROM n;
    CREATE TABLE tick(id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO tick VALUES (1, 0);'
never_rests() { # DATABASE
    faults_reset
    fault "{\"match\": \"^POST .*/raw\", \"body\": \"FROM .{1,2}pad\", \"kind\": \"hook\", \"times\": -1, \"db\": \"$1\", \"sql\": \"UPDATE tick SET n = n + 1\"}"
}
# The request that begins an export has no bookmark in it, so it is short.
begun() { curl -sS "$FAULTS_CONTROL/log" | jq -s '[.[] | select(.method == "POST" and (.path | endswith("/export")) and .body_bytes < 60)] | length'; }
set_rig() { rig_call POST "/$1/rig/set" "$2" | jq -e .success >/dev/null; } # DATABASE SETTINGS
restored() { # DATABASE [EXIT]   into $TEST_TMP/DATABASE.sqlite
    rm -f "$TEST_TMP/$1.sqlite"
    expect_exit "${2:-0}" d1keep restore "test/$1" --to "sqlite:$TEST_TMP/$1.sqlite"
}
comes_back() { # DATABASE
    restored "$1"
    expect_same_database "$TEST_TMP/$1.sqlite" "$(rig_file "$1")"
    expect_exit 0 d1keep verify "test/$1"
}
for n in 1 2 3 4 5; do rig_sql t$n "$PAD"; done
for n in 6 7 8; do rig_sql t$n "$PAD"; done

# A1 #2, the lock that stays: a minute of watching goes on while the other cases run.
rig_sql t8 'SELECT 1' >/dev/null
set_rig t8 '{"export_active": 1, "export_error": "cell.replace is not a function", "lock_after_error": true}'
never_rests t8
start_background "$TEST_TMP/locked.err" "$D1KEEP" -c "$CONF" backup test/t8
LOCKED_PID=$BACKGROUND_PID
is_locked() { rig_call POST /t8/raw '{"sql": "SELECT 1"}' | grep -q 'long-running export'; }
test_case 'A1 #2: an export that fails leaves the database locked (seen to its end below)' wait_for 20 is_locked

# The same with an export that was had: its file is downloaded slowly enough to lock the database meanwhile.
never_rests t7
fault '{"match": "^GET /rig/export/", "kind": "hook", "delay_ms": 3000}'
# shellcheck disable=SC2016 # for the inner shell
start_background "$TEST_TMP/had.err" bash -c '"$@"; echo "exit $?"' - "$D1KEEP" -c "$CONF" backup test/t7
HAD_PID=$BACKGROUND_PID
downloads() { [ "$(requests_seen '^GET /rig/export/')" -ge 1 ]; }
test_case 'A1 #2: the database is locked after an export that was had (seen to its end below)' wait_for 20 downloads
set_rig t7 '{"locked": "export"}'

test_case 'a database that never rests comes from the official export' <<'CASE'
never_rests t1
expect_exit 0 d1keep backup test/t1
expect_err '^d1keep: test/t1 was written to during every reading: Cloudflare.s export is used'
expect_err '^d1keep: test/t1 was unavailable for [0-9.]+ (ms|s), because of the export$'
refuse_match "$ERR" 'warning|error'
expect_equal "$(begun)" 1
expect_equal "$(snapshot test/t1 '[.consistency, .source, .bookmark_before == .bookmark_after, (.bookmark_before | length > 20), .database_id, .exception_count] | @json')" \
    "[\"export\",\"d1\",true,true,\"$(uuid_of t1)\",0]"
expect_exit 0 d1keep list test/t1
expect_out '^test/t1@.* export '
expect_exit 0 d1keep show test/t1
expect_out '^consistency +export \(.*1 reading\)$'
expect_out '^bookmark '
comes_back t1
faults_reset
expect_exit 0 d1keep backup test/t1
expect_equal "$(snapshot test/t1 .consistency) $(begun)" 'unchanged 0'
expect_equal "$(snapshot test/t1 '.objects[] | select(.table == "pad") | .key' | sort | uniq | wc -l)" "$(snapshot test/t1 '.objects[] | select(.table == "pad") | .key' | wc -l)"
expect_out ' \([0-9]+ B new\)'
CASE

test_case 'no temporary file stays behind' <<'CASE'
mkdir "$TEST_TMP/tmp"
never_rests t1
TMPDIR=$TEST_TMP/tmp expect_exit 0 d1keep backup test/t1
expect_equal "$(find "$TEST_TMP/tmp" -mindepth 1)" ''
CASE

test_case 'one that rests is read as always, and not exported' <<'CASE'
faults_reset
expect_exit 0 d1keep backup test/t2
expect_equal "$(snapshot test/t2 .consistency) $(requests_seen /export)" 'unchanged 0'
CASE

# ---- what it loses

losses() {
    rig_sql t3 "CREATE TABLE numbers(id INTEGER PRIMARY KEY, i INTEGER, r REAL, x, y ANY);
        INSERT INTO numbers VALUES (1, 9007199254740992, 1.0, 1.5, 2), (2, 9007199254740993, 2.0, 3.0, 1), (3, -9223372036854775808, 0.1, -4.0, 1),
            (4, 9223372036854775807, 1e300, 1e19, 1), (5, 1, 9e999, -9e999, 1), (6, 2, 1.7976931348623157e308, 5e-324, 0.30000000000000004), (7, 3, 123456789.12345678, 2.5e-7, 1e21);
        CREATE TABLE texts(id INTEGER PRIMARY KEY, t TEXT, b BLOB);
        INSERT INTO texts VALUES (1, 'a' || char(10) || 'b\\n', x'00ff'), (2, 'only \\n', NULL), (3, 'line' || char(10) || char(13) || char(10), x''),
            (4, 'a' || char(0) || 'b''c', 1), (5, CAST(x'61ff62' AS TEXT), 2), (6, char(65533), 3), (7, '9e5 Infinity; -- ''' || char(10), 4),
            (8, 'x' || char(13) || '\\r', 5), (9, char(0) || char(10) || char(0), 6);
        CREATE TABLE long(id INTEGER PRIMARY KEY, t TEXT, b BLOB); INSERT INTO long VALUES (1, hex(zeroblob(60000)), zeroblob(120000));
        CREATE TABLE gaps(a); INSERT INTO gaps(rowid, a) VALUES (1, 'x'), (3, 'y'); CREATE TABLE no_gaps(a); INSERT INTO no_gaps VALUES (5), (4);
        CREATE TABLE covered(a, b); INSERT INTO covered VALUES (2, 1), (1, 2); CREATE INDEX covering ON covered(a, b);
        CREATE TABLE counted(id INTEGER PRIMARY KEY AUTOINCREMENT, a); INSERT INTO counted VALUES (41, 1); DELETE FROM counted;
        CREATE TABLE parent(id INTEGER PRIMARY KEY); CREATE TABLE child(p REFERENCES parent, PRIMARY KEY (p)) WITHOUT ROWID;
        INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1);
        CREATE VIEW seen AS SELECT a FROM gaps -- all; of them
        "
    rig_sql t3 "CREATE VIEW again AS SELECT a FROM seen;
        CREATE TRIGGER seen_insert INSTEAD OF INSERT ON seen BEGIN INSERT INTO gaps VALUES (new.a || ';'); DELETE FROM no_gaps WHERE 0; END;
        CREATE INDEX gaps_a ON gaps(a, a || 'x') WHERE a > '' /* ; */"
    never_rests t3
    expect_exit 5 d1keep backup test/t3
    expect_equal "$(begun)" 1
    snapshot test/t3 '.exceptions[] | "\(.object): \(.reason)"' | sort >"$TEST_TMP/lost"
    cat >"$TEST_TMP/expected" <<'EOF'
covered: its rowids are numbered anew: the rows are exported without them
gaps: its rowids are numbered anew: the rows are exported without them
numbers: 2 whole numbers stored as REAL become integers
numbers: 3 integers beyond 2^53 are rounded
texts: 1 text that is not valid UTF-8 has U+FFFD instead
texts: 2 texts with line ends and with a backslash before n or r have only line ends left
EOF
    expect_same_file "$TEST_TMP/lost" "$TEST_TMP/expected"
    expect_err '^d1keep: warning: test/t3: "numbers": 3 integers beyond 2\^53 are rounded$'
    expect_exit 0 d1keep list test/t3
    expect_out ' export, incomplete '
}
test_case 'TORTURE A2: what the export loses is counted and named, what can be mended is' losses

the_rest_is_there() {
    local file=$TEST_TMP/t3.sqlite original
    original=$(rig_file t3)
    restored t3 5
    all() { sqlite3 -readonly "$1" "$2"; }
    same() { expect_equal "$(all "$file" "$1")" "$(all "$original" "$1")"; }
    same 'SELECT id, typeof(r), printf("%!.17g", r), typeof(y), printf("%!.17g", y) FROM numbers'
    same 'SELECT id, typeof(x), quote(x) FROM numbers WHERE id IN (1, 4, 5)'
    same 'SELECT id, printf("%!.17g", x) FROM numbers'
    same 'SELECT id, i FROM numbers WHERE id NOT IN (2, 3, 4)'
    same 'SELECT id, typeof(t), hex(CAST(t AS BLOB)), typeof(b), quote(b) FROM texts WHERE id NOT IN (1, 5, 8)'
    same 'SELECT id, t, quote(b) FROM long'
    same 'SELECT name, seq FROM sqlite_sequence'
    same 'SELECT a, count(*) FROM gaps GROUP BY a'
    same 'SELECT rowid, a FROM no_gaps'
    same 'SELECT p FROM child'
    same "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT GLOB '_cf_*' ORDER BY 1, 2"
    sqlite3 "$file" "INSERT INTO seen VALUES ('z')"
    expect_equal "$(all "$file" "SELECT count(*) FROM gaps WHERE a = 'z;'")" 1
}
test_case 'TORTURE A2: everything else is there: infinities, NULs, reals, long rows, sequences, INSTEAD OF triggers, comments' the_rest_is_there

# ---- what it refuses

test_case 'A1 #1, #25: a database with a virtual table: no export is begun' <<'CASE'
rig_sql t4 'CREATE VIRTUAL TABLE words USING fts5(w)'
never_rests t4
expect_error 75 'it was written to during 1 readings?, and Cloudflare.s export was not begun.*virtual tables \("words"\)' d1keep backup test/t4
expect_err '^d1keep: hint: .*best-effort'
expect_equal "$(requests_seen /export) $(listed test/t4)" '0 0'
CASE

# ---- what goes wrong with it

fails_once() { # EXIT REGEX   t5 fails, nothing is listed, one export was begun, and the database answers
    local before
    before=$(listed test/t5)
    expect_error "$1" "$2" d1keep backup test/t5
    expect_equal "$(begun)" 1
    expect_equal "$(listed test/t5)" "$before"
    expect_equal "$(rig_sql t5 'SELECT 7')" 7
}
works() {
    expect_exit 0 d1keep backup test/t5
    expect_equal "$(begun)" 1
    comes_back t5
}
# shellcheck disable=SC2034 # used in blocks
FILE='"match": "^GET /rig/export/"'
# shellcheck disable=SC2034
POLL='"match": "^POST .*/export", "body": "current_bookmark"'
# shellcheck disable=SC2034
BEGIN='"match": "^POST .*/export"'

test_case 'A1 #3: the export fails in the middle' <<'CASE'
never_rests t5
set_rig t5 '{"export_active": 1, "export_error": "cell.replace is not a function"}'
fails_once 1 'Cloudflare.s export: cell.replace is not a function'
expect_err '^d1keep: test/t5 was unavailable for'
set_rig t5 '{"export_error": null}'
CASE

# Has t5 refused so many requests since it was last asked about the export?
refused_since() { curl -sS "$FAULTS_CONTROL/log" | jq -se --argjson n "$1" --arg id "$(uuid_of t5)" 'map(select(.path | contains($id))) | ([.[] | .path | endswith("/export")] | rindex(true)) as $last | $last != null and ([.[$last + 1:][] | select(.status >= 400)] | length >= $n)'; }

test_case 'A1 #2: a lock that goes away is waited for' <<'CASE'
never_rests t5
set_rig t5 '{"export_active": 1, "export_error": "cell.replace is not a function", "lock_after_error": true}'
d1keep backup test/t5 >"$OUT" 2>"$ERR" &
wait_for 20 refused_since 2
set_rig t5 '{"locked": null, "export_error": null, "lock_after_error": false}'
rc=0; wait $! || rc=$?
expect_equal "$rc" 1
expect_err '^d1keep: error: test/t5: .*cell.replace is not a function'
refuse_match "$ERR" LOCKED
expect_equal "$(begun)" 1
CASE

test_case 'A1 #2: stopped while the database is locked: the first line says so' <<'CASE'
never_rests t5
set_rig t5 '{"export_active": 1, "export_error": "cell.replace is not a function", "lock_after_error": true}'
"$D1KEEP" -c "$CONF" backup test/t5 >"$OUT" 2>"$ERR" &
pid=$!
wait_for 20 refused_since 2
kill -TERM $pid
rc=0; wait $pid || rc=$?
set_rig t5 '{"locked": null, "export_error": null, "lock_after_error": false}'
expect_equal "$(grep -m 1 -Eo 'error: test/t5: THE DATABASE MAY BE LOCKED' "$ERR")" 'error: test/t5: THE DATABASE MAY BE LOCKED'
expect_equal "$(begun) $rc" '1 75'
CASE

test_case 'stopped in the middle of an export: it ends by itself, and the first line says what may be' <<'CASE'
never_rests t5
set_rig t5 '{"export_active": 1000, "poll_timeout_ms": 2000}'
"$D1KEEP" -c "$CONF" backup test/t5 >"$OUT" 2>"$ERR" &
pid=$!
polled() { [ "$(requests_seen '/export 202$')" -ge 2 ]; }
wait_for 20 polled
kill -TERM $pid
rc=0; wait $pid || rc=$?
expect_equal "$(begun) $rc" '1 130'
expect_err '^d1keep: error: test/t5: THE DATABASE MAY BE LOCKED: [0-9]+ s after .* has not been seen to answer \(interrupted\)'
is_back() { [ "$(rig_sql t5 'SELECT 7')" = 7 ]; }
wait_for 20 is_back
set_rig t5 '{"export_active": 2, "poll_timeout_ms": 15000}'
CASE

test_case 'A1 #15: a dump that ends in an error of the exporter' <<'CASE'
never_rests t5
fault '{'"$FILE"', "kind": "answer", "status": 200, "text": "PRAGMA defer_foreign_keys=TRUE;\nCREATE TABLE t(a);\nERROR near \"default\": syntax error", "times": -1}'
fails_once 75 'export'
CASE

test_case 'a dump that is whole and cannot be read back' <<'CASE'
never_rests t5
fault '{'"$FILE"', "kind": "answer", "status": 200, "text": "PRAGMA defer_foreign_keys=TRUE;\nCREATE TABLE t(a);\nINSERT INTO \"t\" (\"a\") VALUES(ERROR);\n", "times": -1}'
fails_once 1 'Cloudflare.s export cannot be read back: .*ERROR'
never_rests t5
fault '{'"$FILE"', "kind": "answer", "status": 200, "text": "PRAGMA defer_foreign_keys=TRUE;\nATTACH '"'/etc/passwd'"' AS x;\nCREATE TABLE t(a);\n", "times": -1}'
fails_once 1 'Cloudflare.s export cannot be read back: '
CASE

test_case 'A1 #19: a page of HTML instead of an answer to a poll' <<'CASE'
never_rests t5
fault "{$POLL, \"kind\": \"html\", \"status\": 504}"
works
CASE

test_case 'A1 #20: the database is reset while it is exported' <<'CASE'
never_rests t5
fault "{$POLL, \"kind\": \"patch\", \"json\": {\"result\": {\"status\": \"error\", \"success\": false, \"error\": \"D1 DB reset because its code was updated.\", \"result\": null}}, \"times\": -1}"
set_rig t5 '{"poll_timeout_ms": 1500}'
fails_once 75 'D1 DB reset because its code was updated'
set_rig t5 '{"poll_timeout_ms": 15000}'
CASE

test_case 'A1 #21: the address of the file has expired' <<'CASE'
never_rests t5
fault "{$FILE, \"kind\": \"answer\", \"status\": 403, \"text\": \"<Error><Code>ExpiredRequest</Code></Error>\"}"
works
CASE

test_case 'A1 #21: the download is cut off near its end, once' <<'CASE'
never_rests t5
fault "{$FILE, \"kind\": \"cut\", \"at\": 9000000}"
works
CASE

test_case 'A1 #22: an empty file, a file of one line, a file that is cut' <<'CASE'
for text in '' 'PRAGMA defer_foreign_keys=TRUE;'; do
    never_rests t5
    fault "{$FILE, \"kind\": \"answer\", \"status\": 200, \"text\": \"$text\", \"times\": -1}"
    fails_once 75 'export'
done
never_rests t5
fault "{$FILE, \"kind\": \"patch\", \"at\": 1000, \"times\": -1}"
fails_once 75 'export'
CASE

test_case 'A1 #23: the address in another place' <<'CASE'
never_rests t5
set_rig t5 '{"export_url": "flat"}'
works
set_rig t5 '{"export_url": "nested"}'
CASE

test_case 'the answer to the beginning is lost: no second export, the database is waited for' <<'CASE'
never_rests t5
set_rig t5 '{"poll_timeout_ms": 1500}'
fault "{$BEGIN, \"kind\": \"lost-ok\"}"
fails_once 75 ''
expect_err '^d1keep: test/t5 was unavailable for'
set_rig t5 '{"poll_timeout_ms": 15000}'
CASE

# ---- options

CONF_TEST='attempts = 2' write_conf
test_case 'without it: exit 75, and what to do' <<'CASE'
never_rests t6
expect_error 75 'gave up after 2 attempts' d1keep backup test/t6
expect_err '^d1keep: hint: .*quieter hour.*best-effort.*fallback = "export"'
expect_equal "$(requests_seen /export) $(listed test/t6)" '0 0'
CASE

CONF_TEST='fallback = "export" consistency = "best-effort" attempts = 2' write_conf
test_case 'best-effort keeps the last reading, and needs no fallback' <<'CASE'
never_rests t6
expect_exit 0 d1keep backup test/t6
expect_equal "$(snapshot test/t6 .consistency) $(requests_seen /export)" 'best-effort 0'
CASE
CONF_TEST='fallback = "export" attempts = 1' write_conf

the_lock_stays() {
    local rc=0
    wait_for 120 process_is_gone "$LOCKED_PID"
    grep -m 1 -Eq '^d1keep: error: test/t8: THE DATABASE MAY BE LOCKED: [6-9][0-9] s after .*cell.replace is not a function.*: .*long-running export' "$TEST_TMP/locked.err" || rc=$?
    [ "$rc" -eq 0 ] || cat "$TEST_TMP/locked.err"
    expect_equal "$rc $(listed test/t8)" '0 0'
    expect_match "$TEST_TMP/locked.err" '^d1keep: hint: .*workers-sdk issue 9519'
}
test_case 'A1 #2: a lock that stays is said in the first line, after a minute' the_lock_stays

had_and_locked() {
    wait_for 120 process_is_gone "$HAD_PID"
    expect_match "$TEST_TMP/had.err" '^d1keep: error: test/t7: THE DATABASE MAY BE LOCKED: [6-9][0-9] s after .*the export itself was done.*: .*long-running export'
    expect_match "$TEST_TMP/had.err" '^d1keep: hint: .*workers-sdk issue 9519'
    expect_match "$TEST_TMP/had.err" '^exit 75$'
    set_rig t7 '{"locked": null}'
    expect_equal "$(snapshot test/t7 .consistency) $(listed test/t7)" 'export 1'
    comes_back t7
}
test_case 'A1 #2: … and then the snapshot is kept, the error said, and the exit status 75' had_and_locked

test_done
