#!/usr/bin/env bash
# The control API of a real d1keepd, with SQLite databases and a bucket in a folder.
. "$(dirname "$0")/../lib.sh"
unset JOURNAL_STREAM INVOCATION_ID NOTIFY_SOCKET WATCHDOG_USEC
LOG=$TEST_TMP/d1keepd.log
SOCKET=$STATE_DIR/control.sock
CHILDREN=$TEST_TMP/children # the arguments of each child, a line
TOKEN=the-token-that-may-do-all
READ_TOKEN=the-token-that-may-look
printf '%s\n' "$TOKEN" >"$TEST_TMP/token"
printf '%s\n' "$READ_TOKEN" >"$TEST_TMP/read-token"
chmod 600 "$TEST_TMP/token" "$TEST_TMP/read-token"

# What d1keepd starts: the real one, noted, and held up while $TEST_TMP/hold is there.
cat >"$TEST_TMP/d1keep" <<EOF
#!/usr/bin/env bash
echo "\$*" >>"$CHILDREN"
while [ -e "$TEST_TMP/hold" ]; do sleep 0.05; done
exec "$D1KEEP" "\$@"
EOF
chmod +x "$TEST_TMP/d1keep"
export D1KEEP_BINARY=$TEST_TMP/d1keep

for name in auth shop; do
    sqlite3 "$TEST_TMP/$name.sqlite" "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT);
        INSERT INTO t(v) SELECT hex(randomblob(300)) FROM generate_series(1, 12000)"
done

