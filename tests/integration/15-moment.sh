#!/usr/bin/env bash
# A moment in time: while money moves between two tables all the while, no snapshot that is accepted shows another sum.

. "$(dirname "$0")/../lib.sh"

# shellcheck disable=SC2119 # without flags
rig_start
faults_start
SHOP=$TEST_TMP/shop.sqlite
WAL=$TEST_TMP/wal.sqlite
CONF_MORE="environment \"more\" {
    bucket = \"here\"
    database \"wal\" { source = \"sqlite\"  path = \"$WAL\" }
    database \"wrangler\" { source = \"wrangler\"  project = \"$TEST_TMP\"  persist_to = \"$RIG_DIR\"  id = \"$(uuid_of t2)\" }
}"
write_conf

snapshot() { d1keep show "$1" --json | jq -cr "$2"; } # SNAPSHOT JQ-EXPRESSION

# ---- the bank: each table has half of 1,000,000; moves are counted, and refer to both

PEOPLE=40
bank() { # ROWS   the SQL that makes it
    local t
    for t in here there; do
        echo "CREATE TABLE $t(id INTEGER PRIMARY KEY, cents INTEGER NOT NULL, note TEXT);
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) INSERT INTO $t SELECT i, CASE WHEN i <= $PEOPLE THEN 500000 / $PEOPLE ELSE 0 END, hex(randomblob(40)) FROM n;"
    done
    echo "CREATE TABLE moves(id INTEGER PRIMARY KEY, cents INTEGER, h REFERENCES here, t REFERENCES there); CREATE TABLE counted(moves INTEGER); INSERT INTO counted VALUES (0);"
}
# One transaction. A move is sometimes taken back, so that the rows of moves come and go.
MOVE="INSERT INTO moves(cents, h, t) VALUES (abs(random()) % 1000, 1 + abs(random()) % $PEOPLE, 1 + abs(random()) % $PEOPLE);
    UPDATE here SET cents = cents - (SELECT cents FROM moves ORDER BY id DESC LIMIT 1) WHERE id = (SELECT h FROM moves ORDER BY id DESC LIMIT 1);
    UPDATE there SET cents = cents + (SELECT cents FROM moves ORDER BY id DESC LIMIT 1) WHERE id = (SELECT t FROM moves ORDER BY id DESC LIMIT 1);
    DELETE FROM moves WHERE id <= (SELECT max(id) - 200 FROM moves);
    UPDATE counted SET moves = moves + 1"
BOOKS="SELECT ((SELECT sum(cents) FROM here) + (SELECT sum(cents) FROM there)) || ' ' || (SELECT coalesce(max(id), 0) = (SELECT moves FROM counted) AND count(*) <= 200 FROM moves) || ' ' || (SELECT count(*) FROM pragma_foreign_key_check)"
books_are_right() { # FILE
    expect_equal "$(sqlite3 -readonly "$1" "$BOOKS; PRAGMA integrity_check")" $'1000000 1 0\nok'
}
restored() { # SNAPSHOT   into $FILE
    FILE=$TEST_TMP/restored.sqlite
    rm -f "$FILE"
    expect_exit 0 d1keep restore "$1" --to "sqlite:$FILE"
}

# ---- a writer that never rests, and many snapshots

# Through the API: one call a transaction, over connections that stay open, as fast as they are answered.
cat >"$TEST_TMP/writer.mjs" <<'EOF'
const [url, token, sql] = process.argv.slice(2);
const body = JSON.stringify({ sql });
for (;;) {
  const answer = await fetch(url, { method: "POST", headers: { authorization: `Bearer ${token}`, "content-type": "application/json" }, body });
  const { success, errors } = await answer.json();
  if (!success) { console.error(errors); process.exit(1); }
}
EOF
write_by_api() { # DATABASE
    start_background "$TEST_TMP/writer.log" "$RIG_NODE" "$TEST_TMP/writer.mjs" "$RIG_API/accounts/$RIG_ACCOUNT/d1/database/$1/query" "$RIG_TOKEN" "$MOVE"
}
# shellcheck disable=SC2317 # called by start_background
write_to_file() { # FILE
    yes "BEGIN IMMEDIATE; $MOVE; COMMIT;" | sqlite3 -bail -cmd '.timeout 20000' "$1"
}
stop_writer() {
    pkill -P "$BACKGROUND_PID" # the two ends of a pipe
    end_process "$BACKGROUND_PID"
}

