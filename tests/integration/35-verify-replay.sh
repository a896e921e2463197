#!/usr/bin/env bash
# verify --replay: a snapshot is rebuilt in a temporary SQLite file, and that file is checked.

. "$(dirname "$0")/../lib.sh"

BUCKET=$TEST_TMP/bucket
SHOP=$BUCKET/local/shop
SOURCE=$TEST_TMP/shop.sqlite
export TMPDIR=$TEST_TMP/scratch
mkdir "$TMPDIR"
cat >"$CONF" <<EOF
state_dir = "$STATE_DIR"
bucket "here" { type = "directory"  path = "$BUCKET" }
environment "local" { bucket = "here"  verify = "none"  database "shop" { source = "sqlite"  path = "$SOURCE" } }
EOF
sqlite3 "$SOURCE" <<'EOF'
CREATE TABLE a(id INTEGER PRIMARY KEY, t TEXT);
CREATE TABLE b(id INTEGER PRIMARY KEY, a REFERENCES a(id));
CREATE INDEX i ON a(t);
CREATE VIRTUAL TABLE f USING fts5(t, content='a', content_rowid='id');
CREATE VIRTUAL TABLE g USING fts5(t);
CREATE VIRTUAL TABLE r USING rtree(id, x0, x1);
INSERT INTO a VALUES(1, 'one'), (2, 'two'), (3, 'three');
INSERT INTO b VALUES(1, 1), (2, 2);
INSERT INTO g VALUES('some words');
INSERT INTO r VALUES(1, 0.5, 1.5);
INSERT INTO f(f) VALUES('rebuild');
EOF