# conf [LINE]…   more lines at the top of the file
conf() {
    {
        printf 'state_dir = "%s"\n' "$STATE_DIR"
        [ $# -eq 0 ] || printf '%s\n' "$@"
        printf 'bucket "here" {\n type = "directory"\n path = "%s"\n}\n' "$TEST_TMP/bucket"
        printf 'environment "prod" {\n bucket = "here"\n'
        for name in auth shop; do printf ' database "%s" {\n source = "sqlite"\n path = "%s"\n }\n' "$name" "$TEST_TMP/$name.sqlite"; done
        printf '}\n'
    } >"$CONF"
}

daemon_start() { # [FOLDER-OF-THE-SOCKET]
    rm -f "$LOG"
    start_background "$LOG" "$D1KEEPD" -c "$CONF" --foreground
    DAEMON=$BACKGROUND_PID
    wait_for 10 grep -q "databases, " "$LOG"
    wait_for 10 answers
}
answers() { grep -q 'control: listens at' "$LOG" && [ "$(ask /healthz | jq .alive)" = true ]; }
daemon_stop() {
    kill "$DAEMON"
    wait_for 20 process_is_gone "$DAEMON"
}
port() { sed -n 's/.*control: listens at 127\.0\.0\.1:\([0-9]*\)$/\1/p' "$LOG" | tail -n 1; }

# ask PATH [CURL-OPTION]…   over the socket; tcp PATH …: over TCP. status …: only the status.
ask() { curl -sS -m 20 --unix-socket "$SOCKET" "http://localhost$1" "${@:2}"; }
tcp() { curl -sS -m 20 "http://127.0.0.1:$(port)$1" "${@:2}"; }
status() { "$1" "$2" -o "$TEST_TMP/body" -w '%{http_code}' "${@:3}"; }
create() { ask /api/backup/create -d "{\"database\":\"$1\"${2:+,\"label\":\"$2\"}}"; }
run_has_ended() { [ "$(ask "/api/backup/runs/$1" | jq -r .state)" = ended ]; }
children_are() { [ "$(grep -c -- "$1" "$CHILDREN")" -eq "$2" ]; }

# ---- the socket, over the whole life

the_file_says_who_may() {
    conf
    daemon_start
    expect_equal "$(stat -c %a "$SOCKET")" 600
    expect_exit 75 "$D1KEEPD" -c "$CONF" --foreground
    sed -i '1i control_access = "group"' "$CONF"
    kill -HUP "$DAEMON"
    group_may() { [ "$(stat -c %a "$SOCKET")" = 660 ]; }
    wait_for 10 group_may
    wait_for 10 answers
    kill -KILL "$DAEMON"
    wait_for 10 process_is_gone "$DAEMON"
    expect_equal "$(test -S "$SOCKET" && echo left)" left
    conf
    daemon_start # replaces what a dead one left
    expect_equal "$(stat -c %a "$SOCKET")" 600
    daemon_stop
    expect_equal "$(test -e "$SOCKET" || echo gone)" gone
    expect_match "$LOG" 'leaving'
}
test_case 'the socket has its mode, is taken from the dead, and goes with the daemon' the_file_says_who_may

what_is_in_the_way_stays() {
    local other=$TEST_TMP/other-state
    conf "control_socket = \"$TEST_TMP/precious\""
    echo precious >"$TEST_TMP/precious"
    rm -f "$LOG"
    start_background "$LOG" "$D1KEEPD" -c "$CONF" --foreground
    wait_for 10 grep -q 'error: .*precious.*something else has that name' "$LOG"
    kill "$BACKGROUND_PID"
    wait_for 10 process_is_gone "$BACKGROUND_PID"
    expect_equal "$(cat "$TEST_TMP/precious")" precious
    conf
    daemon_start
    sed "s|^state_dir.*|state_dir = \"$other\"\ncontrol_socket = \"$SOCKET\"|" "$CONF" >"$TEST_TMP/second.conf"
    start_background "$TEST_TMP/second.log" "$D1KEEPD" -c "$TEST_TMP/second.conf" --foreground
    wait_for 10 grep -q 'error: .*another process answers there' "$TEST_TMP/second.log"
    expect_equal "$(ask /healthz | jq .alive)" true
    daemon_stop
    # What was in the way is gone: nobody has to tell it.
    wait_for 20 grep -q "listens at $SOCKET" "$TEST_TMP/second.log"
    expect_equal "$(ask /healthz | jq .alive)" true
    expect_equal "$(grep -c 'another process answers there' "$TEST_TMP/second.log")" 1
    kill "$BACKGROUND_PID"
    wait_for 10 process_is_gone "$BACKGROUND_PID"
}
test_case 'a file, and a socket that answers, are left alone, and followed' what_is_in_the_way_stays

strangers_need_a_token() {
    local line
    conf 'listen = "0.0.0.0:8417"'
    line=$(grep -n listen "$CONF" | cut -d: -f1)
    expect_exit 2 d1keep check
    expect_out "$CONF:$line: listen: other machines can reach \"0.0.0.0:8417\", so there must be a control_token"
    expect_exit 2 "$D1KEEPD" -c "$CONF" --foreground
    expect_err "$CONF:$line: listen: other machines can reach"
}
test_case 'beyond loopback only with a token' strangers_need_a_token

an_unreadable_token_opens_nothing() {
    conf 'listen = "127.0.0.1:0"' "control_token = \"file:$TEST_TMP/no-token\""
    daemon_start
    expect_match "$LOG" 'error: .*nothing listens at 127.0.0.1:0: control_token'
    expect_equal "$(port)" ''
    daemon_stop
}
test_case 'a token that cannot be read opens nothing' an_unreadable_token_opens_nothing

# ---- what can be asked for. The daemon outlives these cases.

conf 'listen = "127.0.0.1:0"'
daemon_start

health() {
    expect_equal "$(status ask /healthz)" 200
    expect_equal "$(status ask /readyz)" 200
    expect_equal "$(jq -c . "$TEST_TMP/body")" '{"ready":true,"why":null}'
    expect_equal "$(status ask /nowhere)" 404
    expect_equal "$(jq -r .error.code "$TEST_TMP/body")" not-found
    expect_equal "$(status ask /metrics -X DELETE -D "$TEST_TMP/headers")" 405
    expect_match "$TEST_TMP/headers" '^Allow: GET, HEAD'
    expect_equal "$(status ask /healthz -I)" 200
    ask / -D "$TEST_TMP/headers" >/dev/null
    for header in 'Cache-Control: no-store' 'X-Content-Type-Options: nosniff' "Content-Security-Policy: default-src 'none'; .*frame-ancestors 'none'"; do
        expect_match "$TEST_TMP/headers" "^$header"
    done
}
test_case 'healthy, ready, and what is wrong is said in JSON' health

a_backup_is_asked_for() {
    local run first
    touch "$TEST_TMP/hold"
    expect_equal "$(status ask /api/backup/create -d '{"database":"prod/auth","label":"by-api"}')" 202
    run=$(jq .run "$TEST_TMP/body")
    expect_equal "$(jq -r '.database, .new' "$TEST_TMP/body" | paste -sd' ')" 'prod/auth true'
    expect_equal "$(status ask /api/backup/create -d '{"database":"prod/auth"}')" 200
    expect_equal "$(jq -c '[.run, .new]' "$TEST_TMP/body")" "[$run,false]"
    expect_equal "$(ask /api/backup/runs | jq -r '.runs[0] | "\(.run) \(.database) \(.label) \(.cause)"')" "$run prod/auth by-api request"
    expect_exit 0 d1keep status
    expect_out 'prod/auth +(running|waiting) '
    expect_equal "$(d1keep status --json | jq '.databases[0].active_run.run')" "$run"
    rm "$TEST_TMP/hold"
    wait_for 30 run_has_ended "$run"
    expect_equal "$(ask "/api/backup/runs/$run" | jq -r '"\(.outcome) \(.label) \(.rows)"')" 'good by-api 12000'
    expect_equal "$(ask '/api/backup/runs?database=prod/auth&limit=1' | jq -c '[.runs[].run]')" "[$run]"
    first=$(ask '/api/backup/list?database=prod/auth' | jq -r '.snapshots[0].snapshot')
    expect_equal "$first" "$(d1keep list prod/auth --json | jq -r '.snapshots[0].snapshot')"
    expect_equal "$(d1keep list prod/auth --json | jq -r '.snapshots[0].label')" by-api
}
test_case 'a backup is asked for, followed, and listed' a_backup_is_asked_for

what_is_wrong_is_said() {
    expect_equal "$(status ask /api/backup/create -d '{"database":"prod/none"}')" 404
    expect_equal "$(jq -r .error.hint "$TEST_TMP/body")" 'there are prod/auth, prod/shop'
    expect_equal "$(status ask /api/backup/create -d '{"database":')" 400
    expect_equal "$(status ask /api/backup/create -d '{"database":"prod/auth","label":"../x"}')" 400
    expect_equal "$(status ask /api/backup/create)" 405
    expect_equal "$(status ask /api/backup/runs/999999)" 404
    expect_equal "$(status ask /api/backup/runs/x)" 404
    expect_equal "$(status ask '/api/backup/runs?limit=0')" 400
    # A misspelt filter, or one given twice, does not show everything.
    expect_equal "$(status ask '/api/backup/runs?databse=prod/auth')" 400
    expect_equal "$(jq -r .error.hint "$TEST_TMP/body")" 'it takes, once each: database limit'
    expect_equal "$(status ask '/api/backup/list?database=prod/auth&database=prod/shop')" 400
    expect_equal "$(status ask '/api/backup/runs/1?x')" 400
    expect_equal "$(status ask '/readyz?x=1')" 200
    expect_equal "$(status ask '/api/backup/runs?database=prod/none')" 404
    expect_equal "$(status ask '/api/backup/list?database=prod/none')" 404
    expect_equal "$(status ask '/api/backup/download')" 400
    expect_equal "$(status ask '/api/backup/download?snapshot=prod/none@latest')" 404
    expect_equal "$(status ask '/api/backup/download?snapshot=prod/auth@nothing')" 404
    expect_equal "$(jq -r .error.message "$TEST_TMP/body")" 'prod/auth@nothing: no snapshot "nothing" of prod/auth'
    expect_equal "$(status ask '/database?name=%3Cscript%3E' -H 'Accept: text/html')" 404
    expect_match "$TEST_TMP/body" '<h1>there is no such database'
    refuse_match "$TEST_TMP/body" '<script'
}
test_case 'what cannot be done is said, with a hint' what_is_wrong_is_said

a_form_comes_from_the_page() {
    ask /api/backup/create -H 'Accept: text/html' --data-urlencode 'database=prod/shop' -d 'label=' -o "$TEST_TMP/body" -D "$TEST_TMP/headers"
    expect_match "$TEST_TMP/headers" '^HTTP/1.1 303'
    expect_match "$TEST_TMP/headers" '^Location: /database\?name=prod/shop'
    shop_is_done() { [ "$(ask '/api/backup/runs?database=prod/shop' | jq -r '.runs[0].state')" = ended ]; }
    wait_for 30 shop_is_done
    ask '/database?name=prod/shop' >"$TEST_TMP/page"
    expect_match "$TEST_TMP/page" 'href="/api/backup/download\?snapshot=prod/shop%4020[0-9-]+T[0-9]+%3A'
}
test_case 'the button of the page starts a backup too' a_form_comes_from_the_page

lists_are_shared() {
    local before pids=() i
    before=$(grep -c ' list ' "$CHILDREN" || true)
    touch "$TEST_TMP/hold"
    sleep_until_forgotten() { ! ask /api/backup/list -m 0.2 -o /dev/null; }
    wait_for 20 sleep_until_forgotten # what was kept is forgotten: this one waits
    for i in 1 2 3 4 5 6 7 8 9 10; do
        ask /api/backup/list -o "$TEST_TMP/list.$i" &
        pids+=($!)
    done
    rm "$TEST_TMP/hold"
    wait "${pids[@]}"
    expect_equal "$(cat "$TEST_TMP"/list.* | jq -s 'map(.snapshots | length) | unique | length')" 1
    expect_equal "$(($(grep -c ' list ' "$CHILDREN") - before))" 1
}
test_case 'ten who ask for the list cost one child' lists_are_shared

metrics() {
    ask /metrics -D "$TEST_TMP/headers" >"$TEST_TMP/metrics"
    expect_match "$TEST_TMP/headers" '^Content-Type: text/plain; version=0.0.4'
    expect_exit 0 awk -f "$TESTS/tools/prometheus.awk" "$TEST_TMP/metrics"
    for line in 'd1keep_up 1' 'd1keep_databases 2' 'd1keep_runs_total\{outcome="good"\} 2' \
        'd1keep_last_snapshot_rows\{environment="prod",database="prod/auth"\} 12000' 'd1keep_running\{environment="prod",database="prod/shop"\} 0' \
        'd1keep_last_success_timestamp_seconds\{environment="prod",database="prod/auth"\} 1[0-9]{9}' 'd1keep_failures_in_a_row\{.*auth"\} 0'; do
        expect_match "$TEST_TMP/metrics" "^$line\$"
    done
}
test_case 'figures for Prometheus, strictly read' metrics

# ---- downloads

a_download_is_the_dump() {
    local snapshot
    snapshot=$(d1keep list prod/auth --json | jq -r '.snapshots[0].snapshot')
    ask "/api/backup/download?snapshot=$snapshot" -o "$TEST_TMP/got.gz" -D "$TEST_TMP/headers"
    expect_match "$TEST_TMP/headers" '^Content-Disposition: attachment; filename="prod-auth-20[0-9]+T[0-9]+Z.sql.gz"'
    expect_match "$TEST_TMP/headers" '^Content-Type: application/gzip'
    d1keep cat "$snapshot" --gzip >"$TEST_TMP/wanted.gz"
    cmp "$TEST_TMP/got.gz" "$TEST_TMP/wanted.gz"
    tcp "/api/backup/download?snapshot=prod/auth@by-api" | gunzip | sqlite3 "$TEST_TMP/back.sqlite"
    expect_equal "$(sqlite3 "$TEST_TMP/back.sqlite" 'SELECT count(*) FROM t')" 12000
}
test_case 'a download is the dump' a_download_is_the_dump

no_child() { ! pgrep -f "^$D1KEEP .*cat prod/" >/dev/null; }

two_at_once() {
    local pids=()
    touch "$TEST_TMP/hold"
    before=$(grep -c ' cat ' "$CHILDREN" || true)
    for i in 1 2; do
        ask '/api/backup/download?snapshot=prod/auth@latest' -o "$TEST_TMP/two.$i" &
        pids+=($!)
    done
    wait_for 10 children_are ' cat ' $((before + 2))
    expect_equal "$(status ask '/api/backup/download?snapshot=prod/auth@latest' -D "$TEST_TMP/headers")" 429
    expect_match "$TEST_TMP/headers" '^Retry-After: '
    rm "$TEST_TMP/hold"
    wait "${pids[@]}"
    gunzip -t <"$TEST_TMP/two.1"
    expect_equal "$(status ask '/api/backup/download?snapshot=prod/auth@latest')" 200
}
test_case 'two downloads at once, and no third' two_at_once

gone_clients_end_their_child() {
    # One that never reads: the pipe fills, and its child stands still. Then it leaves.
    before=$(grep -c ' cat ' "$CHILDREN" || true)
    exec {fd}<>"/dev/tcp/127.0.0.1/$(port)"
    printf 'GET /api/backup/download?snapshot=prod/auth@latest HTTP/1.1\r\nHost: localhost\r\n\r\n' 1>&"$fd"
    wait_for 10 children_are ' cat ' $((before + 1)) # it may be gone before it can be seen
    exec {fd}>&-
    wait_for 15 no_child
    # And one that leaves before the first byte.
    touch "$TEST_TMP/hold"
    expect_exit 28 curl -s -m 0.5 --unix-socket "$SOCKET" 'http://localhost/api/backup/download?snapshot=prod/auth@latest'
    held_is_gone() { ! pgrep -f "$TEST_TMP/d1keep .*cat prod/" >/dev/null; }
    wait_for 15 held_is_gone
    rm "$TEST_TMP/hold"
    expect_equal "$(status ask '/api/backup/download?snapshot=prod/auth@latest')" 200
}
test_case 'who leaves takes the child along' gone_clients_end_their_child

damage_is_no_download() {
    local chunk chunks rc=0
    mapfile -t chunks < <(d1keep show prod/auth@latest --json | jq -r '.objects[] | select(.kind == "rows") | .key')
    [ "${#chunks[@]}" -ge 4 ]
    chunk=$(find "$TEST_TMP/bucket" -path "*/auth/*${chunks[-1]##*/}")
    cp "$chunk" "$TEST_TMP/chunk"
    printf 'x' | dd of="$chunk" bs=1 seek=30 conv=notrunc status=none
    ask '/api/backup/download?snapshot=prod/auth@latest' -o "$TEST_TMP/cut.gz" || rc=$?
    expect_equal "$rc" 18 # the transfer ended early
    [ -s "$TEST_TMP/cut.gz" ]
    cp "$TEST_TMP/chunk" "$chunk"
    expect_equal "$(status ask '/api/backup/download?snapshot=prod/auth@latest' --http1.0)" 505
    mv "$TEST_TMP/bucket/prod/auth/data" "$TEST_TMP/data"
    expect_equal "$(status ask '/api/backup/download?snapshot=prod/auth@latest')" 500
    expect_equal "$(jq -r .error.code "$TEST_TMP/body")" corrupt
    mv "$TEST_TMP/data" "$TEST_TMP/bucket/prod/auth/data"
}
test_case 'damage midway cuts the download, damage before is said' damage_is_no_download

# ---- --via-daemon

via_daemon() {
    expect_exit 0 d1keep -q backup prod/auth prod/shop --via-daemon
    expect_out '^prod/auth   run [0-9]+$'
    expect_out '^prod/shop@20[0-9-]+T[0-9:]+Z   12,000 rows'
    expect_exit 0 d1keep -q backup prod/auth --via-daemon --label typed
    expect_exit 0 d1keep show prod/auth@typed
    mv "$TEST_TMP/shop.sqlite" "$TEST_TMP/shop.away"
    expect_exit 1 d1keep -q backup prod/shop --via-daemon
    expect_err 'error: prod/shop: .*shop.sqlite'
    mv "$TEST_TMP/shop.away" "$TEST_TMP/shop.sqlite"
    expect_error 2 '--via-daemon goes with' d1keep backup prod/shop --via-daemon --verify hashes
    expect_error 2 '--via-daemon goes with' d1keep backup prod/shop --via-daemon --prune
    touch "$TEST_TMP/hold"
    expect_exit 0 d1keep backup prod/shop --via-daemon --no-wait
    expect_out '^prod/shop   run [0-9]+$'
    rm "$TEST_TMP/hold"
    expect_exit 0 d1keep -q backup prod/shop --via-daemon
}
test_case 'backup --via-daemon follows the run to its end' via_daemon

# ---- who may

cross_site() {
    local foreign='Origin: https://evil.example'
    expect_equal "$(status tcp / -H 'Host: evil.example')" 403
    expect_equal "$(status tcp /metrics -H 'Host: evil.example:8417')" 403
    expect_equal "$(status tcp /healthz -H 'Host: evil.example')" 200
    expect_equal "$(status tcp / -H 'Host: localhost:1')" 200
    expect_equal "$(status tcp /api/backup/create -H "$foreign" -d '{"database":"prod/auth"}')" 403
    expect_equal "$(status tcp /api/backup/create -H 'Sec-Fetch-Site: cross-site' -d '{"database":"prod/auth"}')" 403
    expect_equal "$(jq -r .error.code "$TEST_TMP/body")" cross-site
    expect_equal "$(status tcp /api/backup/list -H 'Sec-Fetch-Site: cross-site')" 403
    expect_equal "$(status tcp / -H 'Sec-Fetch-Site: cross-site')" 200
}
test_case 'without a token: no foreign name, no foreign site' cross_site

# ---- slow, large and odd

quick() { # answered within a second
    [ "$(curl -sS -m 1 --unix-socket "$SOCKET" -o /dev/null -w '%{http_code}' http://localhost/healthz)" = 200 ] &&
        [ "$(curl -sS -m 1 -o /dev/null -w '%{http_code}' "http://127.0.0.1:$(port)/healthz")" = 200 ]
}

slow_clients_starve_nobody() {
    local port i fds=()
    trap '' PIPE
    port=$(port)
    ulimit -n 4096 2>/dev/null || ulimit -n "$(ulimit -Hn)"
    for ((i = 0; i < 1000; i++)); do
        exec {fd}<>"/dev/tcp/127.0.0.1/$port" || break
        fds+=("$fd")
        printf 'GET /metrics HTTP/1.1\r\nHost: loc' 1>&"$fd" 2>/dev/null || true
        [ $((i % 100)) -ne 0 ] || quick
    done
    [ "${#fds[@]}" -ge 900 ]
    quick
    # They go on dripping: it does not help them.
    for fd in "${fds[@]}"; do printf x 1>&"$fd" 2>/dev/null || true; done
    quick
    [ "$(find "/proc/$DAEMON/fd" -type l | wc -l)" -lt 260 ]
    for fd in "${fds[@]}"; do exec {fd}>&-; done
    few_are_left() { [ "$(find "/proc/$DAEMON/fd" -type l | wc -l)" -lt 40 ]; }
    wait_for 25 few_are_left
}
test_case 'a thousand slow connections starve nobody' slow_clients_starve_nobody

# A header every so often: never whole, never idle.
late_requests_are_cut() {
    local seconds
    seconds=$(node -e '
        const socket = require("net").connect(+process.argv[1], "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\n"))
        const began = Date.now()
        setInterval(() => socket.write("X-Y: z\r\n"), 300)
        const over = () => { console.log(Math.round((Date.now() - began) / 1000)); process.exit() }
        socket.on("close", over).on("error", over)' "$(port)")
    [ "$seconds" -ge 10 ] && [ "$seconds" -le 25 ]
}
test_case 'a request that never ends is cut' late_requests_are_cut

large_things() {
    expect_equal "$(status ask /healthz -H "X-Large: $(head -c 60000 /dev/zero | tr '\0' a)")" 431
    head -c 70000 /dev/zero >"$TEST_TMP/large"
    expect_equal "$(status ask /api/backup/create --data-binary "@$TEST_TMP/large")" 413
    expect_equal "$(status ask /api/backup/create -H 'Transfer-Encoding: chunked' -d x)" 411
    expect_equal "$(status ask /api/backup/create -H 'Content-Length: 99999999999999999999' -d x)" 413 ||
        expect_equal "$(cat "$TEST_TMP/body")" ''
    expect_equal "$(status ask "/$(head -c 60000 /dev/zero | tr '\0' a)")" 414
    quick
}
test_case 'large headers and bodies are refused' large_things

garbage() {
    local i
    trap '' PIPE
    for ((i = 0; i < 40; i++)); do
        exec {fd}<>"/dev/tcp/127.0.0.1/$(port)"
        head -c 3000 /dev/urandom 1>&"$fd" 2>/dev/null || true
        exec {fd}>&-
    done
    # A body that is shorter than was said.
    exec {fd}<>"/dev/tcp/127.0.0.1/$(port)"
    printf 'POST /api/backup/create HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc' 1>&"$fd"
    exec {fd}>&-
    quick
    expect_equal "$(ask /readyz | jq .ready)" true
}
test_case 'garbage is survived' garbage

never_held_up() {
    local lag
    lag=$(ask /metrics | sed -n 's/^d1keep_loop_lag_max_seconds //p')
    echo "the loop was held up for $lag s at most"
    awk "BEGIN { exit !($lag < 0.5) }"
}
test_case 'the loop was never held up for long' never_held_up

ends_whatever_goes_on() {
    touch "$TEST_TMP/hold"
    ask '/api/backup/download?snapshot=prod/auth@latest' -o "$TEST_TMP/body" 2>/dev/null &
    ask /api/backup/list -o "$TEST_TMP/body" 2>/dev/null &
    exec {fd}<>"/dev/tcp/127.0.0.1/$(port)"
    printf 'GET / HT' 1>&"$fd"
    before=$(wc -l <"$CHILDREN")
    more_children() { [ "$(wc -l <"$CHILDREN")" -ge $((before + 1)) ]; }
    wait_for 10 more_children
    daemon_stop
    rm "$TEST_TMP/hold"
    exec {fd}>&-
    expect_match "$LOG" 'leaving'
    refuse_match "$LOG" 'Sanitizer|runtime error'
}
test_case 'SIGTERM ends it, whatever is being asked' ends_whatever_goes_on

no_daemon_there() {
    expect_exit 1 d1keep backup prod/auth --via-daemon
    expect_err 'error: .*no d1keepd answers at'
    expect_err 'hint: '
}
test_case 'without a daemon --via-daemon says so' no_daemon_there

# ---- with tokens

conf 'listen = "127.0.0.1:0"' "control_token = \"file:$TEST_TMP/token\"" "control_read_token = \"file:$TEST_TMP/read-token\""
daemon_start

tokens() {
    expect_equal "$(status tcp /healthz)" 200
    expect_equal "$(status tcp /readyz)" 200
    expect_equal "$(status tcp / -D "$TEST_TMP/headers")" 401
    expect_match "$TEST_TMP/headers" '^WWW-Authenticate: Basic realm="d1keep"'
    expect_equal "$(status tcp /nowhere)" 401
    expect_equal "$(status tcp / -H "Authorization: Bearer $TOKEN")" 200
    expect_equal "$(status tcp / -H "Authorization: Bearer ${TOKEN}x")" 401
    expect_equal "$(status tcp / -u "anybody:$TOKEN")" 200
    expect_equal "$(status tcp / -u "$TOKEN:")" 401
    expect_equal "$(status tcp / -H 'Host: backup.example' -u ":$TOKEN")" 200
    expect_equal "$(status tcp /metrics -H "Authorization: Bearer $READ_TOKEN")" 200
    expect_equal "$(status tcp /api/backup/create -H "Authorization: Bearer $READ_TOKEN" -d '{"database":"prod/auth"}')" 403
    expect_equal "$(status tcp '/api/backup/download?snapshot=prod/auth@latest' -H "Authorization: Bearer $READ_TOKEN")" 403
    expect_equal "$(status tcp /api/backup/create -u ":$TOKEN" -H 'Origin: http://evil.example' -d '{"database":"prod/auth"}')" 403
    expect_equal "$(status tcp '/api/backup/download?snapshot=prod/auth@latest' -u "x:$TOKEN")" 200
    expect_equal "$(status ask /)" 200 # the socket needs none
    tcp / -u ":$READ_TOKEN" >"$TEST_TMP/page"
    refuse_match "$TEST_TMP/page" '<button'
}
test_case 'tokens: all, read, and none' tokens

tokens_are_read_again() {
    echo another-token >"$TEST_TMP/token"
    kill -HUP "$DAEMON"
    new_token_counts() { [ "$(status tcp /metrics -H 'Authorization: Bearer another-token')" = 200 ]; }
    wait_for 10 new_token_counts
    expect_equal "$(status tcp /metrics -H "Authorization: Bearer $TOKEN")" 401
    sed -i '/control_socket/d; 1i control_socket = ""' "$CONF"
    kill -HUP "$DAEMON"
    socket_is_gone() { [ ! -e "$SOCKET" ]; }
    wait_for 10 socket_is_gone
}
test_case 'a reload reads tokens again, and closes what is not wished any more' tokens_are_read_again

failures_are_told() {
    wait_for 5 grep -q 'control: a wrong token from 127.0.0.1' "$LOG"
    expect_equal "$(grep -c 'a wrong token from' "$LOG")" 1 # once a minute
    for secret in "$TOKEN" "$READ_TOKEN" another-token; do
        if grep -rF -- "$secret" "$LOG" "$STATE_DIR" "$CHILDREN"; then false; fi
    done
}
test_case 'wrong tokens are told, seldom, and never shown' failures_are_told

daemon_stop

# ---- two thousand databases

many_databases() {
    local environment n
    {
        printf 'state_dir = "%s/many"\nlisten = "127.0.0.1:0"\n' "$TEST_TMP"
        printf 'bucket "here" {\n type = "directory"\n path = "%s"\n}\n' "$TEST_TMP/bucket"
        for environment in {1..20}; do
            printf 'environment "e%d" {\n bucket = "here"\n schedule = "0 0 1 1 *"\n' "$environment"
            for n in {1..100}; do printf ' database "d%d" {\n source = "sqlite"\n path = "%s"\n }\n' "$n" "$TEST_TMP/auth.sqlite"; done
            printf '}\n'
        done
    } >"$CONF"
    SOCKET=$TEST_TMP/many/control.sock
    daemon_start
    sqlite3 -cmd '.timeout 5000' "$TEST_TMP/many/state.db" "
        WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 30)
        INSERT INTO runs(database, slot_at, started_at, finished_at, rows, stored_bytes, snapshot, verified)
            SELECT name, unixepoch() - 86400 * i, unixepoch() - 86400 * i, unixepoch() - 86400 * i + 5, 1000, 30000, '20261101T000000Z', 1 FROM c, databases;
        UPDATE databases SET last_success_at = unixepoch(), last_verified_at = unixepoch()"
    for n in 1 2 3; do
        tcp / >"$TEST_TMP/page"
        tcp /metrics >"$TEST_TMP/metrics"
    done
    expect_match "$TEST_TMP/page" '<h1>All 2000 databases are backed up</h1>'
    expect_equal "$(grep -o '<svg class="bars"' "$TEST_TMP/page" | wc -l)" 100
    tcp '/?page=20' >"$TEST_TMP/page"
    expect_match "$TEST_TMP/page" 'Page 20 of 20'
    expect_match "$TEST_TMP/page" '<h2>e20</h2>'
    expect_equal "$(grep -c '^d1keep_last_snapshot_rows{' "$TEST_TMP/metrics")" 2000
    expect_exit 0 awk -f "$TESTS/tools/prometheus.awk" "$TEST_TMP/metrics"
    daemon_stop
    computing=$(sed -n 's/.* \([0-9]*\) us of them computing.*/\1/p' "$LOG")
    echo "the loop computed for $computing us at a stretch"
    [ "$computing" -lt 20000 ]
}
test_case 'two thousand databases do not hold up the loop' many_databases

test_done
