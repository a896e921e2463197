#!/usr/bin/env bash
# What is wrong from outside: each ends with one clear line, the right exit code, no half-files, and earlier snapshots whole.

# The disk that gets full is a mount of our own, which ends with us.
if [ -z "${OWN_MOUNTS:-}" ] && unshare --mount true 2>/dev/null; then OWN_MOUNTS=yes exec unshare --mount bash "$0" "$@"; fi
. "$(dirname "$0")/../lib.sh"

# shellcheck disable=SC2119 # without flags
rig_start
faults_start
write_conf

SHOP=$TEST_TMP/shop.sqlite
BUCKET=$TEST_TMP/bucket
LOCAL=$BUCKET/local/shop
sample() { rm -f "$1"; cat "$TESTS/samples/auth.sql" "$TESTS/samples/auth-rows.sql" | sqlite3 "$1"; }
sample "$SHOP"
rig_sql t1 "$(cat "$TESTS/samples/auth.sql" "$TESTS/samples/auth-rows.sql")"
snapshot() { d1keep show "$1" --json | jq -cr "$2"; } # SNAPSHOT JQ-EXPRESSION
count() { d1keep list "$1" --json | jq '.snapshots | length'; }
hint() { expect_err "^d1keep: hint: .*($1)"; }
# Nothing half is left: no temporary file, no side file of a target; and what was listed before is whole.
clean() {
    expect_equal "$(find "$TEST_TMP" \( -name '*.tmp-*' ! -name lease.json.tmp-locked -o -name '*.d1keep-*' \))" ''
    expect_equal "$(find "$TEST_TMP" -mindepth 1 -maxdepth 1 -name 'restored*')" ''
}
conf_with() { # SED-SCRIPT   the configuration, changed
    write_conf
    sed -i "$1" "$CONF"
}

expect_exit 0 d1keep backup local/shop --label kept
expect_exit 0 d1keep backup test/t1 --label kept

# ---- Cloudflare

test_case 'a wrong token' <<'EOF'
write_secret "$TEST_TMP/token.wrong" not-the-token
conf_with "s|$TEST_TMP/token|$TEST_TMP/token.wrong|"
faults_reset
expect_error 1 'test/t1: .*Cloudflare refused the API token for account 0123456789abcdef0123456789abcdef: Authentication error' d1keep backup test/t1
hint 'D1 > Read'
refuse_match "$ERR" 'not-the-token'
expect_equal "$(requests_seen '^PUT .*/(data|snapshots|labels)/') $(requests_seen '^POST')" '0 1'
EOF

test_case 'a token that is no token' <<'EOF'
printf 'two words\n' >"$TEST_TMP/token.wrong"
expect_error 2 'test/t1: .*token.*blank' d1keep backup test/t1
printf 'first\nsecond\n' >"$TEST_TMP/token.wrong"
expect_error 2 'test/t1: .*token.*blank' d1keep backup test/t1
refuse_match "$ERR" 'first|second'
: >"$TEST_TMP/token.wrong"
expect_error 2 'test/t1: .*token.wrong.* is empty' d1keep backup test/t1
rm "$TEST_TMP/token.wrong"
expect_exit 1 d1keep backup test/t1
expect_err '^d1keep: error: test/t1: account "taco": api_token: secret file ".*token.wrong": No such file'
write_secret "$TEST_TMP/token.wrong" x
chmod 640 "$TEST_TMP/token.wrong"
chmod o+r "$TEST_TMP/token.wrong"
expect_error 4 'token.wrong" can be read or changed by others' d1keep backup test/t1
hint 'chmod 600'
EOF

test_case 'an unknown database id, an unknown account id' <<'EOF'
conf_with 's/7e570000-0000-4000-8000-000000000001/7e570000-0000-4000-8000-00000000000f/'
expect_error 1 'test/t1: .*database 7e570000-0000-4000-8000-00000000000f not found in account 0123456789abcdef0123456789abcdef' d1keep backup test/t1
hint 'wrangler d1 list'
conf_with "s/id = \"$RIG_ACCOUNT\"/id = \"fedcba9876543210fedcba9876543210\"/"
expect_error 1 'test/t1: ' d1keep backup test/t1
hint "account's id"
EOF

