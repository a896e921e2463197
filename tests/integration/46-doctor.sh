#!/usr/bin/env bash
# d1keep doctor: all that a backup needs is tried, and each thing that is wrong is found and has its remedy. Provoked are a
# wrong token and secret, a clock that is off, a bucket that refuses or loses a delete, one that knows no conditions,
# directories that cannot be written, snapshots that are old, damaged or missing.
. "$(dirname "$0")/../lib.sh"

# shellcheck disable=SC2119 # no options
rig_start
faults_start
export D1KEEP_CONFIG=$CONF
TMPDIR=$TEST_TMP/tmp
mkdir "$TMPDIR"
export TMPDIR
"$D1KEEP" keygen "$TEST_TMP/sign.pem" >"$TEST_TMP/sign.lines" 2>/dev/null
CONF_TOP=$(cat "$TEST_TMP/sign.lines")
CONF_PRODUCTION='schedule = "17 2 * * *" max_age = "26h"'
write_conf
# A few databases only: each finding is looked for by name.
few() { sed -i '/^environment "test"/,/^}/d' "$CONF"; }
few
sqlite3 "$TEST_TMP/shop.sqlite" 'CREATE TABLE t (a); INSERT INTO t VALUES (1)'

# Objects below .doctor/, in the directory and in the rig's buckets.
probes_left() {
    local file
    find "$TEST_TMP/bucket" -path '*.doctor*' -type f
    for file in "$RIG_DIR"/v3/r2/*/*.sqlite; do
        ! sqlite3 "$file" '.tables' | grep -q _mf_objects || sqlite3 "$file" "SELECT key FROM _mf_objects WHERE key LIKE '%.doctor/%'"
    done
}

# finds LEVEL SUBJECT CHECK MESSAGE-REGEX REMEDY-REGEX   in the report in $OUT
finds() {
    expect_match "$OUT" "^$1 +$2: $3: .*($4)"
    if [ -n "${5:-}" ]; then
        grep -EA1 "^$1 +$2: $3: " "$OUT" >"$TEST_TMP/found"
        expect_match "$TEST_TMP/found" "remedy: .*($5)"
    fi
}

finds_nothing_wrong() {
    local database
    for database in production/auth production/billing; do
        rig_sql "${database/\//-}" 'CREATE TABLE t (a)'
        expect_exit 0 d1keep backup "$database"
        expect_exit 0 d1keep verify "$database"
    done
    expect_exit 0 d1keep doctor production
    finds good configuration files 'nobody else'
    finds good configuration signing 'is trusted'
    finds good 'account taco' token 'may read'
    finds good 'account taco' clock 'within 5 minutes'
    finds good 'account taco' budget 'requests could go out'
    finds good 'bucket taco-backups' objects 'written, read, not overwritten, replaced, listed, deleted'
    finds good 'bucket taco-backups' clock 'within'
    finds good 'database production/auth' reading 'answers'
    finds good 'database production/auth' age 'old$'
    finds good state_dir room 'free at'
    finds good TMPDIR room 'free at'
    # Nobody runs the daemon here, and production has a schedule: worth a word, but nothing is wrong.
    finds warning daemon running 'no d1keepd works' 'systemctl enable'
    expect_out '^0 problems, 1 warning, '
    # Only what was asked for.
    refuse_match "$OUT" 'staging|local'
    expect_equal "$(probes_left)" ''
}
test_case 'when nothing is wrong' finds_nothing_wrong

# All of the configuration: the local database, and staging without a snapshot, which nothing promises.
is_a_document_of_all() {
    expect_exit 0 d1keep doctor --json
    jq -e '.problems == 0 and .warnings == 4' "$OUT"
    jq -e '[.findings[] | select(.check == "age" and .finding == "warning") | .subject] ==
        ["database staging/auth", "database staging/billing", "database local/shop"]' "$OUT"
    jq -e 'all(.findings[]; (.finding == "good") == (.remedy == null))' "$OUT"
    jq -e 'any(.findings[]; .subject == "bucket here" and .check == "room")' "$OUT"
    expect_equal "$(probes_left)" ''
}
test_case 'as one document, each warning with its remedy' is_a_document_of_all

finds_a_wrong_token() {
    write_secret "$TEST_TMP/token" wrong
    expect_exit 1 d1keep doctor production/auth
    finds problem 'account taco' token 'refused the API token' 'D1'
    # Said once: what needs the token is not tried.
    refuse_match "$OUT" 'production/auth: reading'
    finds good 'bucket taco-backups' objects 'written'
    rm "$TEST_TMP/token"
    expect_exit 1 d1keep doctor production/auth
    finds problem 'account taco' token 'token' 'api_token'
    finds problem configuration files 'api_token'
    write_secret "$TEST_TMP/token" "$RIG_TOKEN"
    chmod 644 "$TEST_TMP/token"
    expect_exit 1 d1keep doctor production/auth
    finds problem configuration files 'api_token' 'chmod 600'
    chmod 600 "$TEST_TMP/token"
}
test_case 'a token that is wrong, missing, or readable by others' finds_a_wrong_token

finds_wrong_keys() {
    write_secret "$TEST_TMP/s3.secret" wrong
    expect_exit 1 d1keep doctor production/auth
    finds problem 'bucket taco-backups' write 'secret access key is wrong' 'SHA-256'
    refuse_match "$OUT" 'production/auth: age'
    finds good 'database production/auth' reading answers
    write_secret "$TEST_TMP/s3.secret" "$RIG_SECRET_KEY"
    sed -i 's/^bucket "taco-backups" {/&\n    bucket = "nowhere"/' "$CONF"
    expect_exit 1 d1keep doctor production/auth
    finds problem 'bucket taco-backups' write 'has no bucket "nowhere"' 'bucket create'
    write_conf
    few
}
test_case 'a wrong secret, and a bucket that is not there' finds_wrong_keys

finds_a_clock_that_is_off() {
    fault '{"match": "^GET .*/d1/database/", "kind": "patch", "headers": {"date": "Sun, 22 Nov 2026 02:17:00 GMT"}, "times": -1}'
    expect_exit 1 d1keep doctor production/auth
    finds problem 'account taco' clock 'ahead of the server' 'timedatectl'
    faults_reset
    # The machine's own, as far off as signatures do not bear.
    expect_exit 1 faketime -f -20m env DONT_FAKE_MONOTONIC=1 "$D1KEEP" doctor production/auth
    finds problem 'bucket taco-backups' write 'clock is off by (19|20) minutes' 'timedatectl'
    finds problem 'bucket taco-backups' clock '(19|20) min.* behind'
    expect_exit 1 faketime -f +7m env DONT_FAKE_MONOTONIC=1 "$D1KEEP" doctor production/auth
    finds problem 'bucket taco-backups' clock '7 min.*ahead|6 min.*ahead'
    finds good 'bucket taco-backups' objects written
    expect_equal "$(probes_left)" ''
}
test_case 'a clock that is off' finds_a_clock_that_is_off

