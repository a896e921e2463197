#!/usr/bin/env bash
# A large D1 database, read page by page: 300,000 rows into R2 and back.

. "$(dirname "$0")/../lib.sh"

# shellcheck disable=SC2119 # without flags
rig_start
faults_start
write_conf

SAMPLES=$TESTS/samples
ROWS=300000

snapshot() { d1keep show "$1" --json | jq -cr "$2"; } # SNAPSHOT JQ-EXPRESSION
# By a join, since the text of so many rows takes long: the same rows under the same rowids, and nothing else.
same_table() { # FILE ORIGINAL TABLE COLUMN…
    local file=$1 original=$2 table=$3 same='' column
    shift 3
    for column; do same="$same AND typeof(x.$column) = typeof(y.$column) AND CAST(x.$column AS BLOB) IS CAST(y.$column AS BLOB)"; done
    expect_equal "$(sqlite3 -readonly "$original" "ATTACH 'file:$file?mode=ro' AS r;
        SELECT (SELECT count(*) FROM main.$table) = (SELECT count(*) FROM r.$table),
               (SELECT count(*) FROM main.$table) - (SELECT count(*) FROM main.$table AS x JOIN r.$table AS y ON x.rowid = y.rowid $same)")" '1|0'
}

make_usage() {
    local columns='id, user_id, resource, count, cost_cents, month, created_at, metadata' n
    rig_sql t3 "$(sed -n '/CREATE TABLE usage/,/;/p' "$SAMPLES/billing.sql") CREATE INDEX idx_usage_user_month ON usage(user_id, month); CREATE TABLE quiet(a); INSERT INTO quiet VALUES (1)"
    for ((n = 0; n < ROWS; n += 50000)); do
        rig_sql t3 "WITH RECURSIVE n(i) AS (SELECT $n + 1 UNION ALL SELECT i + 1 FROM n WHERE i < $n + 50000) INSERT INTO usage($columns)
            SELECT printf('use_%08x', i * 2654435761 % 4294967296), printf('user_%05d', i % 2000), CASE i % 3 WHEN 0 THEN 'tokens' ELSE 'images' END, i % 13,
                CASE WHEN i % 11 THEN 9007199254740993 + i END, printf('2026-%02d', i % 12 + 1), 1760000000 + i * 60,
                CASE WHEN i % 1000 = 7 THEN CAST(x'FF' AS TEXT) || i WHEN i % 100 THEN printf('{\"model\":\"m%d\",\"note\":\"it''s\nfine\"}', i % 7) END FROM n"
    done
    rig_sql t3 'SELECT count(*) FROM usage'
}
expect_equal "$(make_usage)" $ROWS

usage_comes_back() {
    local file original
    faults_reset
    expect_exit 0 d1keep backup test/t3
    expect_out "^test/t3@.*   2 tables   300,001 rows   [0-9]+ MiB read   [0-9.]+ MiB stored \([0-9.]+ MiB new\)   [0-9.]+ s$"
    expect_equal "$(wc -c <"$ERR")" 0
    expect_equal "$(snapshot test/t3 '[.consistency, .bookmark_before == .bookmark_after, (.bookmark_before | length > 20), .requests < 60] | @json')" '["unchanged",true,true,true]'
    expect_equal "$(snapshot test/t3 .requests)" "$(requests_seen '/client/v4/')"
    expect_exit 0 d1keep list test/t3
    expect_out '^test/t3@.* +2 +300,001 .* unchanged '
    expect_exit 0 d1keep verify test/t3
    expect_out '   good   '
    file=$TEST_TMP/usage.sqlite
    original=$(rig_file t3)
    expect_exit 0 d1keep restore test/t3 --to "sqlite:$file"
    same_table "$file" "$original" usage id user_id resource count cost_cents month created_at metadata
    same_table "$file" "$original" quiet a
    for file in "$file" "$original"; do
        sqlite3 -readonly "$file" "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT GLOB '_cf_*' ORDER BY 1, 2"
    done | sort | uniq -c >"$OUT"
    refuse_match "$OUT" '^ +1 '
    expect_equal "$(sqlite3 -readonly "$TEST_TMP/usage.sqlite" 'PRAGMA integrity_check')" ok
}
test_case '300,000 rows: backed up, listed, verified, restored, equal' usage_comes_back

usage_again() {
    faults_reset
    expect_exit 0 d1keep backup test/t3
    expect_out ' \(0 B new\)'
    expect_equal "$(requests_seen '^PUT .*/data/') $(requests_seen '^PUT .*/snapshots/')" '0 1'
}
test_case '300,000 rows again: no chunk is uploaded' usage_again

usage_to_d1() {
    local file original
    expect_exit 0 d1keep restore test/t3 --to d1:test/t4
    expect_err 'restored test/t3@.* to d1:test/t4: 2 tables, 300,001 rows, '
    expect_err 'checked: 2 tables, every row is what the manifest says'
    expect_err 'D1 counted [0-9,]+ rows written$'
    file=$(rig_file t4)
    original=$(rig_file t3)
    same_table "$file" "$original" usage id user_id resource count cost_cents month created_at metadata
    same_table "$file" "$original" quiet a
    # in parts, over what is there
    expect_exit 0 d1keep restore test/t3 --to d1:test/t4 --replace --part-size 30 --check count
    expect_err ', in several imports$'
    same_table "$file" "$original" usage id user_id resource count cost_cents month created_at metadata
}
test_case '300,000 rows: back into a D1, whole and in parts, equal' usage_to_d1

test_done
