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

test_done