# A bucket that does not do what is asked. Nothing stays behind unless it is the very delete that fails.
finds_what_a_bucket_does_not_do() {
    fault '{"match": "^DELETE .*\\.doctor", "kind": "answer", "status": 403, "text": "<Error><Code>AccessDenied</Code></Error>", "times": -1}'
    expect_exit 1 d1keep doctor production/auth
    finds problem 'bucket taco-backups' delete 'may not do this' 'Object Read & Write'
    refuse_match "$OUT" 'taco-backups: objects'
    faults_reset
    fault '{"match": "^DELETE .*\\.doctor", "kind": "answer", "status": 204, "text": "", "times": -1}'
    expect_exit 1 d1keep doctor production/auth
    finds problem 'bucket taco-backups' delete 'still there|is there'
    faults_reset
    fault '{"match": "^DELETE .*\\.doctor", "kind": "answer", "status": 403, "text": "<Error><Code>ObjectLockedByBucketPolicy</Code></Error>", "times": -1}'
    expect_exit 0 d1keep doctor production/auth
    finds warning 'bucket taco-backups' delete 'lock rule' 'lock'
    faults_reset
    expect_equal "$(probes_left | wc -l)" 3
    fault '{"match": "^PUT .*\\.doctor", "kind": "answer", "status": 501, "text": "<Error><Code>NotImplemented</Code></Error>", "skip": 2, "times": -1}'
    expect_exit 1 d1keep doctor production/auth
    finds problem 'bucket taco-backups' If-Match 'only in place of' 'conditional writes'
    faults_reset
    fault '{"match": "^PUT .*\\.doctor", "kind": "answer", "status": 200, "text": "", "headers": {"etag": "\"0cc175b9c0f1b6a831c399e269772661\""}, "skip": 1, "times": 1}'
    expect_exit 1 d1keep doctor production/auth
    finds problem 'bucket taco-backups' If-None-Match 'where one is already' 'conditional writes'
    faults_reset
    fault '{"match": "^PUT .*\\.doctor", "kind": "answer", "status": 403, "text": "<Error><Code>AccessDenied</Code></Error>", "times": -1}'
    expect_exit 1 d1keep doctor production/auth
    finds problem 'bucket taco-backups' write 'may not do this' 'Object Read & Write'
    faults_reset
    expect_equal "$(probes_left | wc -l)" 3
}
test_case 'a bucket that refuses, loses, or knows no conditions' finds_what_a_bucket_does_not_do

