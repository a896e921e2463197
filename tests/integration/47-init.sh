#!/usr/bin/env bash
# d1keep init: a configuration from what an account or a project holds, and one that works: it is checked, and a backup is
# taken with it.
. "$(dirname "$0")/../lib.sh"

# The default databases, some without an environment in their names, and a bucket for each kind of guess.
cat >"$TEST_TMP/rig-options.json" <<'EOF2'
{ "databases": [
    { "name": "production-auth", "uuid": "11111111-1111-4111-8111-111111111111" },
    { "name": "billing_production", "uuid": "22222222-2222-4222-8222-222222222222" },
    { "name": "auth-staging", "uuid": "33333333-3333-4333-8333-333333333333" },
    { "name": "search", "uuid": "44444444-4444-4444-8444-444444444444" } ],
  "buckets": ["assets", "taco-backups", "taco-backups-staging", "staging-uploads"] }
EOF2
rig_start --options "$TEST_TMP/rig-options.json"
TOKEN_FILE=$TEST_TMP/my.token
write_secret "$TOKEN_FILE" "$RIG_TOKEN"
mkdir "$TEST_TMP/etc"
CONF=$TEST_TMP/etc/backup.conf

init() {
    "$D1KEEP" init --account "$RIG_ACCOUNT" --token "file:$TOKEN_FILE" --api-base "$API" --endpoint "$S3" --output "$CONF" "$@"
}

writes_a_configuration() {
    expect_exit 0 init --keygen
    expect_out '^production +taco-backups +auth, billing, search$'
    expect_out '^staging +taco-backups-staging +auth$'
    expect_err "wrote $CONF"
    # No secret, in the file or in what was said.
    cat "$CONF" "$OUT" "$ERR" >"$TEST_TMP/all"
    ! grep -qF "$RIG_TOKEN" "$TEST_TMP/all" || return 1
    expect_match "$CONF" "api_token = \"file:$TOKEN_FILE\""
    # What was guessed is said so, and what is no guess is not.
    expect_match "$CONF" 'Guessed: its name says no environment'
    expect_equal "$(grep -c 'Guessed: its name' "$CONF")" 1
    refuse_match "$CONF" 'staging-uploads|assets'
    expect_equal "$(stat -c %a "$TEST_TMP/etc/sign.pem")" 600
}
test_case 'databases and buckets become environments' writes_a_configuration

is_checked_once_the_keys_are_there() {
    local bucket
    expect_exit 2 d1keep check
    expect_out 'taco-backups.id'
    for bucket in taco-backups taco-backups-staging; do
        write_secret "$TEST_TMP/etc/$bucket.id" "$RIG_KEY_ID"
        write_secret "$TEST_TMP/etc/$bucket.key" "$RIG_SECRET_KEY"
    done
    expect_exit 0 d1keep check
    expect_out 'good: 2 environments, 4 databases, 2 buckets'
}
test_case 'check accepts it once the keys are where it says' is_checked_once_the_keys_are_there

takes_a_backup() {
    rig_sql production-auth 'CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)'
    rig_sql production-auth "INSERT INTO users (name) VALUES ('ada'), ('grace')"
    export XDG_CACHE_HOME=$TEST_TMP/cache
    expect_exit 0 d1keep backup production/auth
    expect_exit 0 d1keep list production/auth
    expect_out 'production/auth@.* yes '
}
test_case 'and a backup works with it, signed' takes_a_backup

is_careful_with_what_is_there() {
    cp "$CONF" "$TEST_TMP/before"
    cp "$TEST_TMP/etc/sign.pem" "$TEST_TMP/sign.before"
    expect_error 4 'exists already' init
    expect_err '--force'
    expect_same_file "$CONF" "$TEST_TMP/before"
    expect_exit 0 init --force --keygen --environment staging
    expect_same_file "$TEST_TMP/etc/sign.pem" "$TEST_TMP/sign.before"
    expect_err 'signing key that is there'
    # Only the wished one, and what names none; the others are named.
    expect_out '^staging +taco-backups-staging +auth, search$'
    expect_match "$CONF" '^# production-auth$'
    refuse_match "$CONF" '11111111'
}
test_case 'an existing file and key are not replaced' is_careful_with_what_is_there

speaks_of_credentials() {
    expect_exit 0 init --force --credentials --keygen
    expect_match "$CONF" 'api_token = "credential:my.token"'
    expect_match "$CONF" 'secret_access_key = "credential:taco-backups.key"'
    expect_match "$CONF" 'sign_key = "credential:sign.pem"'
    expect_out "^LoadCredential=my.token:$TOKEN_FILE$"
    expect_out "^LoadCredential=taco-backups-staging.key:$TEST_TMP/etc/taco-backups-staging.key$"
    expect_exit 0 d1keep check
}
test_case 'secrets as credentials of the service' speaks_of_credentials

has_no_bucket_that_fits() {
    "$D1KEEP" init --account "$RIG_ACCOUNT" --token "file:$TOKEN_FILE" --api-base "$API" --output "$TEST_TMP/other.conf" --environment canary >"$OUT"
    expect_out '^canary +to be made +search$'
    expect_match "$TEST_TMP/other.conf" 'wrangler r2 bucket create d1-backups-canary'
    # All others say where they belong.
    expect_equal "$(grep -c '^# [a-z]*[-_][a-z]*$' "$TEST_TMP/other.conf")" 3
}
test_case 'a bucket that is missing is said to be' has_no_bucket_that_fits