# What only time can tell, side by side: all tries of an endpoint nobody answers at, and the wait for a lock.
patience() {
    local dead=1 name pids=() pid
    conf_with "s|api_base = .*|api_base = \"http://127.0.0.1:$dead/client/v4\"|"
    cp "$CONF" "$TEST_TMP/api.conf"
    conf_with "s|endpoint = .*|endpoint = \"http://127.0.0.1:$dead/s3\"|"
    cp "$CONF" "$TEST_TMP/s3.conf"
    conf_with "s|path = \"$SHOP\"|path = \"$TEST_TMP/locked.sqlite\"|; s|\"t1\"|\"t1 \"|; s|\"shop\"|\"t1\"|; s|\"test\"|\"other\"|; s|\"local\"|\"test\"|"
    sed -i 's|"t1 "|"t9"|' "$CONF"
    cp "$CONF" "$TEST_TMP/lock.conf"
    cp "$SHOP" "$TEST_TMP/locked.sqlite"
    coproc sqlite3 "$TEST_TMP/locked.sqlite"
    printf 'BEGIN EXCLUSIVE; SELECT 77;\n' >&"${COPROC[1]}"
    read -r -t 5 line <&"${COPROC[0]}"
    expect_equal "$line" 77
    for name in api s3 lock; do
        { rc=0; timeout 30 "$D1KEEP" -c "$TEST_TMP/$name.conf" backup test/t1 >"$TEST_TMP/$name.out" 2>&1 || rc=$?; echo "$rc" >"$TEST_TMP/$name.rc"; } &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid"; done
    kill "$COPROC_PID"
    wait "$COPROC_PID" || true
    tail "$TEST_TMP"/{api,s3,lock}.{rc,out}
    expect_equal "$(cat "$TEST_TMP"/{api,s3,lock}.rc | tr '\n' ' ')" '75 75 75 '
    expect_match "$TEST_TMP/api.out" "^d1keep: error: test/t1: .*cannot reach http://127.0.0.1:$dead: .*refused.*\(5 times\)"
    expect_match "$TEST_TMP/s3.out" "^d1keep: error: test/t1: .*cannot reach http://127.0.0.1:$dead: .*refused.*\(5 times\)"
    expect_match "$TEST_TMP/lock.out" '^d1keep: error: test/t1: ".*locked.sqlite": database is locked'
    expect_match "$TEST_TMP/lock.out" '^d1keep: hint: .*another process'
    expect_equal "$(cat "$TEST_TMP"/{api,s3,lock}.out | grep -c 'error:')" 3
}
test_case 'an endpoint that cannot be reached and a file that another process locks: exit 75' patience

test_case 'HTML instead of the API: is api_base right?' <<'EOF'
write_conf
faults_reset
fault '{"match": "^POST", "kind": "html", "status": 403}'
expect_error 1 'test/t1: .*HTML' d1keep backup test/t1
hint 'api_base'
conf_with 's|api_base = .*|api_base = "ftp://x"|'
expect_error 2 'api_base' d1keep backup test/t1
EOF

# ---- S3

test_case 'a wrong S3 secret, a wrong access key, no such bucket' <<'EOF'
write_conf
write_secret "$TEST_TMP/s3.secret" not-the-secret
for command in 'backup test/t1' 'list test/t1' 'verify test/t1' 'cat test/t1'; do
    # shellcheck disable=SC2086 # words
    expect_error 1 'the secret access key is wrong' d1keep $command
    hint 'R2'
    refuse_match "$ERR" 'not-the-secret'
done
write_conf
write_secret "$TEST_TMP/s3.id" not-the-key-id
expect_error 1 'the access key id not-the-key-id is not known' d1keep backup test/t1
hint 'Manage API tokens'
conf_with 's/bucket "b1"/bucket "b9"/; s/bucket = "b1"/bucket = "b9"/'
expect_error 2 'has no bucket "b9"' d1keep backup test/t1
hint 'wrangler r2 bucket create b9'
write_conf
EOF

