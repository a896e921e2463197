#!/usr/bin/env bash
# Every secret has a name that can be recognised. The daemon and every command run with them, well and badly; then all that
# was written is searched, and what could be seen of the processes meanwhile.
. "$(dirname "$0")/../lib.sh"
unset JOURNAL_STREAM INVOCATION_ID NOTIFY_SOCKET WATCHDOG_USEC

NEEDLE=hush-$RANDOM$RANDOM
SECRETS=$TEST_TMP/secrets   # the one place where they may be
WRITTEN=$TEST_TMP/written   # what programs said
GOT=$TEST_TMP/got           # what the receiver got: its headers and bodies
mkdir "$SECRETS" "$WRITTEN" "$GOT"

rig_start --token "$NEEDLE-api" --s3_access_key_id "$NEEDLE-r2id" --s3_secret_access_key "$NEEDLE-r2key"
faults_start
NODE=$("$TESTS/cloudflare/install.sh" --node)
start_background "$TEST_TMP/receiver.log" "$NODE" "$TESTS/tools/receiver.mjs" --dir "$GOT" --ready "$TEST_TMP/receiver.url" --leash $$
wait_for_ready "$TEST_TMP/receiver.url" "$BACKGROUND_PID" "$TEST_TMP/receiver.log" || exit 1
RECEIVER=$(cat "$TEST_TMP/receiver.url")
echo '/bad 500' >"$GOT/answers"

# ---- the configuration

secret() { write_secret "$SECRETS/$1" "$NEEDLE-$2"; }
secret hmac hmac
secret control control
secret look look
write_secret "$SECRETS/hook.url" "$RECEIVER/$NEEDLE-hook"
write_secret "$SECRETS/bad.url" "$RECEIVER/bad/$NEEDLE-bad"
write_secret "$SECRETS/dead.url" "https://$NEEDLE-host.invalid/$NEEDLE-dead"
write_secret "$SECRETS/beat.url" "$RECEIVER/$NEEDLE-beat"
"$D1KEEP" keygen "$SECRETS/sign.pem" >"$WRITTEN/keygen" 2>&1
SIGN_LINE=$(sed -n 2p "$SECRETS/sign.pem")
printf '#!/bin/sh\nenv >"%s/page.env"\ncat >"%s/page.json"\necho paged\n' "$WRITTEN" "$WRITTEN" >"$TEST_TMP/page"
chmod +x "$TEST_TMP/page"

LISTENS=127.0.0.1:$("$NODE" -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
secret_conf() {
    CONF_TOP="sign_key = \"file:$SECRETS/sign.pem\"
listen = \"$LISTENS\"
control_token = \"file:$SECRETS/control\"
control_read_token = \"file:$SECRETS/look\"
notify \"hook\" { type = \"webhook\" url = \"file:$SECRETS/hook.url\" secret = \"file:$SECRETS/hmac\" }
notify \"bad\" { type = \"webhook\" url = \"file:$SECRETS/bad.url\" secret = \"file:$SECRETS/hmac\" }
notify \"dead\" { type = \"webhook\" url = \"file:$SECRETS/dead.url\" }
notify \"page\" { type = \"exec\" command = \"$TEST_TMP/page\" }
notify \"beat\" { type = \"heartbeat\" url = \"file:$SECRETS/beat.url\" environment = \"production\" }" \
        CONF_PRODUCTION="schedule = \"@yearly\"
retries = 0" write_conf
    local file
    for file in token s3.id s3.secret; do mv "$TEST_TMP/$file" "$SECRETS/$file"; done
    sed -i -E "s#file:$TEST_TMP/(token|s3\.id|s3\.secret)#file:$SECRETS/\1#" "$CONF"
}
secret_conf
sqlite3 "$TEST_TMP/shop.sqlite" 'CREATE TABLE t(a)'
rig_sql production-auth "CREATE TABLE users(id TEXT PRIMARY KEY); INSERT INTO users VALUES('a')"

# ---- what can be seen of our processes, as often as can be

look_at_processes() {
    local p comm
    while :; do
        for p in /proc/[0-9]*; do
            { read -r comm <"$p/comm"; } 2>/dev/null || continue
            case $comm in d1keep* | page)
                { tr '\0' '\n' <"$p/cmdline" >>"$WRITTEN/cmdlines"; tr '\0' '\n' <"$p/environ" >>"$WRITTEN/environs"; } 2>/dev/null
                echo "$comm" >>"$WRITTEN/comms"
                ;;
            esac
        done
        read -rt 0.02 <>"$TEST_TMP/never"
    done
}
mkfifo "$TEST_TMP/never"
look_at_processes &
echo $! >>"$TEST_PIDS"

