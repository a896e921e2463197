#!/usr/bin/env bash
# Rows of TORTURE.md that no other file holds; tests/TORTURE.md lists which. Damaged dumps above all (A8 28 and 29, A7): who
# reads one says so with exit 3, and nothing is touched.

. "$(dirname "$0")/../lib.sh"

ROUND=10000000-0000-4000-8000-000000000060
jq -n --arg round $ROUND '{databases: ([range(1; 9) | {name: "t\(.)", uuid: "7e570000-0000-4000-8000-00000000000\(.)"}]
    + [{name: "1e2", uuid: $round}] + ["production-auth", "production-billing", "staging-auth", "staging-billing" | {name: ., uuid: "5a0c1f8e-0000-4000-8000-\(@base64 | explode | add + 100000000000)"}])}' >"$TEST_TMP/options"
rig_start --options "$TEST_TMP/options"
faults_start
CONF_MORE="environment \"odd\" {
    account = \"taco\"
    bucket = \"b1\"
    database \"60\" { id = \"$ROUND\" }
}" write_conf

SHOP=$TEST_TMP/shop.sqlite
LOCAL=$TEST_TMP/bucket/local/shop

# ---- A1

test_case 'A1 #16: an id of digits that ends in 0, names that look like numbers' <<'CASE'
rig_sql 1e2 'CREATE TABLE "0"("1e3" TEXT); INSERT INTO "0" VALUES (1e3)'
expect_exit 0 d1keep backup odd/60
expect_equal "$(d1keep show odd/60 --json | jq -r .database_id)" "$ROUND"
expect_exit 0 d1keep restore odd/60 --to "sqlite:$TEST_TMP/60.sqlite"
expect_same_database "$TEST_TMP/60.sqlite" "$(rig_file 1e2)"
CASE

test_case 'A1 #17: an option that takes no value is not given one in silence' <<'CASE'
for option in --replace=true --replace=false --dry-run=true --dry-run=no; do
    expect_error 2 "${option%=*}" d1keep restore odd/60 --to "sqlite:$TEST_TMP/never.sqlite" "$option"
done
expect_error 2 '' d1keep backup odd/60 --no-data
[ ! -e "$TEST_TMP/never.sqlite" ]
CASE

# A1 #10 and #27: a hundred tables that refer to others and to themselves, in an order that their making does not show.
random_references() {
    local seed=${D1KEEP_TORTURE_SEED:-$RANDOM} n sql=$TEST_TMP/graph.sql
    echo "seed $seed"
    RANDOM=$seed
    seq 1 100 | shuf --random-source=<(yes "$seed") | while read -r n; do
        printf 'CREATE TABLE t%d(id INTEGER PRIMARY KEY, a INT REFERENCES t%d(id) ON DELETE CASCADE, b INT REFERENCES t%d ON DELETE SET NULL, c INT NOT NULL REFERENCES t%d(id));\n' \
            "$n" $((RANDOM % n + 1)) $((RANDOM % n + 1)) $((RANDOM % n + 1))
    done >"$sql"
    for n in {1..100}; do printf 'PRAGMA defer_foreign_keys = ON; INSERT INTO t%d SELECT value, value, 5 - value, 1 FROM json_each('\''[1, 2, 3, 4]'\'');\n' "$n"; done |
        paste -sd ' ' >>"$sql"
    rig_sql t1 "$(cat "$sql")" >/dev/null
    expect_exit 0 d1keep backup test/t1
    expect_exit 0 d1keep restore test/t1 --to d1:test/t2
    expect_same_database "$(rig_file t2)" "$(rig_file t1)"
    # And over itself: no cascade may empty anything.
    expect_exit 0 d1keep restore test/t1 --to d1:test/t2 --replace
    expect_same_database "$(rig_file t2)" "$(rig_file t1)"
    expect_equal "$(rig_sql t2 'PRAGMA foreign_key_check')" ''
}
test_case 'A1 #10, #27, A3 #36: a hundred tables with random foreign keys, also over themselves' random_references

# ---- a snapshot that is damaged, and a target that must stay as it is