SHOTS=8
under_fire() { # DATABASE   as it is configured; the writer is running
    local n moves="" last=-1 now
    for ((n = 0; n < SHOTS; n++)); do
        expect_exit 0 d1keep backup "$1"
        restored "$1"
        books_are_right "$FILE"
        expect_equal "$(snapshot "$1" .consistency)" transaction
        now=$(sqlite3 -readonly "$FILE" 'SELECT moves FROM counted')
        [ "$now" -ge "$last" ]
        last=$now
        moves+="$now "
    done
    ! process_is_gone "$BACKGROUND_PID" || { cat "$TEST_TMP/writer.log"; return 1; }
    # It did write: most of the snapshots show another moment.
    [ "$(tr ' ' '\n' <<<"$moves" | sort -u | grep -c .)" -gt $((SHOTS / 2)) ] || { echo "moves: $moves"; return 1; }
}

rig_sql t1 "$(bank 200)"
write_by_api t1
test_case "a small D1, read in one call: $SHOTS snapshots while it is written to" under_fire test/t1
stop_writer

rig_sql t2 "$(bank 20000)"
write_by_api t2
test_case "the file of a local D1 while workerd writes it: $SHOTS snapshots" under_fire more/wrangler
stop_writer

sqlite3 "$WAL" "PRAGMA journal_mode=WAL; $(bank 30000)" >/dev/null
start_background "$TEST_TMP/writer.log" write_to_file "$WAL"
test_case "a SQLite file with a WAL, of many pages: $SHOTS snapshots while it is written to" under_fire more/wal
stop_writer

sqlite3 "$SHOP" "$(bank 30000)"
start_background "$TEST_TMP/writer.log" write_to_file "$SHOP"
test_case "a SQLite file with a rollback journal: $SHOTS snapshots while it is written to" under_fire local/shop
stop_writer

# ---- a D1 of many pages: the writes fall between them

rig_sql t3 "$(bank 30000)"
PAGE='"match": "^POST .*/raw", "body": "FROM .{1,2}(here|there|moves|counted)[^a-z]"'
MOVE_JSON=$(jq -Rs . <<<"$MOVE")
moves_before_page() { # SKIP TIMES
    faults_reset
    fault "{$PAGE, \"kind\": \"hook\", \"skip\": $1, \"times\": $2, \"db\": \"t3\", \"sql\": $MOVE_JSON}"
}
hooks_hit() { curl -sS "$FAULTS_CONTROL/log" | jq -s '[.[] | select(.fault == "hook")] | length'; }

faults_reset
test_case 'a larger D1 is read by pages' <<'CASE'
expect_exit 0 d1keep backup test/t3
expect_equal "$(snapshot test/t3 .consistency)" unchanged
requests_seen '^POST .*/raw' >"$TEST_TMP/pages"
[ "$(cat "$TEST_TMP/pages")" -gt 8 ]
CASE
PAGES=$(cat "$TEST_TMP/pages")

succeeded=0
failed=0
a_move_before_each_page() {
    local skip
    for ((skip = 0; skip < PAGES - 4; skip++)); do
        moves_before_page "$skip" 1
        expect_exit 0 d1keep backup test/t3
        [ "$(hooks_hit)" -eq 1 ] || break # there are no more pages
        expect_equal "$(snapshot test/t3 '[.consistency, .bookmark_before == .bookmark_after] | @json')" '["unchanged",true]'
        expect_exit 0 d1keep show test/t3
        expect_out '^consistency .* 2 readings\)$'
        restored test/t3
        books_are_right "$FILE"
        expect_equal "$(sqlite3 -readonly "$FILE" 'SELECT moves FROM counted')" "$(rig_sql t3 'SELECT moves FROM counted')"
    done
    [ "$skip" -ge 4 ]
}
test_case 'a move before any one page: that reading is given up, the next one is whole' a_move_before_each_page

attempts_and_pauses() { # the writer writes through so many readings, and then pauses
    local n rc before
    for ((n = 0; n < 10; n++)); do
        moves_before_page $((n / 2)) $((n % 2 + 1)) # one reading is disturbed, or both
        before=$(d1keep list test/t3 --json | jq '.snapshots | length')
        rc=0
        d1keep backup test/t3 >"$OUT" 2>"$ERR" || rc=$?
        if [ "$rc" -eq 0 ]; then
            succeeded=$((succeeded + 1))
            restored test/t3
            books_are_right "$FILE"
        else
            failed=$((failed + 1))
            expect_equal "$rc $(d1keep list test/t3 --json | jq '.snapshots | length')" "75 $before"
        fi
    done
    echo "$succeeded succeeded, $failed failed"
    [ "$succeeded" -ge 3 ]
    [ "$failed" -ge 3 ]
}
CONF_TEST='attempts = 2' write_conf
test_case 'a writer that pauses: some backups succeed, some fail, none lies' attempts_and_pauses
write_conf

