#!/usr/bin/env bash
# Local databases (SQLite files, wrangler's files) into a directory bucket and back.

. "$(dirname "$0")/../lib.sh"

BUCKET=$TEST_TMP/bucket
UUID=483da8b0-94c7-4f9e-ab1a-68df41e5664d

# conf [LINES]   environment "local": auth and billing as wrangler keeps them, any (SQLite file any.sqlite), other
conf() {
    cat >"$CONF" <<EOF
state_dir = "$STATE_DIR"
bucket "here" {
    type = "directory"
    path = "$BUCKET"
    ${CONF_BUCKET:-}
}
environment "local" {
    bucket = "here"
    verify = "none"
    database "auth" { source = "wrangler"  project = "$TEST_TMP/taco"  id = "$UUID" }
    database "billing" { source = "wrangler"  project = "$TEST_TMP/taco"  persist_to = "$TEST_TMP/state2"  id = "BILLING" }
    database "any" { source = "sqlite"  path = "$TEST_TMP/any.sqlite" }
    database "other" { source = "sqlite"  path = "other.sqlite" }
}
EOF
}
conf

AUTH=$(wrangler_file "$TEST_TMP/taco/.wrangler/state" $UUID)
BILLING=$(wrangler_file "$TEST_TMP/state2" BILLING)
ANY=$TEST_TMP/any.sqlite
OTHER=$TEST_TMP/other.sqlite
SAMPLES=$TESTS/samples

sql() { sqlite3 -bail "$@"; }
new_database() { # FILE SQL-FILE…
    rm -f "$1" "$1"-wal "$1"-shm
    mkdir -p "$(dirname "$1")"
    cat "${@:2}" | sql "$1" >/dev/null
}
snapshot() { # JQ-EXPRESSION [WHICH]   of one snapshot as `show --json` tells it
    d1keep show "local/${2:-any}" --json | jq -r "$1"
}
back_up() { expect_exit "${2:-0}" d1keep backup "local/${1:-any}"; }
restored_equals() { # SNAPSHOT ORIGINAL
    rm -f "$TEST_TMP/restored.sqlite"
    expect_exit 0 d1keep restore "$1" --to "sqlite:$TEST_TMP/restored.sqlite"
    expect_same_database "$TEST_TMP/restored.sqlite" "$2"
    expect_equal "$(sql "$TEST_TMP/restored.sqlite" 'PRAGMA integrity_check')" ok
}
data_files() { find "$BUCKET" -path '*/data/*' -type f | sort; }

# ---- the samples

new_database "$AUTH" "$SAMPLES/auth.sql" "$SAMPLES/auth-rows.sql"
new_database "$BILLING" "$SAMPLES/billing.sql" "$SAMPLES/billing-rows.sql"

backs_up_an_environment() {
    new_database "$ANY" "$SAMPLES/auth.sql"
    new_database "$OTHER" "$SAMPLES/billing.sql"
    expect_exit 0 d1keep backup local
    expect_out '^local/auth@20[0-9-]+T[0-9:]+Z   1 table   2,000 rows   [0-9.]+ KiB read   [0-9.]+ KiB stored \([0-9.]+ KiB new\)   [0-9.]+ s$'
    expect_out '^local/billing@.*   4 tables   8,900 rows   '
    expect_out '^local/any@.*   1 table   0 rows   '
    expect_equal "$(wc -l <"$OUT")" 4
    expect_equal "$(wc -c <"$ERR")" 0
}
test_case 'an environment is backed up, one line a database' backs_up_an_environment

lists() {
    expect_exit 0 d1keep list local
    expect_out '^SNAPSHOT +LABEL +AGE +TABLES +ROWS +SIZE +NEW +CONSISTENCY +SIGNED +VERIFIED$'
    expect_out '^local/auth@[^ ]+Z +- +[0-9]+ s +1 +2,000 +[0-9]+ KiB +[0-9]+ KiB +transaction +none +no$'
    expect_exit 0 d1keep list local/billing --json
    jq -e '.snapshots | length == 1' "$OUT"
    jq -e '.snapshots[0] | .environment == "local" and .database == "local/billing" and .source == "wrangler" and .database_id == "BILLING" and
        .table_count == 4 and .rows == 8900 and .consistency == "transaction" and .signature == "none" and .verified == "no" and
        .label == null and .schema_version == null and .new_bytes == .stored_bytes and .stored_bytes > 10000 and .sql_bytes > .stored_bytes and
        (.id | test("^20[0-9]{6}T[0-9]{6}Z$")) and (.snapshot | test("^local/billing@20.*Z$")) and .exception_count == 0' "$OUT"
    expect_exit 0 d1keep list --json
    expect_equal "$(jq -r '.snapshots[].database' "$OUT" | tr '\n' ' ')" 'local/auth local/billing local/any local/other '
}
test_case 'list: a table for people, one document for programs' lists

