#!/usr/bin/env bash
# D1 over the API into R2 and back, on Cloudflare's own engines.

. "$(dirname "$0")/../lib.sh"

# shellcheck disable=SC2119 # without flags
rig_start
faults_start
write_conf

ODD=$TESTS/integration/odd.sql
SAMPLES=$TESTS/samples

rig_load() { rig_sql "$1" "$(cat "${@:2}")"; } # DATABASE SQL-FILE…
snapshot() { d1keep show "$1" --json | jq -cr "$2"; } # SNAPSHOT JQ-EXPRESSION
back_up() { # DATABASE [EXIT-CODE]   forgets the requests seen before
    faults_reset
    expect_exit "${2:-0}" d1keep backup "$1"
}
restored_equals() { # SNAPSHOT DATABASE-OF-THE-RIG
    rm -f "$TEST_TMP/restored.sqlite"
    expect_exit 0 d1keep restore "$1" --to "sqlite:$TEST_TMP/restored.sqlite"
    expect_same_database "$TEST_TMP/restored.sqlite" "$(rig_file "$2")"
}

# ---- small: one call

rig_load production-auth "$SAMPLES/auth.sql" "$SAMPLES/auth-rows.sql"
rig_load production-billing "$SAMPLES/billing.sql" "$SAMPLES/billing-rows.sql"

small_databases() {
    back_up production
    expect_out '^production/auth@20[0-9-]+T[0-9:]+Z   1 table   2,000 rows   [0-9.]+ KiB read   [0-9.]+ KiB stored \([0-9.]+ KiB new\)   [0-9.]+ s$'
    expect_out '^production/billing@.*   4 tables   8,900 rows   '
    expect_equal "$(wc -c <"$ERR")" 0
    # The schema, and everything else in one transaction.
    expect_equal "$(requests_seen '^POST .*/raw 200$') $(requests_seen bookmark)" '4 0'
    expect_equal "$(snapshot production/auth '[.consistency, .requests, .source, .database_id] | join(" ")')" \
        'transaction 2 d1 483da8b0-94c7-4f9e-ab1a-68df41e5664d'
    expect_exit 0 d1keep verify production/auth production/billing
    restored_equals production/auth production-auth
    restored_equals production/billing production-billing
    d1keep cat production/billing | sqlite3 "$TEST_TMP/by-cat.sqlite"
    expect_same_database "$TEST_TMP/by-cat.sqlite" "$(rig_file production-billing)"
}
test_case 'the samples: two calls a database, into R2 and back' small_databases

lists_and_labels() {
    expect_exit 0 d1keep list production
    expect_out '^production/auth@[^ ]+Z +- +[0-9]+ s +1 +2,000 +[0-9]+ KiB +[0-9]+ KiB +transaction +none +good$'
    expect_exit 0 d1keep backup production/auth --label 'before-0004'
    expect_equal "$(d1keep list production/auth --json | jq -c '[.snapshots[] | [.label, .verified]]')" '[["before-0004","no"],[null,"good"]]'
    expect_equal "$(snapshot production/auth@before-0004 .label)" before-0004
    expect_error 4 'label "before-0004" is already borne' d1keep backup production/auth --label before-0004
    restored_equals production/auth@before-0004 production-auth
}
test_case 'list and labels in R2' lists_and_labels

by_hand() { # with nothing but curl
    fetch() {
        curl -sS --fail-with-body --aws-sigv4 aws:amz:auto:s3 --user "$RIG_KEY_ID:$RIG_SECRET_KEY" -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' \
            "$S3/taco-backups/production/billing/$1"
    }
    local key
    fetch "snapshots/$(snapshot production/billing .id).json" | gunzip >"$TEST_TMP/manifest.json"
    for key in $(jq -r '.objects[].key' "$TEST_TMP/manifest.json"); do fetch "$key"; done | gunzip | sqlite3 "$TEST_TMP/hand.sqlite"
    expect_same_database "$TEST_TMP/hand.sqlite" "$(rig_file production-billing)"
}
test_case 'with no tool of ours: curl, gunzip, sqlite3' by_hand