test_case 'every snapshot that was accepted is whole' <<'CASE'
expect_exit 0 d1keep list test/t3 --json
jq -r '.snapshots[] | select(.consistency == "unchanged") | .snapshot' "$OUT" >"$TEST_TMP/all"
[ "$(wc -l <"$TEST_TMP/all")" -gt 8 ]
while read -r name; do
    restored "$name"
    books_are_right "$FILE"
done <"$TEST_TMP/all"
CASE

# What the checks above would have seen.
CONF_TEST='consistency = "best-effort" attempts = 1' write_conf
test_case 'best-effort: the sum is broken, and the snapshot says that it may be' <<'CASE'
moves_before_page 2 -1
expect_exit 0 d1keep backup test/t3
expect_err '^d1keep: warning: test/t3 was written to while it was read'
expect_equal "$(snapshot test/t3 .consistency)" best-effort
restored test/t3
expect_err 'may mix two moments'
! books_are_right "$FILE" >/dev/null
expect_exit 0 d1keep list test/t3 --json
expect_equal "$(jq -r '.snapshots[0].consistency' "$OUT")" best-effort
CASE
write_conf

test_case 'it never rests: exit 75, the remedies are named, nothing is listed' <<'CASE'
before=$(d1keep list test/t3 --json | jq '.snapshots | length')
moves_before_page 0 -1
expect_error 75 'test/t3: gave up after 3 attempts: .*written to while it was read' d1keep backup test/t3
expect_err '^d1keep: hint: .*attempts.*quieter hour.*consistency = "best-effort".*fallback = "export"'
expect_equal "$(d1keep list test/t3 --json | jq '.snapshots | length')" "$before"
CASE

# ---- the schema, and the database itself, change in between

a_change() { # SKIP SQL
    faults_reset
    fault "{$PAGE, \"kind\": \"hook\", \"skip\": $1, \"db\": \"t3\", \"sql\": $(jq -Rs . <<<"$2")}"
    expect_exit 0 d1keep backup test/t3
    expect_exit 0 d1keep show test/t3
    expect_out '^consistency +unchanged \(.*, 2 readings\)$'
    restored test/t3
    books_are_right "$FILE"
    expect_equal "$(sqlite3 -readonly "$FILE" "SELECT name, sql FROM sqlite_schema ORDER BY name")" \
        "$(sqlite3 -readonly "$(rig_file t3)" "SELECT name, sql FROM sqlite_schema WHERE name NOT GLOB '_cf_*' ORDER BY name")"
}
rig_sql t3 'CREATE TABLE spare(a); INSERT INTO spare VALUES (1)'
test_case 'a column is added between two pages' a_change 2 "ALTER TABLE there ADD COLUMN more DEFAULT 'x'"
test_case 'a column is dropped from a table that was read' a_change 4 'ALTER TABLE here DROP COLUMN note'
test_case 'a column is dropped from a table before its page' a_change 0 'ALTER TABLE there DROP COLUMN more'
test_case 'a table is dropped' a_change 2 'DROP TABLE spare'
test_case 'a table is made anew under its name' a_change 1 \
    "PRAGMA defer_foreign_keys=on; CREATE TABLE new_counted(moves INTEGER, x); INSERT INTO new_counted SELECT moves, 1 FROM counted; DROP TABLE counted; ALTER TABLE new_counted RENAME TO counted"

# total_changes() begins at 0 again when Cloudflare starts the object anew: here it shows the same number before and after.
the_count_repeats() {
    held() { [ "$(hooks_hit)" -ge 1 ]; }
    rig_call POST /t3/rig/reset '{}' >/dev/null
    rig_sql t3 "$MOVE"
    faults_reset
    fault "{$PAGE, \"kind\": \"hook\", \"skip\": ${1}, \"delay_ms\": 2500}"
    d1keep backup test/t3 >"$OUT" 2>"$ERR" &
    wait_for 20 held
    [ -z "$2" ] || rig_call POST /t3/rig/reset '{}' >/dev/null
    rig_sql t3 "$MOVE"
    wait $! || { show_output; return 1; }
    expect_exit 0 d1keep show test/t3
    expect_out '^consistency +unchanged \(.*, 2 readings\)$'
    restored test/t3
    books_are_right "$FILE"
}
test_case 'the database is started anew between two pages, and written to as often as before' the_count_repeats 2 reset
test_case 'the same without the start' the_count_repeats 2 ''

reset_while_small() {
    rig_call POST /t1/rig/reset '{}' >/dev/null
    expect_exit 0 d1keep backup test/t1
    restored test/t1
    books_are_right "$FILE"
}
test_case 'a small database after a start anew' reset_while_small

test_done