shows() {
    expect_exit 0 d1keep show local/billing
    expect_out '^snapshot +local/billing@20'
    expect_out '^source +wrangler BILLING$'
    expect_out '^TABLE +ROWS +SQL +STORED +CHUNKS$'
    expect_out '^usage +6,000 +[0-9.]+ [KM]iB +[0-9.]+ [KM]iB +[0-9]+$'
    expect_exit 0 d1keep show local/billing@latest --json
    expect_equal "$(jq -c '[.tables[] | [.name, .rows]]' "$OUT")" '[["subscriptions",400],["usage",6000],["credits",1000],["credit_transactions",1500]]'
    expect_equal "$(jq -c '[.objects[].kind] | unique' "$OUT")" '["post","rows","schema"]'
    expect_equal "$(jq '([.objects[].rows] | add) == .rows and ([.objects[].sql_bytes] | add) == .sql_bytes' "$OUT")" true
}
test_case 'show: one snapshot, table by table' shows

verifies() {
    expect_exit 0 d1keep verify local/auth local/billing@latest
    expect_out '^local/auth@20.*Z   good   signature none   [0-9]+ chunks   [0-9.]+ [KM]iB of SQL   [0-9.]+ s$'
    expect_equal "$(wc -l <"$OUT")" 2
    expect_equal "$(snapshot .verified auth)" good
    expect_exit 0 d1keep list local/auth
    expect_out ' good$'
}
test_case 'verify: good, and the verdict is listed' verifies

comes_back() {
    restored_equals local/auth "$AUTH"
    expect_err '^d1keep: restored local/auth@.*: 1 table, 2,000 rows, '
    expect_equal "$(wc -c <"$OUT")" 0
    restored_equals local/billing@latest "$BILLING"
    expect_exit 0 d1keep restore local/billing --to "sql:$TEST_TMP/billing.sql"
    new_database "$TEST_TMP/by-sql.sqlite" "$TEST_TMP/billing.sql"
    expect_same_database "$TEST_TMP/by-sql.sqlite" "$BILLING"
    expect_exit 0 d1keep restore local/billing --to sql:-
    expect_same_file "$OUT" "$TEST_TMP/billing.sql"
    expect_exit 0 d1keep cat local/billing
    expect_same_file "$OUT" "$TEST_TMP/billing.sql"
    d1keep cat --gzip local/billing | gunzip >"$TEST_TMP/gunzipped.sql"
    expect_same_file "$TEST_TMP/gunzipped.sql" "$TEST_TMP/billing.sql"
    expect_equal "$(stat -c %a "$TEST_TMP/billing.sql")" 600
}
test_case 'restore to sqlite: and sql:, and cat: every cell, the schema, the indexes' comes_back