# miniflare does not look at the clock; R2 does, and says what time it is there.
the_clock_is_off() { # SECONDS WORD
    local there
    there=$(LC_ALL=C date -u -d "@$((EPOCHSECONDS + $1))" '+%a, %d %b %Y %H:%M:%S GMT')
    faults_reset
    fault "{\"match\": \"/r2/s3\", \"kind\": \"answer\", \"status\": 403, \"code\": \"RequestTimeTooSkewed\", \"times\": -1, \"headers\": {\"date\": \"$there\"},
        \"message\": \"The difference between the request time and the server's time is too large.\"}"
    expect_error 1 "this machine's clock is off by 20 minutes \($2\)" d1keep backup test/t1
    hint timedatectl
}
test_case 'a clock 20 minutes slow' the_clock_is_off 1225 slow
test_case 'a clock 20 minutes fast' the_clock_is_off -1225 fast

test_case 'a token that may only read the bucket; a bucket that locks' <<'EOF'
faults_reset
fault '{"match": "^PUT", "kind": "answer", "status": 403, "code": "AccessDenied", "message": "Access Denied", "times": -1}'
rig_sql t1 "UPDATE users SET timezone = 'x'"
expect_error 1 'the access key may not do this in the bucket "b1"' d1keep backup test/t1
hint 'Object Read & Write'
faults_reset
expect_equal "$(count test/t1)" 1
expect_exit 0 d1keep verify test/t1@kept
EOF

# ---- sources

source_is() { # CODE REGEX   of a backup of $SHOP, which leaves nothing
    local before
    before=$(find "$BUCKET" | sort)
    expect_error "$1" "local/shop: .*$2" d1keep backup local/shop
    expect_equal "$(find "$BUCKET" | sort)" "$before"
}
test_case 'a source that is not SQLite, a folder, missing, cut, damaged' <<'EOF'
cp "$SHOP" "$TEST_TMP/good.sqlite"
printf 'This is a letter, not a database; it goes on for a while, as letters do, until it is longer than a header of SQLite, all of a hundred bytes.\n' >"$SHOP"
source_is 1 'shop.sqlite": not a SQLite database'
rm "$SHOP"
source_is 1 'there is no file ".*shop.sqlite"'
hint 'path'
mkdir "$SHOP"
source_is 1 'shop.sqlite" is not a regular file'
rmdir "$SHOP"
head -c 20000 "$TEST_TMP/good.sqlite" >"$SHOP"
source_is 3 'malformed'
hint 'source file itself is damaged'
cp "$TEST_TMP/good.sqlite" "$SHOP"
dd if=/dev/urandom of="$SHOP" bs=4096 seek=3 count=20 conv=notrunc status=none
source_is 3 'malformed'
cp "$TEST_TMP/good.sqlite" "$SHOP"
expect_exit 0 d1keep verify local/shop@kept
EOF

test_case 'a SQLite file in UTF-16' <<'EOF'
rm "$SHOP"
sqlite3 "$SHOP" "PRAGMA encoding = 'UTF-16le'; CREATE TABLE t(a); INSERT INTO t VALUES ('ü')"
source_is 1 'UTF-16le'
hint 'UTF-8'
sample "$SHOP"
EOF

test_case 'an empty database, one without tables, a table without rows' <<'EOF'
expect_exit 0 d1keep backup test/t2 # nothing was ever written to it
expect_out '   0 tables   0 rows   '
: >"$SHOP"
expect_exit 0 d1keep backup local/shop
expect_out '   0 tables   0 rows   '
expect_exit 0 d1keep verify local/shop
rig_sql t2 'CREATE TABLE t(a)'
expect_exit 0 d1keep backup test/t2
expect_out '   1 table   0 rows   '
expect_exit 0 d1keep restore test/t2 --to "sqlite:$TEST_TMP/empty.sqlite"
expect_equal "$(sqlite3 "$TEST_TMP/empty.sqlite" 'SELECT name, (SELECT count(*) FROM t) FROM sqlite_schema')" 't|0'
sample "$SHOP"
EOF