# ---- commands

# says COMMAND…   its exit status (set as SAID) is not what this is about, but a crash is
says() {
    local rc=0 number
    number=$(find "$WRITTEN" -type f | wc -l)
    timeout 60 "$D1KEEP" -c "$CONF" "$@" >"$WRITTEN/$number.out" 2>"$WRITTEN/$number.err" </dev/null || rc=$?
    SAID=$rc
    echo "exit $rc: $*" >>"$TEST_TMP/runs"
    [ "$rc" -lt 126 ] || [ "$rc" -eq 130 ]
}

# Each command that --help knows; those unknown here at least without arguments.
each_command() {
    local command
    for command in $("$D1KEEP" --help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
        says "$command" --help
        case $command in
        backup)
            says backup production/auth local/shop
            expect_equal "$SAID" 0
            says backup nowhere/auth
            ;;
        list | doctor | status | timetable) says "$command" && says "$command" --json ;;
        show | cat | verify) says "$command" production/auth && says "$command" production/none ;;
        diff) says diff production/auth && says backup production/auth && says diff production/auth@latest production/auth@latest ;;
        restore) says restore production/auth --to "sqlite:$WRITTEN/restored.sqlite" && says restore production/auth --dry-run --to staging/auth ;;
        undo) says undo staging/auth 00000000-00000000-00000000-00000000000000000000000000000000 ;;
        pin | unpin | remove) says "$command" production/auth@latest ;;
        prune) says prune --dry-run && says prune production/auth ;;
        notify) says notify --list --json && says notify --test && says notify --test --json ;;
        check) says check ;;
        keygen) says keygen "$SECRETS/other.pem" ;;
        init) says init --token "file:$SECRETS/token" --account "$RIG_ACCOUNT" --api-base "$API" --endpoint "$S3" -o "$WRITTEN/init.conf" ;;
        completion) says completion bash ;;
        *) says "$command" ;;
        esac
    done
}
test_case 'every command runs' each_command

badly() {
    fault '{"match": "^POST .*/raw", "kind": "500", "times": 3}' || true
    fault '{"match": "^PUT .*/data/", "kind": "drop", "times": 2}' || true
    says backup production/auth
    faults_reset
    write_secret "$SECRETS/token" "$NEEDLE-wrong-token"
    says backup production/auth
    says doctor
    secret_conf
    write_secret "$SECRETS/s3.secret" "$NEEDLE-wrong-key"
    says list production
    says backup production/auth
    says prune production/auth
    secret_conf
    chmod 644 "$SECRETS/token"
    says backup production/auth
    says check
    secret_conf
    # A secret where its place should be.
    sed "s|file:$SECRETS/hmac|$NEEDLE-in-conf|; s|file:$SECRETS/token|$NEEDLE-in-conf|; s|file:$SECRETS/hook.url|$NEEDLE-in-conf|" "$CONF" >"$SECRETS/wrong.conf"
    timeout 20 "$D1KEEP" -c "$SECRETS/wrong.conf" check >"$WRITTEN/wrong.out" 2>&1 && return 1
    timeout 20 "$D1KEEPD" -c "$SECRETS/wrong.conf" --foreground --once >"$WRITTEN/wrong.daemon" 2>&1 && return 1
    expect_match "$WRITTEN/wrong.out" 'a secret may not stand in the configuration itself'
}
test_case 'and every way to fail' badly

# ---- the daemon

