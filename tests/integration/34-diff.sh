#!/usr/bin/env bash
# d1keep diff: two snapshots, of D1 and of files, and snapshots with the live database.

. "$(dirname "$0")/../lib.sh"

# shellcheck disable=SC2119 # without flags
rig_start
faults_start
CONF_MORE="environment \"mine\" {
    bucket = \"here\"
    database \"shop\" { source = \"sqlite\"  path = \"$TEST_TMP/mine.sqlite\" }
}" write_conf

SAMPLES=$TESTS/samples
SHOP=$TEST_TMP/shop.sqlite

rig_load() { rig_sql "$1" "$(cat "${@:2}")"; } # DATABASE SQL-FILE…
sql() { sqlite3 -bail "$@"; }
back_up() { expect_exit 0 d1keep backup "$@"; }
diff_json() { # JQ-EXPRESSION ARGUMENT…
    expect_exit 0 d1keep diff "${@:2}" --json && jq -c "$1" "$OUT"
}
# Table by table: name, added, removed, changed, moved.
ROWS='[.tables[] | "\(.name) +\(.rows_added) -\(.rows_removed) ~\(.rows_changed) \(.rows_moved)"]'

# ---- D1

rig_load production-billing "$SAMPLES/billing.sql" "$SAMPLES/billing-rows.sql"
back_up production/billing --label before

nothing_changed() {
    back_up production/billing
    faults_reset
    expect_exit 0 d1keep diff production/billing@before production/billing@latest
    expect_out '^A  production/billing@20[0-9-]+T[0-9:]+Z$'
    expect_out '^no difference$'
    expect_equal "$(wc -l <"$OUT") $(wc -c <"$ERR")" '3 0'
    # Two manifests, and neither a chunk nor the database.
    expect_equal "$(requests_seen '/data/') $(requests_seen '/raw')" '0 0'
    expect_equal "$(diff_json '[.different, .schema, .tables, .not_compared, .chunks_fetched]' production/billing@before production/billing)" '[false,[],[],[],0]'
}
test_case 'of equal snapshots no chunk is fetched' nothing_changed

test_case 'nor for an unchanged live database, but for its reading' <<'CASE'
faults_reset
expect_exit 0 d1keep diff production/billing@before
expect_out '^B  production/billing \(live\)$'
expect_out '^no difference$'
expect_equal "$(requests_seen '/data/')" 0
expect_equal "$(requests_seen 'PUT')" 0
CASE

rows_changed() {
    local data
    rig_sql production-billing "UPDATE credits SET balance = balance + 1 WHERE id IN ('cred_00007', 'cred_00008'); DELETE FROM credits WHERE id = 'cred_00009';
        INSERT INTO credits SELECT 'cred_x', 'user_x', balance, lifetime_purchased, lifetime_used, created_at, updated_at FROM credits WHERE id = 'cred_00010'"
    faults_reset
    expect_exit 0 d1keep diff production/billing@before --rows 3
    expect_out "^- \('cred_00009'\)$"
    expect_out "^~ \('cred_00007'\)$"
    expect_out "^~ \('cred_00008'\)$"
    expect_out '^  and 1 more$'
    # Schema and post, and of the rows only the one chunk that has changed.
    data=$(requests_seen '^GET .*/data/')
    expect_equal "$(requests_seen '^GET .*/data/credits/') $(requests_seen '^GET .*/data/_') $data" "1 $((data - 1)) $data"
    back_up production/billing --label after
    expect_equal "$(diff_json "$ROWS" production/billing@before production/billing@after)" '["credits +1 -1 ~2 0"]'
    expect_equal "$(diff_json "$ROWS" production/billing@after production/billing@before)" '["credits +1 -1 ~2 0"]'
    expect_equal "$(diff_json "$ROWS" production/billing@after live:production/billing)" '[]'
    expect_equal "$(diff_json "$ROWS" live:production/billing production/billing@before)" '["credits +1 -1 ~2 0"]'
    expect_equal "$(diff_json .chunks_fetched production/billing@before production/billing@after)" 2
}
test_case 'rows added, removed and changed; only their chunks are fetched' rows_changed

