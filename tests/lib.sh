# shellcheck shell=bash
# The test harness: tests/integration/NN-name.sh begins with `. "$(dirname "$0")/../lib.sh"` and ends with `test_done`.
#
#     lists_what_it_kept() {
#         expect_exit 0 d1keep list production
#         expect_out 'production/auth@'
#     }
#     test_case 'list shows a snapshot' lists_what_it_kept
#
# A test case runs in a subshell in which the first failing command ends it; what it printed is shown only if it failed.
# So processes and variables that outlive a case (rig_start, faults_start, make_ca, write_conf) belong outside, in the file.
#
# Everything lies in $TEST_TMP, which is removed at the end (KEEP=1 keeps it). No process outlives the file.

set -u

TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(dirname "$TESTS")
TEST_NAME=$(basename "$0" .sh)
D1KEEP=${D1KEEP:-$ROOT/build/d1keep}
D1KEEPD=${D1KEEPD:-$ROOT/build/d1keepd}

TEST_TMP=$(mktemp -d "${TMPDIR:-/tmp}/d1keep-test.XXXXXX")
OUT=$TEST_TMP/out # standard output and standard error of the last expect_exit
ERR=$TEST_TMP/err
CONF=$TEST_TMP/backup.conf
STATE_DIR=$TEST_TMP/state
RIG_DIR=$TEST_TMP/rig # the rig's files: RIG_DIR/v3/d1, RIG_DIR/v3/r2
TEST_CASE_LOG=$TEST_TMP/case.log
TEST_PIDS=$TEST_TMP/pids # processes to end with the file, one a line
TEST_PASSED=0
TEST_FAILED=0
TEST_IS_DONE=
RIG_PID=
FAULTS_PID=
: >"$TEST_PIDS"

# A person's own settings must not reach the tests.
unset D1KEEP_CONFIG CLOUDFLARE_API_TOKEN CLOUDFLARE_ACCOUNT_ID http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
export LC_ALL=C.UTF-8 TZ=UTC

# ---- cases