an_unchanged_database_costs_nothing() {
    back_up production/billing
    expect_out ' \(0 B new\)'
    expect_equal "$(requests_seen '^PUT .*/data/') $(requests_seen '^PUT .*/snapshots/') $(requests_seen '^PUT .*/lease.json') $(requests_seen '^PUT')" '0 1 2 3'
    # A changed row costs its chunk.
    rig_sql production-billing "UPDATE credits SET balance = 1 WHERE id = 'cred_00007'"
    back_up production/billing
    expect_equal "$(requests_seen '^PUT .*/data/credits/') $(requests_seen '^PUT .*/data/')" '1 1'
    restored_equals production/billing production-billing
}
test_case 'the second backup of an unchanged database uploads no chunk' an_unchanged_database_costs_nothing

test_case 'a database without tables, a table without rows, a table of one column' <<'EOF'
back_up test/t1
expect_out '   0 tables   0 rows   '
expect_exit 0 d1keep verify test/t1
restored_equals test/t1 t1
rig_sql t1 'CREATE TABLE empty(a, b); CREATE TABLE one(a); INSERT INTO one VALUES (NULL)'
back_up test/t1
expect_out '   2 tables   1 row   '
restored_equals test/t1 t1
EOF

# ---- odd: in one call, then page by page

rig_load t2 "$ODD"

odd_in_one_call() {
    back_up test/t2
    expect_equal "$(wc -c <"$ERR")" 0
    expect_equal "$(snapshot test/t2 .consistency)" transaction
    restored_equals test/t2 t2
    expect_equal "$(snapshot test/t2 .schema_version)" "0002_it's_ünï.sql"
}
test_case 'odd values, names, keys, schemas, in one call: every cell the same' odd_in_one_call

odd_by_pages() {
    local tables
    tables=$(snapshot test/t2 '.tables')
    rig_sql t2 'CREATE TABLE filler(b BLOB)'
    for _ in 1 2 3 4 5 6; do rig_sql t2 'INSERT INTO filler VALUES (zeroblob(1000000))'; done
    back_up test/t2
    expect_equal "$(snapshot test/t2 .consistency) $(requests_seen bookmark)" 'unchanged 2'
    restored_equals test/t2 t2
    expect_equal "$(snapshot test/t2 '[.tables[] | select(.name != "filler")]')" "$tables"
    # Either way of reading makes the same chunks: only the new table and the schema are uploaded.
    expect_equal "$(requests_seen '^PUT .*/data/')" $(($(requests_seen '^PUT .*/data/filler/') + 1))
}
test_case 'odd values page by page: the same chunks' odd_by_pages

test_case 'a snapshot of D1 and one of the restored file have the same rows' <<'EOF'
mv "$TEST_TMP/restored.sqlite" "$TEST_TMP/shop.sqlite"
expect_exit 0 d1keep backup local/shop
# But for the spelling of real numbers: 17 digits by the one engine, 15 where they do by the other.
same='[.tables[] | select(.name | IN("values", "affinities", "real_key") | not)]'
expect_equal "$(snapshot local/shop "$same")" "$(snapshot test/t2 "$same")"
EOF