make_shop() {
    rm -rf "$LOCAL" "$SHOP"
    # Text that the engine compresses little, in UTF-8 of several bytes, with quotes; two tables of the same shape.
    sqlite3 "$SHOP" "CREATE TABLE a(id INTEGER PRIMARY KEY, t TEXT); CREATE TABLE b(id INTEGER PRIMARY KEY, t TEXT);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO a SELECT i, '日本''語''😀' || hex(randomblob(9)) FROM n;
        INSERT INTO b SELECT id + 10000, t FROM a WHERE id < 100"
    expect_exit 0 d1keep backup local/shop
    MANIFEST=$LOCAL/snapshots/$(d1keep show local/shop --json | jq -r .id).json
    CHUNK_A=$LOCAL/$(unpacked "$MANIFEST" | jq -r '.objects[] | select(.table == "a") | .key')
    CHUNK_B=$LOCAL/$(unpacked "$MANIFEST" | jq -r '.objects[] | select(.table == "b") | .key')
    rm -rf "$TEST_TMP/kept"
    cp -r "$LOCAL" "$TEST_TMP/kept"
}
again() { rm -rf "$LOCAL" && cp -r "$TEST_TMP/kept" "$LOCAL"; }

rig_sql t8 'CREATE TABLE precious(a); INSERT INTO precious VALUES (1)'
state() { rig_call GET /t8/time_travel/bookmark | jq -r .result.bookmark; }

# refused WHAT CODES   a restore into a file, into D1 and over what is there: one of these exit codes, and nothing is touched
refused() {
    local before rc target
    before=$(state)
    for target in "sqlite:$TEST_TMP/out.sqlite" d1:test/t8; do
        rc=0
        d1keep restore local/shop --to "$target" --replace --yes-i-mean test/t8 >"$OUT" 2>"$ERR" || rc=$?
        [[ $rc =~ ^($2)$ ]] || { echo "exit $rc: $1 into $target"; show_output; return 1; }
        expect_equal "$(grep -c '^d1keep: error: ' "$ERR")" 1
    done
    [ ! -e "$TEST_TMP/out.sqlite" ]
    expect_equal "$(find "$TEST_TMP" -maxdepth 1 -name 'out.sqlite*')" ''
    expect_equal "$(rig_sql t8 'SELECT * FROM precious; SELECT count(*) FROM sqlite_schema')" $'1\n1'
    expect_equal "$(state)" "$before"
}

# found WHAT   verify says so as well
found() {
    expect_exit 3 d1keep verify local/shop
    refused "$1" 3
}

cut_as_stored() {
    make_shop
    local size i
    size=$(wc -c <"$CHUNK_A")
    for i in {0..15}; do
        again
        head -c $((size * i / 16)) "$TEST_TMP/kept/${CHUNK_A#"$LOCAL/"}" >"$CHUNK_A"
        found "the first $i/16"
    done
}
test_case 'A8 28, A1 #22: a chunk cut at every sixteenth' cut_as_stored

# Packed anew after the cut, so that gzip finds nothing wrong.
cut_inside() {
    make_shop
    local size i at sql=$TEST_TMP/a.sql
    gunzip <"$CHUNK_A" >"$sql"
    size=$(wc -c <"$sql")
    at=$(grep -obUaP '\xe6\x97\xa5' "$sql" | sed -n '1000{s/:.*//p}') # where 日 begins in the middle
    for i in $(for n in {0..15}; do echo $((size * n / 16)); done) $((at + 1)) $((at + 2)) $((at + 6)) $((at + 7)) $((at + 10)) $((size - 1)) $((size - 2)); do
        again
        head -c "$i" "$sql" | gzip >"$CHUNK_A"
        found "the first $i bytes"
    done
}
test_case 'A8 28: a dump cut at every sixteenth, within a character, at a quote, before its last semicolon' cut_inside

