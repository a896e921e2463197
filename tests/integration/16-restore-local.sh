#!/usr/bin/env bash
# A snapshot comes back into files: SQLite's, wrangler's, and SQL that other tools read.
# shellcheck disable=SC2119 # rig_start without flags
. "$(dirname "$0")/../lib.sh"

rig_start
CONF_MORE="environment \"dev\" {
    bucket = \"here\"
    database \"auth\" { source = \"wrangler\" project = \"$TEST_TMP/project\" id = \"$(uuid_of t5)\" }
    database \"held\" { source = \"wrangler\" project = \"$TEST_TMP\" persist_to = \"$RIG_DIR\" id = \"$(uuid_of t6)\" }
}" write_conf

dump_of() { sqlite3 -readonly "$1" .dump; }
hash_of() { sha256sum "$@" | cut -d' ' -f1 | tr '\n' ' '; }
beside() { find "$(dirname "$1")" -maxdepth 1 -name "$(basename "$1")?*" | wc -l; }

rig_sql t1 "CREATE TABLE p(id INTEGER PRIMARY KEY AUTOINCREMENT, t TEXT, b BLOB, r REAL, x); CREATE TABLE c(p REFERENCES p(id) ON DELETE CASCADE, t);
    CREATE TABLE strict(a TEXT PRIMARY KEY, b ANY) STRICT, WITHOUT ROWID; CREATE INDEX c_p ON c(p) WHERE p > 0;
    CREATE VIRTUAL TABLE words USING fts5(w, tokenize = 'porter'); CREATE VIEW v AS SELECT t || ';' AS t FROM p -- all
    ;
    CREATE TRIGGER tr INSTEAD OF INSERT ON v BEGIN INSERT INTO p(t) VALUES (CASE WHEN new.t THEN ';' ELSE new.t END); END"
rig_sql t1 "INSERT INTO p VALUES (1, 'a;' || char(10) || 'it''s \\n -- ;', x'00ff', 1.0, 9007199254740993), (2, 'x' || char(13) || char(10) || 'y', x'', -9e999, 1.0), (3, NULL, zeroblob(150000), 5e-324, -9223372036854775808),
    (9, hex(randomblob(60000)), NULL, 0.1, 'z' || char(0) || 'z'); DELETE FROM p WHERE id = 9; INSERT INTO p VALUES (5, 'é😀', 1, 1e300, char(65279));
    INSERT INTO c VALUES (1, 'one'), (NULL, 'none'); INSERT INTO strict VALUES ('k', 1.5), ('l', x'61'); INSERT INTO words VALUES ('running words')"
expect_exit 0 d1keep backup test/t1
ORIGINAL=$(rig_file t1)

# ---- wrangler

WRANGLER=$(wrangler_file "$TEST_TMP/project/.wrangler/state" "$(uuid_of t5)")

fresh() {
    expect_error 4 'this snapshot is of test, and the target is in dev' d1keep restore test/t1 --to wrangler:dev/auth
    expect_equal "$(find "$TEST_TMP/project" 2>/dev/null | wc -l)" 0
    expect_exit 0 d1keep restore test/t1 --to wrangler:dev/auth --yes-i-mean dev/auth
    expect_same_database "$WRANGLER" "$ORIGINAL"
    expect_equal "$(beside "$WRANGLER") $(stat -c %a "$WRANGLER")" '0 600'
    # wrangler's own engine reads it
    "$RIG_NODE" "$TESTS/cloudflare/rig.mjs" --ready "$TEST_TMP/rig5.json" --dir "$TEST_TMP/project/.wrangler/state" --leash $$ >"$TEST_TMP/rig5.log" 2>&1 </dev/null &
    local rig=$!
    wait_for_ready "$TEST_TMP/rig5.json" "$rig" "$TEST_TMP/rig5.log"
    # shellcheck disable=SC2034 # rig_call reads it
    RIG_API=$(jq -r .api "$TEST_TMP/rig5.json")
    expect_equal "$(rig_sql t5 "SELECT count(*) FROM p; SELECT w FROM words WHERE words MATCH 'run'; SELECT seq FROM sqlite_sequence; SELECT hex(b) FROM p WHERE id = 1")" $'4\nrunning words\n9\n00FF'
    rig_sql t5 "INSERT INTO v VALUES ('by the engine')"
    # while it runs, the file is not ours
    expect_error 4 '".*sqlite" is in use by process [0-9]+ \(' d1keep restore test/t1 --to wrangler:dev/auth --replace --yes-i-mean dev/auth
    expect_error 4 '".*sqlite" is in use by process' d1keep restore test/t1 --to wrangler:dev/auth --replace --dry-run
    kill -KILL "$(jq -r '.engine_pids[0]' "$TEST_TMP/rig5.json")"
    end_process "$rig"
    cp -r "$TEST_TMP/project" "$TEST_TMP/project.stale"
}
test_case 'wrangler: a fresh file that its engine reads, and that is refused while it does' fresh