long_values() {
    rig_sql t4 "CREATE TABLE long(id INTEGER PRIMARY KEY, t TEXT, b BLOB, i INTEGER); CREATE TABLE hidden(t TEXT); CREATE TABLE keyed(k TEXT PRIMARY KEY, v) WITHOUT ROWID;
        INSERT INTO long(t) VALUES (hex(randomblob(1000000))), (replace(hex(zeroblob(400000)), '00', '😀')), (replace(hex(zeroblob(900000)), '00', ''''));
        INSERT INTO long(b) VALUES (randomblob(2000000)), (zeroblob(1100000)); INSERT INTO long(t) VALUES (CAST(randomblob(1500000) AS TEXT)), ('a' || char(0) || hex(zeroblob(70000)));
        INSERT INTO long(t) VALUES (char(65533) || hex(zeroblob(900000))); INSERT INTO long(i) VALUES (hex(zeroblob(100000)) || 'x');
        INSERT INTO hidden(rowid, t) VALUES (-7, hex(randomblob(1000000))), (9, 'short'), (9223372036854775807, hex(randomblob(1000000)));
        INSERT INTO keyed VALUES ('k''1', hex(randomblob(999999))), (hex(zeroblob(2000)), randomblob(1999999)), (char(0) || 'k', CAST(randomblob(700000) AS TEXT)), ('z', 'z')"
    back_up test/t4
    expect_equal "$(snapshot test/t4 .consistency)" unchanged
    expect_exit 0 d1keep verify test/t4
    restored_equals test/t4 t4
}
test_case 'values of 2 MB of text and blob' long_values

in_use() {
    # What `wrangler dev` has open: here, what the rig runs on.
    CONF_MORE="environment \"mine\" {
        bucket = \"here\"
        database \"t2\" { source = \"wrangler\"  project = \"$TEST_TMP\"  persist_to = \"$RIG_DIR\"  id = \"$(uuid_of t2)\" }
    }" write_conf
    local side
    rig_sql t2 'INSERT INTO hidden(t) VALUES (1)' # in the WAL only
    side=$(echo "$(rig_file t2)"*)
    expect_exit 0 d1keep backup mine
    expect_equal "$(snapshot mine/t2 .consistency)" transaction
    rm -f "$TEST_TMP/restored.sqlite"
    expect_exit 0 d1keep restore mine/t2 --to "sqlite:$TEST_TMP/restored.sqlite"
    expect_same_database "$TEST_TMP/restored.sqlite" "$(rig_file t2)"
    expect_equal "$(echo "$(rig_file t2)"*)" "$side"
    rig_sql t2 'INSERT INTO hidden(t) VALUES (2)'
    write_conf
}
test_case "a wrangler's database that workerd has open" in_use

test_case 'a long value under a key of more than 4 KB' <<'EOF'
rig_sql t7 "CREATE TABLE keyed(k TEXT PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO keyed VALUES (hex(zeroblob(3000)), randomblob(1999999))"
back_up test/t7
restored_equals test/t7 t7
EOF

json_in_the_schema() {
    rig_sql t5 "CREATE TABLE usage(id INTEGER PRIMARY KEY, metadata TEXT CHECK (json_valid(metadata)), model TEXT AS (json_extract(metadata, '\$.model')) STORED, tag AS (metadata ->> '\$.tag'));
        INSERT INTO usage(metadata) VALUES (json_object('model', 'm1', 'tag', 7)); CREATE INDEX by_tag ON usage(json_extract(metadata, '\$.tag'), tag)"
    back_up test/t5
    restored_equals test/t5 t5
}
test_case 'JSON in a CHECK, in generated columns, in an index' json_in_the_schema

left_out() {
    rig_sql t5 "CREATE VIRTUAL TABLE search USING fts5(t, content=''); INSERT INTO search(rowid, t) VALUES (1, 'word')"
    back_up test/t5 5
    expect_err '^d1keep: warning: test/t5: "search": '
    expect_equal "$(snapshot test/t5 '[.tables[].name, .exceptions[].object] | join(" ")')" 'usage search'
    expect_exit 0 d1keep verify test/t5
}
test_case 'a contentless index: exit 5, said' left_out

test_case 'more tables than one call takes' <<'EOF'
rig_sql t6 "$(seq 60 | sed 's/.*/CREATE TABLE n&(a); INSERT INTO n& VALUES (random());/')"
back_up test/t6
expect_out '   60 tables   60 rows'
expect_equal "$(requests_seen '^PUT .*/data/') $(requests_seen bookmark)" '61 2'
back_up test/t6
expect_equal "$(requests_seen '^PUT .*/data/')" 0
restored_equals test/t6 t6
EOF

test_done