other_chunks() {
    make_shop
    cp "$CHUNK_B" "$CHUNK_A"
    found 'a chunk of another table'
    again
    mv "$CHUNK_A" "$TEST_TMP/swap" && mv "$CHUNK_B" "$CHUNK_A" && mv "$TEST_TMP/swap" "$CHUNK_B"
    found 'two chunks exchanged'
    again
    cat "$CHUNK_A" >>"$CHUNK_A.twice" && cat "$CHUNK_A" >>"$CHUNK_A.twice" && mv "$CHUNK_A.twice" "$CHUNK_A"
    found 'a chunk twice'
    again
    { gunzip <"$CHUNK_A" && printf 'ERROR near "default": syntax error\n'; } | gzip >"$TEST_TMP/swap" && mv "$TEST_TMP/swap" "$CHUNK_A"
    found 'a chunk that ends in an error'
    again
    printf 'x' >>"$CHUNK_A"
    found 'a byte behind the gzip member'
    again
    gzip </dev/null >>"$CHUNK_A"
    found 'an empty gzip member behind it'
    again
    gunzip <"$CHUNK_A" | tr a-f A-F | gzip >"$TEST_TMP/swap" && mv "$TEST_TMP/swap" "$CHUNK_A"
    found 'other text of the same length'
    again
    head -c 300000000 /dev/zero | gzip -1 >"$CHUNK_A"
    found 'a gzip bomb'
}
test_case 'A8 28-30, A1 #15, A7: chunks exchanged, repeated, of another table, an error at the end, bytes behind the end, a bomb' other_chunks

# forge SQL-FILE   puts it in the place of table a's chunk, and changes the manifest so that every hash fits: what only a
# signature prevents (12-sign.sh). It must still not become a database that looks restored.
forge() {
    local hash key
    hash=$(sha256sum <"$1" | cut -d' ' -f1)
    key=data/a/${hash:0:32}.sql.gz
    gzip -n <"$1" >"$LOCAL/$key"
    unpacked "$TEST_TMP/kept/snapshots/${MANIFEST##*/}" | jq -c --arg key "$key" --arg hash "$hash" --arg stored "$(sha256sum <"$LOCAL/$key" | cut -d' ' -f1)" --argjson bytes "$(wc -c <"$1")" --argjson packed "$(wc -c <"$LOCAL/$key")" \
        '(.objects[] | select(.table == "a")) |= (.key = $key | .sql_sha256 = $hash | .stored_sha256 = $stored | .sql_bytes = $bytes | .stored_bytes = $packed)' \
            >"$MANIFEST"
}
forged() {
    make_shop
    local size i at sql=$TEST_TMP/a.sql
    gunzip <"$CHUNK_A" >"$sql"
    size=$(wc -c <"$sql")
    at=$(grep -obUaP '\xe6\x97\xa5' "$sql" | sed -n '1000{s/:.*//p}')
    for i in $((size / 16)) $((size / 2)) $((at + 1)) $((at + 6)) $((at + 10)); do
        again
        head -c "$i" "$sql" >"$TEST_TMP/forged.sql"
        forge "$TEST_TMP/forged.sql"
        refused "forged, $i bytes" '1|3'
    done
    { cat "$sql" && printf 'ERROR near "default": syntax error\n'; } >"$TEST_TMP/forged.sql"
    again
    forge "$TEST_TMP/forged.sql"
    refused 'forged, an error at its end' '1|3'
    { cat "$sql" && cat "$sql"; } >"$TEST_TMP/forged.sql"
    again
    forge "$TEST_TMP/forged.sql"
    refused 'forged, all rows twice' '1|3'
}
test_case 'A7: damage that the hashes were made to fit: no half database, the D1 as it was' forged

objects_moved() {
    make_shop
    local way
    for way in '.objects += [.objects[] | select(.table == "a")]' '.objects |= map(select(.table != "a"))' \
        '(.objects[] | select(.table == "a")).sql_bytes = 1000' '(.objects[] | select(.table == "a")).sql_bytes = 99999999'; do
        again
        unpacked "$TEST_TMP/kept/snapshots/${MANIFEST##*/}" | jq -c "$way" >"$MANIFEST"
        refused "$way" '1|3'
    done
}
test_case 'A7: a manifest that names a chunk twice, not at all, or with another length' objects_moved

test_done