# ---- damage in the bucket

# damaged SNAPSHOT CHUNK REGEX   everyone who reads the chunk says so, and nobody leaves half of it
damaged() {
    expect_exit 3 d1keep verify "$1"
    expect_err "^d1keep: error: .*$2.*($3)"
    expect_err '^d1keep: error: .*@.*: 1 of [0-9]+ chunks is damaged or missing'
    hint 'back up this database now'
    expect_equal "$(wc -c <"$OUT")" 0
    expect_error 3 "$2.*($3)" d1keep restore "$1" --to "sqlite:$TEST_TMP/restored.sqlite"
    hint 'use another snapshot'
    expect_error 3 "$2.*($3)" d1keep restore "$1" --to "sql:$TEST_TMP/restored.sql"
    expect_error 3 "$2.*($3)" d1keep cat "$1"
    clean
    expect_exit 0 d1keep show "$1"
    expect_out '^verified +damaged$'
    expect_exit 0 d1keep list "${1%@*}"
    expect_out ' damaged$'
}
damage_in_a_folder() {
    rm -r "$LOCAL"
    expect_exit 0 d1keep backup local/shop --label kept
    local key file
    key=$(snapshot local/shop '.objects[] | select(.table == "users") | .key' | head -1)
    file=$LOCAL/$key
    cp "$file" "$TEST_TMP/chunk.good"
    break_it() {
        case $1 in
        byte) printf '\377' | dd of="$file" bs=1 seek=1000 conv=notrunc status=none ;;
        header) printf 'X' | dd of="$file" bs=1 conv=notrunc status=none ;;
        cut) head -c 5000 "$TEST_TMP/chunk.good" >"$file" ;;
        long) cat "$TEST_TMP/chunk.good" "$TEST_TMP/chunk.good" >"$file" ;;
        empty) : >"$file" ;;
        other) printf 'INSERT INTO users VALUES (1);\n' | gzip >"$file" ;;
        missing) rm "$file" ;;
        esac
    }
    for way in byte header cut long empty other missing; do
        break_it "$way"
        damaged local/shop@kept "$key" "$([ "$way" = missing ] && echo 'missing from the bucket' || echo 'SHA-256|bytes')"
        # Healed by the next backup, which stores that chunk anew and no other.
        expect_exit 0 d1keep backup local/shop
        expect_same_file "$file" "$TEST_TMP/chunk.good"
        [ "$(snapshot local/shop .new_bytes)" -eq "$(wc -c <"$file")" ]
        expect_exit 0 d1keep verify local/shop local/shop@kept
    done
}
test_case 'a chunk with a byte changed, cut, too long, empty, exchanged, missing: named, and healed by the next backup' damage_in_a_folder

test_case 'damage that verify found in an older snapshot is healed, too' <<'EOF'
expect_exit 0 d1keep backup local/shop
key=$(snapshot local/shop@kept '.objects[] | select(.table == "users") | .key' | head -1)
printf '\377' | dd of="$LOCAL/$key" bs=1 seek=1000 conv=notrunc status=none
expect_exit 3 d1keep verify local/shop@kept
expect_exit 0 d1keep backup local/shop
expect_exit 0 d1keep verify local/shop local/shop@kept
EOF

