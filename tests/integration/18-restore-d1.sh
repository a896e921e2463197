#!/usr/bin/env bash
# A snapshot comes back into a D1: whole or not at all, and with a way back.
# shellcheck disable=SC2119 # rig_start without flags
. "$(dirname "$0")/../lib.sh"

rig_start
faults_start
write_conf
export D1KEEP_CONFIG=$CONF # what a hint prints can be typed as it is

snapshot() { d1keep show "$1" --json | jq -cr "$2"; } # SNAPSHOT JQ-EXPRESSION
set_rig() { rig_call POST "/$1/rig/set" "$2" >/dev/null; }
bookmark_of() { rig_call GET "/$1/time_travel/bookmark" | jq -r .result.bookmark; }
tables_of() { rig_sql "$1" "SELECT group_concat(name) FROM (SELECT name FROM sqlite_schema WHERE name NOT LIKE '\_cf\_%' ESCAPE '\' ORDER BY 1)"; }
same_as() { expect_same_database "$(rig_file "$1")" "$(rig_file "$2")"; } # DATABASE ORIGINAL
back_command() { grep -Eo 'd1keep undo [^ ]+ [0-9a-f-]+' "$ERR" | tail -1; }
go_back() { # runs exactly what was printed
    local command
    command=$(back_command)
    [ -n "$command" ] || { show_output; return 1; }
    PATH=$(dirname "$D1KEEP"):$PATH expect_exit 0 sh -c "$command"
}
empty() { # DATABASE   a fresh one, whatever is in it
    local objects
    objects=$(rig_sql "$1" "SELECT group_concat('DROP ' || type || ' IF EXISTS \"' || replace(name, '\"', '\"\"') || '\"', ';') FROM (SELECT * FROM sqlite_schema
        WHERE type IN ('view', 'table') AND name NOT LIKE '\_cf\_%' ESCAPE '\' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name NOT LIKE 'words\__%' ESCAPE '\' ORDER BY type DESC, rowid DESC)")
    [ "$objects" = NULL ] || rig_sql "$1" "PRAGMA defer_foreign_keys=ON; $objects"
}

# Everything a D1 can have that makes it hard to take away and to bring back.
fill() { # DATABASE TEXT
    rig_sql "$1" "CREATE TABLE child(id INTEGER PRIMARY KEY, p REFERENCES parent(id) ON DELETE CASCADE ON UPDATE CASCADE, t DEFAULT 'a;b');
        CREATE TABLE parent(id INTEGER PRIMARY KEY AUTOINCREMENT, boss REFERENCES parent(id) ON DELETE SET NULL, name TEXT UNIQUE);
        CREATE TABLE egg(id INTEGER PRIMARY KEY, hen REFERENCES hen(id) ON DELETE RESTRICT);
        CREATE TABLE hen(id INTEGER PRIMARY KEY, egg REFERENCES egg(id) ON DELETE CASCADE);
        CREATE TABLE strict(a TEXT, b INTEGER, c AS (a || b) STORED, PRIMARY KEY (b, a)) WITHOUT ROWID;
        CREATE TABLE pair(a, b, FOREIGN KEY (a, b) REFERENCES strict(b, a) ON DELETE RESTRICT);
        CREATE TABLE log(what);
        CREATE TABLE d1_migrations(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL);
        CREATE VIRTUAL TABLE words USING fts5(t, content='child', content_rowid='id')"
    rig_sql "$1" "PRAGMA defer_foreign_keys=ON;
        INSERT INTO parent VALUES (1, NULL, 'one $2'), (2, 3, 'two'), (3, 1, 'three'), (90, 90, 'gone'); DELETE FROM parent WHERE id = 90;
        INSERT INTO child VALUES (1, 1, '$2; it''s'), (5, 2, char(10)), (-7, 3, NULL), (9007199254740993, NULL, 1.0);
        INSERT INTO hen VALUES (1, 11), (2, 12); INSERT INTO egg VALUES (11, 2), (12, 1);
        INSERT INTO strict(a, b) VALUES ('x', 1), ('$2', 2); INSERT INTO pair VALUES (1, 'x'), (2, '$2'), (NULL, 'y');
        INSERT INTO d1_migrations(id, name, applied_at) VALUES (1, '0001_init.sql', '2026-01-01'), (2, '0002_more.sql', '2026-01-02');
        INSERT INTO words(words) VALUES ('rebuild')"
    rig_sql "$1" "CREATE INDEX child_p ON child(p) WHERE p > 0; CREATE UNIQUE INDEX egg_hen ON egg(hen, id || 'x');
        CREATE VIEW seen AS SELECT name FROM parent -- a comment
        ;
        CREATE VIEW again AS SELECT name || ';' AS n FROM seen;
        CREATE TRIGGER parent_gone AFTER DELETE ON parent BEGIN INSERT INTO log VALUES ('parent ' || CASE WHEN old.id THEN old.id ELSE ';' END); END;
        CREATE TRIGGER child_gone BEFORE DELETE ON child BEGIN SELECT RAISE(ABORT, 'a child was deleted'); END;
        CREATE TRIGGER seen_insert INSTEAD OF INSERT ON seen BEGIN INSERT INTO parent(name) VALUES (new.name); END"
}

fill t1 first
expect_exit 0 d1keep backup test/t1

# ---- an empty one

into_empty() {
    faults_reset
    expect_exit 0 d1keep restore test/t1 --to d1:test/t2
    same_as t2 t1
    expect_err '^d1keep: restored test/t1@.* to d1:test/t2: 8 tables, 18 rows, '
    expect_err '^d1keep: checked: 8 tables, every row is what the manifest says$'
    expect_err '^d1keep: checked: no foreign key is broken$'
    expect_equal "$(grep -c 'd1keep undo test/t2 [0-9a-f]' "$ERR") $(wc -c <"$OUT")" '1 0'
    refuse_match "$ERR" 'error|warning'
    expect_equal "$(rig_sql t2 "SELECT count(*) FROM log; SELECT rowid FROM words WHERE words MATCH 'first'")" $'0\n1'
    # It works as it did: keys act, triggers fire.
    rig_sql t2 "INSERT INTO seen VALUES ('new'); DELETE FROM parent WHERE name = 'new'"
    expect_equal "$(rig_sql t2 'SELECT what FROM log; SELECT seq FROM sqlite_sequence WHERE name = "parent"')" $'parent 91\n91'
}
test_case 'into an empty D1: the same schema, every cell, sequences; nothing fired' into_empty

not_empty() {
    local before
    before=$(bookmark_of t2)
    faults_reset
    expect_error 4 'd1:test/t2 is not empty: it has 8 tables \("child", …\)' d1keep restore test/t1 --to d1:test/t2
    expect_err '^d1keep: hint: .*--replace'
    expect_equal "$(bookmark_of t2) $(requests_seen /import)" "$before 0"
    rig_sql t3 'CREATE VIEW v AS SELECT 1'
    expect_error 4 'd1:test/t3 is not empty' d1keep restore test/t1 --to d1:test/t3
    rig_sql t3 'DROP VIEW v; CREATE TABLE _d1keep_restore(part); INSERT INTO _d1keep_restore VALUES (7)'
    expect_error 4 'd1:test/t3 is not empty' d1keep restore test/t1 --to d1:test/t3
    expect_exit 0 d1keep restore test/t1 --to d1:test/t3 --replace
    same_as t3 t1
}
test_case 'one that is not empty is refused, whatever is in it' not_empty

replaced() {
    fill t4 other
    rig_sql t4 "CREATE TABLE extra(id INTEGER PRIMARY KEY AUTOINCREMENT, p REFERENCES parent(id) ON DELETE CASCADE); INSERT INTO extra VALUES (70, 1);
        CREATE TABLE gone(id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO gone VALUES (5); CREATE VIRTUAL TABLE own USING fts5(x); INSERT INTO own VALUES ('y');
        CREATE TABLE unreachable(rowid, _rowid_, oid); CREATE TRIGGER extra_gone AFTER DELETE ON extra BEGIN INSERT INTO log VALUES ('fired'); END;
        INSERT INTO sqlite_sequence VALUES ('never was', 3)"
    sqlite3 -readonly "$(rig_file t4)" '.dump' >"$TEST_TMP/t4.before"
    expect_exit 0 d1keep restore test/t1 --to d1:test/t4 --replace
    same_as t4 t1
    expect_equal "$(rig_sql t4 'SELECT count(*) FROM log')" 0
    go_back
    sqlite3 -readonly "$(rig_file t4)" '.dump' >"$TEST_TMP/t4.after"
    expect_same_file "$TEST_TMP/t4.after" "$TEST_TMP/t4.before"
    # and undone again
    go_back
    same_as t4 t1
}
test_case 'TORTURE A3 #36: --replace: cascades, circles, RESTRICT, triggers, views, FTS5, sequences go, and nothing fires; undo brings them back' replaced

again() {
    expect_exit 0 d1keep restore test/t1 --to d1:test/t4 --replace
    same_as t4 t1
}
test_case 'the same snapshot again over itself (D1 knows files it has had)' again

# ---- a new one

new_one() {
    local id
    expect_exit 0 d1keep restore test/t1 --to d1:test --new rehearsal
    id=$(rig_call GET '/rehearsal?fields=uuid,name' | jq -r .result.uuid)
    expect_err "^d1keep: created the D1 \"rehearsal\" with the id $id\$"
    expect_err "^d1keep: to use it here: database \"rehearsal\" \{ id = \"$id\" \} in environment \"test\"\$"
    refuse_match "$ERR" 'd1keep undo'
    expect_same_database "$(wrangler_file "$RIG_DIR" "$id")" "$(rig_file t1)"
    # what was printed is true
    sed "s/database \"t1\" .*/&\n    $(grep -Eo 'database "rehearsal" \{ id = "[^"]*" \}' "$ERR")/" "$CONF" >"$TEST_TMP/new.conf"
    expect_exit 0 d1keep -c "$TEST_TMP/new.conf" backup test/rehearsal
    # the name is taken now
    faults_reset
    expect_error 4 'there is a D1 named "rehearsal" already' d1keep restore test/t1 --to d1:test --new rehearsal
    expect_error 4 'there is a D1 named "rehearsal" already' d1keep restore test/t1 --to d1:test --new rehearsal --dry-run
    expect_equal "$(requests_seen '^POST')" 0
    expect_error 2 '--new goes with --to d1:ENV' d1keep restore test/t1 --to "sqlite:$TEST_TMP/x" --new x
}
test_case 'TORTURE A3 #49: --new makes the D1 first, and says how to use it' new_one

# ---- dry runs, damage

dry_run() {
    local before
    before=$(bookmark_of t4) 
    faults_reset
    expect_exit 0 d1keep restore test/t1 --to d1:test/t4 --replace --dry-run
    expect_equal "$(bookmark_of t4) $(requests_seen '^POST .*/import') $(requests_seen '^PUT')" "$before 0 0"
    expect_out '^child +4 +4$'
    expect_out '^[0-9]+ objects would be dropped, [0-9]+ made, 18 rows inserted \('
    expect_out '^about [0-9]+ requests and [0-9]+ rows written, as D1 counts them$'
    expect_err '^d1keep: dry run: .* nothing was touched$'
    expect_error 4 'is not empty' d1keep restore test/t1 --to d1:test/t4 --dry-run
    expect_exit 0 d1keep restore test/t1 --to d1:test --new other --dry-run
    expect_equal "$(rig_call GET '?name=other' | jq -c .result)" '[]'
    expect_out '^child +- +4$'
    expect_exit 0 d1keep restore test/t1 --to d1:test/t2 --replace --dry-run --json
    expect_equal "$(jq -c '[(.snapshot | test("^test/t1@20.*Z$")), .target, .dry_run, (.tables | length), .dropped > 0, .made > 0, .imports, .requests_expected > 0, has("bookmark_before")]' "$OUT")" \
        '[true,"d1:test/t2",true,8,true,true,1,true,false]'
    expect_exit 0 d1keep restore test/t1 --to d1:test/t2 --replace --json
    expect_equal "$(jq -r '[.dry_run, .checked, .bookmark_before] | join(" ")' "$OUT")" "false content $(sed -n 's/.*d1keep undo test\/t2 //p' "$ERR")"
    expect_error 2 'standard output' d1keep restore test/t1 --to sql:- --json
}
test_case '--dry-run says what would be done, and touches nothing' dry_run

damage() {
    local key file before how
    before=$(bookmark_of t4)
    d1keep backup test/t1 # only a manifest more
    key=$(snapshot test/t1 '[.objects[] | select(.table == "child")][0].key')
    file=$TEST_TMP/chunk
    d1keep cat test/t1 >/dev/null
    s3() { curl -sS --fail-with-body -X "$1" --aws-sigv4 aws:amz:auto:s3 --user "$RIG_KEY_ID:$RIG_SECRET_KEY" -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' -H 'Expect:' "${@:3}" "$(rig_fact .s3)/b1/$2"; }
    s3 GET "test/t1/$key" -o "$file"
    head -c 40 "$file" | s3 PUT "test/t1/$key" --data-binary @-
    for how in '--to d1:test/t4 --replace' '--to d1:test/t4 --replace --dry-run' '--to d1:test --new other' '--to d1:test/t4 --replace --table child --table parent --table words'; do
        faults_reset
        # shellcheck disable=SC2086
        expect_error 3 "$key" d1keep restore test/t1 $how
        expect_equal "$(bookmark_of t4) $(requests_seen '^POST .*/import') $(requests_seen '^POST .*/database ')" "$before 0 0"
    done
    s3 PUT "test/t1/$key" --data-binary "@$file"
    expect_exit 0 d1keep verify test/t1
}
test_case 'TORTURE A7 (openshift PR #1626): a damaged chunk is found before anything is touched or made' damage

# ---- where people regret it

confirmed() {
    rig_sql staging-auth 'CREATE TABLE a(x); INSERT INTO a VALUES (1)'
    expect_exit 0 d1keep backup staging/auth
    rig_sql production-auth 'CREATE TABLE b(x); INSERT INTO b VALUES (2)'
    expect_exit 0 d1keep backup production/auth
    expect_error 4 'production/auth is production' d1keep restore staging/auth --to d1:production/auth --replace
    expect_err '^d1keep: hint: add --yes-i-mean production/auth$'
    expect_error 4 'production/auth is production' d1keep restore production/auth --to d1:production/auth --replace
    expect_error 4 'this snapshot is of production, and the target is in staging' d1keep restore production/auth --to d1:staging/auth --replace
    expect_error 4 'yes-i-mean staging/auth, but the target is production/auth' d1keep restore staging/auth --to d1:production/auth --replace --yes-i-mean staging/auth
    expect_equal "$(tables_of production-auth) $(tables_of staging-auth)" 'b a'
    expect_exit 0 d1keep restore production/auth --to d1:staging/auth --replace --yes-i-mean staging/auth
    expect_equal "$(rig_sql staging-auth 'SELECT x FROM b')" 2
    expect_error 4 'everything written to production/auth since' d1keep undo production/auth "$(bookmark_of production-auth)"
}
test_case 'production and other environments want the name' confirmed

same_database() { # as production, by another name
    sed 's/^environment "test" {/environment "live" { account = "taco"  bucket = "b1"  database "real" { id = "'"$(uuid_of t3)"'" } }\n&/' "$CONF" >"$TEST_TMP/same.conf"
    d1keep -c "$TEST_TMP/same.conf" restore test/t1 --to d1:test/t3 --replace </dev/null >"$OUT" 2>"$ERR" && return 1
    expect_err 'test/t3 is the same D1 as one of production'
    expect_exit 4 d1keep -c "$TEST_TMP/same.conf" undo test/t3 "$(bookmark_of t3)" </dev/null
}
test_case 'production under another name is production' same_database

names() {
    expect_error 4 '\-\-yes-i-mean test/t4, but the target is test/t2' d1keep restore test/t1 --to d1:test/t2 --replace --yes-i-mean test/t4
    expect_exit 0 d1keep restore production/auth --to d1:staging/auth --replace --dry-run
    expect_err 'the real one will ask for the name: this snapshot is of production'
    expect_error 2 'no name for a D1' d1keep restore test/t1 --to d1:test --new ''
    expect_error 2 'no name for a D1' d1keep restore test/t1 --to d1:test --new $'a\n?'
}
test_case 'a name that is given has to be right, and to be one' names

# typed TEXT COMMAND…   on a terminal of its own, where TEXT is typed when something is asked
typed() {
    local text=$1
    shift
    python3 - "$text" "$@" <<'PY'
import os, pty, sys, select
text, command = sys.argv[1], sys.argv[2:]
pid, fd = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
seen, answered = b"", False
while True:
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    seen += data
    if not answered and b"to go on: " in seen:
        answered = True
        os.write(fd, (text + "\n").encode())
sys.stderr.write(seen.decode(errors="replace").replace("\r", ""))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY
}
asked() {
    expect_exit 4 typed 'production/billing' "$D1KEEP" -c "$CONF" restore staging/auth --to d1:production/auth --replace
    expect_err 'type production/auth to go on: '
    expect_equal "$(tables_of production-auth)" b
    expect_exit 4 typed '' "$D1KEEP" -c "$CONF" restore staging/auth --to d1:production/auth --replace
    expect_exit 0 typed 'production/auth' "$D1KEEP" -c "$CONF" restore staging/auth --to d1:production/auth --replace
    expect_equal "$(tables_of production-auth)" a
    expect_exit 0 typed 'production/auth' sh -c "PATH=$(dirname "$D1KEEP"):\$PATH $(back_command)"
    expect_equal "$(tables_of production-auth)" b
}
test_case 'on a terminal it is asked for' asked

test_done
