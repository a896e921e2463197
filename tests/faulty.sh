# shellcheck shell=bash disable=SC2034 # used by those who read this
# test/t1, backed up once, for tests that have something go wrong at the next backup. Read it behind lib.sh, rig_start and
# faults_start.

rig_sql t1 "CREATE TABLE usage(id INTEGER PRIMARY KEY, count INTEGER, t TEXT); CREATE TABLE credits(id TEXT PRIMARY KEY, balance INTEGER); CREATE TABLE quiet(a); INSERT INTO quiet VALUES (1);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500) INSERT INTO usage SELECT i, i, hex(randomblob(30)) FROM n; INSERT INTO credits VALUES ('c', 1)"
snapshot() { d1keep show "$1" --json | jq -cr "$2"; } # SNAPSHOT JQ-EXPRESSION
snapshots() { d1keep list test/t1 --json | jq '.snapshots | length'; }
change() { rig_sql t1 "UPDATE usage SET count = count + 1 WHERE id % 100 = 7; UPDATE credits SET balance = balance + 1"; } # chunks to upload
whole() { # all can be listed, and the last few verified
    expect_exit 0 d1keep list test/t1 --json
    cp "$OUT" "$TEST_TMP/listed.json"
    # shellcheck disable=SC2046 # words
    expect_exit 0 d1keep verify $(jq -r '.snapshots[:3][].snapshot' "$TEST_TMP/listed.json")
}
equals_the_original() {
    rm -f "$TEST_TMP/restored.sqlite"
    expect_exit 0 d1keep restore test/t1 --to "sqlite:$TEST_TMP/restored.sqlite"
    expect_same_database "$TEST_TMP/restored.sqlite" "$(rig_file t1)"
}
expect_exit 0 d1keep backup test/t1

# Requests that a fault may meet.
API_CALL='"match": "^POST .*/raw"'
CHUNK='"match": "^PUT .*/data/"'
MANIFEST='"match": "^PUT .*/snapshots/[0-9TZ]+.json$"'
LISTING='"match": "^GET .*list-type"'
GET_MANIFEST='"match": "^GET .*/snapshots/[0-9TZ]+.json$"'