damage_in_r2() {
    s3() { # METHOD KEY [CURL-OPTION]…
        curl -sS --fail-with-body -X "$1" --aws-sigv4 aws:amz:auto:s3 --user "$RIG_KEY_ID:$RIG_SECRET_KEY" -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' \
            -H 'Expect:' "${@:3}" "$(rig_fact .s3)/b1/test/t1/$2"
    }
    write_conf
    expect_exit 0 d1keep backup test/t1
    local key
    key=$(snapshot test/t1 '.objects[] | select(.table == "users") | .key' | head -1)
    s3 GET "$key" -o "$TEST_TMP/chunk.good"
    { head -c 1000 "$TEST_TMP/chunk.good"; printf '\377'; tail -c +1002 "$TEST_TMP/chunk.good"; } >"$TEST_TMP/chunk.bad"
    s3 PUT "$key" --data-binary @"$TEST_TMP/chunk.bad"
    damaged test/t1@latest "$key" 'SHA-256'
    expect_exit 0 d1keep backup test/t1
    expect_exit 0 d1keep verify test/t1
    s3 DELETE "$key"
    damaged test/t1@latest "$key" 'missing from the bucket'
    # Without a verification, too: a missing chunk shows in the listing.
    expect_exit 0 d1keep backup test/t1
    s3 DELETE "$key"
    expect_exit 0 d1keep backup test/t1
    expect_exit 0 d1keep verify test/t1
}
test_case 'the same in R2' damage_in_r2

overwritten() { head -c 200 && printf '####' && tail -c +5; }
bomb() { head -c 100000000 /dev/zero | gzip; }
damaged_manifests() {
    local manifest way before
    rm -r "$LOCAL"
    expect_exit 0 d1keep backup local/shop --label kept
    expect_exit 0 d1keep backup local/shop
    before=$(find "$BUCKET" | sort)
    manifest=$LOCAL/snapshots/$(snapshot local/shop .id).json
    cp "$manifest" "$TEST_TMP/manifest.good"
    # shellcheck disable=SC2016 # $ of sed
    for way in 's/"objects"/"objecks"/' 's/"rows":\([0-9]\)/"rows":-\1/' '$d' 's/"key":"data/"key":"..\/..\/data/' 's/"environment":"local"/"environment":"test"/' '1,$d' 's/,$/,,/' \
        's/"sql_bytes":[0-9]*/"sql_bytes":99999999999/' 's/"id":"2/"id":"3/' 's/"stored_sha256":"../"stored_sha256":"zz/'; do
        unpacked "$TEST_TMP/manifest.good" | sed "$way" >"$manifest"
        for command in verify show cat; do expect_error 3 'local/shop: snapshot 20' d1keep "$command" local/shop; done
        expect_error 3 'local/shop' d1keep restore local/shop --to "sqlite:$TEST_TMP/restored.sqlite"
        # The others are listed, this one is named.
        expect_error 3 'local/shop: snapshot 20' d1keep list local/shop --json
        expect_equal "$(jq '.snapshots | length' "$OUT")" 1
        clean
    done
    head -c 20000000 /dev/zero >"$manifest"
    d1keep list local/shop --json >"$OUT" 2>"$ERR" || [ $? -eq 3 ] || { show_output; return 1; }
    expect_err '^d1keep: error: local/shop: snapshot 20'
    # Packed, but cut, overwritten in its middle, with more behind it, or one that would fill the memory.
    for way in 'head -c 300' 'head -c -1' overwritten 'cat - /bin/true' bomb; do
        $way <"$TEST_TMP/manifest.good" >"$manifest"
        expect_error 3 'local/shop: snapshot 20' d1keep show local/shop
        expect_error 3 'local/shop: snapshot 20' d1keep list local/shop --json
        expect_equal "$(jq '.snapshots | length' "$OUT")" 1
    done
    unpacked "$TEST_TMP/manifest.good" | sed 's/"format":1/"format":2/' >"$manifest"
    expect_error 1 'manifest format 2 is not known' d1keep show local/shop
    hint 'newer d1keep'
    expect_equal "$(find "$BUCKET" | sort)" "$before"
    unpacked "$TEST_TMP/manifest.good" | sed 's/"objects"/"objecks"/' | gzip >"$manifest"
    expect_exit 0 d1keep verify local/shop@kept
    # A damaged manifest does not keep the next backup from its work.
    expect_exit 0 d1keep backup local/shop
    expect_exit 0 d1keep verify local/shop
    echo nonsense >"$LOCAL/labels/kept"
    expect_error 3 'label "kept" does not hold the id of a snapshot' d1keep show local/shop@kept
}
test_case 'a manifest with a byte changed, cut, empty, of another' damaged_manifests

