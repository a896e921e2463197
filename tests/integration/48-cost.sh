#!/usr/bin/env bash
# What a backup says it cost, and what a month of them will.

. "$(dirname "$0")/../lib.sh"

# shellcheck disable=SC2119 # without flags
rig_start
faults_start
CONF_TEST='schedule = "17 2 * * *"' write_conf
rig_sql t1 "CREATE TABLE t(a); INSERT INTO t VALUES (1), ('two'), (x'03')" >/dev/null
sqlite3 "$TEST_TMP/shop.sqlite" 'CREATE TABLE t(a); INSERT INTO t VALUES (1)'

says_what_it_cost() {
    faults_reset
    expect_exit 0 d1keep backup test/t1
    expect_out "^test/t1   cost: 2 requests, [0-9]+ rows read by D1; bucket: [0-9]+ writes, [0-9]+ reads; \\\$0\.0000[0-9]+ by Cloudflare's list$"
    expect_out " $(requests_seen '^PUT|^GET .*list-type') writes, $(requests_seen '^(GET|HEAD) [^?]*/b1/') reads; "
    expect_exit 0 d1keep backup test/t1 --verify hashes --json
    expect_equal "$(jq -c '.backups[] | [.database, .snapshot.rows, .snapshot.verified, .cost.requests, .cost.rows_read == .snapshot.rows_read, .cost.dollars > 0, .cost.dollars < 0.001]' "$OUT")" \
        '["test/t1",3,"good",2,true,true,true]'
}
test_case 'a backup says what it cost, and counts every request' says_what_it_cost

costs_nothing_locally() {
    expect_exit 0 d1keep backup local/shop
    refuse_match "$OUT" 'cost:'
    expect_exit 0 d1keep backup local/shop --json
    expect_equal "$(jq -c '.backups[].cost' "$OUT")" '{"requests":0,"rows_read":0,"bucket_writes":0,"bucket_reads":0,"bucket_deletes":0,"dollars":0}'
    expect_error 2 '--json and --via-daemon' d1keep backup local/shop --json --via-daemon
}
test_case 'a file in a directory costs nothing, and says nothing of it' costs_nothing_locally

forecasts() {
    expect_exit 0 d1keep estimate test
    # shellcheck disable=SC2016 # a dollar sign
    expect_out '^test/t1 +30 +60 +[0-9]+ +[0-9]+ +[0-9]+ .*\$0\.00[0-9]+$'
    expect_out '^test/t2 +30 +\? +\?'
    # Nothing is known of some, and of t1 how it looks when all of it changes: said.
    expect_out '^7 databases \(test/t2, …\): no snapshot yet, not counted$'
    refuse_match "$OUT" 'first snapshot'
    expect_out '^account "taco": 60 requests; in the busiest five minutes 2 are due, of 100,000 that its budget allows$'
    expect_exit 0 d1keep estimate local --json
    expect_equal "$(jq -c '[.databases[0].database, .databases[0].runs, .databases[0].snapshots_looked_at, (.accounts | length)]' "$OUT")" '["local/shop",0,1,0]'
    expect_exit 0 d1keep estimate test/t1 --json
    expect_equal "$(jq -c '[.databases[0].runs, .databases[0].cost.requests, .accounts[0].busiest_five_minutes, .cost.requests]' "$OUT")" '[30,60,2,60]'
    expect_error 2 'takes no @' d1keep estimate test/t1@latest
}
test_case 'estimate multiplies the last snapshots by the schedule' forecasts

the_first_is_no_measure() {
    rig_sql t2 "CREATE TABLE t(a); INSERT INTO t VALUES (1)" >/dev/null
    expect_exit 0 d1keep backup test/t2
    expect_exit 0 d1keep estimate test/t2
    expect_out '^test/t2: only a first snapshot so far, which stores everything: forecast as if all of it changed for each run$'
    expect_exit 0 d1keep estimate test --json
    expect_equal "$(jq -c '[.databases[:3][] | [.as_if_all_changed, .uploaded_bytes > 0, .cost == null]]' "$OUT")" '[[false,false,false],[true,true,false],[false,false,true]]'
    expect_exit 0 d1keep backup test/t2
    expect_exit 0 d1keep estimate test/t2
    refuse_match "$OUT" 'first snapshot'
    expect_out '^test/t2 +30 +[0-9,]+ +[0-9,]+ +[0-9]+ +[0-9]+ +0 B'
}
test_case 'a first snapshot overestimates, and that is said' the_first_is_no_measure

goes_on_past_a_broken_one() {
    local manifest
    expect_exit 0 d1keep backup local/shop
    manifest=$(find "$TEST_TMP/bucket" -name '*.json' -path '*/snapshots/*' ! -name '*verified*' | sort | tail -1)
    echo '{' >"$manifest"
    expect_error 3 'local/shop' d1keep estimate local
    expect_out '^local/shop '
}
test_case 'a snapshot that cannot be read is told, and the rest is forecast' goes_on_past_a_broken_one

test_done
