#!/usr/bin/env bash
# A backup job is killed (SIGKILL) at every point where it writes or deletes something: base/crash.h. After each: every listed
# snapshot comes back, the next run of the same slot succeeds, the slot is answered once, and nothing lies in the bucket that no
# manifest names. In a folder and in R2.

. "$(dirname "$0")/../lib.sh"

# shellcheck disable=SC2119 # flags of the rig, not the test's
rig_start
faults_start
need_crash_programs
expect_exit 0 "$D1KEEP" keygen "$TEST_TMP/sign.pem"
export CONF_VERIFY=replay CONF_ENV='keep_last = 2
    garbage_grace = 0'
CONF_TOP="sign_key = \"file:$TEST_TMP/sign.pem\"
trusted_keys = { \"$TEST_TMP/sign.pem.pub\" }
workers = 1" write_conf
sqlite3 "$TEST_TMP/shop.sqlite" 'CREATE TABLE a(x); CREATE TABLE b(y); INSERT INTO b VALUES (1)'
rig_sql t1 'CREATE TABLE a(x); CREATE TABLE b(y); INSERT INTO b VALUES (1)' >"$OUT"

# ---- the two buckets, looked at without d1keep

object() { # DATABASE KEY
    if [ "$1" = local/shop ]; then cat "$TEST_TMP/bucket/$1/$2"; else rig_object b1 "$1/$2"; fi
}
s3() { curl -sSk --fail --aws-sigv4 aws:amz:auto:s3 --user "$RIG_KEY_ID:$RIG_SECRET_KEY" -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' "$@"; }
keys() { # DATABASE   every object of it, by byte order
    if [ "$1" = local/shop ]; then
        (cd "$TEST_TMP/bucket/$1" && find . -type f ! -name lease.json.tmp-locked -printf '%P\n')
    else
        sqlite3 -readonly -cmd '.timeout 5000' "$RIG_B1" "SELECT substr(key, length('$1/') + 1) FROM _mf_objects WHERE key GLOB '$1/*'"
    fi | LC_ALL=C sort
}
mark() { # DATABASE CHUNK   as a verification does that finds it damaged
    if [ "$1" = local/shop ]; then
        echo now >"$TEST_TMP/bucket/$1/$2.damaged"
    else
        s3 -X PUT --data-binary now "$(rig_fact .s3)/b1/$1/$2.damaged"
    fi
}
# As if the lease had been renewed last long ago.
age_lease() { # DATABASE
    if [ "$1" = local/shop ]; then
        [ ! -e "$TEST_TMP/bucket/$1/lease.json" ] || touch -d '-200 seconds' "$TEST_TMP/bucket/$1/lease.json"
    else
        sqlite3 -cmd '.timeout 5000' "$RIG_B1" "UPDATE _mf_objects SET uploaded = uploaded - 200000 WHERE key = '$1/lease.json'"
    fi
}
change() { # DATABASE
    if [ "$1" = local/shop ]; then
        sqlite3 "$TEST_TMP/shop.sqlite" 'INSERT INTO a VALUES (random())'
    else
        rig_sql t1 'INSERT INTO a VALUES (random())'
    fi
}

# ---- a job, and what must hold after it

# What the manifests name: exactly this lies there, and the lease.
named() { # DATABASE
    local id
    echo lease.json
    for id in $(ids "$1"); do
        object "$1" "snapshots/$id.json" | gunzip >"$TEST_TMP/manifest.${1%%/*}"
        printf 'snapshots/%s\n' "$id.json" "$id.json.sig" "$id.verified.json"
        jq -r '.objects[].key, (.label | select(. != null) | "labels/" + .)' "$TEST_TMP/manifest.${1%%/*}"
        jq -r '"slot " + .slot' "$TEST_TMP/manifest.${1%%/*}" >>"$TEST_TMP/slots.${1%%/*}"
    done
}
ids() { keys "$1" | sed -n 's|^snapshots/\([0-9TZ]*\).json$|\1|p'; }
# prepare DATABASE   new rows, the next slot in $SLOT, and a chunk that is to be stored anew
prepare() {
    local newest
    change "$1" >/dev/null
    SLOTS=$((SLOTS + 1))
    SLOT=$(date -u -d "@$((BEGUN - 86400 + SLOTS * 60))" +%Y-%m-%dT%H:%M:%SZ)
    newest=$(ids "$1" | tail -1)
    mark "$1" "$(object "$1" "snapshots/$newest.json" | gunzip | jq -r '[.objects[] | select(.table == "b")][0].key')"
}
# job PROGRAM DATABASE ARGUMENT…
job() {
    local program=$1 database=$2
    shift 2
    "$program" -c "$CONF" backup "$database" --slot "$SLOT" --prune "$@"
}
is_whole() { # DATABASE   what a person would see now
    local id
    for id in $(ids "$1"); do "$D1KEEP" -c "$CONF" verify --replay "$1@$id"; done
}
is_clean() { # DATABASE   exactly what the manifests name, and the slot once
    : >"$TEST_TMP/slots.${1%%/*}"
    named "$1" | LC_ALL=C sort -u >"$TEST_TMP/named.${1%%/*}"
    keys "$1" >"$TEST_TMP/keys.${1%%/*}"
    expect_same_file "$TEST_TMP/keys.${1%%/*}" "$TEST_TMP/named.${1%%/*}"
    expect_equal "$(grep -c "slot $SLOT" "$TEST_TMP/slots.${1%%/*}")" 1
}
# killed_at DATABASE POINT [ARGUMENT…]
killed_at() {
    local database=$1 point=$2 rc=0
    shift 2
    prepare "$database"
    D1KEEP_CRASH_AT=$point job "$CRASH_D1KEEP" "$database" "$@" || rc=$?
    expect_equal "$point $rc" "$point 137"
    is_whole "$database"
    age_lease "$database"
    job "$D1KEEP" "$database" "$@" # which verifies what it took
    is_clean "$database"
}
# The points of a whole job, each with its number: "chunk.before-put:2".
points_of() { # DATABASE
    prepare "$1"
    rm -f "$TEST_TMP/points.${1%%/*}"
    D1KEEP_CRASH_LOG=$TEST_TMP/points.${1%%/*} job "$CRASH_D1KEEP" "$1" --label "listed-$SLOTS"
    awk '{ print $1 ":" ++n[$1] }' "$TEST_TMP/points.${1%%/*}" >"$TEST_TMP/numbered.${1%%/*}"
}
# matrix DATABASE   prints a line for each point; the first failure ends it
matrix() {
    local point label
    set -eE
    trap test_failed_here ERR
    BEGUN=$(date +%s) SLOTS=0
    SLOT=$(date -u -d "@$((BEGUN - 86400))" +%Y-%m-%dT%H:%M:%SZ)
    job "$D1KEEP" "$1"
    for _ in 1 2; do
        prepare "$1"
        job "$D1KEEP" "$1"
    done
    points_of "$1"
    is_clean "$1"
    while read -r point; do
        # Labels exempt from pruning: where the label does not matter, none is given, and there is something to delete.
        label=()
        [[ $point != *-label:* ]] || label=(--label "killed-$SLOTS")
        echo "== $point"
        killed_at "$1" "$point" "${label[@]}"
    done <"$TEST_TMP/numbered.${1%%/*}"
    echo "== end"
}

RIG_B1=
find_bucket() {
    s3 -X PUT --data-binary x "$(rig_fact .s3)/b1/marker-of-this-test"
    for RIG_B1 in "$RIG_DIR"/v3/r2/miniflare-R2BucketObject/*.sqlite; do
        [ -z "$(sqlite3 "$RIG_B1" "SELECT 1 FROM _mf_objects WHERE key = 'marker-of-this-test'" 2>/dev/null)" ] || return 0
    done
    return 1
}
find_bucket || { echo "the rig's bucket is not there"; exit 1; }

matrix local/shop >"$TEST_TMP/matrix.local" 2>&1 &
folder=$!
matrix test/t1 >"$TEST_TMP/matrix.test" 2>&1 &
wait "$folder" || true
wait $! || true

survives() { # DATABASE
    local log=$TEST_TMP/matrix.${1%%/*}
    [ "$(tail -1 "$log")" = '== end' ] || { tail -40 "$log"; return 1; }
    # Nothing of a job is left out: the points that every job passes.
    for point in lease.{before,after}-{acquire,release} chunk.{before,after}-put publish.begin \
        publish.{before,after}-{signature,label,manifest} verdict.{before,after}-put mark.{before,after}-remove delete.{before,after}; do
        grep -q "^$point:" "$TEST_TMP/numbered.${1%%/*}" || { echo "not passed: $point"; return 1; }
    done
    refuse_match "$log" 'Sanitizer|runtime error'
    echo "$(wc -l <"$TEST_TMP/numbered.${1%%/*}") points"
}
# A verification that finds damage, killed when it notes that: the next backup finds it, and mends it.
dies_marking() { # POINT
    local chunk rc=0
    BEGUN=$(date +%s) SLOTS=0
    chunk=$(object local/shop "snapshots/$(ids local/shop | tail -1).json" | gunzip | jq -r '[.objects[] | select(.table == "b")][0].key')
    printf '####' | dd of="$TEST_TMP/bucket/local/shop/$chunk" bs=1 seek=20 conv=notrunc status=none
    D1KEEP_CRASH_AT=$1 "$CRASH_D1KEEP" -c "$CONF" verify local/shop || rc=$?
    expect_equal "$rc" 137
    # Seen by the backup itself where the mark was not written yet.
    rc=0
    d1keep backup local/shop || rc=$?
    [ "$rc" -eq "$([ "$1" = mark.before-put ] && echo 3 || echo 0)" ]
    expect_exit 0 d1keep backup local/shop
    expect_exit 0 d1keep verify --replay local/shop
    [ ! -e "$TEST_TMP/bucket/local/shop/$chunk.damaged" ]
}

# The API answers slowly, and the lease is renewed meanwhile.
dies_renewing() { # POINT
    local rc=0 before
    before=$(ids test/t1 | wc -l)
    write_conf # through the proxy
    faults_reset
    fault '{"match": "^POST .*/raw", "kind": "hook", "delay_ms": 1500}'
    D1KEEP_LEASE_TTL=1 D1KEEP_CRASH_AT=$1 "$CRASH_D1KEEP" -c "$CONF" backup test/t1 || rc=$?
    expect_equal "$rc" 137
    faults_reset
    expect_equal "$(ids test/t1 | wc -l)" "$before"
    expect_exit 0 d1keep backup test/t1 --wait 30
    expect_equal "$(ids test/t1 | wc -l)" $((before + 1))
}

test_case 'a folder: killed at every point' survives local/shop
test_case 'R2: killed at every point' survives test/t1
for point in mark.before-put mark.after-put; do
    test_case "a verification killed at $point" dies_marking "$point"
done
for point in lease.before-renew lease.after-renew; do
    test_case "killed at $point: followed when the lease expires" dies_renewing "$point"
done

test_done