verdict() { jq -cr "$1" "$SHOP"/snapshots/*.verified.json; }
manifest() { echo "$SHOP"/snapshots/*Z.json; }
nothing_left_behind() { expect_equal "$(ls -A "$TMPDIR")" ''; }
# Another snapshot of the same database, alone in the bucket.
fresh_snapshot() {
    rm -rf "$BUCKET"
    d1keep -q backup local/shop >/dev/null
}

good() {
    fresh_snapshot
    expect_exit 0 d1keep verify local/shop@latest --replay
    expect_out '   good, rebuilt   '
    expect_equal "$(verdict '[.how, .good, .problems, .broken_references]')" '["replay",true,[],0]'
    nothing_left_behind
}
test_case 'a good snapshot is rebuilt, and the verdict says how' good

shown() {
    expect_exit 0 d1keep list local/shop
    expect_out ' rebuilt$'
    expect_exit 0 d1keep show local/shop
    expect_out '^verified +rebuilt$'
    expect_equal "$(d1keep list --json | jq -r '.snapshots[0] | .verified, .verified_how')" $'good\nreplay'
    d1keep verify local/shop >/dev/null
    expect_exit 0 d1keep list local/shop
    expect_out ' good$'
}
test_case 'list and show tell a rebuilt one from one whose hashes were checked' shown

broken_references() {
    sqlite3 "$SOURCE" 'INSERT INTO b VALUES(3, 77), (4, 78)'
    fresh_snapshot
    expect_exit 0 d1keep verify local/shop --replay
    expect_err '2 rows refer to rows that are not there; so it was when it was taken'
    expect_equal "$(verdict '[.good, .broken_references]')" '[true,2]'
    sqlite3 "$SOURCE" 'DELETE FROM b WHERE id > 2'
}
test_case 'broken references are told, and are no damage: they were there' broken_references

# What the manifest says is changed (it is not signed here), as if a row had not come back as it was.
differs() { # JQ-EDIT MESSAGE
    fresh_snapshot
    edit_manifest "$(manifest)" jq "$1"
    expect_exit 0 d1keep verify local/shop
    expect_error 3 "$2" d1keep verify local/shop --replay
    expect_equal "$(verdict '[.how, .good, (.damaged | length), (.problems | length)]')" '["replay",false,0,1]'
    nothing_left_behind
    expect_exit 0 d1keep list local/shop
    expect_out ' damaged$'
}
rows_differ() { differs '(.tables[] | select(.name == "a") | .sql_sha256) |= ("0" * 64)' 'table "a" has all its rows, but not all of them are what they were'; }
test_case 'a row that is not what it was is found, though every hash of a chunk is right' rows_differ

count_differs() {
    fresh_snapshot
    # shellcheck disable=SC2016
    edit_manifest "$(manifest)" jq '(.tables[] | select(.name == "a") | .rows) = 4 | (.objects[] | select(.table == "a") | .rows) = 4'
    expect_error 3 'table "a" has 3 rows instead of 4' d1keep verify local/shop --replay
    nothing_left_behind
}
test_case 'a wrong number of rows is found' count_differs

mismatch() {
    sqlite3 "$SOURCE" 'CREATE TABLE loose(t REFERENCES a(t)); INSERT INTO loose VALUES (NULL)'
    fresh_snapshot
    expect_exit 0 d1keep verify local/shop --replay
    expect_err 'its foreign keys cannot be checked'
    expect_equal "$(verdict '[.good, .broken_references]')" '[true,-1]'
    expect_exit 0 d1keep restore local/shop --to "sqlite:$TEST_TMP/mismatch.sqlite"
    expect_err 'warning: the foreign keys cannot be checked: foreign key mismatch'
    sqlite3 "$SOURCE" 'DROP TABLE loose'
}
test_case 'foreign keys that do not fit their parent cannot be checked, and that is said' mismatch

cloudflares_names() {
    sqlite3 "$SOURCE" 'CREATE TABLE _cf_mine(a); INSERT INTO _cf_mine VALUES (1)'
    fresh_snapshot
    expect_exit 0 d1keep verify local/shop --replay
    expect_exit 0 d1keep restore local/shop --to "sqlite:$TEST_TMP/names.sqlite"
    expect_equal "$(sqlite3 "$TEST_TMP/names.sqlite" 'SELECT a FROM _cf_mine')" 1
    sqlite3 "$SOURCE" 'DROP TABLE _cf_mine'
}
test_case 'in a SQLite file a table named _cf_… is one like others' cloudflares_names

damaged_chunk() {
    local chunk
    fresh_snapshot
    for chunk in "$SHOP"/data/a/*.gz "$SHOP"/data/g/*.gz; do printf x >>"$chunk"; done
    expect_exit 3 d1keep verify local/shop --replay
    expect_err 'chunk data/a/'
    expect_err 'chunk data/g/'
    expect_err '2 of [0-9]+ chunks are damaged or missing'
    expect_equal "$(verdict '[.how, .good, (.damaged | length)]')" '["replay",false,2]'
    # For programs; what cannot be looked at is no verdict.
    expect_exit 3 d1keep verify local/shop local/shop@nope --json
    expect_err '^d1keep: hint: back up this database now'
    expect_equal "$(jq -c '.snapshots | [.[0].verified, .[0].verified_how, (.[0].damaged_chunks | length), .[0].took_ms >= 0, .[1].snapshot, .[1].verified, .[1].error.code]' "$OUT")" \
        '["damaged","hashes",2,true,"local/shop@nope",null,"not-found"]'
    rm -rf "$BUCKET"
    d1keep -q backup local/shop >/dev/null
    expect_exit 0 d1keep verify local/shop --replay --json
    expect_equal "$(jq -c '.snapshots[] | [(.snapshot | test("^local/shop@20.*Z$")), .verified, .verified_how, .damaged_chunks, .problems, .broken_references]' "$OUT")" '[true,"good","replay",[],[],0]'
    nothing_left_behind
}
test_case 'all damaged chunks are named, not only the first' damaged_chunk

interrupted() {
    sqlite3 "$SOURCE" "WITH n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) INSERT INTO a SELECT i, hex(randomblob(20)) FROM n"
    fresh_snapshot
    "$D1KEEP" -c "$CONF" -q verify local/shop --replay >"$OUT" 2>"$ERR" &
    scratch_used() { [ -n "$(ls -A "$TMPDIR")" ]; }
    wait_for 10 scratch_used
    kill -TERM $!
    if wait $!; then return 1; fi
    nothing_left_behind
    expect_equal "$(find "$SHOP/snapshots" -name "*.verified.json")" ""
}
test_case 'interrupted: no verdict, and nothing is left behind' interrupted

test_done