test_case 'rows that are not those of the manifest are found by their number' <<'EOF'
rm -r "$LOCAL"
expect_exit 0 d1keep backup local/shop
edit_manifest "$(echo "$LOCAL/snapshots"/*Z.json)" jq '(.tables[] | select(.name == "users") | .rows) = 2001'
expect_error 3 'table "users" has 2000 rows instead of 2001' d1keep restore local/shop --to "sqlite:$TEST_TMP/restored.sqlite"
clean
rm -r "$LOCAL"
EOF

# ---- a full disk

FULL=$TEST_TMP/full
mkdir -p "$FULL"
if [ -n "${OWN_MOUNTS:-}" ] && mount -t tmpfs -o size=300k none "$FULL" 2>/dev/null; then
    full_bucket() {
        conf_with "s|path = \"$BUCKET\"|path = \"$FULL/bucket\"|"
        expect_exit 0 d1keep backup local/shop
        cp "$SHOP" "$TEST_TMP/small.sqlite"
        sqlite3 "$SHOP" 'CREATE TABLE more(t); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20) INSERT INTO more SELECT randomblob(50000) FROM n'
        expect_error 1 'local/shop: .*No space left' d1keep backup local/shop
        clean
        expect_equal "$(count local/shop)" 1
        expect_exit 0 d1keep restore local/shop --to "sqlite:$TEST_TMP/from-full.sqlite"
        expect_same_database "$TEST_TMP/from-full.sqlite" "$TEST_TMP/small.sqlite"
        cp "$TEST_TMP/small.sqlite" "$SHOP"
        expect_exit 0 d1keep backup local/shop
        # With no block at all left: the manifest has no place.
        head -c 1000000 /dev/zero >"$FULL/filler" 2>/dev/null || true
        expect_error 1 'local/shop: .*No space left' d1keep backup local/shop
        rm "$FULL/filler"
        clean
        expect_equal "$(count local/shop)" 2
        expect_exit 0 d1keep verify local/shop
        rm -r "$FULL/bucket"
        write_conf
    }
    test_case 'a full disk under the bucket' full_bucket

    full_target() {
        expect_exit 0 d1keep backup local/shop --label for-full
        head -c 200000 /dev/zero >"$FULL/filler"
        for kind in sqlite sql; do
            expect_error 1 "local/shop.*No space left|full" d1keep restore local/shop --to "$kind:$FULL/restored"
            expect_equal "$(ls "$FULL")" filler
        done
        # What is to be replaced stays until the new one is whole.
        echo precious >"$FULL/old.sqlite"
        expect_error 1 "No space left|full" d1keep restore local/shop --to "sqlite:$FULL/old.sqlite" --replace
        expect_equal "$(cat "$FULL/old.sqlite")" precious
    }
    test_case 'a full disk under the target' full_target

    full_state() {
        conf_with "s|^state_dir = .*|state_dir = \"$FULL/state\"|"
        mkdir -p "$FULL/state"
        head -c 1000000 /dev/zero >"$FULL/filler" 2>/dev/null || true
        expect_exit 0 d1keep backup test/t1
    }
    test_case 'a full disk under state_dir does not keep a backup from its work' full_state
    umount "$FULL"
else
    echo "# 20-bad-input: skipped: a full disk (it takes root to mount one)"
fi
write_conf

test_case 'a bucket and a target that may not be written' <<'EOF'
echo file >"$TEST_TMP/a-file"
conf_with "s|path = \"$BUCKET\"|path = \"$TEST_TMP/a-file\"|"
expect_error 2 'bucket "here": .*a-file" is not a folder' d1keep backup local/shop
conf_with "s|path = \"$BUCKET\"|path = \"$TEST_TMP/a-file/below\"|"
expect_error 1 'a-file' d1keep backup local/shop
conf_with "s|path = \"$BUCKET\"|path = \"/proc/nowhere\"|"
expect_error 1 '/proc/nowhere' d1keep backup local/shop
write_conf
EOF

# ---- names

