#!/usr/bin/env bash
# What is kept and what goes: prune, pin, remove. What stays comes back whole, whatever the bucket does to a delete.

. "$(dirname "$0")/../lib.sh"

KEY=$TEST_TMP/sign.pem

# ---- a directory bucket, and a year of snapshots

SHOP=$TEST_TMP/bucket/local/shop

conf() { # POLICY-LINES [TOP-LINES]
    cat >"$CONF" <<END
state_dir = "$STATE_DIR"
${2:-}
bucket "here" { type = "directory"  path = "$TEST_TMP/bucket" }
environment "local" {
    bucket = "here"
    verify = "none"
    $1
    database "shop" { source = "sqlite"  path = "$TEST_TMP/shop.sqlite" }
}
environment "production" {
    bucket = "here"
    verify = "none"
    database "shop" { source = "sqlite"  path = "$TEST_TMP/shop.sqlite" }
}
END
}

compact() { printf '%(%Y%m%dT%H%M%SZ)T' "$1"; } # UNIX-TIME
moment() { printf '%(%Y-%m-%dT%H:%M:%SZ)T' "$1"; }
tree() { (cd "$TEST_TMP/bucket" && find . -type f ! -name 'lease.json*' -exec sha256sum {} + | sort -k2); }
ids() { d1keep list local/shop --json | jq -r '.snapshots[].id'; } # newest first
fate() { jq -r --arg id "$2" '.databases[0].snapshots[] | select(.id == $id) | "\(if .removed then "removed" else "kept" end): \(.reasons | join(", "))"' "$1"; } # JSON ID
change() { sqlite3 "$TEST_TMP/shop.sqlite" "INSERT INTO t(a) VALUES (hex(randomblob(20)))"; }

# take_one TIME   a snapshot of the file as it is, as if it had been taken then (it is not signed)
take_one() {
    local id stamp
    id=$(compact "$1")
    change
    stamp=$(d1keep backup local/shop | sed -E 's/^[^@]*@([^ ]*) .*/\1/; s/[-:]//g')
    unpacked "$SHOP/snapshots/$stamp.json" | sed "s/\"$stamp\"/\"$id\"/" | gzip >"$SHOP/snapshots/$id.json"
    rm "$SHOP/snapshots/$stamp.json"
}

# Every snapshot that is listed can be rebuilt.
all_come_back() { # DATABASE
    expect_exit 0 d1keep list "$1" --json
    cp "$OUT" "$TEST_TMP/listed.json"
    # shellcheck disable=SC2046 # words
    expect_exit 0 d1keep verify --replay $(jq -r '.snapshots[].snapshot' "$TEST_TMP/listed.json")
}