stale() {
    local before
    [ -s "$WRANGLER-wal" ] # the engine was killed
    before=$(hash_of "$WRANGLER" "$WRANGLER-wal")
    expect_error 4 '" exists$' d1keep restore test/t1 --to wrangler:dev/auth --yes-i-mean dev/auth
    expect_equal "$(hash_of "$WRANGLER" "$WRANGLER-wal")" "$before"
    expect_exit 0 d1keep restore test/t1 --to wrangler:dev/auth --replace --dry-run
    expect_out '^p +5 +4$' # with what the log holds
    expect_equal "$(hash_of "$WRANGLER" "$WRANGLER-wal")" "$before"
    expect_exit 0 d1keep restore test/t1 --to wrangler:dev/auth --replace --yes-i-mean dev/auth
    expect_same_database "$WRANGLER" "$ORIGINAL"
    expect_equal "$(beside "$WRANGLER")" 0
    # and of some tables, what the log holds stays
    rm -rf "$TEST_TMP/project"
    mv "$TEST_TMP/project.stale" "$TEST_TMP/project"
    expect_exit 0 d1keep restore test/t1 --to wrangler:dev/auth --replace --yes-i-mean dev/auth --table c
    expect_equal "$(sqlite3 -readonly "$WRANGLER" "SELECT count(*) FROM p WHERE t = 'by the engine'")" 1
}
test_case 'wrangler: a log that a killed engine left is settled, but not by a dry run or a refusal' stale

held() {
    rig_sql t6 'CREATE TABLE mine(x)'
    expect_error 4 'is in use by process' d1keep restore test/t1 --to wrangler:dev/held --replace --yes-i-mean dev/held
    expect_equal "$(rig_sql t6 'SELECT count(*) FROM mine')" 0
    expect_error 2 'is no local database of wrangler' d1keep restore test/t1 --to wrangler:test/t2
}
test_case 'wrangler: the rig itself holds it' held

# ---- SQLite

FILE=$TEST_TMP/some.sqlite
some_tables() {
    sqlite3 "$FILE" "PRAGMA journal_mode=WAL; CREATE TABLE mine(id INTEGER PRIMARY KEY AUTOINCREMENT, x); INSERT INTO mine VALUES (40, 'stays'); CREATE TABLE c(old); INSERT INTO c VALUES (1); PRAGMA user_version=9;
        CREATE TRIGGER mine_t AFTER INSERT ON mine BEGIN INSERT INTO c VALUES (new.x); END" >/dev/null
    chmod 640 "$FILE"
    local before
    before=$(hash_of "$FILE")
    expect_error 4 '"'"$FILE"'" has a table "c"' d1keep restore test/t1 --to "sqlite:$FILE" --table c --table P
    expect_error 2 'the snapshot has no table "x"' d1keep restore test/t1 --to "sqlite:$FILE" --table x
    expect_exit 0 d1keep restore test/t1 --to "sqlite:$FILE" --table c --replace --dry-run
    expect_out '^c +1 +2$'
    expect_err 'warning: table "p" is referred to, and was not asked for'
    expect_equal "$(hash_of "$FILE")" "$before"
    expect_exit 0 d1keep restore test/t1 --to "sqlite:$FILE" --table c --table P --replace
    expect_err 'restored .*: 2 tables, 6 rows'
    expect_equal "$(sqlite3 "$FILE" "SELECT x FROM mine; SELECT group_concat(t) FROM c; SELECT count(*) FROM p; SELECT group_concat(name || seq) FROM sqlite_sequence; PRAGMA user_version; PRAGMA journal_mode; SELECT name FROM sqlite_schema WHERE type = 'trigger'; PRAGMA integrity_check")" \
        $'stays\none,none\n4\nmine40,p9\n9\nwal\nmine_t\nok'
    expect_equal "$(beside "$FILE") $(stat -c %a "$FILE")" '0 640'
}
test_case 'sqlite: --table into a file: the rest, its mode and its WAL stay' some_tables