schema_changed() {
    rig_sql production-billing 'CREATE TABLE notes(id INTEGER PRIMARY KEY AUTOINCREMENT, t TEXT); INSERT INTO notes(t) VALUES (1), (2); CREATE INDEX notes_t ON notes(t)'
    rig_sql production-billing 'CREATE VIRTUAL TABLE words USING fts5(t, content=notes)'
    rig_sql production-billing 'CREATE TRIGGER notes_in AFTER INSERT ON notes BEGIN INSERT INTO words(rowid, t) VALUES (new.id, new.t); END'
    rig_sql production-billing 'ALTER TABLE credits ADD COLUMN currency TEXT DEFAULT NULL'
    back_up production/billing --label with-notes
    expect_exit 0 d1keep diff production/billing@after production/billing@with-notes
    expect_out '^\+ table "notes"$'
    expect_out '^    \+ CREATE TABLE notes\(id INTEGER PRIMARY KEY AUTOINCREMENT, t TEXT\)$'
    expect_out '^~ table "credits"$'
    expect_out '^\+ index "notes_t"$'
    expect_out '^\+ virtual table "words"$'
    expect_out '^\+ trigger "notes_in"$'
    expect_out '^\+ sequence "notes": none -> 2$'
    expect_out '^notes +- +2 +2 +0 +0 +0 +table added$'
    # A column more is no other row.
    refuse_match "$OUT" '^credits '
    expect_equal "$(diff_json "$ROWS" production/billing@with-notes production/billing@after)" '["notes +0 -2 ~0 0"]'
    expect_equal "$(diff_json '[.schema[] | [.change, .kind, .name]]' production/billing@after production/billing@with-notes -t notes)" \
        '[["added","table","notes"],["added","sequence","notes"],["added","index","notes_t"],["added","trigger","notes_in"]]'
}
test_case 'schema changes, with their SQL' schema_changed

test_case 'databases of different environments' <<'CASE'
rig_load production-auth "$SAMPLES/auth.sql" "$SAMPLES/auth-rows.sql"
rig_load staging-auth "$SAMPLES/auth.sql"
back_up production/auth staging/auth
expect_equal "$(diff_json '[.different, .schema]' staging/auth production/auth)" '[true,[]]'
expect_equal "$(diff_json '.tables[0] | [.rows_a, .rows_b, .rows_added, .rows_removed]' staging/auth production/auth)" '[0,2000,2000,0]'
expect_equal "$(diff_json '.tables[0].rows_removed' production/auth live:staging/auth)" 2000
CASE

# Odd values, names, keys and virtual tables: in D1, in the snapshot, and in the file made of it.
restored() {
    rig_load t2 "$TESTS/integration/odd.sql"
    expect_exit 0 d1keep backup test/t2
    expect_exit 0 d1keep restore test/t2 --to "sqlite:$SHOP"
    expect_equal "$(diff_json '[.different, .chunks_fetched]' test/t2 live:local/shop)" '[false,0]'
    expect_equal "$(diff_json .different live:local/shop live:test/t2)" false
    expect_equal "$(diff_json .different test/t2)" false
    # Without its chunks to share, every row is compared by value.
    sql "$SHOP" "$(sqlite3 "$SHOP" "SELECT printf('ALTER TABLE \"%w\" ADD COLUMN \"more of it\" TEXT;', t.name) FROM pragma_table_list AS t
        WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT GLOB 'sqlite_*' AND t.name NOT GLOB '*_content'")"
    expect_equal "$(diff_json '[.tables, (.chunks_fetched > 20)]' test/t2 live:local/shop)" '[[],true]'
}
test_case 'a restored file differs in nothing, value by value' restored

# ---- files

new_shop() {
    rm -f "$SHOP"
    sql "$SHOP" "CREATE TABLE big(id INTEGER PRIMARY KEY, t TEXT); CREATE TABLE keyed(k TEXT COLLATE NOCASE PRIMARY KEY, v) WITHOUT ROWID; CREATE TABLE mixed(id INTEGER PRIMARY KEY, v);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000) INSERT INTO big SELECT i, printf('%0600d', i * 1000003) FROM n;
        INSERT INTO keyed VALUES ('ann', 1), ('Bob', 2), ('cy', 3); INSERT INTO mixed VALUES (1, 1), (2, 'ab'), (3, 0.1), (4, NULL), (5, 1.0)"
}
new_shop
back_up local/shop --label before

other_values() {
    sql "$SHOP" "UPDATE keyed SET k = 'BOB' WHERE k = 'bob'; UPDATE mixed SET v = 1.0 WHERE id = 1; UPDATE mixed SET v = CAST(v AS BLOB) WHERE id = 2; UPDATE mixed SET v = 1 WHERE id = 5"
    expect_equal "$(diff_json "$ROWS" local/shop@before)" '["keyed +0 -0 ~1 0","mixed +0 -0 ~3 0"]'
    expect_exit 0 d1keep diff local/shop@before -t mixed --rows 10
    expect_equal "$(grep '^~' "$OUT" | tr '\n' ' ')" '~ (1) ~ (2) ~ (5) '
}
test_case '1 and 1.0, text and blob are different; a key without case is found' other_values

