#!/usr/bin/env bash
# Who is told of what, and how: a real receiver, programs, the daemon with a fake d1keep for the runs and the real one for
# the telling.
. "$(dirname "$0")/../lib.sh"
unset JOURNAL_STREAM INVOCATION_ID NOTIFY_SOCKET WATCHDOG_USEC

# ---- the receiver: what it gets lies in $GOT (tests/tools/receiver.mjs)

GOT=$TEST_TMP/got
mkdir "$GOT"
NODE=$("$TESTS/cloudflare/install.sh" --node)
start_background "$TEST_TMP/receiver.log" "$NODE" "$TESTS/tools/receiver.mjs" --dir "$GOT" --ready "$TEST_TMP/receiver.url" --leash $$
wait_for_ready "$TEST_TMP/receiver.url" "$BACKGROUND_PID" "$TEST_TMP/receiver.log" || exit 1
RECEIVER=$(cat "$TEST_TMP/receiver.url")
HOST=${RECEIVER#http://}

forget() { rm -rf "${GOT:?}"/*; }
answer() { echo "$1" >"$GOT/answer"; }
got() { # [REGEX of a line METHOD PATH EVENT]
    local n=0
    [ ! -e "$GOT/log" ] || n=$(grep -Ec -- "${1:-.}" "$GOT/log")
    echo "$n"
}
got_are() { [ "$(got "${2:-.}")" -eq "$1" ]; }
# The newest request's file of this kind.
newest() { printf '%s\n' "$GOT"/[0-9]*."$1" | sort | tail -n 1; }
header() { jq -r ".headers[\"$1\"]" "$(newest json)"; }

# ---- the configuration

write_secret "$TEST_TMP/hook.url" "$RECEIVER/hook/sesame"
write_secret "$TEST_TMP/beat.url" "$RECEIVER/beat/sesame"
write_secret "$TEST_TMP/hook.key" 'a key of three words'
cat >"$TEST_TMP/page" <<'END'
#!/bin/sh
# $0 lies in the test's folder.
cat >"$(dirname "$0")/page.json"
env >"$(dirname "$0")/page.env"
echo "paged for $D1KEEP_EVENT"
[ ! -e "$(dirname "$0")/page.fails" ]
END
chmod +x "$TEST_TMP/page"
WEBHOOK="notify \"ops\" {
    type = \"webhook\"
    url = \"file:$TEST_TMP/hook.url\"
    secret = \"file:$TEST_TMP/hook.key\"
}"
PAGE="notify \"page\" {
    type = \"exec\"
    command = \"$TEST_TMP/page\"
}"
BEAT="notify \"beat\" {
    type = \"heartbeat\"
    url = \"file:$TEST_TMP/beat.url\"
    environment = \"shop\"
}"

# conf SCHEDULE SECTIONS DATABASE…   one environment, "shop"; more lines by CONF_ENV
conf() {
    local schedule=$1 sections=$2 name
    shift 2
    mkdir -p "$TEST_TMP/bucket"
    {
        printf 'state_dir = "%s"\n%s\n' "$STATE_DIR" "$sections"
        printf 'bucket "here" {\n    type = "directory"\n    path = "%s"\n}\n' "$TEST_TMP/bucket"
        printf 'environment "shop" {\n    bucket = "here"\n    schedule = "%s"\n%s\n' "$schedule" "${CONF_ENV:-}"
        for name; do
            : >"$TEST_TMP/$name.sqlite"
            printf '    database "%s" {\n        source = "sqlite"\n        path = "%s"\n    }\n' "$name" "$TEST_TMP/$name.sqlite"
        done
        printf '}\n'
    } >"$CONF"
}

# No address, no key: neither their words nor the host.
no_secret_in() { # FILE…
    local file
    for file; do
        refuse_match "$file" 'sesame|three words'
        refuse_match "$file" "$HOST"
    done
}

# ---- d1keep notify

tests_each() {
    forget
    conf @daily "$WEBHOOK $PAGE $BEAT" a
    expect_exit 0 d1keep notify --test
    expect_out '^ops \(webhook\): delivered$'
    expect_out '^page \(exec\): delivered$'
    expect_out '^beat \(heartbeat\): delivered$'
    expect_err 'notify "page": paged for test'
    no_secret_in "$OUT" "$ERR"
    expect_equal "$(cat "$GOT/log")" "POST /hook/sesame test
GET /beat/sesame -"
    expect_equal "$(jq -r '.event, .message' "$GOT/0001.body")" "test
a test of d1keep's notifications: nothing has happened"
    expect_match "$TEST_TMP/page.env" '^D1KEEP_EVENT=test$'
    cmp "$TEST_TMP/page.json" "$GOT/0001.body"
}
test_case '--test tells each target once, and says so' tests_each

signature_holds() {
    local at
    forget
    conf @daily "$WEBHOOK" a
    expect_exit 0 d1keep notify --test ops
    at=$(header x-d1keep-timestamp)
    [ $(($(date +%s) - at)) -lt 30 ]
    expect_equal "$(header x-d1keep-signature)" \
        "sha256=$({ printf '%s.' "$at"; cat "$(newest body)"; } | openssl dgst -sha256 -r -hmac 'a key of three words' | cut -d' ' -f1)"
    expect_equal "$(header x-d1keep-delivery)" "$(jq -r .id "$(newest body)")"
    expect_equal "$(header content-type)" application/json
    expect_equal "$(header user-agent | cut -d/ -f1)" d1keep
}
test_case 'openssl finds the signature good' signature_holds

says_what_failed() {
    forget
    conf @daily "$WEBHOOK $PAGE" a
    answer 404
    : >"$TEST_TMP/page.fails"
    expect_exit 1 d1keep notify --test
    expect_err '^d1keep: error: notify "ops": answered HTTP 404$'
    expect_err '^d1keep: error: notify "page": ended with exit code 1$'
    no_secret_in "$OUT" "$ERR"
    rm "$TEST_TMP/page.fails"
    expect_exit 1 d1keep notify --test --json
    expect_equal "$(jq -c '.targets[] | [.name, .delivered, .error]' "$OUT")" \
        '["ops",false,"notify \"ops\": answered HTTP 404"]
["page",true,null]'
    no_secret_in "$OUT" "$ERR"
    answer 503
    forget
    answer 503
    expect_exit 1 d1keep notify --test ops
    expect_equal "$(got)" 3
    forget
    answer "redirect $RECEIVER/elsewhere"
    expect_exit 1 d1keep notify --test ops
    expect_err 'answered HTTP 302'
    expect_err 'hint: no redirect is followed'
    expect_equal "$(got)" 1
    forget
    answer long
    expect_exit 1 d1keep notify --test ops
    expect_err 'the answer of the server is longer than'
    no_secret_in "$OUT" "$ERR"
    forget
}
test_case 'what could not be told is named by its section' says_what_failed

delivers_what_it_is_given() {
    local notice='{"event":"failure","id":"7","environment":"shop","database":"shop/a","message":"oh no"}'
    forget
    conf @daily "$WEBHOOK
        notify \"quiet\" { type = \"webhook\" url = \"$RECEIVER/quiet\" events = \"stale\" }
        $BEAT" a
    deliver() { printf %s "$1" | d1keep notify --deliver "${@:2}"; }
    expect_exit 0 deliver "$notice"
    expect_equal "$(cat "$GOT/log")" 'POST /hook/sesame failure'
    expect_equal "$(cat "$(newest body)")" "$notice"
    expect_exit 0 deliver "$notice" quiet
    expect_equal "$(got '^POST /quiet failure')" 1
    expect_exit 2 deliver 'no notice'
    expect_exit 2 deliver "$notice" nobody
    expect_err 'has no notify "nobody"'
    expect_err 'hint: there are: ops, quiet, beat'
    expect_exit 2 deliver "$(printf '{"event":"x","id":"1","message":"%050000d"}' 0)"
    forget
}
test_case '--deliver sends a notice as it is, to those who want it' delivers_what_it_is_given

lists() {
    conf @daily "$WEBHOOK $BEAT" a
    expect_exit 0 d1keep notify --list
    expect_out '^ops +webhook +all +failure recovery shrink stale +24h'
    expect_out '^beat +heartbeat +shop +- +-'
    no_secret_in "$OUT"
    expect_exit 0 d1keep notify --list --json
    expect_equal "$(jq -c '.targets[] | [.name, .signed]' "$OUT")" '["ops",true]
["beat",false]'
    expect_exit 2 d1keep notify
    expect_exit 2 d1keep notify --test --list
    conf @daily '' a
    expect_exit 2 d1keep notify --test
    expect_err 'has no section notify'
}
test_case '--list shows who is told of what' lists

# A receiver with a certificate for 127.0.0.1, and one with a certificate for another name; one authority for both.
over_tls() {
    local dir=$TEST_TMP/tls url wrong
    make_ca
    mkdir -p "$dir/got" "$dir/wrong"
    printf 'subjectAltName=DNS:sesame.example\n' >"$dir/ext"
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -keyout "$dir/key" -out "$dir/csr"
    openssl x509 -req -in "$dir/csr" -CA "$CA_FILE" -CAkey "$(dirname "$CA_FILE")/ca.key" -CAcreateserial -days 2 -extfile "$dir/ext" -out "$dir/cert"
    start_background "$dir/log" "$NODE" "$TESTS/tools/receiver.mjs" --dir "$dir/got" --ready "$dir/url" --leash $$ --cert "$SERVER_CERT" --key "$SERVER_KEY"
    start_background "$dir/log2" "$NODE" "$TESTS/tools/receiver.mjs" --dir "$dir/wrong" --ready "$dir/url2" --leash $$ --cert "$dir/cert" --key "$dir/key"
    wait_for 20 test -e "$dir/url"
    wait_for 20 test -e "$dir/url2"
    url=$(cat "$dir/url")
    wrong=$(cat "$dir/url2")
    conf @daily "notify \"good\" { type = \"webhook\" url = \"$url/sesame\" ca_file = \"$CA_FILE\" }
        notify \"untrusted\" { type = \"webhook\" url = \"$url/sesame\" }
        notify \"other\" { type = \"webhook\" url = \"$wrong/sesame\" ca_file = \"$CA_FILE\" }" a
    expect_exit 0 d1keep notify --test good
    expect_equal "$(cat "$dir/got/log")" 'POST /sesame test'
    expect_exit 1 d1keep notify --test untrusted
    expect_err 'cannot talk to the server: .*certificate'
    no_secret_in "$OUT" "$ERR"
    expect_exit 1 d1keep notify --test other
    expect_err 'cannot talk to the server: '
    no_secret_in "$OUT" "$ERR"
    refuse_match "$ERR" '127\.0\.0\.1'
    expect_equal "$(wc -l <"$dir/got/log")" 1
    [ ! -e "$dir/wrong/log" ]
}
test_case 'TLS is verified, and a certificate of another name betrays no host' over_tls

checks_it() {
    conf @daily 'notify "lan" { type = "webhook" url = "http://10.1.2.3/sesame" }' a
    expect_exit 0 d1keep check
    expect_out ':2: warning: notify "lan": url: what is told goes over the network unencrypted'
    no_secret_in "$OUT" "$ERR"
    conf @daily 'notify "b" { type = "heartbeat" url = "https://x" environment = "shpo" }' a
    expect_exit 2 d1keep check
    expect_out ':2: environment: "shpo" is not an environment of this file'
    expect_out 'did you mean "shop"'
}
test_case 'check warns of plain HTTP and names an unknown environment' checks_it

# ---- d1keepd: a fake d1keep for the runs, the real one for the telling

FAKE=$TEST_TMP/fake
REAL=$D1KEEP
export FAKE REAL D1KEEP_BINARY=$TEST_TMP/fake-d1keep
cat >"$D1KEEP_BINARY" <<'END'
#!/usr/bin/env bash
# d1keep -c FILE backup ENV/DB …: what $FAKE/do/ENV.DB says (a piece of bash), else a good snapshot.
[ "$3" = backup ] || exec "$REAL" "$@"
database=${4//\//.}
say() { echo "$1" >&3; }
# taken_at WHEN [ROWS [BYTES]]
taken_at() {
    say '{"event":"done","snapshot":"'"$(date -u -d "$1" +%Y%m%dT%H%M%SZ)"'","rows":'"${2:-1000}"',"sql_bytes":'"${3:-50000}"',"stored_bytes":1,"new_bytes":1,"exit":0}'
}
verified() { say '{"event":"verified","how":"replay","good":true,"ms":1,"problems":[]}'; }
failed() { say '{"event":"error","code":"'"$1"'","message":"'"$2"'","hint":"look there"}'; }
echo "$4" >>"$FAKE/calls"
if [ -e "$FAKE/do/$database" ]; then . "$FAKE/do/$database"; else taken_at now; verified; fi
END
chmod +x "$D1KEEP_BINARY"
LOG=$TEST_TMP/d1keepd.log
NEVER="0 0 $(date -u -d '+40 days' +%d) $(date -u -d '+40 days' +%m) *"

clean_slate() {
    rm -rf "$FAKE" "$STATE_DIR"
    mkdir -p "$FAKE/do"
    forget
}
state() { sqlite3 -cmd '.timeout 5000' "$STATE_DIR/state.db" "$1"; }
does() { echo "$2" >"$FAKE/do/shop.$1"; } # DATABASE SCRIPT
daemon() { timeout 60 "$D1KEEPD" -c "$CONF" --foreground "$@"; }

# run EXIT DATABASE…   these are due; what is told follows
run() {
    local expected=$1 name
    shift
    [ ! -e "$STATE_DIR/state.db" ] || for name; do
        state "UPDATE databases SET next_at = 1000000000, retry_at = 0 WHERE name = 'shop/$name'"
    done
    expect_exit "$expected" daemon --once
}
told() { # the bodies' events, in order
    local file
    for file in "$GOT"/[0-9]*.body; do [ ! -s "$file" ] || jq -r .event "$file"; done | tr '\n' ' '
}
said() { jq -r "$1" "$(newest body)"; } # of the newest notice
# as if what was told had been told so long ago
told_earlier() { state "UPDATE alerts SET told_at = told_at - $1, since_at = since_at - $1 WHERE kind <> 'known'"; }

failure_and_recovery() {
    clean_slate
    CONF_ENV='retries = 0' conf "$NEVER" "$WEBHOOK" a
    run 0
    expect_equal "$(told)" ''
    does a 'failed again "the account is overloaded"; exit 75'
    run 1 a
    expect_equal "$(told)" 'failure '
    expect_equal "$(said '.database, .environment, .reason, .repeated, .run.code, .run.message, .hint, .run.exit_code')" \
        'shop/a
shop
failed
false
again
the account is overloaded
look there
75'
    expect_equal "$(said .message)" \
        "shop/a: no backup: the account is overloaded; the newest verified snapshot is $(said ".verified_age_ms / 1000") s old"
    run 1 a
    run 1 a
    expect_equal "$(told)" 'failure '
    told_earlier 90000
    run 1 a
    expect_equal "$(told)" 'failure failure '
    expect_equal "$(said .repeated)" true
    expect_equal "$(said '.message | test("still, for 25 h")')" true
    rm "$FAKE/do/shop.a"
    run 0 a
    expect_equal "$(told)" 'failure failure recovery '
    expect_equal "$(said '.lasted_ms >= 90000000 and .lasted_ms < 90400000')" true
    run 0 a
    expect_equal "$(got)" 3
    expect_equal "$(state "SELECT count(*) FROM alerts WHERE told_at > 0")" 0
}
test_case 'a failure is told once, again after a day, and its end once' failure_and_recovery

graver_failures() {
    clean_slate
    CONF_ENV='retries = 0' conf "$NEVER" "$PAGE" a
    rm -f "$TEST_TMP/page.json"
    does a 'failed again "overloaded"; exit 75'
    run 1
    expect_equal "$(jq -r .reason "$TEST_TMP/page.json")" failed
    expect_match "$TEST_TMP/page.env" '^D1KEEP_MESSAGE=shop/a: no backup: overloaded; there is no verified snapshot$'
    expect_match "$TEST_TMP/page.env" "^D1KEEP_CONFIG=$CONF$"
    expect_match "$TEST_TMP/page.env" '^D1KEEP_DATABASE=shop/a$'
    expect_err 'notify=page: d1keep: notify "page": paged for failure'
    does a 'failed denied "the token was refused"; exit 1'
    run 1 a
    expect_equal "$(jq -r .reason "$TEST_TMP/page.json")" needs-you
    does a 'taken_at now; say "{\"event\":\"verified\",\"good\":false,\"problems\":[\"chunk 7 is gone\"]}"; exit 3'
    run 1 a
    expect_equal "$(jq -r '.reason, .message' "$TEST_TMP/page.json")" 'damaged
shop/a: damage was found: chunk 7 is gone; there is no verified snapshot'
    rm "$TEST_TMP/page.json"
    does a 'failed again "overloaded"; exit 75'
    run 1 a
    [ ! -e "$TEST_TMP/page.json" ]
}
test_case 'what gets graver is told at once; damage has a word of its own' graver_failures

later_than() { [ "$(date +%s)" -gt "$1" ]; }
shrinks() {
    local at
    clean_slate
    conf "$NEVER" "$WEBHOOK" a b
    does a 'taken_at now 1000 50000; verified'
    does b 'taken_at now 9 900; verified'
    run 0
    does a 'taken_at "+1 sec" 499 45000; verified'
    does b 'taken_at "+1 sec" 1 90; verified'
    run 0 a b
    expect_equal "$(told)" 'shrink '
    expect_equal "$(said '.snapshot.rows, .snapshot_before.rows, .database')" '499
1000
shop/a'
    run 0 a
    expect_equal "$(told)" 'shrink '
    at=$(date +%s)
    wait_for 3 later_than "$at"
    does a 'taken_at "+1 sec" 499 20000; verified'
    run 0 a
    expect_equal "$(told)" 'shrink shrink '
}
test_case 'a snapshot of less than half is told once, a tiny one never' shrinks

beats_while_well() {
    clean_slate
    CONF_ENV='max_age = "1h"
retries = 0' conf "$NEVER" "$WEBHOOK $BEAT" a b
    does b 'taken_at now' # not verified
    run 0
    expect_equal "$(got '^GET /beat')" 0
    rm "$FAKE/do/shop.b"
    run 0 b
    expect_equal "$(got '^GET /beat')" 1
    # b fails, but what it has is fresh
    does b 'failed again "overloaded"; exit 75'
    run 1 b
    expect_equal "$(got '^GET /beat')" 2
    expect_equal "$(told)" 'failure '
    rm "$FAKE/do/shop.b"
    run 0 b
    expect_equal "$(told)" 'failure recovery '
    expect_equal "$(got '^GET /beat')" 3
    # and now what it has is too old, though its run succeeds
    does b 'taken_at "-2 hours"; verified'
    state 'DELETE FROM runs; UPDATE databases SET last_verified_at = 0'
    run 0 a b
    expect_equal "$(got '^GET /beat')" 3
    expect_equal "$(told)" 'failure recovery stale '
    expect_equal "$(said .message)" 'shop/b: the newest verified snapshot is 2 h old'
    run 0 a b
    expect_equal "$(got '^GET /beat')" 3
    rm "$FAKE/do/shop.b"
    run 0 b
    expect_equal "$(got '^GET /beat')" 4
    expect_equal "$(told)" 'failure recovery stale recovery '
}
test_case 'a heartbeat comes only while every database has a fresh, verified snapshot' beats_while_well

no_telling_is_lost() {
    clean_slate
    CONF_ENV='retries = 0' conf "$NEVER" "$WEBHOOK $PAGE" a
    answer 404
    does a 'failed again "overloaded"; exit 75'
    run 1
    expect_err 'notify=ops: d1keep: error: notify "ops": answered HTTP 404'
    expect_err 'notify=ops database=shop/a: could not be told \(failure\), tried again later'
    expect_err 'notify=page database=shop/a: told \(failure\)'
    no_secret_in "$ERR"
    forget
    rm "$TEST_TMP/page.json"
    run 0
    expect_equal "$(told)" 'failure '
    [ ! -e "$TEST_TMP/page.json" ]
}
test_case 'what could not be told is told later, also by another daemon' no_telling_is_lost

# ---- a receiver that hangs

delivering() { pgrep -P "$DAEMON" -f 'notify --deliver'; }
calls_are() { [ "$(wc -l <"$FAKE/calls")" -ge "$1" ]; }
daemon_start() {
    rm -f "$LOG"
    start_background "$LOG" "$D1KEEPD" -c "$CONF" --foreground
    DAEMON=$BACKGROUND_PID
}

hangs() {
    local child began
    clean_slate
    CONF_ENV='retries = 0' conf "$NEVER" "$WEBHOOK" a b
    does a 'failed again "overloaded"; exit 75'
    run 1
    expect_equal "$(told)" 'failure '
    forget
    state "DELETE FROM alerts WHERE kind = 'failure'"
    answer hang
    daemon_start
    wait_for 20 got_are 1
    child=$(delivering)
    tr '\0' '\n' <"/proc/$child/cmdline" >"$TEST_TMP/cmdline"
    expect_match "$TEST_TMP/cmdline" '^ops$'
    no_secret_in "$TEST_TMP/cmdline"
    # Runs go on meanwhile.
    : >"$FAKE/calls"
    CONF_ENV='retries = 0' conf "$NEVER" "$WEBHOOK" a b c
    state "INSERT INTO databases(name, next_at) VALUES('shop/c', 1000000000)"
    kill -HUP "$DAEMON"
    wait_for 10 calls_are 1
    expect_equal "$(cat "$FAKE/calls")" shop/c
    # And nobody waits for it at the end.
    began=${EPOCHREALTIME/./}
    end_process "$DAEMON"
    [ $((${EPOCHREALTIME/./} - began)) -lt 5000000 ]
    process_is_gone "$child"
    no_secret_in "$LOG"
    # Nor does a kill lose it.
    forget
    answer hang
    daemon_start
    wait_for 20 got_are 1
    kill -KILL "$DAEMON"
    forget
    daemon_start
    wait_for 20 got_are 1
    wait_for 10 grep -q 'told (failure)' "$LOG"
    expect_equal "$(told)" 'failure '
    end_process "$DAEMON"
}
test_case 'a receiver that hangs delays nothing, and a kill loses nothing' hangs

test_done