says_what_is_wrong() {
    expect_error 2 'which databases' "$D1KEEP" init
    expect_error 2 '32 hexadecimal' "$D1KEEP" init --account 12 --token env:X
    expect_error 2 'where does' "$D1KEEP" init --account "$RIG_ACCOUNT"
    write_secret "$TEST_TMP/wrong" not-the-token
    TOKEN_FILE=$TEST_TMP/wrong expect_error 1 'refused the API token' init --force
    # A token itself in the place of its place: refused, and not repeated.
    expect_error 2 'may not stand' "$D1KEEP" init --account "$RIG_ACCOUNT" --token "$RIG_TOKEN" --output "$TEST_TMP/x.conf"
    refuse_match "$ERR" "$RIG_TOKEN"
    expect_error 1 'No such file' "$D1KEEP" init --account "$RIG_ACCOUNT" --token "file:$TEST_TMP/none" --output "$TEST_TMP/x.conf"
    expect_error 1 'folder' "$D1KEEP" init --wrangler "$TEST_TMP" --output "$TEST_TMP/none/x.conf"
    [ ! -e "$TEST_TMP/x.conf" ]
}
test_case 'wrong options, tokens and places' says_what_is_wrong

# ---- a project's configuration

mkdir "$TEST_TMP/project"
cat >"$TEST_TMP/project/wrangler.jsonc" <<EOF2
{
    // The comment that JSON has not, with a "quote, and a trailing comma below.
    "name": "taco", /* "account_id": "00000000000000000000000000000000", */
    "account_id": "$RIG_ACCOUNT",
    "d1_databases": [{ "binding": "AUTH", "database_name": "auth", "database_id": "55555555-5555-4555-8555-555555555555" },],
    "env": {
        "production": { "d1_databases": [{ "binding": "AUTH", "database_name": "production-auth", "database_id": "11111111-1111-4111-8111-111111111111" }] },
        "staging": { "d1_databases": [{ "binding": "AUTH", "database_name": "auth-staging", "database_id": "33333333-3333-4333-8333-333333333333" }] },
    },
}
EOF2

reads_jsonc_without_wrangler() {
    local conf=$TEST_TMP/project/backup.conf
    mkdir "$TEST_TMP/no-node"
    expect_exit 0 env PATH="$TEST_TMP/no-node" "$D1KEEP" init --wrangler "$TEST_TMP/project" --output "$conf"
    expect_out '^local +local \(a directory\) +auth$'
    expect_out '^production +to be made +auth$'
    expect_match "$conf" "project = \"$TEST_TMP/project\""
    expect_match "$conf" "id = \"$RIG_ACCOUNT\""
    write_secret "$TEST_TMP/project/api.token" "$RIG_TOKEN"
    for bucket in d1-backups-production d1-backups-staging; do
        write_secret "$TEST_TMP/project/$bucket.id" x
        write_secret "$TEST_TMP/project/$bucket.key" x
    done
    expect_exit 0 "$D1KEEP" -c "$conf" check
    # With the token, the account's buckets are looked at, too.
    expect_exit 0 "$D1KEEP" init --wrangler "$TEST_TMP/project" --token "file:$TOKEN_FILE" --api-base "$API" --output "$conf" --force
    expect_out '^production +taco-backups +auth$'
    expect_out '^staging +taco-backups-staging +auth$'
}
test_case 'a project with wrangler.jsonc, wrangler not being there' reads_jsonc_without_wrangler

# A stand-in of wrangler with the one function that is asked for: the real one is too large to be installed here.
reads_toml_through_wrangler() {
    local project=$TEST_TMP/toml
    mkdir -p "$project/node_modules/wrangler"
    echo 'name = "taco"' >"$project/wrangler.toml"
    expect_error 2 'for wrangler to read' env PATH="$TEST_TMP/no-node" "$D1KEEP" init --wrangler "$project" --output "$project/backup.conf"
    expect_err 'npm install wrangler'
    cat >"$project/node_modules/wrangler/index.js" <<'JS'
console.log("a banner");
exports.experimental_readRawConfig = ({ config }) => ({ configPath: config, rawConfig: { seen: config,
  d1_databases: [{ binding: "AUTH", database_name: "auth", database_id: "55555555-5555-4555-8555-555555555555" }] } });
JS
    expect_exit 0 "$D1KEEP" init --wrangler "$project" --output "$project/backup.conf"
    expect_out '^local +local \(a directory\) +auth$'
    expect_exit 0 "$D1KEEP" -c "$project/backup.conf" check
    echo 'exports.experimental_readRawConfig = () => { throw new Error("line 3: no"); };' >"$project/node_modules/wrangler/index.js"
    expect_error 2 'wrangler says: line 3: no' "$D1KEEP" init --wrangler "$project" --output "$project/backup.conf" --force
}
test_case 'a project with wrangler.toml, read by wrangler' reads_toml_through_wrangler

refuses_what_is_no_project() {
    mkdir "$TEST_TMP/empty" "$TEST_TMP/broken"
    expect_error 2 'has no wrangler.json' "$D1KEEP" init --wrangler "$TEST_TMP/empty" --output "$TEST_TMP/y.conf"
    echo '{ "d1_databases": [ }' >"$TEST_TMP/broken/wrangler.json"
    expect_error 2 'wrangler.json' env PATH="$TEST_TMP/no-node" "$D1KEEP" init --wrangler "$TEST_TMP/broken" --output "$TEST_TMP/y.conf"
    echo '{ "name": "worker" }' >"$TEST_TMP/broken/wrangler.json"
    expect_error 2 'no d1_databases' "$D1KEEP" init --wrangler "$TEST_TMP/broken" --output "$TEST_TMP/y.conf"
    [ ! -e "$TEST_TMP/y.conf" ]
}
test_case 'what is no project is refused' refuses_what_is_no_project

test_done