# What was left an hour ago and more goes; a directory tells the age by the file.
clears_what_an_earlier_one_left() {
    mkdir -p "$TEST_TMP/bucket/.doctor"
    echo old >"$TEST_TMP/bucket/.doctor/0123456789abcdef"
    touch -d '2 hours ago' "$TEST_TMP/bucket/.doctor/0123456789abcdef"
    echo new >"$TEST_TMP/bucket/.doctor/fedcba9876543210"
    expect_exit 0 d1keep doctor local
    [ ! -e "$TEST_TMP/bucket/.doctor/0123456789abcdef" ]
    [ -e "$TEST_TMP/bucket/.doctor/fedcba9876543210" ]
    rm "$TEST_TMP/bucket/.doctor/fedcba9876543210"
    expect_equal "$(find "$TEST_TMP/bucket" -type f)" ''
}
test_case 'what a doctor that was killed left is cleared' clears_what_an_earlier_one_left

finds_folders_that_cannot_be_used() {
    echo 'no folder' >"$TEST_TMP/file"
    mv "$TEST_TMP/bucket" "$TEST_TMP/bucket.away"
    echo 'no folder' >"$TEST_TMP/bucket"
    expect_exit 1 d1keep doctor local
    finds problem configuration files 'path: .* is not a folder'
    finds problem 'bucket here' open 'is not a folder' 'name a folder'
    rm "$TEST_TMP/bucket"
    mv "$TEST_TMP/bucket.away" "$TEST_TMP/bucket"
    expect_exit 1 env TMPDIR="$TEST_TMP/file" "$D1KEEP" doctor local
    finds problem TMPDIR room 'Not a directory' 'TMPDIR names'
    # Root may write everywhere, so a directory that nobody may is looked at as another.
    [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null || return 0
    rm -rf "$TEST_TMP/bucket/.doctor"
    chmod 755 "$TEST_TMP"
    chown -R 65534 "$TEST_TMP"/{bucket,state,tmp,token,s3.id,s3.secret,sign.pem,shop.sqlite}
    chmod 500 "$TEST_TMP/bucket"
    expect_exit 1 setpriv --reuid 65534 --clear-groups "$D1KEEP" doctor local
    finds problem 'bucket here' write 'Permission denied|cannot create' '.'
    chown -R 0 "$TEST_TMP"/{bucket,state,tmp,token,s3.id,s3.secret,sign.pem,shop.sqlite}
    chmod 700 "$TEST_TMP/bucket"
}
test_case 'a directory that is none, or cannot be written' finds_folders_that_cannot_be_used

finds_snapshots_that_are_old_or_damaged() {
    sed -i 's/^environment "local" {/&\n    max_age = "26h"/' "$CONF"
    expect_exit 0 d1keep backup local/shop
    expect_exit 1 d1keep doctor local
    finds problem 'database local/shop' age 'none of its 1 snapshots is known to be good' 'verify'
    expect_exit 0 d1keep verify local/shop --replay
    expect_exit 0 d1keep doctor local
    finds good 'database local/shop' age 'old$'
    expect_exit 1 faketime -f +3d env DONT_FAKE_MONOTONIC=1 "$D1KEEP" doctor local
    finds problem 'database local/shop' age '3 d old, and may be 1 d 2 h' 'd1keep status'
    expect_exit 1 faketime -f -3d env DONT_FAKE_MONOTONIC=1 "$D1KEEP" doctor local
    finds problem 'database local/shop' age 'from the future' 'clock'
    # No verified one: a schedule promises that there is.
    sed -i 's/^environment "staging" {/&\n    schedule = "@daily"/' "$CONF"
    expect_exit 1 d1keep doctor staging/auth
    finds problem 'database staging/auth' age 'has no snapshot' 'd1keep backup'
    write_conf
    few
    printf ' ' >>"$(find "$TEST_TMP/bucket" -name '*Z.json')"
    expect_exit 1 d1keep doctor local
    finds problem 'database local/shop' manifests '1 of the newest 1 cannot be used' '.'
}
test_case 'snapshots that are old, missing, damaged' finds_snapshots_that_are_old_or_damaged

finds_what_is_wrong_with_keys_and_daemon() {
    "$D1KEEP" keygen "$TEST_TMP/other.pem" >"$TEST_TMP/other.lines" 2>/dev/null
    CONF_TOP=$(grep sign_key "$TEST_TMP/sign.lines"; grep trusted "$TEST_TMP/other.lines")
    write_conf
    few
    expect_exit 1 d1keep doctor local
    finds problem configuration signing 'not among trusted_keys' 'add'
    CONF_TOP=''
    write_conf
    few
    d1keep doctor local >"$OUT" 2>"$ERR" || true
    finds warning configuration signing 'not signed' 'keygen'
    mkdir -p "$STATE_DIR"
    echo 'this is no database, but it is long enough to be looked at as one' >"$STATE_DIR/state.db"
    expect_exit 1 d1keep doctor local
    finds problem daemon state '.' 'restart d1keepd'
    rm "$STATE_DIR/state.db"
    expect_error 2 'doctor takes' "$D1KEEP" doctor local/shop@latest
    expect_error 2 'names no' "$D1KEEP" doctor nowhere
}
test_case 'keys that do not fit, a damaged state file' finds_what_is_wrong_with_keys_and_daemon

daemon_answers() { expect_exit 0 d1keep doctor local && grep -q '^good *daemon: version: ' "$OUT"; }
asks_the_daemon() {
    CONF_TOP=$(cat "$TEST_TMP/sign.lines")
    write_conf
    few
    rm -rf "$TEST_TMP/bucket"
    start_background "$TEST_TMP/d1keepd.log" "$D1KEEPD" -c "$CONF" --foreground
    wait_for 20 daemon_answers
    finds good daemon running 'd1keepd works in'
    finds good daemon state 'can be read'
    end_process "$BACKGROUND_PID"
}
test_case 'a daemon that runs, and its version' asks_the_daemon

test_done
