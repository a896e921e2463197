#!/usr/bin/env bash
# D1 databases that are written to while they are read.

. "$(dirname "$0")/../lib.sh"

# shellcheck disable=SC2119 # without flags
rig_start
faults_start
write_conf

snapshot() { d1keep show "$1" --json | jq -cr "$2"; } # SNAPSHOT JQ-EXPRESSION

# Too large for one call: a handful of pages.
rig_sql t3 "CREATE TABLE usage(id INTEGER PRIMARY KEY, count INTEGER, t TEXT); CREATE TABLE quiet(a); INSERT INTO quiet VALUES (1);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) INSERT INTO usage SELECT i, i % 9, hex(randomblob(50)) FROM n"
contents() { sqlite3 -readonly "$1" 'SELECT count(*), sum(count = 4711) FROM usage; SELECT group_concat(a) FROM quiet'; } # FILE
came_back_whole() { # SNAPSHOT
    rm -f "$TEST_TMP/written.sqlite"
    expect_exit 0 d1keep restore "$1" --to "sqlite:$TEST_TMP/written.sqlite"
    expect_equal "$(contents "$TEST_TMP/written.sqlite")" "$(contents "$(rig_file t3)")"
}
PAGE='{"match": "^POST .*/raw", "body": "FROM .{1,2}usage"'

a_write() { # MATCH-AND-BODY SKIP SQL
    faults_reset
    fault "{$1, \"kind\": \"hook\", \"skip\": $2, \"db\": \"t3\", \"sql\": \"$3\"}"
    expect_exit 0 d1keep backup test/t3
    expect_equal "$(wc -c <"$ERR")" 0
    expect_exit 0 d1keep show test/t3
    expect_out '^consistency +unchanged \(.*, 2 readings\)$'
    expect_equal "$(snapshot test/t3 '[.consistency, .bookmark_before == .bookmark_after]')" '["unchanged",true]'
    came_back_whole test/t3
}
USAGE='"match": "^POST .*/raw", "body": "FROM .{1,2}usage"'
test_case 'a write between two pages: read again, one whole snapshot' a_write "$USAGE" 2 'UPDATE usage SET count = 4711 WHERE id IN (3, 49999)'
test_case 'a write to a table that was already read' a_write '"match": "^POST .*/raw", "body": "FROM .{1,2}quiet"' 0 'UPDATE usage SET count = 4711 WHERE id = 4'
test_case 'a write after the last row, before the last bookmark' a_write '"match": "bookmark"' 1 'UPDATE quiet SET a = 2'
test_case 'a write between the first bookmark and the first page' a_write "$USAGE" 0 'INSERT INTO quiet VALUES (3)'
test_case 'a change of the schema, which total_changes() does not count' a_write "$USAGE" 1 'CREATE TABLE new(a)'
test_case 'a table that is dropped before its page' a_write '"match": "^POST .*/raw", "body": "FROM .{1,2}new"' 0 'DROP TABLE new'

# A small database, between the call for the schema and the one for all the rest.
rig_sql t4 'CREATE TABLE a(x); INSERT INTO a VALUES (1); CREATE TABLE b(x)'
a_change_of_a_small_one() { # SQL
    faults_reset
    fault "{\"match\": \"^POST .*/raw\", \"kind\": \"hook\", \"skip\": 1, \"db\": \"t4\", \"sql\": \"$1\"}"
    expect_exit 0 d1keep backup test/t4
    expect_exit 0 d1keep restore test/t4 --to "sqlite:$TEST_TMP/small.sqlite" --replace
    expect_same_database "$TEST_TMP/small.sqlite" "$(rig_file t4)"
}
test_case 'a small database: a write between its two calls' a_change_of_a_small_one 'INSERT INTO a VALUES (2)'
test_case 'a small database: a column is added between its two calls' a_change_of_a_small_one 'ALTER TABLE a ADD COLUMN y DEFAULT 7'
test_case 'a small database: a table is made between its two calls' a_change_of_a_small_one 'CREATE TABLE c(x); INSERT INTO c VALUES (3)'
test_case 'a small database: a column is dropped between its two calls' a_change_of_a_small_one 'ALTER TABLE a DROP COLUMN y'
test_case 'a small database: a table is dropped between its two calls' a_change_of_a_small_one 'DROP TABLE b'
test_case 'a small database: a table is made anew between its two calls, as migrations do' a_change_of_a_small_one \
    'CREATE TABLE new_a(x PRIMARY KEY, y) WITHOUT ROWID; INSERT INTO new_a SELECT x, 1 FROM a; DROP TABLE a; ALTER TABLE new_a RENAME TO a'

all_are_whole() {
    expect_exit 0 d1keep list test/t3 --json
    for s in $(jq -r '.snapshots[].snapshot' "$OUT"); do expect_exit 0 d1keep verify "$s"; done
    expect_equal "$(d1keep list test/t3 --json | jq '[.snapshots[] | select(.consistency != "unchanged")] | length')" 0
}
test_case 'all of them verify, none is torn' all_are_whole

test_case 'a write before every page: exit 75, what to do, and nothing listed' <<'EOF'
n=$(d1keep list test/t3 --json | jq '.snapshots | length')
faults_reset
fault "$PAGE"', "kind": "hook", "times": -1, "db": "t3", "sql": "UPDATE quiet SET a = a + 1"}'
expect_error 75 'test/t3: gave up after 3 attempts: .*written to while it was read' d1keep backup test/t3
expect_err '^d1keep: hint: .*attempts.*consistency'
expect_equal "$(d1keep list test/t3 --json | jq '.snapshots | length')" "$n"
expect_exit 0 d1keep verify test/t3
EOF

CONF_TEST='consistency = "best-effort" attempts = 2' write_conf
test_case 'best-effort: kept, exit 0, a warning, and marked' <<'EOF'
faults_reset
fault "$PAGE"', "kind": "hook", "times": -1, "db": "t3", "sql": "UPDATE quiet SET a = a + 1"}'
expect_exit 0 d1keep backup test/t3
expect_err '^d1keep: warning: test/t3 was written to while it was read: .*best-effort'
expect_exit 0 d1keep list test/t3
expect_out '^test/t3@.* best-effort '
expect_equal "$(snapshot test/t3 '[.consistency, .bookmark_before == .bookmark_after] | @json')" '["best-effort",false]'
expect_exit 0 d1keep verify test/t3
faults_reset
expect_exit 0 d1keep backup test/t3
expect_equal "$(snapshot test/t3 .consistency)" unchanged
EOF
write_conf

# Cloudflare may start the database anew at any time; total_changes() is 0 then.
a_reset_between_pages() {
    held() { [ "$(requests_seen '/t3/raw|/7e570000-0000-4000-8000-000000000003/raw')" -ge 4 ]; }
    rig_sql t3 'UPDATE quiet SET a = 1'
    faults_reset
    fault "$PAGE"', "kind": "hook", "skip": 2, "delay_ms": 700}'
    d1keep backup test/t3 >"$OUT" 2>"$ERR" &
    wait_for 10 held
    rig_call POST /t3/rig/reset '{}'
    wait $! || { show_output; return 1; }
    expect_equal "$(snapshot test/t3 .consistency)" unchanged
    expect_exit 0 d1keep verify test/t3
    came_back_whole test/t3
}
test_case 'the database is started anew between two pages' a_reset_between_pages

test_done