held_file() {
    local before
    mkfifo "$TEST_TMP/hold"
    start_background "$TEST_TMP/hold.log" sh -c "exec 5<'$FILE'; exec sleep 60"
    local pid=$BACKGROUND_PID
    holds() { readlink /proc/"$pid"/fd/5 2>/dev/null | grep -q some.sqlite; }
    wait_for 5 holds
    before=$(hash_of "$FILE")
    expect_error 4 "\"$FILE\" is in use by process $pid \(sleep\)" d1keep restore test/t1 --to "sqlite:$FILE" --table c --replace
    expect_err '^d1keep: hint: stop it first'
    expect_error 4 "in use by process $pid" d1keep restore test/t1 --to "sqlite:$FILE" --replace
    expect_equal "$(hash_of "$FILE") $(beside "$FILE")" "$before 0"
    end_process "$pid"
    expect_exit 0 d1keep -q restore test/t1 --to "sqlite:$FILE" --replace
    expect_same_database "$FILE" "$ORIGINAL"
    expect_equal "$(wc -c <"$OUT")" 0
}
test_case 'sqlite: a file that a process holds is refused' held_file

nothing_left() {
    local dir=$TEST_TMP/empty
    mkdir "$dir"
    expect_error 1 'does not exist' d1keep restore test/t1 --to "sqlite:$dir/no/such/x.sqlite"
    expect_exit 4 d1keep restore test/t1 --to "sqlite:$dir" --replace
    expect_error 2 'part-size takes 1 to 5000' d1keep restore test/t1 --to "sqlite:$dir/x" --part-size 99999999999999999999
    expect_error 2 'is not a target' d1keep restore test/t1 --to "$dir/x"
    expect_exit 0 d1keep restore test/t1 --to sql:- --dry-run
    expect_equal "$(wc -c <"$OUT") $(find "$dir" -mindepth 1 | wc -l)" '0 0'
    expect_error 2 'no table "nope"' d1keep restore test/t1 --to "sql:$dir/x.sql" --table nope --dry-run
    expect_error 2 'no table "nope"' d1keep restore test/t1 --to "sql:$dir/x.sql" --table nope
    expect_equal "$(find "$dir" -mindepth 1 | wc -l)" 0
}
test_case 'what fails or is refused leaves nothing behind' nothing_left

# ---- item 9: other tools

reads_sql() { # NAME   standard input into a new file, by the sqlite3 program
    rm -f "$TEST_TMP/$1"
    sqlite3 -bail "$TEST_TMP/$1"
}
other_tools() {
    d1keep cat test/t1 | reads_sql cat.sqlite
    expect_same_database "$TEST_TMP/cat.sqlite" "$ORIGINAL"
    d1keep restore test/t1 --to sql:- | reads_sql sql.sqlite
    expect_same_database "$TEST_TMP/sql.sqlite" "$ORIGINAL"
    d1keep cat --gzip test/t1 | gunzip | reads_sql gunzip.sqlite
    expect_same_database "$TEST_TMP/gunzip.sqlite" "$ORIGINAL"
    # some tables, with what belongs to them
    d1keep restore test/t1 --to "sql:$TEST_TMP/some.sql" --table c --table strict
    reads_sql part.sqlite <"$TEST_TMP/some.sql"
    expect_equal "$(sqlite3 -readonly "$TEST_TMP/part.sqlite" "SELECT group_concat(name) FROM (SELECT name FROM sqlite_schema WHERE sql > '' ORDER BY name)")" c,c_p,strict
}
test_case 'other tools: d1keep cat, gunzip and the sqlite3 program' other_tools

# As `wrangler d1 execute --local --file` does: miniflare's engine runs the file's statements as one batch, split by
# wrangler's rules (the rig's split.mjs; wrangler itself is 100 MB more than the tests need).
by_wrangler() {
    d1keep cat test/t1 >"$TEST_TMP/t1.sql"
    printf '%s' "$(jq -Rs '{sql: .}' "$TEST_TMP/t1.sql")" | rig_call POST /t7/raw @- | jq -e .success >/dev/null
    expect_same_database "$(rig_file t7)" "$ORIGINAL"
    expect_equal "$(LC_ALL=C awk 'BEGIN { RS = ";\n" } length($0) > 100000' "$TEST_TMP/t1.sql" | wc -c)" 0
}
test_case 'other tools: the splitter of miniflare and engine, as wrangler d1 execute --local --file' by_wrangler

test_done