moved_boundaries() {
    new_shop
    back_up local/shop --label cut
    expect_equal "$(d1keep show local/shop@cut --json | jq '[.objects[] | select(.table == "big")] | length > 2')" true
    # Rows in front move every boundary of the size-limited kind; whole chunks behind them are the same again.
    sql "$SHOP" "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 700) INSERT INTO big SELECT -i, printf('%0600d', i * 999983) FROM n; UPDATE big SET t = 'x' WHERE id = 3000; DELETE FROM big WHERE id = 6000"
    back_up local/shop
    expect_equal "$(diff_json "$ROWS" local/shop@cut local/shop)" '["big +700 -1 ~1 0"]'
    diff_json "$ROWS" local/shop@cut live:local/shop >"$TEST_TMP/live"
    expect_equal "$(cat "$TEST_TMP/live")" '["big +700 -1 ~1 0"]'
}
test_case 'rows that move to other chunks are not counted' moved_boundaries

test_case 'a table renamed, another database, an empty side' <<'CASE'
sql "$SHOP" 'ALTER TABLE mixed RENAME TO other'
expect_equal "$(diff_json "$ROWS" local/shop@latest -t mixed)" '["mixed +0 -5 ~0 0"]'
expect_equal "$(diff_json "$ROWS" local/shop@latest -t other)" '["other +5 -0 ~0 0"]'
sql "$TEST_TMP/mine.sqlite" 'CREATE TABLE other(id INTEGER PRIMARY KEY, v); INSERT INTO other VALUES (1, 2)'
expect_equal "$(diff_json "$ROWS" live:local/shop live:mine/shop -t other)" '["other +0 -4 ~1 0"]'
CASE

test_case 'what cannot be kept cannot be compared, which is said' <<'CASE'
sql "$TEST_TMP/mine.sqlite" "CREATE VIRTUAL TABLE words USING fts5(t, content='')"
expect_exit 5 d1keep backup mine/shop
expect_exit 0 d1keep diff mine/shop
expect_out '^not compared:$'
expect_out '^"words": a contentless FTS5 index'
expect_equal "$(jq -c '[.different, .not_compared[0].object]' <(d1keep diff mine/shop --json))" '[false,"words"]'
CASE

test_case 'a damaged chunk is damage; one that is not needed is not looked at' <<'CASE'
new_shop
back_up local/shop --label whole
sql "$SHOP" 'UPDATE keyed SET v = 9'
back_up local/shop --label changed
for table in keyed big; do
    key=$(d1keep show local/shop@whole --json | jq -r ".objects[] | select(.table == \"$table\") | .key" | head -1)
    chmod u+w "$TEST_TMP/bucket/local/shop/$key"
    echo damaged >"$TEST_TMP/bucket/local/shop/$key"
    if [ $table = keyed ]; then expect_error 3 "chunk $key" d1keep diff local/shop@whole local/shop@changed; fi
done
expect_exit 0 d1keep diff local/shop@changed
expect_out '^no difference$'
CASE

test_case 'what cannot be compared is refused' <<'CASE'
expect_exit 2 d1keep diff
expect_exit 2 d1keep diff local/shop@whole local/shop@changed local/shop
expect_error 2 'compare live:local/shop with what' d1keep diff live:local/shop
expect_error 2 'no database "local/nothing"' d1keep diff local/shop live:local/nothing
expect_error 1 'nothing' d1keep diff local/shop@nothing local/shop
expect_error 2 'no table "nothing"' d1keep diff local/shop@changed -t nothing
expect_exit 2 d1keep diff local/shop --rows many
expect_exit 0 d1keep diff --help
expect_out ' diff \[OPTIONS\] A \[B\]$'
CASE

test_case 'nothing stays in the temporary folder' <<'CASE'
mkdir "$TEST_TMP/tmp"
new_shop
sql "$SHOP" "UPDATE big SET t = 'other' || t"
back_up local/shop --label fresh
sql "$SHOP" 'UPDATE keyed SET v = 8'
TMPDIR=$TEST_TMP/tmp expect_exit 0 d1keep diff local/shop@fresh
TMPDIR=$TEST_TMP/tmp expect_exit 0 d1keep diff local/shop@fresh live:mine/shop
TMPDIR=$TEST_TMP/tmp expect_exit 3 d1keep diff local/shop@whole local/shop@fresh
expect_equal "$(find "$TEST_TMP/tmp" | wc -l)" 1
CASE

test_done