asks() { # FILE PATH [curl's ARGUMENTS…]
    curl -sS --max-time 10 -o "$WRITTEN/$1" "http://$LISTENS$2" "${@:3}"
}
runs_as_daemon() {
    local path number=0
    LOG=$WRITTEN/daemon
    write_secret "$SECRETS/token" "$NEEDLE-wrong-token"
    "$D1KEEPD" -c "$CONF" --foreground --verbose --once >"$WRITTEN/once" 2>&1 || true
    expect_match "$WRITTEN/once" 'notify=hook database=production/auth: told \(failure\)'
    expect_match "$WRITTEN/once" 'notify=dead .*could not be told'
    secret_conf
    sqlite3 "$STATE_DIR/state.db" "UPDATE databases SET next_at = 1000000000"
    start_background "$LOG" "$D1KEEPD" -c "$CONF" --foreground --verbose
    DAEMON=$BACKGROUND_PID
    wait_for 30 grep -q 'notify=hook database=production/auth: told (recovery)' "$LOG"
    expect_match "/proc/$DAEMON/limits" '^Max core file size +0 +0 '
    printf 'Authorization: Bearer %s' "$NEEDLE-control" >"$SECRETS/header"
    printf 'Authorization: Bearer %s' "$NEEDLE-guessed" >"$SECRETS/header.wrong"
    for path in / /metrics /healthz /readyz /api/backup/runs /api/backup/list; do
        asks "page$((number += 1))" "$path" -H "@$SECRETS/header"
        asks "page$((number += 1))" "$path" -H "@$SECRETS/header.wrong"
        asks "page$((number += 1))" "$path"
    done
    asks create /api/backup/create -H "@$SECRETS/header" -H 'Content-Type: application/json' -d '{"database": "production/billing"}'
    grep -q production/auth "$WRITTEN/page1"
    kill -HUP "$DAEMON"
    end_process "$DAEMON"
}
test_case 'the daemon runs, tells, answers and ends' runs_as_daemon

# ---- the search

# Itself, and as others write it.
FORMS=$NEEDLE
for encoded in "$(printf %s "$NEEDLE" | base64 -w0)" "$(printf %s "$NEEDLE" | od -An -tx1 | tr -d ' \n')"; do
    FORMS+=$'\n'${encoded:0:16}
done

finds_none() { # FOLDER…
    local found
    found=$(grep -rlaF -e "$FORMS" -e "$SIGN_LINE" "$@" || true)
    [ -z "$found" ] && return
    echo "a secret stands in: $found"
    # shellcheck disable=SC2086 # a list
    grep -aF -m 3 -e "$FORMS" -e "$SIGN_LINE" $found | cut -c1-300 | head -20
    return 1
}

nothing_is_told() {
    # The search itself finds what is there.
    if finds_none "$SECRETS" >/dev/null; then return 1; fi
    expect_match "$WRITTEN/comms" d1keepd
    expect_match "$WRITTEN/cmdlines" --deliver
    finds_none "$WRITTEN" "$STATE_DIR" "$TEST_TMP/bucket" "$RIG_DIR/v3" "$CONF"
}
test_case 'no secret is in what was said, logged, stored, nor in arguments and environments' nothing_is_told

packed_neither() {
    find "$TEST_TMP/bucket" -name '*.gz' -exec zcat {} + >"$TEST_TMP/unpacked"
    [ -s "$TEST_TMP/unpacked" ]
    finds_none "$TEST_TMP/unpacked"
}
test_case 'nor in what was packed' packed_neither

# What goes out: the key signs and stays; the address is the receiver's own.
receiver_gets_no_key() {
    expect_match "$GOT/0001.json" 'sha256='
    if grep -rlaF -e "$NEEDLE-hmac" -e "$NEEDLE-api" -e "$NEEDLE-r2" -e "$SIGN_LINE" "$GOT"; then return 1; fi
    # Bodies name no address.
    local body
    for body in "$GOT"/*.body; do finds_none "$body"; done
}
test_case 'nor in what is told' receiver_gets_no_key

test_done