# Nothing lies in the folder but what the listed snapshots are made of.
no_garbage() {
    (
        cd "$SHOP"
        cat snapshots/*Z.json | gunzip | jq -r '.objects[].key'
        for id in $(ids); do printf 'snapshots/%s\n' "$id.json" "$id.json.sig" "$id.verified.json" "$id.pinned.json"; done
        echo lease.json
    ) | sort -u >"$TEST_TMP/known"
    (cd "$SHOP" && find . -type f ! -name '*.tmp-locked' | sed 's/^..//') | sort >"$TEST_TMP/there"
    expect_equal "$(comm -13 "$TEST_TMP/known" "$TEST_TMP/there")" ''
}

sqlite3 "$TEST_TMP/shop.sqlite" "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t(a) VALUES ('x')"
conf ''
NOW=$EPOCHSECONDS
DAY=86400
NOON=$((NOW / DAY * DAY + 12 * 3600))
noon() { echo $((NOON - $1 * DAY)); } # so many days ago

a_year() { # noon of each of the last 400 days, and four times today; a few of them with chunks of their own
    local day first id
    first=$(compact "$(noon 400)")
    for day in 400 90 9 3 2; do take_one "$(noon "$day")"; done
    for ((day = 399; day > 1; day--)); do
        id=$(compact "$(noon "$day")")
        [ -e "$SHOP/snapshots/$id.json" ] || unpacked "$SHOP/snapshots/$first.json" | sed "s/\"$first\"/\"$id\"/" | gzip >"$SHOP/snapshots/$id.json"
    done
    for ago in 9000 6000 3000 60; do take_one $((NOW - ago)); done
    expect_equal "$(ids | wc -l)" 403
}
test_case 'a year of snapshots' a_year

dry_run_explains() {
    tree >"$TEST_TMP/before"
    conf 'keep_last = 2 keep_daily = 7 keep_weekly = 4 keep_monthly = 12'
    expect_exit 0 d1keep prune local/shop --dry-run
    expect_out '^SNAPSHOT +LABEL +AGE +SIZE +VERIFIED +FATE +WHY$'
    expect_out "^local/shop@$(moment "$(noon 3)") +- +[0-9]+ . +[0-9]+ B +no +keep +.*daily [0-9]/7 \($(date -u -d "@$(noon 3)" +%F)\)"
    expect_out "^local/shop@$(moment "$(noon 399)") .* remove +no rule names it$"
    expect_out '^local/shop: [0-9]+ snapshots would be removed, [0-9]+ kept; '
    expect_equal "$(wc -c <"$ERR")" 0
    expect_exit 0 d1keep prune local/shop --dry-run --json
    jq -e '.databases[0] | .database == "local/shop" and .dry_run and .kept + .removed == 403 and (.snapshots | length) == 403 and .blocked == null and (.snapshots | all(.reasons | length > 0))' "$OUT"
    jq -r '.databases[0].snapshots[] | select(.removed | not) | .id' "$OUT" >"$TEST_TMP/to-keep"
    jq -r '.databases[0] | "\(.removed_objects) \(.freed_bytes)"' "$OUT" >"$TEST_TMP/expected-sizes"
    tree >"$TEST_TMP/after"
    expect_same_file "$TEST_TMP/after" "$TEST_TMP/before"
}
test_case 'prune --dry-run explains each, and touches nothing' dry_run_explains

prunes() {
    local bytes
    bytes=$(du -sb "$SHOP" | cut -f1)
    expect_exit 0 d1keep prune local/shop --json
    expect_equal "$(jq -r '.databases[0] | "\(.removed_objects) \(.freed_bytes)"' "$OUT")" "$(cat "$TEST_TMP/expected-sizes")"
    expect_equal "$(ids)" "$(cat "$TEST_TMP/to-keep")"
    # 2 last, 7 days, 4 weeks, 12 months: some are the same.
    [ "$(ids | wc -l)" -le 23 ] && [ "$(ids | wc -l)" -ge 18 ]
    [ "$(du -sb "$SHOP" | cut -f1)" -lt "$bytes" ]
    all_come_back local/shop
    no_garbage
    tree >"$TEST_TMP/before"
    expect_exit 0 d1keep prune
    expect_out '^local/shop: 0 snapshots removed, [0-9]+ kept; 0 objects, 0 B freed$'
    tree >"$TEST_TMP/after"
    expect_same_file "$TEST_TMP/after" "$TEST_TMP/before"
}
test_case 'prune does what it said; what is left comes back; twice is once' prunes

# ---- failing runs

damaged_newest() {
    local id chunk
    conf 'keep_last = 1'
    change
    expect_exit 0 d1keep backup local/shop
    id=$(ids | head -1)
    chunk=$(unpacked "$SHOP/snapshots/$id.json" | jq -r '.objects[] | select(.kind == "rows").key' | tail -1)
    echo rubbish >"$SHOP/$chunk"
    expect_exit 3 d1keep verify local/shop
    tree >"$TEST_TMP/before"
    expect_exit 0 d1keep prune local/shop
    expect_err '^d1keep: warning: local/shop: nothing is removed while the newest snapshot is one that is damaged$'
    expect_out "^local/shop@.* kept +.*nothing is removed while the newest snapshot is one that is damaged"
    expect_out '^local/shop: 0 snapshots removed, '
    tree >"$TEST_TMP/after"
    expect_same_file "$TEST_TMP/after" "$TEST_TMP/before"
    # It ends: the damaged one goes, and all the others that no rule names.
    change
    expect_exit 0 d1keep backup local/shop
    expect_exit 0 d1keep verify --replay local/shop
    expect_exit 0 d1keep prune local/shop --json
    expect_equal "$(fate "$OUT" "$id")" 'removed: damaged, and a newer one is good'
    expect_equal "$(ids | wc -l)" 1
    all_come_back local/shop
}
test_case 'while the newest is damaged nothing goes' damaged_newest

is_over() { [[ $(compact "$EPOCHSECONDS") > $1 ]]; } # ID   its second
failed_run() { # as d1keepd notes it
    conf 'keep_last = 1'
    for _ in 1 2; do change; expect_exit 0 d1keep backup local/shop; done
    conf 'keep_last = 1 schedule = "* * * * *" retries = 0'
    wait_for 5 is_over "$(ids | head -1)"
    mv "$TEST_TMP/shop.sqlite" "$TEST_TMP/away.sqlite"
    "$D1KEEPD" -c "$CONF" --once >"$TEST_TMP/once" 2>&1 || true
    mv "$TEST_TMP/away.sqlite" "$TEST_TMP/shop.sqlite"
    expect_match "$TEST_TMP/once" 'local/shop.*(fail|error)'
    expect_exit 0 d1keep prune local/shop
    expect_err 'warning: local/shop: nothing is removed while the last backup is one that failed'
    expect_equal "$(ids | wc -l)" 3
    conf 'keep_last = 1'
    wait_for 5 is_over "$(compact "$EPOCHSECONDS")"
    expect_exit 0 d1keep backup local/shop # by hand: it is newer than the failure
    expect_exit 0 d1keep prune local/shop
    expect_equal "$(ids | wc -l)" 2 # the newest, and the newest that is known to be good
    expect_exit 0 d1keep verify local/shop
    expect_exit 0 d1keep prune local/shop
    expect_equal "$(ids | wc -l)" 1
}
test_case 'while the last run of the daemon failed nothing goes' failed_run

# ---- garbage

HEX=0123456789abcdef0123456789abcdef
garbage() {
    conf 'keep_last = 5'
    mkdir -p "$SHOP/labels" "$SHOP/data/t"
    for n in 1 2; do echo "$n" >"$SHOP/data/t/${n}${HEX:1}.sql.gz"; done
    echo mark >"$SHOP/data/t/3${HEX:1}.sql.gz.damaged"
    echo sig >"$SHOP/snapshots/20260101T000000Z.json.sig"
    printf 20260101T000000Z >"$SHOP/labels/forgotten"
    echo half >"$SHOP/data/t/4${HEX:1}.sql.gz.tmp-aB3dE6" # of a backup that was killed
    touch -d '25 hours ago' "$SHOP/data/t/1${HEX:1}.sql.gz" "$SHOP/data/t/3${HEX:1}.sql.gz.damaged" \
        "$SHOP/snapshots/20260101T000000Z.json.sig" "$SHOP/labels/forgotten" "$SHOP/data/t/4${HEX:1}.sql.gz.tmp-aB3dE6"
    echo mine >"$SHOP/notes.txt"
    touch -d '1 year ago' "$SHOP/notes.txt" "$SHOP"/data/*/*.gz
    touch "$SHOP/data/t/2${HEX:1}.sql.gz"
    expect_exit 0 d1keep prune local/shop
    expect_out '; 5 objects, .* freed, of which 5 were garbage \([0-9]+ B\); 1 object of garbage is not old enough yet$'
    expect_err "warning: local/shop: 1 object is none of d1keep's, and is left alone: notes.txt"
    [ ! -e "$SHOP/data/t/1${HEX:1}.sql.gz" ]
    [ -e "$SHOP/data/t/2${HEX:1}.sql.gz" ]
    [ -e "$SHOP/notes.txt" ]
    all_come_back local/shop
    conf 'keep_last = 5 garbage_grace = 0'
    rm "$SHOP/notes.txt"
    expect_exit 0 d1keep prune local/shop
    [ ! -e "$SHOP/data/t/2${HEX:1}.sql.gz" ]
    no_garbage
    all_come_back local/shop
}
test_case 'garbage goes when it is old enough; what is not ours stays' garbage

# ---- pins and labels

pins() {
    local old labelled
    conf 'timezone = "America/New_York"'
    old=$(ids | tail -1)
    change
    expect_exit 0 d1keep backup local/shop --label before-0004
    labelled=$(ids | head -1)
    for _ in 1 2; do change; expect_exit 0 d1keep backup local/shop; done
    expect_exit 0 d1keep pin "local/shop@$old" --until 2099-12-31
    expect_out "^local/shop@[^ ]+   pinned until 2100-01-01T04:59:59Z$"
    jq -e '.until == "2100-01-01T04:59:59Z" and (.at | length) == 20' "$SHOP/snapshots/$old.pinned.json"
    expect_exit 0 d1keep list local/shop
    expect_out '^SNAPSHOT +LABEL +PINNED +AGE '
    expect_out ' - +until 2100-01-01T04:59:59Z +[0-9]+ '
    expect_equal "$(d1keep show "local/shop@$old" --json | jq -c '[.pinned, .pin_ends_at]')" '[true,"2100-01-01T04:59:59Z"]'
    expect_exit 0 d1keep pin "local/shop@$old"
    expect_exit 0 d1keep show "local/shop@$old"
    expect_out '^pinned +yes$'
    expect_exit 0 d1keep verify local/shop
    conf 'keep_last = 1'
    expect_exit 0 d1keep prune local/shop --json
    expect_equal "$(fate "$OUT" "$old")" 'kept: pinned'
    expect_equal "$(fate "$OUT" "$labelled")" 'kept: labelled'
    expect_equal "$(ids | wc -l)" 3
    # A pin that has run out is none.
    sed -i 's/null/"2026-01-01T00:00:00Z"/' "$SHOP/snapshots/$old.pinned.json"
    expect_exit 0 d1keep list local/shop
    refuse_match "$OUT" PINNED
    expect_exit 0 d1keep prune local/shop --json
    expect_equal "$(fate "$OUT" "$old")" 'removed: no rule names it'
    expect_exit 0 d1keep pin local/shop
    expect_exit 0 d1keep unpin local/shop local/shop
    expect_equal "$(find "$SHOP" -name '*.pinned.json')" ''
    expect_error 2 '"2026-02-30" is no date' d1keep pin local/shop --until 2026-02-30
    expect_error 2 '2026-02-03 is over' d1keep pin local/shop --until 2026-02-03
    expect_error 1 'no snapshot "nothing"' d1keep pin local/shop@nothing
    expect_error 2 'which snapshot' d1keep pin
}
test_case 'pins and labels keep; a pin runs out' pins

# ---- by hand

removes() {
    local labelled
    labelled=$(d1keep list local/shop --json | jq -r '.snapshots[] | select(.label).snapshot')
    expect_error 2 'this is a database, and no snapshot of it' d1keep remove local/shop
    expect_error 1 'no snapshot 20200101T000000Z' d1keep remove local/shop@2020-01-01T00:00:00Z
    expect_error 4 'bears a label' d1keep remove "$labelled"
    expect_exit 0 d1keep remove local/shop@before-0004 --force
    expect_out '^local/shop: 1 snapshot removed, 1 kept; '
    [ ! -e "$SHOP/labels/before-0004" ]
    expect_exit 0 d1keep pin local/shop
    expect_error 4 'is pinned' d1keep remove local/shop@latest
    expect_exit 0 d1keep unpin local/shop
    expect_error 4 'the last one that is known to be good' d1keep remove local/shop@latest
    change
    expect_exit 0 d1keep backup local/shop
    expect_exit 0 d1keep verify local/shop
    expect_exit 0 d1keep remove "local/shop@$(ids | tail -1)"
    expect_equal "$(ids | wc -l)" 1
    all_come_back local/shop
    expect_exit 0 d1keep prune local/shop
    no_garbage
}
test_case 'remove: one by hand, and what takes --force' removes

asks_for_production() {
    expect_exit 0 d1keep backup production/shop
    change
    expect_exit 0 d1keep backup production/shop
    expect_error 4 'will be gone for good' d1keep remove production/shop@latest
    expect_err '^d1keep: hint: add --yes-i-mean production/shop$'
    expect_equal "$(d1keep list production/shop --json | jq '.snapshots | length')" 2
    expect_error 4 'the target is production/shop' d1keep remove production/shop@latest --yes-i-mean production/shops
    expect_exit 0 d1keep remove production/shop@latest --yes-i-mean production/shop
    expect_equal "$(d1keep list production/shop --json | jq '.snapshots | length')" 1
}
test_case 'remove: production asks' asks_for_production

before_keygen() { # snapshots that nobody signed make list end with 3, and keep all garbage
    local unsigned
    unsigned=$(ids)
    d1keep keygen "$KEY" >"$TEST_TMP/two-lines"
    conf 'keep_last = 1 garbage_grace = 0' "$(cat "$TEST_TMP/two-lines")"
    for _ in 1 2; do change; expect_exit 0 d1keep backup local/shop; done
    expect_exit 3 d1keep list local/shop
    echo rubbish >"$SHOP/data/t/1${HEX:1}.sql.gz"
    expect_exit 0 d1keep prune local/shop
    expect_err "warning: local/shop: no garbage is removed: snapshot $unsigned: it is not signed, and trusted_keys is set"
    expect_out 'kept +it is not signed, and trusted_keys is set$'
    expect_exit 0 d1keep backup local/shop --prune --events-fd 3 3>"$TEST_TMP/events"
    expect_equal "$(jq -r 'select(.event == "pruned").blocked' "$TEST_TMP/events")" \
        "no garbage is removed: snapshot $unsigned: it is not signed, and trusted_keys is set"
    [ -e "$SHOP/data/t/1${HEX:1}.sql.gz" ]
    expect_exit 3 d1keep list local/shop
    expect_exit 0 d1keep remove "local/shop@$unsigned"
    expect_exit 0 d1keep list local/shop
    expect_exit 0 d1keep prune local/shop
    expect_equal "$(ids | wc -l)" 1
    no_garbage
    all_come_back local/shop
}
test_case 'what is not trusted stays and blocks garbage; remove takes it away' before_keygen

# ---- R2, and what it does to deletes

# shellcheck disable=SC2119 # without flags
rig_start
faults_start
policy() { # LINES
    CONF_TEST="$1"
    write_conf
}

three_snapshots() { # DATABASE   of which keep_last = 1 keeps the last
    policy ''
    rig_sql "$1" "DROP TABLE IF EXISTS t; CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t(a) VALUES ('x')"
    for _ in 1 2 3; do
        rig_sql "$1" "INSERT INTO t(a) VALUES (hex(randomblob(9)))"
        d1keep backup "test/$1" || return
    done >"$TEST_TMP/backups"
    policy 'keep_last = 1'
    faults_reset
}
count_of() { d1keep list "test/$1" --json | jq '.snapshots | length'; }
pruned() { jq -r ".databases[0] | $1" "$OUT"; }

on_r2() {
    three_snapshots t1
    expect_exit 0 d1keep prune test/t1 --json
    expect_equal "$(pruned '"\(.removed) \(.kept) \(.removed_objects) \(.garbage)"')" '2 1 4 0'
    expect_equal "$(count_of t1)" 1
    all_come_back test/t1
    # Each delete was looked after.
    expect_equal "$(requests_seen '^DELETE .*/test/t1/(data|snapshots)/')" 4
    expect_equal "$(requests_seen '^HEAD .*/test/t1/(data|snapshots)/.* 404')" 4
    expect_exit 0 d1keep prune test/t1 --json
    expect_equal "$(pruned .removed_objects)" 0
}
test_case 'on R2: gone, and looked whether it is gone' on_r2

lost_delete() {
    local oldest chunk
    three_snapshots t2
    oldest=$(d1keep list test/t2 --json | jq -r '.snapshots[-1].snapshot')
    chunk=$(d1keep show "$oldest" --json | jq -r '.objects[] | select(.kind == "rows").key')
    fault "{\"match\": \"^DELETE .*/test/t2/$chunk\", \"kind\": \"lost-delete\", \"times\": 3}"
    expect_exit 1 d1keep prune test/t2
    expect_err 'error: test/t2: .*said 3 times that ".*/data/t/[0-9a-f]+.sql.gz" was deleted, but it is still there'
    expect_equal "$(requests_seen "^DELETE .*/test/t2/$chunk")" 3
    expect_err 'hint: 1 object is not gone; the next prune tries again'
    expect_equal "$(count_of t2)" 1
    all_come_back test/t2
    policy 'keep_last = 1 garbage_grace = 0'
    expect_exit 0 d1keep prune test/t2 --json
    expect_equal "$(pruned '"\(.not_gone) \(.garbage)"')" '0 1'
    expect_exit 0 d1keep prune test/t2 --json
    expect_equal "$(pruned .removed_objects)" 0
    # One that is lost once is told again, in silence.
    three_snapshots t2
    expect_exit 0 d1keep verify test/t2
    fault '{"match": "^DELETE .*/test/t2/snapshots/", "kind": "lost-delete", "times": 1}'
    expect_exit 0 d1keep prune test/t2
    expect_equal "$(wc -c <"$ERR")" 0
    expect_equal "$(count_of t2)" 1
    all_come_back test/t2
}
test_case 'a delete that R2 says it did: told again, then reported, and gone the next time' lost_delete

lost_manifest() {
    three_snapshots t3
    fault '{"match": "^DELETE .*/test/t3/snapshots/", "kind": "lost-delete", "times": 3}'
    expect_exit 1 d1keep prune test/t3
    expect_out ' kept +the bucket said that it was deleted, but it is still there$'
    expect_equal "$(count_of t3)" 2
    all_come_back test/t3
    expect_exit 0 d1keep prune test/t3
    expect_equal "$(count_of t3)" 1
    all_come_back test/t3
}
test_case 'a manifest that is not gone keeps its whole snapshot' lost_manifest

locked() {
    three_snapshots t4
    fault '{"match": "^DELETE .*/test/t4/snapshots/", "kind": "answer", "status": 403, "code": "ObjectLockedByBucketPolicy", "times": 1}'
    expect_exit 0 d1keep prune test/t4
    expect_out ' kept +kept by policy: by a lock rule of the bucket$'
    expect_out '; 1 kept by policy \(a lock rule of the bucket\)$'
    expect_equal "$(wc -c <"$ERR") $(count_of t4)" '0 2'
    all_come_back test/t4
    fault '{"match": "^DELETE .*/test/t4/data/", "kind": "answer", "status": 403, "code": "ObjectLockedByBucketPolicy", "times": -1}'
    expect_exit 0 d1keep prune test/t4 --json
    expect_equal "$(pruned '"\(.removed) \(.kept_by_policy) \(.not_gone)"')" '1 1 0'
    faults_reset
    policy 'keep_last = 1 garbage_grace = 0'
    expect_exit 0 d1keep prune test/t4 --json
    expect_equal "$(pruned '"\(.garbage) \(.kept_by_policy)"')" '1 0'
    all_come_back test/t4
}
test_case 'a lock rule keeps: by policy, no error' locked

denied() {
    three_snapshots t5
    fault '{"match": "^DELETE .*/test/t5/", "kind": "answer", "status": 403, "code": "AccessDenied", "times": -1}'
    expect_error 1 'test/t5: .*remove "snapshots/.*may not do this in the bucket "b1" \(AccessDenied\)' d1keep prune test/t5
    expect_err '^d1keep: hint: the R2 token needs "Object Read & Write"'
    faults_reset
    expect_equal "$(count_of t5)" 3
    all_come_back test/t5
    # In a scheduled run: what failed is told, and it was no backup.
    policy $'keep_last = 1\nschedule = "0 0 1 1 *"'
    fault '{"match": "^DELETE .*/test/t5/", "kind": "answer", "status": 403, "code": "AccessDenied", "times": -1}'
    "$D1KEEPD" -c "$CONF" --once >"$TEST_TMP/once" 2>&1 || true
    expect_match "$TEST_TMP/once" 'database=test/t5: failed after .* with exit code 1: test/t5: what is not to be kept could not all be removed: .*AccessDenied'
    expect_match "$TEST_TMP/once" 'database=test/t5: this needs a person'
    faults_reset
    expect_equal "$(count_of t5)" 4
    expect_exit 0 d1keep prune test/t5
    expect_equal "$(count_of t5)" 2 # the newest, and the newest that is known to be good
}
test_case 'a token that may not delete: said, and nothing is lost' denied

servers_clock() { # a backup that was cut off; the machine's own clock does not matter
    three_snapshots t6
    policy 'keep_last = 3'
    fault '{"match": "^PUT .*/test/t6/snapshots/", "kind": "answer", "status": 403, "code": "AccessDenied", "times": -1}'
    rig_sql t6 "INSERT INTO t(a) VALUES ('never listed')"
    expect_exit 1 d1keep backup test/t6
    faults_reset
    expect_exit 0 d1keep prune test/t6 --json
    expect_equal "$(pruned '"\(.young) \(.garbage)"')" '1 0'
    fault "{\"match\": \"^GET .*list-type\", \"kind\": \"patch\", \"times\": -1, \"headers\": {\"date\": \"$(date -u -d '23 hours' '+%a, %d %b %Y %H:%M:%S GMT')\"}}"
    expect_exit 0 d1keep prune test/t6 --json
    expect_equal "$(pruned '"\(.young) \(.garbage)"')" '1 0'
    faults_reset
    fault "{\"match\": \"^GET .*list-type\", \"kind\": \"patch\", \"times\": -1, \"headers\": {\"date\": \"$(date -u -d '25 hours' '+%a, %d %b %Y %H:%M:%S GMT')\"}}"
    expect_exit 0 d1keep prune test/t6 --json
    expect_equal "$(pruned '"\(.young) \(.garbage)"')" '0 1'
    faults_reset
    all_come_back test/t6
}
test_case 'the grace of garbage goes by the clock of the server' servers_clock

killed() { # at a delete of a chunk, and at one of a manifest
    local where pid
    for where in snapshots data; do
        three_snapshots t7
        fault "{\"match\": \"^DELETE .*/test/t7/$where/\", \"skip\": 1, \"kind\": \"stall\", \"times\": -1}"
        "$D1KEEP" -c "$CONF" prune test/t7 >"$TEST_TMP/killed" 2>&1 &
        pid=$!
        wait_for 20 stalled_at "$where"
        # Nobody else prunes meanwhile.
        expect_error 75 "test/t7: .*pid $pid" d1keep prune test/t7
        kill -KILL "$pid"
        wait "$pid" || true
        faults_reset
        all_come_back test/t7
        free_the_lease t7
        policy 'keep_last = 1 garbage_grace = 0'
        expect_exit 0 d1keep prune test/t7
        expect_equal "$(count_of t7)" 1
        expect_exit 0 d1keep prune test/t7 --json
        expect_equal "$(pruned .removed_objects)" 0
        all_come_back test/t7
    done
}
stalled_at() { [ "$(curl -sS "$FAULTS_CONTROL/log" | grep -c "DELETE.*/test/t7/$1/.*stall")" -gt 0 ]; }
free_the_lease() { # as its time to live would
    curl -sS -X DELETE --aws-sigv4 'aws:amz:auto:s3' -u "$RIG_KEY_ID:$RIG_SECRET_KEY" "$(rig_fact .s3)/b1/test/$1/lease.json" -H 'x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
}
test_case 'killed at a delete: whole snapshots and garbage, and one prune at a time' killed

test_done