# test_case NAME FUNCTION [ARGUMENT…]   runs the function
# test_case NAME <<'EOF' … EOF          runs the block
test_case() {
    local name=$1 rc
    shift
    if [ $# -eq 0 ]; then
        cat >"$TEST_TMP/block"
        set -- . "$TEST_TMP/block"
    fi
    (
        set -eE
        trap test_failed_here ERR
        "$@"
    ) >"$TEST_CASE_LOG" 2>&1 </dev/null
    rc=$?
    if [ $rc -eq 0 ]; then
        TEST_PASSED=$((TEST_PASSED + 1))
        printf 'ok - %s: %s\n' "$TEST_NAME" "$name"
    else
        TEST_FAILED=$((TEST_FAILED + 1))
        printf 'not ok - %s: %s\n' "$TEST_NAME" "$name"
        sed 's/^/    # /' "$TEST_CASE_LOG"
    fi
}

# Says which lines of the case led to the command that failed.
test_failed_here() {
    local i
    for ((i = 0; i < ${#FUNCNAME[@]} - 1; i++)); do
        [ "${FUNCNAME[i + 1]}" != test_case ] || break
        [ "${BASH_SOURCE[i + 1]}" != "${BASH_SOURCE[0]}" ] || continue # the harness itself is of no interest
        printf 'failed: %s line %d: %s\n' "${BASH_SOURCE[i + 1]##*/}" "${BASH_LINENO[i]}" \
            "$(sed -n "${BASH_LINENO[i]}s/^ *//p" "${BASH_SOURCE[i + 1]}")"
    done
}

# Ends a file. Without it the file counts as crashed.
test_done() {
    TEST_IS_DONE=yes
    printf '%d passed, %d failed\n' "$TEST_PASSED" "$TEST_FAILED"
    [ "$TEST_FAILED" -eq 0 ]
    exit
}

test_cleanup() {
    local rc=$? pid
    [ "$BASHPID" = $$ ] || exit "$rc" # a child that was told to end before it became what it was started for
    faults_stop
    rig_stop
    while read -r pid; do end_process "$pid"; done <"$TEST_PIDS"
    [ -n "$TEST_IS_DONE" ] || printf 'not ok - %s: the file ended early (exit %d)\n' "$TEST_NAME" "$rc"
    if [ -n "${KEEP:-}" ]; then echo "kept: $TEST_TMP" >&2; else rm -rf "$TEST_TMP"; fi
    exit "$rc"
}
trap test_cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- small tools

# wait_for SECONDS COMMAND…   polls until the command succeeds; fails when it does not in time.
wait_for() {
    local deadline=$((${EPOCHREALTIME/./} + $1 * 1000000))
    shift
    until "$@" >/dev/null 2>&1; do
        if [ "${EPOCHREALTIME/./}" -ge "$deadline" ]; then
            echo "waited in vain for: $*"
            return 1
        fi
        sleep 0.03
    done
}

# A zombie is gone too: only its parent's notice of it is missing.
process_is_gone() { # PID
    local stat
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
    [[ ${stat##*) } == Z* ]]
}

end_process() {
    kill "$1" 2>/dev/null || return 0
    wait_for 8 process_is_gone "$1" >/dev/null || kill -KILL "$1" 2>/dev/null
    wait "$1" 2>/dev/null || true # not our child when called within a case
    return 0
}

# start_background LOG COMMAND…   starts it, sets $BACKGROUND_PID, and ends it with the file at the latest.
start_background() {
    local log=$1
    shift
    "$@" >"$log" 2>&1 </dev/null &
    BACKGROUND_PID=$!
    echo "$BACKGROUND_PID" >>"$TEST_PIDS"
}

d1keep() {
    "$D1KEEP" -c "$CONF" "$@"
}

# need_crash_programs   sets CRASH_D1KEEP and CRASH_D1KEEPD: built to die where $D1KEEP_CRASH_AT says (base/crash.h)
need_crash_programs() {
    CRASH_D1KEEP=${CRASH_D1KEEP:-$ROOT/build/crash/d1keep}
    CRASH_D1KEEPD=${CRASH_D1KEEPD:-$ROOT/build/crash/d1keepd}
    [ -x "$CRASH_D1KEEP" ] || { echo "not there: $CRASH_D1KEEP (make CRASH=1 BUILD=build/crash programs)"; exit 1; }
}

# ---- expectations

# expect_exit CODE COMMAND…   runs it; standard output goes to $OUT, standard error to $ERR.
expect_exit() {
    local expected=$1 rc=0
    shift
    "$@" >"$OUT" 2>"$ERR" || rc=$?
    if [ "$rc" -ne "$expected" ]; then
        echo "exit $rc, expected $expected: $*"
        show_output
        return 1
    fi
    # A sanitizer's report fails the case, whatever the exit code.
    if grep -Eq 'AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:' "$ERR"; then
        show_output
        return 1
    fi
}

show_output() {
    echo "--- standard output:"
    head -c 4000 "$OUT"
    echo "--- standard error:"
    head -c 8000 "$ERR"
    echo "---"
}

expect_out() { expect_match "$OUT" "$1"; }
expect_err() { expect_match "$ERR" "$1"; }

# expect_match FILE REGEX   an extended regular expression that a line of the file must match
expect_match() {
    grep -Eq -- "$2" "$1" && return
    echo "nothing matches /$2/ in:"
    head -c 4000 "$1"
    return 1
}

# refuse_match FILE REGEX   … and one that no line may match
refuse_match() {
    if grep -En -- "$2" "$1"; then
        echo "that should not be in $1: /$2/"
        return 1
    fi
}

# expect_equal ACTUAL EXPECTED
expect_equal() {
    [ "$1" = "$2" ] && return
    printf 'got:      %s\nexpected: %s\n' "$1" "$2"
    return 1
}

# expect_same_file ACTUAL EXPECTED
expect_same_file() {
    cmp -s "$1" "$2" && return
    diff -u "$2" "$1" | head -40
    return 1
}

# expect_error CODE REGEX COMMAND…   it ends with this exit code and says one line of error, which matches.
expect_error() {
    local code=$1 regex=$2
    shift 2
    expect_exit "$code" "$@"
    expect_err "^d1keep: error: .*($regex)" || { show_output; return 1; }
    expect_equal "$(grep -c '^d1keep: error: ' "$ERR") line(s) of error" '1 line(s) of error' || { show_output; return 1; }
    refuse_match "$ERR" '[^[:print:]]'
}

# unpacked FILE   a manifest's text (docs/format.md): older ones are not packed
unpacked() { gzip -cdf <"$1"; }

# edit_manifest FILE COMMAND…   puts in its place what the command makes of its text, packed
edit_manifest() {
    local file=$1
    shift
    unpacked "$file" | "$@" | gzip -n >"$TEST_TMP/edited"
    cp "$TEST_TMP/edited" "$file"
}

# expect_same_database FILE ORIGINAL   schema and every cell
expect_same_database() {
    database_text "$1" >"$TEST_TMP/database.text"
    database_text "$2" >"$TEST_TMP/original.text"
    expect_same_file "$TEST_TMP/database.text" "$TEST_TMP/original.text"
}

# A SQLite file as text: the schema, and each cell with its storage class; text in hex, as quote() ends at a NUL, and the
# bits of reals, which quote() of some versions rounds.
database_text() { # FILE
    sqlite3 -readonly "$1" "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE tbl_name NOT GLOB '_cf_*' ORDER BY type, name"
    sqlite3 -readonly "$1" "
        SELECT 'SELECT ' || quote('table ' || t.name) || '; SELECT ' ||
            CASE WHEN t.wr THEN '' ELSE coalesce((SELECT r FROM (SELECT 'rowid' AS r UNION ALL SELECT '_rowid_' UNION ALL SELECT 'oid')
                WHERE r NOT IN (SELECT lower(name) FROM pragma_table_xinfo(t.name))), 'NULL') || ',' END ||
            (SELECT group_concat(printf('typeof(\"%w\"),CASE typeof(\"%w\") WHEN ''text'' THEN hex(CAST(\"%w\" AS BLOB)) WHEN ''real'' THEN hex(ieee754_to_blob(\"%w\")) ELSE quote(\"%w\") END',
                name, name, name, name, name)) FROM pragma_table_xinfo(t.name)) ||
            printf(' FROM \"%w\" ORDER BY ', t.name) ||
            CASE WHEN t.wr THEN (SELECT group_concat(printf('\"%w\"', name)) FROM (SELECT name FROM pragma_table_xinfo(t.name) WHERE pk > 0 ORDER BY pk)) ELSE '1' END || ';'
        FROM pragma_table_list AS t
        WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT GLOB '_cf_*' AND t.name NOT GLOB 'sqlite_*'
        ORDER BY t.name" | sqlite3 -readonly "$1"
    ! sqlite3 -readonly "$1" 'SELECT name FROM sqlite_schema' | grep -qx sqlite_sequence ||
        sqlite3 -readonly "$1" 'SELECT quote(name), quote(seq), typeof(seq) FROM sqlite_sequence ORDER BY 1, 2'
    ! sqlite3 -readonly "$1" 'SELECT name FROM sqlite_schema' | grep -qx sqlite_stat1 ||
        sqlite3 -readonly "$1" 'SELECT quote(tbl), quote(idx), quote(stat) FROM sqlite_stat1 ORDER BY 1, 2, 3'
}

# ---- Cloudflare: the rig (tests/cloudflare) and the fault proxy before it

# rig_start [FLAG VALUE]…   starts it (rig.mjs knows the flags) and waits until it answers. Sets API, S3 and RIG_…; a
# second start after rig_stop finds the same databases and buckets again.
rig_start() {
    "$TESTS/cloudflare/install.sh" || exit 1
    RIG_NODE=$("$TESTS/cloudflare/install.sh" --node)
    RIG_READY=$TEST_TMP/rig.json
    rm -f "$RIG_READY"
    "$RIG_NODE" "$TESTS/cloudflare/rig.mjs" --ready "$RIG_READY" --dir "$RIG_DIR" --leash $$ "$@" >"$TEST_TMP/rig.log" 2>&1 </dev/null &
    RIG_PID=$!
    wait_for_ready "$RIG_READY" "$RIG_PID" "$TEST_TMP/rig.log" || exit 1
    RIG_API=$(rig_fact .api) # always the rig itself, also when API means the fault proxy
    RIG_ACCOUNT=$(rig_fact .account_id)
    RIG_TOKEN=$(rig_fact .token)
    RIG_KEY_ID=$(rig_fact .s3_access_key_id)
    RIG_SECRET_KEY=$(rig_fact .s3_secret_access_key)
    API=$RIG_API
    S3=$(rig_fact .s3)
}

ready_or_dead() { # FILE PID
    [ -e "$1" ] || process_is_gone "$2"
}

wait_for_ready() { # FILE PID LOG
    wait_for 30 ready_or_dead "$1" "$2"
    [ -e "$1" ] && return
    echo "did not start:"
    cat "$3"
    return 1
}

# rig_object BUCKET KEY   prints an object of the rig's R2
rig_object() {
    curl -sSk --fail --aws-sigv4 aws:amz:auto:s3 --user "$RIG_KEY_ID:$RIG_SECRET_KEY" -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' "$(rig_fact .s3)/$1/$2"
}

rig_fact() { # JQ-EXPRESSION of the rig's ready file
    jq -r "$1" "$RIG_READY"
}

rig_stop() {
    [ -z "$RIG_PID" ] || end_process "$RIG_PID"
    RIG_PID=
}

# rig_call METHOD PATH [BODY|@FILE]   one call of the API, past the fault proxy; prints the answer's body.
rig_call() {
    curl -sSk -X "$1" -H "Authorization: Bearer $RIG_TOKEN" -H 'Content-Type: application/json' -H 'Expect:' \
        ${3+--data-binary "$3"} "$RIG_API/accounts/$RIG_ACCOUNT/d1/database$2"
}

# rig_sql DATABASE SQL   runs it (the database by name or UUID) and prints the rows, columns parted by tabs.
rig_sql() {
    printf %s "$2" | jq -Rs '{sql: .}' | rig_call POST "/$1/raw" @- | rig_rows
}

# rig_sql_file DATABASE FILE   one statement a line; 500 statements a call.
rig_sql_file() {
    local piece
    rm -rf "$TEST_TMP/pieces"
    mkdir "$TEST_TMP/pieces"
    split -l 500 "$2" "$TEST_TMP/pieces/"
    for piece in "$TEST_TMP"/pieces/*; do
        jq -Rn '{batch: [inputs | select(length > 0) | {sql: .}]}' "$piece" | rig_call POST "/$1/raw" @- | rig_rows || return
    done
}

rig_rows() {
    jq -r 'if .success then .result[].results.rows[] | map(if . == null then "NULL" else tostring end) | join("\t")
           else "rig: \(.errors[0].message)\n" | halt_error end'
}

# The file of a database, where wrangler would put it. The rig may hold it open.
rig_file() { # DATABASE
    wrangler_file "$RIG_DIR" "$(rig_fact ".databases[] | select(.name == \"$1\" or .uuid == \"$1\") | .uuid")"
}

# wrangler_file STATE-FOLDER ID   the file of a local D1
wrangler_file() {
    local key head tail
    key=$(printf miniflare-D1DatabaseObject | openssl dgst -sha256 -r | cut -d' ' -f1)
    head=$(printf %s "$2" | openssl dgst -sha256 -r -mac HMAC -macopt "hexkey:$key" | cut -c1-32)
    tail=$(printf %s "$head" | sed 's/../\\x&/g' | xargs -0 printf %b | openssl dgst -sha256 -r -mac HMAC -macopt "hexkey:$key" | cut -c1-32)
    echo "$1/v3/d1/miniflare-D1DatabaseObject/$head$tail.sqlite"
}

# faults_start   starts the proxy; API and S3 mean it from now on.
faults_start() {
    FAULTS_READY=$TEST_TMP/faults.json
    rm -f "$FAULTS_READY"
    "$RIG_NODE" "$TESTS/cloudflare/faults.mjs" --rig "$RIG_READY" --ready "$FAULTS_READY" --leash $$ >"$TEST_TMP/faults.log" 2>&1 </dev/null &
    FAULTS_PID=$!
    wait_for_ready "$FAULTS_READY" "$FAULTS_PID" "$TEST_TMP/faults.log" || exit 1
    API=$(jq -r .api "$FAULTS_READY")
    S3=$(jq -r .s3 "$FAULTS_READY")
    FAULTS_CONTROL=$(jq -r .control "$FAULTS_READY")
}

faults_stop() {
    [ -z "$FAULTS_PID" ] || end_process "$FAULTS_PID"
    FAULTS_PID=
}

# fault JSON   e.g. '{"match": "^POST .*/raw", "kind": "429", "retry_after": 1, "times": 2}'; tests/cloudflare/README.md
fault() {
    curl -sS --fail-with-body --data-binary "$1" "$FAULTS_CONTROL/faults"
}

# Forgets the faults and the requests seen.
faults_reset() {
    curl -sS --fail-with-body -X DELETE "$FAULTS_CONTROL/faults" && curl -sS --fail-with-body -X DELETE "$FAULTS_CONTROL/log"
}

# requests_seen REGEX   prints how many requests the proxy saw whose line `METHOD PATH STATUS` matches.
requests_seen() {
    curl -sS "$FAULTS_CONTROL/log" | jq -r '"\(.method) \(.path) \(.status)"' | grep -Ec -- "$1" || true
}

# ---- certificates and configuration

# make_ca   a private authority and a certificate for localhost and 127.0.0.1: CA_FILE, SERVER_CERT, SERVER_KEY.
make_ca() {
    local dir=$TEST_TMP/ca
    mkdir -p "$dir"
    export CA_FILE=$dir/ca.pem SERVER_CERT=$dir/server.pem SERVER_KEY=$dir/server.key
    (
        set -e
        cd "$dir"
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj '/CN=d1keep test authority' \
            -addext 'basicConstraints=critical,CA:TRUE' -keyout ca.key -out ca.pem
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout server.key -out server.csr
        printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n' >server.ext
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile server.ext -out server.pem
    ) >"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }
}

write_secret() { # FILE VALUE
    (umask 077 && printf '%s\n' "$2" >"$1")
}

# write_conf   writes $CONF for what API and S3 mean now: environments production and staging (auth, billing), test (t1 … t8)
# and local (a SQLite file $TEST_TMP/shop.sqlite in a directory bucket). More lines, where they are wanted, by variables:
# Backups are not verified, unless CONF_VERIFY is "hashes" or "replay".
#     CONF_TOP  CONF_ACCOUNT  CONF_BUCKET  CONF_ENV (every environment)  CONF_PRODUCTION  CONF_TEST  CONF_MORE (at the end)
write_conf() {
    local ca=${CA_FILE:+ca_file = \"$CA_FILE\"}
    mkdir -p "$STATE_DIR" "$TEST_TMP/bucket"
    write_secret "$TEST_TMP/token" "$RIG_TOKEN"
    write_secret "$TEST_TMP/s3.id" "$RIG_KEY_ID"
    write_secret "$TEST_TMP/s3.secret" "$RIG_SECRET_KEY"
    {
        cat <<EOF
state_dir = "$STATE_DIR"
${CONF_TOP:-}
account "taco" {
    id = "$RIG_ACCOUNT"
    api_token = "file:$TEST_TMP/token"
    api_base = "$API"
    request_budget = ${REQUEST_BUDGET:-100000}
    $ca
    ${CONF_ACCOUNT:-}
}
EOF
        conf_bucket taco-backups
        conf_bucket taco-backups-staging
        conf_bucket b1
        cat <<EOF
bucket "here" {
    type = "directory"
    path = "$TEST_TMP/bucket"
}
environment "production" {
    account = "taco"
    bucket = "taco-backups"
    verify = "${CONF_VERIFY:-none}"
    ${CONF_ENV:-}
    ${CONF_PRODUCTION:-}
    database "auth" { id = "$(uuid_of production-auth)" }
    database "billing" { id = "$(uuid_of production-billing)" }
}
environment "staging" {
    account = "taco"
    bucket = "taco-backups-staging"
    verify = "${CONF_VERIFY:-none}"
    ${CONF_ENV:-}
    database "auth" { id = "$(uuid_of staging-auth)" }
    database "billing" { id = "$(uuid_of staging-billing)" }
}
environment "test" {
    account = "taco"
    bucket = "b1"
    verify = "${CONF_VERIFY:-none}"
    ${CONF_ENV:-}
    ${CONF_TEST:-}
EOF
        local n
        for n in 1 2 3 4 5 6 7 8; do printf '    database "t%d" { id = "%s" }\n' $n "$(uuid_of t$n)"; done
        cat <<EOF
}
environment "local" {
    bucket = "here"
    verify = "${CONF_VERIFY:-none}"
    ${CONF_ENV:-}
    database "shop" {
        source = "sqlite"
        path = "$TEST_TMP/shop.sqlite"
    }
}
${CONF_MORE:-}
EOF
    } >"$CONF"
}

uuid_of() {
    rig_fact ".databases[] | select(.name == \"$1\") | .uuid"
}

conf_bucket() {
    cat <<EOF
bucket "$1" {
    type = "r2"
    endpoint = "$S3"
    access_key_id = "file:$TEST_TMP/s3.id"
    secret_access_key = "file:$TEST_TMP/s3.secret"
    ${CA_FILE:+ca_file = \"$CA_FILE\"}
    ${CONF_BUCKET:-}
}
EOF
}
