#!/usr/bin/env bash
# The status page in a browser: at a phone's width and a desk's, light and dark. PAGES=FOLDER keeps the pictures.
. "$(dirname "$0")/../lib.sh"
unset JOURNAL_STREAM INVOCATION_ID NOTIFY_SOCKET WATCHDOG_USEC
LOG=$TEST_TMP/d1keepd.log
PICTURES=${PAGES:-$TEST_TMP/pictures}
mkdir -p "$PICTURES"

sqlite3 "$TEST_TMP/shop.sqlite" "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT); INSERT INTO t(v) VALUES('a'), ('b')"
{
    printf 'state_dir = "%s"\nlisten = "127.0.0.1:0"\n' "$STATE_DIR"
    printf 'bucket "here" {\n type = "directory"\n path = "%s"\n}\n' "$TEST_TMP/bucket"
    for environment in production staging; do
        printf 'environment "%s" {\n bucket = "here"\n schedule = "17 2 * * *"\n max_age = "48h"\n timezone = "Europe/Berlin"\n' "$environment"
        for name in auth billing search-index notifications-and-webhook-deliveries fresh; do
            printf ' database "%s" {\n source = "sqlite"\n path = "%s"\n }\n' "$name" "$TEST_TMP/shop.sqlite"
        done
        printf '}\n'
    done
} >"$CONF"

daemon_start() {
    rm -f "$LOG"
    start_background "$LOG" "$D1KEEPD" -c "$CONF" --foreground
    DAEMON=$BACKGROUND_PID
    wait_for 10 grep -q 'control: listens at 127' "$LOG"
    URL=http://$(sed -n 's/.*control: listens at \(127\.0\.0\.1:[0-9]*\)$/\1/p' "$LOG")
    wait_for 10 curl -fsS -m 2 "$URL/readyz"
}

# A month of history, as state.db would have it: a failure with a hostile message, an incomplete one, an old one.
daemon_start
end_process "$DAEMON"
sqlite3 "$STATE_DIR/state.db" "
    CREATE TEMP TABLE n AS WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 34) SELECT i FROM c;
    INSERT INTO runs(database, slot_at, started_at, finished_at, took_ms, rows, sql_bytes, stored_bytes, new_bytes, snapshot, verified)
        SELECT name, unixepoch() - (34 - i) * 86400 - 9000, unixepoch() - (34 - i) * 86400 - 9000, unixepoch() - (34 - i) * 86400 - 8990,
            2000 + i * 60 + length(name) * 40 * (i % 5), 12403 + i * 211, 2100000 + i * 9000, 214000 + i * 1900, 31000, '20261101T000000Z', 1
        FROM n, databases WHERE name NOT LIKE '%/fresh' ORDER BY i;
    UPDATE runs SET started_at = started_at - 300000, finished_at = finished_at - 300000 WHERE database = 'staging/billing';
    UPDATE runs SET exit_code = 5 WHERE database = 'production/search-index';
    UPDATE runs SET exit_code = 3, verified = 2, message = 'chunk 3 is damaged' WHERE database = 'production/auth' AND id % 9 = 4 AND id < 200;
    UPDATE runs SET exit_code = 130, code = 'cut-off', snapshot = '', verified = 0 WHERE database = 'staging/auth' AND id % 9 = 4 AND id < 200;
    UPDATE runs SET exit_code = 1, code = 'denied', snapshot = '', verified = 0, took_ms = 400,
            message = 'production/billing: <script>alert(1)</script> refused the token & \"said\" no'
        WHERE database = 'production/billing' AND id IN (SELECT id FROM runs WHERE database = 'production/billing' ORDER BY id DESC LIMIT 2);
    UPDATE databases SET failures = (name = 'production/billing') * 2,
        last_success_at = coalesce((SELECT max(finished_at) FROM runs WHERE database = name AND exit_code IN (0, 5)), 0),
        last_verified_at = coalesce((SELECT max(finished_at) FROM runs WHERE database = name AND verified = 1), 0)"
d1keep -q backup production/auth >/dev/null
daemon_start

# browse WIDTH HEIGHT SCHEME PICTURE URL [OPTION]…   prints the DOM as it is then
browse() {
    local scheme=1
    [ "$3" = light ] || scheme=0
    timeout 60 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
        --disable-component-update --disable-sync --disable-dev-shm-usage --host-resolver-rules='MAP * ~NOTFOUND, EXCLUDE 127.0.0.1' \
        --hide-scrollbars --user-data-dir="$(mktemp -d -p "$TEST_TMP")" \
        --blink-settings=preferredColorScheme="$scheme" --window-size="$1,$2" --screenshot="$PICTURES/$4.png" --dump-dom "${@:6}" "$5" 2>"$TEST_TMP/chromium.err"
}