test_case '@ names that match nothing, names of nothing' <<'EOF'
[ "$(count local/shop)" -gt 0 ] || expect_exit 0 d1keep backup local/shop
for which in nothing 2026-11-22T02:17:00Z 20261122T021700Z ../../etc 2026-13-22T02:17:00Z -; do
    for command in show verify cat; do expect_error 1 "no snapshot \"$which\" of local/shop" d1keep $command "local/shop@$which"; done
    hint 'd1keep list'
    expect_error 1 "no snapshot \"$which\" of local/shop" d1keep restore "local/shop@$which" --to "sqlite:$TEST_TMP/restored.sqlite"
done
expect_error 1 'test/t8 has no snapshot yet' d1keep show test/t8
expect_exit 0 d1keep list test/t8
for name in nothing local/nothing nothing/shop LOCAL/shop; do
    for command in backup list show; do expect_error 2 "names no (environment|database) \"$name\"" d1keep $command $name || [ "$command $name" = 'show nothing' ]; done
done
expect_error 2 'names no database "local/nothing"' d1keep backup local/shop local/nothing
hint 'local/shop'
expect_error 2 '"local" names an environment, not a snapshot' d1keep show local
for name in '' / local/ /shop @ local@ local/shop@ @latest; do
    expect_error 2 'does not name a database or a snapshot' d1keep list "$name"
done
expect_error 2 'takes no @' d1keep backup local/shop@latest
expect_error 2 'takes no @' d1keep list local/shop@latest
clean
EOF

test_case 'unknown commands and options, missing arguments' <<'EOF'
expect_error 2 'no command "frobnicate"' d1keep frobnicate
hint 'd1keep --help'
expect_error 2 'no command "bakup"' d1keep bakup
hint 'did you mean d1keep backup\?'
expect_error 2 'no option "--verson"' d1keep --verson
hint 'did you mean d1keep --version\?'
expect_error 2 'no option --jsn: did you mean --json\?' d1keep list --jsn
expect_error 2 'names no environment "loc"' d1keep list loc
hint 'did you mean local\?'
expect_error 2 'names no database "local/shpo"' d1keep list local/shpo
hint 'did you mean local/shop\?'
expect_error 2 'names no environment "frob"' d1keep list frob
hint 'there are: .*local/shop'
expect_error 2 'one snapshot at a time' d1keep show local/shop local/shop
expect_error 2 'which command' d1keep
expect_error 2 'no option "--frob"' d1keep --frob list
expect_error 2 '"--config"' "$D1KEEP" --config
expect_error 2 'no option --frob' d1keep list --frob
hint 'd1keep list --help'
expect_error 2 'no option -x' d1keep cat -xz local/shop
expect_error 2 '-c FILE and -q go before the command' d1keep cat -qz local/shop
expect_error 2 '-c FILE and -q go before the command' d1keep list --config x
expect_error 2 'no option --json=yes' d1keep list --json=yes
expect_error 2 '--label needs a value' d1keep backup local/shop --label
expect_error 2 'which database' d1keep backup
expect_error 2 '--all and names' d1keep backup --all local
for command in show verify cat restore; do expect_error 2 'which snapshot' d1keep $command; done
expect_error 2 'one environment or database' d1keep list local test
expect_error 2 'no names' d1keep status x
expect_error 2 'no names' d1keep check x
for command in backup list show cat verify restore status check keygen; do
    expect_exit 0 "$D1KEEP" $command --help
    expect_out "^usage: d1keep .*$command"
done
expect_exit 0 "$D1KEEP" --help
expect_out '^  restore '
EOF

# ---- configuration

test_case 'a configuration that is missing, a folder, empty, in another place' <<'EOF'
expect_error 2 'missing.conf.*No such file' "$D1KEEP" -c "$TEST_TMP/missing.conf" list
expect_error 2 'Is a directory' "$D1KEEP" -c "$TEST_TMP" list
: >"$TEST_TMP/empty.conf"
expect_exit 2 "$D1KEEP" -c "$TEST_TMP/empty.conf" list
mkdir -p "$TEST_TMP/elsewhere"
cd "$TEST_TMP/elsewhere"
if [ ! -e /etc/d1keep/backup.conf ]; then
    expect_error 2 'backup.conf' "$D1KEEP" list
    hint '-c FILE|D1KEEP_CONFIG'