by_hand() {
    local folder=$BUCKET/local/billing key manifest
    manifest=$(echo "$folder"/snapshots/*Z.json)
    while read -r key; do cat "$folder/$key"; done < <(gunzip <"$manifest" | jq -r '.objects[].key') | gunzip >"$TEST_TMP/hand.sql"
    new_database "$TEST_TMP/hand.sqlite" "$TEST_TMP/hand.sql"
    expect_same_database "$TEST_TMP/hand.sqlite" "$BILLING"
    expect_equal "$(gunzip <"$manifest" | jq -r '.objects[0] | .stored_sha256 + "  " + .key')" "$(cd "$folder" && sha256sum "$(gunzip <"$manifest" | jq -r '.objects[0].key')")"
}
test_case 'with no tool of ours: cat the chunks that the manifest names, gunzip, sqlite3' by_hand

some_tables() {
    expect_exit 0 d1keep cat local/billing --table credits -t credit_transactions
    expect_equal "$(grep -o '^INSERT INTO "[^"]*"' "$OUT" | sort -u | tr '\n' ' ')" 'INSERT INTO "credit_transactions" INSERT INTO "credits" '
    refuse_match "$OUT" '^CREATE'
    expect_error 2 'no table "credit"' d1keep cat local/billing --table credit
    expect_err 'hint: d1keep show'
}
test_case 'cat of some tables' some_tables

test_case 'the source is not changed, and nothing is left beside it' <<'EOF'
before=$(cd "$(dirname "$AUTH")" && stat -c '%n %s %Y %Z' ./* && sha256sum ./*)
back_up auth
expect_equal "$(cd "$(dirname "$AUTH")" && stat -c '%n %s %Y %Z' ./* && sha256sum ./*)" "$before"
EOF

# ---- the second backup

an_unchanged_database_costs_nothing() {
    data_files >"$TEST_TMP/files.before"
    back_up billing
    expect_out ' \(0 B new\)'
    data_files >"$TEST_TMP/files.after"
    expect_same_file "$TEST_TMP/files.after" "$TEST_TMP/files.before"
    expect_equal "$(d1keep list local/billing --json | jq -c '[.snapshots[].new_bytes] | [.[0], .[1] > 0]')" '[0,true]'
    expect_exit 0 d1keep verify local/billing
    restored_equals local/billing "$BILLING"
    # A chain: each names the one before and the hash of its manifest.
    expect_equal "$(unpacked "$BUCKET/local/billing/snapshots/$(snapshot .id billing).json" | jq -r '.previous | .id + " " + .sha256')" \
        "$(d1keep list local/billing --json | jq -r '.snapshots[1] | .id + " " + .manifest_sha256')"
}
test_case 'the second backup of an unchanged database stores no new byte' an_unchanged_database_costs_nothing

a_small_change_costs_little() {
    local stored new
    new_database "$ANY" <<'SQL'
CREATE TABLE big(id INTEGER PRIMARY KEY, t TEXT); CREATE TABLE same(t TEXT); INSERT INTO same VALUES (hex(randomblob(50000)));
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000) INSERT INTO big SELECT i, hex(randomblob(60)) FROM n;
SQL
    back_up
    stored=$(snapshot .stored_bytes)
    [ "$stored" -gt 4000000 ]
    sql "$ANY" 'INSERT INTO big(t) VALUES (hex(randomblob(60)))'
    back_up
    new=$(snapshot .new_bytes)
    [ "$new" -gt 0 ] && [ "$new" -lt $((stored / 2)) ] # the tail
    sql "$ANY" 'UPDATE big SET t = 1 WHERE id = 20000; DELETE FROM big WHERE id = 20001'
    back_up
    new=$(snapshot .new_bytes)
    [ "$new" -gt 0 ] && [ "$new" -lt $((stored * 2 / 3)) ] # one chunk, or two
    restored_equals local/any "$ANY"
    expect_exit 0 d1keep verify local/any
}
test_case 'a small change in a large table stores little' a_small_change_costs_little

a_growing_table_costs_its_new_rows() {
    local chunks n
    rm -rf "$BUCKET/local/any"
    new_database "$ANY" <<<"CREATE TABLE log(id INTEGER PRIMARY KEY, t TEXT); $(log_rows 1 7000)"
    back_up
    chunks=$(log_chunks)
    expect_equal "$(wc -w <<<"$chunks")" 1
    # As it was, and the new rows: as long as these are few, in one chunk that is stored anew.
    for n in 7100 7200 7300 7400 7500; do
        sql "$ANY" "$(log_rows $((n - 99)) "$n")"
        back_up
        expect_equal "$(log_chunks | cut -d' ' -f1) $(log_chunks | wc -w)" "$chunks 2"
        expect_equal "$(snapshot '[.objects[] | select(.table == "log").rows] | join(" ")')" "7000 $((n - 7000))"
        [ "$(snapshot .new_bytes)" -lt 20000 ]
    done
    restored_equals local/any "$ANY"
    # Its last row is another: the chunk is stored anew, with what comes behind.
    sql "$ANY" "UPDATE log SET t = 'x' WHERE id = 7000"
    back_up
    expect_equal "$(log_chunks | wc -w)" 1
    restored_equals local/any "$ANY"
    expect_exit 0 d1keep verify --replay local/any
}
log_rows() { echo "WITH RECURSIVE n(i) AS (SELECT $1 UNION ALL SELECT i + 1 FROM n WHERE i < $2) INSERT INTO log SELECT i, printf('%095d', i) FROM n;"; }
log_chunks() { snapshot '[.objects[] | select(.table == "log").key] | join(" ")'; }
test_case 'of a table that grows only the new rows are stored' a_growing_table_costs_its_new_rows

boundaries_are_the_datas_own() {
    # The same rows make the same chunks, whatever lies there and whenever.
    local first
    new_database "$ANY" <<<"CREATE TABLE log(id INTEGER PRIMARY KEY, t TEXT); $(log_rows 1 60000)"
    rm -rf "$BUCKET/local/any"
    back_up
    first=$(snapshot '[.objects[].key]')
    rm -rf "$BUCKET/local/any"
    back_up
    expect_equal "$(snapshot '[.objects[].key]')" "$first"
    expect_equal "$(snapshot '[.objects[] | select(.kind == "rows") | .sql_bytes] | max < 5000000')" true
}
test_case 'the same rows make the same chunks' boundaries_are_the_datas_own

# ---- names of snapshots

labels() {
    local moment id
    new_database "$OTHER" "$SAMPLES/auth.sql"
    rm -rf "$BUCKET/local/other"
    expect_exit 0 d1keep backup local/other --label before-0004
    id=$(snapshot .id other)
    moment=$(snapshot '.snapshot | split("@")[1]' other)
    sql "$OTHER" "INSERT INTO users(id, email, created_at) VALUES ('u', 'e', 1)"
    expect_exit 0 d1keep backup local/other -l v1.2_x
    for which in @before-0004 "@$moment" "@$id"; do
        expect_equal "$(snapshot .id "other$which") $(snapshot .rows "other$which")" "$id 0"
    done
    expect_equal "$(snapshot .rows other) $(snapshot .rows other@latest) $(snapshot .rows other@v1.2_x)" '1 1 1'
    expect_equal "$(cat "$BUCKET/local/other/labels/before-0004")" "$id"
    expect_exit 0 d1keep list local/other
    expect_equal "$(awk 'NR > 1 {print $2}' "$OUT" | tr '\n' ' ')" 'v1.2_x before-0004 '
    restored_equals local/other@v1.2_x "$OTHER"
    expect_error 4 'label "v1.2_x" is already borne by snapshot 20' d1keep backup local/other --label v1.2_x
    expect_err 'hint: choose another label'
    expect_equal "$(d1keep list local/other --json | jq '.snapshots | length')" 2
    for label in latest '' ../x a/b -x .x 2026-11-22T02:17:00Z "$(printf '%065d' 1)"; do
        expect_error 2 'label' d1keep backup local/other "--label=$label"
    done
    expect_error 2 'a label names one snapshot' d1keep backup local --label x
}
test_case '@latest, @moment, @label; a label names one snapshot for good' labels

test_case 'a prefix, a bucket with a slash at its end, a database that is written elsewhere' <<'EOF'
BUCKET=$TEST_TMP/bucket2
CONF_BUCKET='prefix = "d1/all"' conf
sed -i 's|bucket2"|bucket2/"|' "$CONF"
back_up other
expect_out 'local/other@'
find "$BUCKET" -type f | sed "s|$BUCKET/||" >"$OUT"
expect_out '^d1/all/local/other/snapshots/20.*Z\.json$'
refuse_match "$OUT" '^[^d]'
expect_exit 0 d1keep verify local/other
restored_equals local/other "$OTHER"
EOF
conf

# ---- what is hard to keep

odd_database() {
    new_database "$ANY" "$TESTS/integration/odd.sql"
    back_up
    expect_equal "$(wc -c <"$ERR")" 0
    expect_exit 0 d1keep verify local/any
    restored_equals local/any "$ANY"
    expect_equal "$(snapshot .schema_version)" "0002_it's_ünï.sql"
    # What the rows are in is what the restored file makes of a second backup.
    cp "$TEST_TMP/restored.sqlite" "$OTHER"
    back_up other
    expect_equal "$(snapshot '.tables' other)" "$(snapshot '.tables')"
}
test_case 'odd values, names, keys, schemas: every cell the same' odd_database

odd_database_by_hand() {
    # The shell of sqlite3 takes a CR before a LF for the end of a line: such text cannot stand in the dump as it is.
    new_database "$ANY" "$TESTS/integration/odd.sql"
    back_up
    rm -f "$TEST_TMP/by-cat.sqlite"
    d1keep cat local/any | sql "$TEST_TMP/by-cat.sqlite"
    expect_same_database "$TEST_TMP/by-cat.sqlite" "$ANY"
}
test_case 'odd values by hand: cat, gunzip, sqlite3' odd_database_by_hand

long_values_sql() {
    cat <<'SQL'
CREATE TABLE long(id INTEGER PRIMARY KEY, t TEXT, b BLOB, i INTEGER, r REAL, x);
INSERT INTO long(t) VALUES (hex(randomblob(1000000)));
INSERT INTO long(b) VALUES (randomblob(2000000));
INSERT INTO long(t) VALUES (replace(hex(zeroblob(250000)), '00', '😀'));
INSERT INTO long(t, x) VALUES (replace(hex(zeroblob(100000)), '00', 'it''s' || char(10)), CAST(randomblob(300000) AS TEXT));
INSERT INTO long(i, r) VALUES (printf('%.120000d', 7) || 'x', printf('%.130000d', 7) || ' y');
INSERT INTO long(t, b, i, x) VALUES (printf('%.150000d', 1), zeroblob(150000), zeroblob(150000), 'a' || char(0) || printf('%.150000d', 1));
INSERT INTO long(t) SELECT substr(hex(zeroblob(51000)), 1, value) FROM json_each('[99950,99960,99970,99980,99990,100000,100010]');
CREATE TABLE long_hidden(t TEXT UNIQUE);
INSERT INTO long_hidden(rowid, t) VALUES (-5, hex(randomblob(100000))), (77, hex(randomblob(100000)));
CREATE TABLE long_key(k TEXT, n INTEGER, v, PRIMARY KEY (k, n)) WITHOUT ROWID;
INSERT INTO long_key VALUES (hex(randomblob(10000)), 1, hex(randomblob(200000))), ('k', 2, randomblob(200001)), (char(0) || 'k', 2, CAST(randomblob(99999) AS TEXT));
CREATE TABLE long_strict(id INTEGER PRIMARY KEY, a ANY, t TEXT, b BLOB) STRICT;
INSERT INTO long_strict(a, t, b) VALUES (printf('%.120000d', 7), hex(randomblob(60000)), randomblob(120000));
CREATE TABLE many(t TEXT); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40) INSERT INTO many SELECT hex(randomblob(200000)) FROM n;
SQL
}
long_values() {
    long_values_sql | new_database "$ANY" -
    back_up
    expect_exit 0 d1keep verify local/any
    restored_equals local/any "$ANY"
}
test_case 'long values: 2 MB of text and of blob, rows around the limit of a statement' long_values

statements_are_short() {
    # No line of these values ends in a semicolon but the last of a statement.
    new_database "$ANY" <<'SQL'
CREATE TABLE long(t TEXT, b BLOB, c TEXT); CREATE INDEX i ON long(c);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO long SELECT hex(randomblob(i % 700)), NULL, i FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) INSERT INTO long SELECT hex(zeroblob(49800 + i)), NULL, NULL FROM n;
INSERT INTO long VALUES ('x', randomblob(700000), hex(randomblob(700000)));
SQL
    back_up
    d1keep cat local/any | awk '{ n += length($0) + 1 } /;$/ { if (n - 1 > longest) longest = n - 1; n = 0 } END { print longest, n }' >"$OUT"
    expect_out '^99[0-9]{3} 0$'
}
test_case 'no statement of the dump is longer than 100,000 bytes, with its line feed' statements_are_short

json_in_the_schema() {
    new_database "$ANY" <<'SQL'
CREATE TABLE usage(id INTEGER PRIMARY KEY, metadata TEXT CHECK (metadata IS NULL OR json_valid(metadata)), model TEXT AS (json_extract(metadata, '$.model')) STORED, tag AS (metadata ->> '$.tag'));
INSERT INTO usage(metadata) VALUES (json_object('model', 'm1', 'tag', 7)), (NULL);
CREATE INDEX by_tag ON usage(json_extract(metadata, '$.tag'), tag); CREATE VIEW v AS SELECT json_array(id) AS j FROM usage;
SQL
    back_up
    restored_equals local/any "$ANY"
}
test_case 'JSON in a CHECK, in generated columns, in an index, in a view' json_in_the_schema

checked_long_rows() { # CHECK COLUMN
    new_database "$ANY" <<SQL
CREATE TABLE usage(id INTEGER PRIMARY KEY, metadata TEXT $1 $2);
INSERT INTO usage(metadata) VALUES (json_object('model', 'm1', 'log', hex(randomblob(100000)))), ('["' || hex(zeroblob(120000)) || '"]');
SQL
    back_up
    # Replayed by sqlite3 itself, as anyone might.
    rm -f "$TEST_TMP/by-cat.sqlite"
    d1keep cat local/any | sql "$TEST_TMP/by-cat.sqlite"
    expect_same_database "$TEST_TMP/by-cat.sqlite" "$ANY"
    restored_equals local/any "$ANY"
}
test_case 'a long value under a CHECK' checked_long_rows 'CHECK (json_valid(metadata))' ''
test_case 'a long value that a generated column is made of' checked_long_rows '' ", model TEXT AS (json_extract(metadata, '\$.model')) STORED"
test_case 'a long value with a CHECK of its length' checked_long_rows 'CHECK (length(metadata) > 199000)' ''

prefixes_that_collide() {
    # A long row is inserted with its first 25,000 bytes or so, and then grown: here other rows are just those bytes.
    new_database "$ANY" <<'SQL'
CREATE TABLE u(id INTEGER PRIMARY KEY, t TEXT UNIQUE);
WITH RECURSIVE n(i) AS (SELECT 24800 UNION ALL SELECT i + 1 FROM n WHERE i < 25050) INSERT INTO u(t) SELECT substr(hex(zeroblob(50000)), 1, i) FROM n;
INSERT INTO u(t) VALUES (hex(zeroblob(50001))), (hex(zeroblob(150000))), (hex(zeroblob(100000)));
SQL
    back_up
    restored_equals local/any "$ANY"
}
test_case 'long unique values of which one begins the other' prefixes_that_collide

what_is_left_out_is_said() {
    new_database "$ANY" <<'SQL'
CREATE VIRTUAL TABLE search USING fts5(t, content=''); INSERT INTO search(rowid, t) VALUES (1, 'word');
CREATE VIRTUAL TABLE old USING fts4(t); CREATE TABLE kept(a); INSERT INTO kept VALUES (1);
SQL
    back_up any 5
    expect_err '^d1keep: warning: local/any: "search": '
    expect_err '^d1keep: warning: local/any: "old": '
    expect_exit 0 d1keep list local/any
    expect_out 'transaction, incomplete '
    expect_equal "$(snapshot '[.exceptions[].object] | join(",")') $(snapshot .exception_count)" 'search,old 2'
    expect_exit 0 d1keep show local/any
    expect_out '^"search": '
    rm -f "$TEST_TMP/restored.sqlite"
    expect_exit 5 d1keep restore local/any --to "sqlite:$TEST_TMP/restored.sqlite"
    expect_err 'warning: .*"search"'
    expect_equal "$(sql "$TEST_TMP/restored.sqlite" "SELECT group_concat(name) FROM pragma_table_list WHERE type <> 'shadow' AND name NOT LIKE 'sqlite%'; SELECT count(*) FROM search('word'); SELECT a FROM kept")" $'search,kept\n0\n1'
}
test_case 'what cannot be kept: exit 5, named in the warning, list, show and restore; the rest is kept' what_is_left_out_is_said

test_case 'names that begin with _cf_ are reserved in D1 only: a SQLite file may have them' <<'EOF'
new_database "$ANY" <<'SQL'
CREATE TABLE _cf_mine(a); INSERT INTO _cf_mine VALUES (1);
SQL
d1keep backup local/any >"$OUT" 2>"$ERR" || [ $? -eq 5 ] # kept, or said
expect_equal "$(snapshot '.table_count + .exception_count')" 1
EOF

orphan_sequence() {
    new_database "$ANY" <<'SQL'
CREATE TABLE gone(a INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO gone VALUES (5); DROP TABLE gone;
CREATE TABLE t(a); INSERT INTO sqlite_sequence VALUES ('orphan', 9007199254740993), ('text', 'x'), (NULL, NULL);
SQL
    back_up
    restored_equals local/any "$ANY"
}
test_case 'sqlite_sequence outlives its last table' orphan_sequence

test_case 'a database without tables, and one without a byte' <<'EOF'
new_database "$ANY" <<'SQL'
CREATE TABLE t(a); DROP TABLE t; CREATE VIEW v AS SELECT 1 AS a;
SQL
back_up
expect_out '   0 tables   0 rows   '
restored_equals local/any "$ANY"
: >"$OTHER"
back_up other
expect_out '   0 tables   0 rows   '
restored_equals local/other "$OTHER"
EOF

# ---- while others write

test_case 'a WAL database that nobody has open: unchanged, and nothing is left beside it' <<'EOF'
new_database "$ANY" <<'SQL'
PRAGMA journal_mode = WAL; CREATE TABLE t(a); INSERT INTO t VALUES (1);
SQL
before=$(sha256sum "$ANY")
back_up
expect_equal "$(sha256sum "$ANY")" "$before"
expect_equal "$(find "$TEST_TMP" -name 'any.sqlite-*')" '' # before another reader comes
restored_equals local/any "$ANY"
EOF

crashed_writer() {
    new_database "$ANY" <<'SQL'
CREATE TABLE t(a); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO t SELECT hex(randomblob(50)) FROM n;
SQL
    coproc sqlite3 "$ANY"
    printf '%s\n' 'PRAGMA cache_size = 5; BEGIN; UPDATE t SET a = 1; SELECT 77;' >&"${COPROC[1]}"
    local line=
    until [ "$line" = 77 ]; do read -r -t 10 line <&"${COPROC[0]}"; done
    kill -9 "$COPROC_PID"
    wait "$COPROC_PID" || true
    [ -s "$ANY-journal" ]
    back_up # the transaction never happened
    rm -f "$TEST_TMP/restored.sqlite"
    expect_exit 0 d1keep restore local/any --to "sqlite:$TEST_TMP/restored.sqlite"
    expect_equal "$(sql "$TEST_TMP/restored.sqlite" 'SELECT count(*), sum(a = 1) FROM t')" '20000|0'
}
test_case 'a journal that a crashed writer left behind' crashed_writer

# Two tables that a transaction always changes together: a torn snapshot shows.
new_database "$ANY" <<'SQL'
PRAGMA journal_mode = WAL; CREATE TABLE a(id INTEGER PRIMARY KEY, t TEXT); CREATE TABLE b(id INTEGER PRIMARY KEY, t TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) INSERT INTO a SELECT i, hex(randomblob(50)) FROM n; INSERT INTO b SELECT * FROM a;
SQL
writes_on() { # one process to end: without it, `yes` ends too
    exec sqlite3 "$ANY" < <(yes 'BEGIN; INSERT INTO b(t) VALUES (1); INSERT INTO a(t) VALUES (1); UPDATE a SET t = 1 WHERE id = abs(random() % 50000); COMMIT;')
}
start_background "$TEST_TMP/writer.log" writes_on

while_it_is_written() {
    rows() { sqlite3 -readonly "$ANY" 'SELECT count(*) FROM a'; }
    more_than() { [ "$(rows)" -gt "$1" ]; }
    local before after n
    for _ in 1 2; do
        wait_for 10 more_than "$(rows)"
        before=$(rows)
        back_up
        after=$(rows)
        n=$(snapshot '.tables[0].rows')
        expect_equal "$(snapshot '.tables[1].rows') $(snapshot .consistency)" "$n transaction"
        [ "$before" -le "$n" ] && [ "$n" -le "$after" ] && [ "$before" -lt "$after" ]
        rm -f "$TEST_TMP/restored.sqlite"
        expect_exit 0 d1keep restore local/any --to "sqlite:$TEST_TMP/restored.sqlite"
        expect_equal "$(sql "$TEST_TMP/restored.sqlite" 'PRAGMA integrity_check; SELECT (SELECT count(*) FROM a) = (SELECT count(*) FROM b)')" $'ok\n1'
    done
    rows
}
test_case 'a WAL database that another process writes to: one moment' while_it_is_written
end_process "$BACKGROUND_PID"

two_at_once() {
    new_database "$ANY" "$SAMPLES/billing.sql" "$SAMPLES/billing-rows.sql"
    rm -rf "$BUCKET/local/any"
    local pids=() pid
    for n in 1 2 3 4; do
        d1keep backup local/any --wait 60 >"$TEST_TMP/at-once.$n" 2>&1 &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid"; done
    expect_equal "$(cat "$TEST_TMP"/at-once.* | grep -o '^local/any@[^ ]*' | sort -u | wc -l)" 4
    expect_exit 0 d1keep list local/any --json
    expect_equal "$(jq '[.snapshots[].id] | unique | length' "$OUT")" 4
    for snapshot in $(jq -r '.snapshots[].snapshot' "$OUT"); do expect_exit 0 d1keep verify "$snapshot"; done
    expect_equal "$(find "$BUCKET" -name '*.tmp-*' ! -name lease.json.tmp-locked | wc -l)" 0
}
test_case 'four backups of one database at once, in turn: four snapshots, all whole' two_at_once

# ---- targets

targets() {
    local target=$TEST_TMP/target.sqlite
    echo precious >"$target"
    for kind in sqlite sql; do
        expect_error 4 'target.sqlite" exists' d1keep restore local/any --to "$kind:$target"
        expect_err '^d1keep: hint: .*--replace'
        expect_equal "$(cat "$target")" precious
    done
    expect_exit 0 d1keep restore local/any --to "sqlite:$target" --replace
    expect_same_database "$target" "$ANY"
    expect_exit 0 d1keep restore local/any --to "sqlite:$target" --replace
    touch "$target-wal"
    expect_error 4 'target.sqlite-wal" exists' d1keep restore local/any --to "sqlite:$target" --replace
    rm "$target-wal"
    expect_error 2 '"nonsense:x" is not a target' d1keep restore local/any --to nonsense:x
    expect_error 2 'where to' d1keep restore local/any
    expect_error 1 'nowhere' d1keep restore local/any --to "sqlite:$TEST_TMP/nowhere/x.sqlite"
    expect_error 4 'not a regular file' d1keep restore local/any --to "sqlite:$TEST_TMP" --replace
    expect_equal "$(find "$TEST_TMP" -mindepth 1 -maxdepth 1 -name '*d1keep-*' | wc -l)" 0
}
test_case 'restore: what exists is refused, --replace replaces it' targets

test_case 'standard output that is full or closed' <<'EOF'
rc=0; d1keep cat local/any >/dev/full 2>"$ERR" || rc=$?
expect_equal $rc 1
expect_err 'd1keep: error: .*standard output.*No space left'
rc=0; d1keep list local >/dev/full 2>"$ERR" || rc=$?
expect_equal $rc 1
{ rc=0; d1keep cat local/any 2>"$ERR" || rc=$?; echo $rc >"$TEST_TMP/rc"; } | head -c 10 >"$OUT"
expect_equal "$(cat "$TEST_TMP/rc")" 1
expect_equal "$(cat "$ERR")" '' # whoever reads has seen enough
EOF

events() {
    expect_exit 0 d1keep backup local/any --events-fd 7 7>"$TEST_TMP/events"
    expect_equal "$(jq -r '.event' "$TEST_TMP/events" | grep -v progress | tr '\n' ' ')" 'start done '
    expect_equal "$(jq -c 'select(.event == "done") | [.exit, .rows, .new_bytes]' "$TEST_TMP/events")" '[0,8900,0]'
    expect_equal "$(jq -r 'select(.event == "done").snapshot' "$TEST_TMP/events")" "$(snapshot .id)"
    mv "$ANY" "$ANY.away"
    expect_exit 1 d1keep backup local/any --events-fd 7 7>"$TEST_TMP/events"
    mv "$ANY.away" "$ANY"
    expect_equal "$(jq -r .event "$TEST_TMP/events" | tr '\n' ' ')" 'start error '
    expect_equal "$(jq -r 'select(.event == "error") | .code, (.message | test("any.sqlite"))' "$TEST_TMP/events")" $'not-found\ntrue'
}
test_case 'events for the daemon' events

test_case 'a progress line on a terminal, and none elsewhere' <<'EOF'
new_database "$ANY" <<'SQL'
CREATE TABLE t(a); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) INSERT INTO t SELECT hex(randomblob(30)) FROM n;
SQL
back_up
expect_equal "$(wc -c <"$ERR")" 0
sql "$ANY" 'UPDATE t SET a = a || 1'
script -qec "$D1KEEP -c $CONF backup local/any" /dev/null >"$OUT"
grep -q $'\r\e\[Klocal/any   .*rows' "$OUT"
script -qec "$D1KEEP -c $CONF -q verify local/any" /dev/null >"$OUT"
if grep -q $'\e' "$OUT"; then false; fi
EOF

test_case 'rows that break a CHECK of their table come back' <<'EOF'
new_database "$ANY" <<'SQL'
CREATE TABLE t(a CHECK(a > 0)); PRAGMA ignore_check_constraints=ON; INSERT INTO t VALUES (-1), (1);
SQL
back_up
rm -f "$TEST_TMP/restored.sqlite"
expect_exit 0 d1keep restore local/any --to "sqlite:$TEST_TMP/restored.sqlite"
expect_same_database "$TEST_TMP/restored.sqlite" "$ANY"
# So they are in the database: a backup of it is no damage.
expect_exit 0 d1keep backup local/any --verify replay
EOF

test_case 'a migration with a name that is none: kept as data, and no schema version' <<'EOF'
new_database "$ANY" <<'SQL'
CREATE TABLE d1_migrations(id INTEGER PRIMARY KEY, name); INSERT INTO d1_migrations(name) VALUES ('0001'), (x'ff41');
SQL
back_up
expect_equal "$(snapshot .schema_version)" null
restored_equals local/any "$ANY"
EOF

test_case 'a verdict that somebody blew up stops no backup' <<'EOF'
new_database "$ANY" <<'SQL'
CREATE TABLE t(a); INSERT INTO t VALUES (1);
SQL
back_up
truncate -s 70M "$(find "$BUCKET" -path '*/any/snapshots/*Z.json' | sort | tail -n 1 | sed 's/json$/verified.json/')"
back_up
find "$BUCKET" -path '*/any/*' -size +60M -delete
EOF

# SQLite calls docs_content a shadow of docs.
test_case 'the content of a full-text index, in a table that is named like a shadow of it, comes back' <<'EOF'
new_database "$ANY" <<'SQL'
CREATE TABLE docs_content(id INTEGER PRIMARY KEY, body); INSERT INTO docs_content VALUES (1, 'precious'), (7, 'more');
CREATE VIRTUAL TABLE docs USING fts5(body, content=docs_content, content_rowid=id); INSERT INTO docs(docs) VALUES ('rebuild');
CREATE TRIGGER added AFTER INSERT ON docs_content BEGIN INSERT INTO docs(rowid, body) VALUES (new.id, new.body); END;
SQL
back_up
rm -f "$TEST_TMP/shadow.sqlite"
expect_exit 0 d1keep restore local/any --to "sqlite:$TEST_TMP/shadow.sqlite"
sql "$TEST_TMP/shadow.sqlite" "INSERT INTO docs_content VALUES (9, 'nine')"
expect_equal "$(sql "$TEST_TMP/shadow.sqlite" "SELECT * FROM docs_content; SELECT rowid FROM docs('precious'); SELECT rowid FROM docs('nine')" | tr '\n' ' ')" '1|precious 7|more 9|nine 1 9 '
expect_exit 0 d1keep verify --replay local/any
EOF

interrupted_verify_is_no_success() {
    local names=() i rc=0
    new_database "$ANY" <<<'CREATE TABLE t(a); INSERT INTO t VALUES (1);'
    back_up
    for i in {1..3000}; do names+=(local/any); done
    "$D1KEEP" -c "$CONF" verify "${names[@]}" >"$TEST_TMP/verified" 2>"$ERR" &
    i=$!
    wait_for 10 test -s "$TEST_TMP/verified"
    kill -TERM "$i"
    wait "$i" || rc=$?
    expect_equal "$rc" 130
}
test_case 'verify that is interrupted midway ends with 130' interrupted_verify_is_no_success

test_done