# The page as it was served, and a script that measures it: nothing of ours would run one.
measured() { # PATH FILE
    curl -fsS -m 20 "$URL$1" >"$2"
    cat >>"$2" <<'EOF'
<script>addEventListener("load", () => {
    const wide = [...document.querySelectorAll("main *")].filter(e => !e.closest(".hidden, thead, svg") && e.getBoundingClientRect().right > innerWidth + 0.5)
    document.body.dataset.overflow = document.documentElement.scrollWidth > innerWidth || wide.length ? wide.map(e => e.outerHTML.slice(0, 80)).join() || "page" : "none"
    const luminance = c => { const [r, g, b] = c.match(/[\d.]+/g).slice(0, 3).map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b }
    const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (!/, 0\)$/.test(c)) return c } return "rgb(255, 255, 255)" }
    let worst = 21, which = ""
    for (const e of document.querySelectorAll("body *")) {
        if (e.closest("svg, script, style") || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue
        const [a, b] = [luminance(getComputedStyle(e).color), luminance(behind(e))]
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
        if (contrast < worst) [worst, which] = [contrast, e.className || e.tagName]
    }
    document.body.dataset.contrast = worst.toFixed(2)
    document.body.dataset.worst = which
})</script>
EOF
}

count() { grep -o -- "$1" "$2" | wc -l; }

what_a_reader_finds() {
    local dom=$TEST_TMP/dom
    browse 1280 1100 light overview-1280-light "$URL/" --log-net-log="$TEST_TMP/net.json" >"$dom"
    expect_match "$dom" '<html lang="en">'
    expect_match "$dom" '<h1>2 of 10 databases need attention</h1>'
    expect_equal "$(count '<tr role="row"><th scope="row"' "$dom")" 10
    expect_equal "$(count '<svg class="bars" ' "$dom")" 8
    expect_equal "$(count '<g><title>' "$dom")" 240 # thirty of each
    expect_equal "$(count 'no run yet' "$dom")" 2
    expect_equal "$(count '<form method="post" action="/api/backup/create"' "$dom")" 10
    expect_equal "$(count 'aria-label="Back up production/auth now"' "$dom")" 1
    expect_equal "$(count '</svg>too old</span>' "$dom")" 1
    expect_equal "$(count '</svg>incomplete</span>' "$dom")" 1
    expect_equal "$(count '</svg>no backup yet</span>' "$dom")" 2
    expect_match "$dom" '<span class="why">&lt;script&gt;alert\(1\)&lt;/script&gt; refused the token &amp; "said" no</span>'
    refuse_match "$dom" '<script'
    # Nothing is asked for but the page; not even an icon.
    expect_equal "$(grep -o '"url":"https\{0,1\}://[^"]*' "$TEST_TMP/net.json" | sort -u | grep -v "^\"url\":\"$URL/\$" | grep -v 'google\|gvt1' || true)" ''
    refuse_match "$TEST_TMP/chromium.err" 'Content Security Policy'
}
test_case 'what a reader finds, and nothing is loaded from anywhere' what_a_reader_finds

fits() { # WIDTH HEIGHT SCHEME NAME PATH
    measured "$5" "$TEST_TMP/measured.html"
    browse "$1" "$2" "$3" "$4-$1-$3" "file://$TEST_TMP/measured.html" >"$TEST_TMP/dom"
    expect_match "$TEST_TMP/dom" ' data-overflow="none"'
    grep -o 'data-contrast="[^"]*" data-worst="[^"]*"' "$TEST_TMP/dom"
    contrast=$(sed -n 's/.* data-contrast="\([0-9.]*\)".*/\1/p' "$TEST_TMP/dom")
    awk "BEGIN { exit !($contrast >= 4.5) }"
    [ -s "$PICTURES/$4-$1-$3.png" ]
}

# (A window is at least 500 wide for this browser, unless it is headless.)
on_a_phone() {
    fits 360 2200 light overview /
    fits 360 2200 dark database '/database?name=production/auth'
    expect_match "$TEST_TMP/dom" 'href="/api/backup/download\?snapshot=production/auth%40'
}
on_a_desk() {
    fits 1280 1100 dark overview /
    fits 1280 1400 light database '/database?name=production/billing'
    expect_match "$TEST_TMP/dom" '2 runs in a row have failed'
}
test_case 'on a phone nothing is cut off, and all can be read' on_a_phone
test_case 'on a desk as well, light and dark' on_a_desk

end_process "$DAEMON"
test_done