fi
cp "$CONF" backup.conf
expect_exit 0 "$D1KEEP" list local
D1KEEP_CONFIG=$TEST_TMP/missing.conf expect_error 2 missing.conf "$D1KEEP" list
D1KEEP_CONFIG=$TEST_TMP/missing.conf expect_exit 0 "$D1KEEP" -c "$CONF" list local
EOF

five_problems() {
    cat >"$TEST_TMP/five.conf" <<'CONF'
timezone = "Europe/Atlantis"
colour = "blue"
bucket "here" {
    type = "directory"
    path = "/nowhere/at/all"
}
environment "e" {
    bucket = "there"
    schedule = "61 * * * *"
    database "a" { source = "sqlite"  path = "x.sqlite" }
    database "b" { source = "oracle"  path = "x.sqlite" }
    database "c" { bucket = "here"  source = "wrangler"  id = "x" }
}
CONF
    expect_exit 2 "$D1KEEP" -c "$TEST_TMP/five.conf" check
    local n
    n=$(grep -c 'five.conf:[0-9]*: ' "$OUT")
    for line in 1 2 8 9 11 12; do expect_out "^$TEST_TMP/five.conf:$line: "; done
    expect_out 'five.conf:2: .*colour'
    expect_out 'five.conf:8: .*"there"'
    expect_out 'five.conf:9: .*61'
    expect_err "^d1keep: error: $n problems\$"
    # Every other command stops at it, too.
    expect_exit 2 "$D1KEEP" -c "$TEST_TMP/five.conf" backup e
    expect_equal "$(grep -c '^d1keep: error: .*five.conf:[0-9]*: ' "$ERR")" "$n"
}
test_case 'five problems at once: check names all, with their lines' five_problems

test_case 'two databases with one destination; secrets and files that are not there' <<'EOF'
cat >"$TEST_TMP/bad.conf" <<CONF
account "taco" {
    id = "0123456789abcdef0123456789abcdef"
    api_token = "inline-token-123"
}
bucket "r2" {
    type = "r2"
    endpoint = "https://example.invalid"
    access_key_id = "file:$TEST_TMP/missing.id"
    secret_access_key = "file:$TEST_TMP/open.secret"
}
bucket "b" {
    type = "directory"
    path = "$BUCKET"
}
environment "e" {
    bucket = "b"
    database "a" { source = "sqlite"  path = "$SHOP" }
    database "a" { source = "sqlite"  path = "$SHOP" }
}
CONF
echo secret >"$TEST_TMP/open.secret"
chmod 644 "$TEST_TMP/open.secret"
expect_exit 2 "$D1KEEP" -c "$TEST_TMP/bad.conf" check
expect_out 'bad.conf:3: '
refuse_match "$OUT" 'inline-token-123'
expect_out 'bad.conf:18: .*"e/a" is there twice, first in line 17'
sed -i 's/inline-token-123/env:NOT_SET/; 18d' "$TEST_TMP/bad.conf"
expect_exit 2 "$D1KEEP" -c "$TEST_TMP/bad.conf" check
expect_out 'NOT_SET'
expect_out 'missing.id'
expect_out 'open.secret.*by others'
expect_exit 0 d1keep check
expect_out 'good: 4 environments'
EOF

test_case 'undo: the name of another database is refused, also where none is asked for' <<'EOF'
faults_reset
expect_error 4 'yes-i-mean production/auth, but the target is test/t1' d1keep undo test/t1 some-bookmark --yes-i-mean production/auth
expect_equal "$(requests_seen '^POST')" 0
EOF

test_case 'one database fails, the others of the environment are backed up' <<'EOF'
conf_with "s|^environment \"local\" {|&\n    database \"gone\" { source = \"sqlite\"  path = \"$TEST_TMP/gone.sqlite\" }|"
expect_error 1 'local/gone: .*there is no file' d1keep backup local
expect_out '^local/shop@'
EOF

test_done
