#!/usr/bin/env bash
# The fixtures of TORTURE.md A8 on Cloudflare's own engines: D1 -> R2 -> D1, and D1 -> R2 -> SQLite -> R2 -> D1.
# tests/TORTURE.md says which row is where.

. "$(dirname "$0")/../lib.sh"

FIXTURES=$TESTS/torture
ROWS=${D1KEEP_TORTURE_ROWS:-100000}
TABLES=${D1KEEP_TORTURE_TABLES:-2000}

# ---- the rig and the configuration: for each fixture a database, two to bring it back to, and a file on the way

names() {
    basename -s .sql "$FIXTURES"/*.sql
    printf '%s\n' 00-odd 01-newer 20-wide 21-keywords 21-names 25-many-rows 25-many-tables
}

uuid_for() { printf 'a8000000-0000-4000-8000-%012d' "$1"; }

databases() { # name TAB uuid
    local n=0 name kind
    for name in $(names); do
        for kind in '' -back -again; do
            n=$((n + 1))
            printf '%s\t%s\n' "$name$kind" "$(uuid_for $n)"
        done
    done
}

databases >"$TEST_TMP/databases"
jq -Rn '{databases: [inputs | split("\t") | {name: .[0], uuid: .[1]}]}' "$TEST_TMP/databases" >"$TEST_TMP/options"
rig_start --options "$TEST_TMP/options"

torture_conf() {
    local name id
    write_secret "$TEST_TMP/token" "$RIG_TOKEN"
    write_secret "$TEST_TMP/s3.id" "$RIG_KEY_ID"
    write_secret "$TEST_TMP/s3.secret" "$RIG_SECRET_KEY"
    mkdir -p "$STATE_DIR"
    {
        cat <<CONF
state_dir = "$STATE_DIR"
account "taco" {
    id = "$RIG_ACCOUNT"
    api_token = "file:$TEST_TMP/token"
    api_base = "$API"
    request_budget = 100000
}
CONF
        conf_bucket b1
        printf 'environment "a8" {\n    account = "taco"\n    bucket = "b1"\n    verify = "none"\n'
        while IFS=$'\t' read -r name id; do printf '    database "%s" { id = "%s" }\n' "$name" "$id"; done <"$TEST_TMP/databases"
        for name in $(names); do
            printf '    database "%s-file" {\n        source = "sqlite"\n        path = "%s"\n    }\n' "$name" "$TEST_TMP/$name.sqlite"
        done
        printf '}\n'
    } >"$CONF"
}
torture_conf

# ---- what is compared

# The answers to the fixture's own questions, by the engine itself.
answers() { # DATABASE FIXTURE
    local question
    [ -e "$FIXTURES/$2.sql" ] || return 0
    sed -n 's/^--ask //p' "$FIXTURES/$2.sql" | while IFS= read -r question; do
        printf '%s\n' "$question"
        rig_sql "$1" "$question"
    done
}

# same_d1 DATABASE ORIGINAL   the files, every cell; and what the engine says of them
same_d1() {
    expect_same_database "$(rig_file "$1")" "$(rig_file "$2")"
    answers "$1" "$2" >"$TEST_TMP/answers"
    answers "$2" "$2" >"$TEST_TMP/answers.original"
    expect_same_file "$TEST_TMP/answers" "$TEST_TMP/answers.original"
}

there() { # FIXTURE
    expect_exit 0 d1keep backup "a8/$1"
    expect_exit 0 d1keep restore "a8/$1" --to "d1:a8/$1-back"
    same_d1 "$1-back" "$1"
}

there_and_back() { # FIXTURE
    local name=$1
    there "$name"
    expect_exit 0 d1keep restore "a8/$name" --to "sqlite:$TEST_TMP/$name.sqlite"
    expect_same_database "$TEST_TMP/$name.sqlite" "$(rig_file "$name")"
    expect_equal "$(sqlite3 "$TEST_TMP/$name.sqlite" 'PRAGMA integrity_check')" ok
    expect_exit 0 d1keep backup "a8/$name-file"
    expect_exit 0 d1keep restore "a8/$name-file" --to "d1:a8/$name-again"
    same_d1 "$name-again" "$name"
    expect_exit 0 d1keep verify "a8/$name" "a8/$name-file"
    rm -f "$TEST_TMP/$name.sqlite"
}

load() { # FIXTURE
    rig_sql "$1" "$(grep -v '^--' "$FIXTURES/$1.sql")" >/dev/null
}

fixture() { # FIXTURE
    load "$1"
    there_and_back "$1"
}

# ---- the files

for name in 01-fts5 03-04-triggers 05-views 06-foreign-keys 07-without-rowid 08-strict 09-generated 10-indexes 11-orphan-sequence \
    11-sequences 12-rowids 15-affinities 16-17-text 18-blobs 19-statement-lengths 22-lookalikes 23-24-defaults-comments 25-empty-table 27-migrations; do
    test_case "A8 $name" fixture "$name"
done

# What cannot be kept is said by an exit of 5 and stands in the manifest; all the rest comes back.
without() { # FIXTURE OBJECT…   the fixture comes back but for these
    local name=$1 object
    shift
    load "$name"
    expect_exit 5 d1keep backup "a8/$name"
    for object; do expect_err "^d1keep: warning: a8/$name: \"$object\": "; done
    expect_equal "$(d1keep show "a8/$name" --json | jq -r '[.exceptions[].object] | join(" ")')" "$*"
    expect_exit 5 d1keep restore "a8/$name" --to "d1:a8/$name-back"
    expect_exit 0 d1keep verify "a8/$name"
}

contentless() {
    without 01-fts5-contentless contentless forgetful
    # The definitions are there, and take new words.
    expect_equal "$(rig_sql 01-fts5-contentless-back 'SELECT sql FROM sqlite_schema ORDER BY name')" \
        "$(rig_sql 01-fts5-contentless 'SELECT sql FROM sqlite_schema ORDER BY name')"
    rig_sql 01-fts5-contentless-back "INSERT INTO forgetful(rowid, t) VALUES (9, 'new'); DELETE FROM forgetful WHERE rowid = 9"
    expect_equal "$(rig_sql 01-fts5-contentless-back 'SELECT a FROM kept')" 'beside it'
}
test_case 'A8 01-fts5-contentless: exit 5, the rest comes back, also what only a newer SQLite knows' contentless

# As above, of functions: the machine's SQLite 3.40 knows none of these.
newer() {
    rig_sql 01-newer "CREATE TABLE new(a, b AS (octet_length(a)), c TEXT AS (concat_ws(';', a, 'x')) STORED);
        CREATE INDEX new_i ON new(octet_length(c)) WHERE unhex(a) IS NOT NULL; INSERT INTO new(a) VALUES ('00'), ('zz');
        CREATE TRIGGER new_t AFTER DELETE ON new BEGIN SELECT 1; END; CREATE TABLE old(a); CREATE INDEX old_i ON old(a);
        INSERT INTO old VALUES (1); CREATE VIRTUAL TABLE safe USING fts5(t); INSERT INTO safe(safe, rank) VALUES ('secure-delete', 1); INSERT INTO safe VALUES ('a word')"
    expect_exit 0 d1keep backup a8/01-newer
    expect_exit 0 d1keep restore a8/01-newer --to d1:a8/01-newer-back
    rig_sql 01-newer-back "SELECT * FROM new; SELECT * FROM old; SELECT * FROM safe; SELECT * FROM safe_config; SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2" >"$TEST_TMP/answers"
    rig_sql 01-newer "SELECT * FROM new; SELECT * FROM old; SELECT * FROM safe; SELECT * FROM safe_config; SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2" >"$TEST_TMP/answers.original"
    expect_same_file "$TEST_TMP/answers" "$TEST_TMP/answers.original"
    expect_match "$TEST_TMP/answers" '^00.*00;x'
    # Into a file, where the machine's SQLite is as old as that: said, and nothing of it is there.
    if ! sqlite3 :memory: "SELECT octet_length('')" 2>/dev/null; then
        expect_error 1 'no such function: ' d1keep restore a8/01-newer --to "sqlite:$TEST_TMP/newer.sqlite"
        expect_err 'newer SQLite'
        [ ! -e "$TEST_TMP/newer.sqlite" ]
    fi
}
test_case 'functions and options that only a newer SQLite knows: D1 -> R2 -> D1' newer

no_rowid_name() {
    without 12-no-rowid-name unreachable
    expect_equal "$(rig_sql 12-no-rowid-name-back 'SELECT name FROM sqlite_schema')" beside
}
test_case 'A8 12-no-rowid-name: exit 5, the rest comes back' no_rowid_name

test_case 'A8 25-no-tables' <<'CASE'
there_and_back 25-no-tables
CASE

# Exact doubles go in as parameters: JSON numbers, which no SQL parser reads.
numbers() {
    load 13-14-numbers
    {
        printf '{"batch":['
        sed 's/.*/{"sql":"INSERT INTO exact(n, r) VALUES (?1, ?1), (-?1, -?1)","params":[&]}/' "$FIXTURES/13-14-numbers.txt" | paste -sd ,
        printf ']}'
    } | rig_call POST /13-14-numbers/raw @- | jq -e .success
    expect_equal "$(rig_sql 13-14-numbers 'SELECT count(*), count(DISTINCT r) FROM exact')" "$(wc -l <"$FIXTURES/13-14-numbers.txt" | awk '{print 2 * $1 "\t" 2 * $1}')"
    there_and_back 13-14-numbers
}
test_case 'A8 13-14-numbers' numbers

test_case 'A8: everything of odd.sql in one database' <<'CASE'
rig_sql 00-odd "$(cat "$TESTS/integration/odd.sql")" >/dev/null
there_and_back 00-odd
CASE

# The rig's workerd has no rtree: from a file to a file, and its D1 says so and stays as it was.
rtree() {
    local file=$TEST_TMP/02-rtree.sqlite query
    sqlite3 "$file" <"$FIXTURES/02-rtree.sql"
    expect_exit 0 d1keep backup a8/02-rtree-file
    expect_exit 0 d1keep verify a8/02-rtree-file
    expect_exit 0 d1keep restore a8/02-rtree-file --to "sqlite:$TEST_TMP/rtree.sqlite"
    expect_same_database "$TEST_TMP/rtree.sqlite" "$file"
    for query in 'SELECT id, x0, x1, y0, y1, quote(name), quote(data) FROM boxes WHERE x1 > 0 ORDER BY id' 'SELECT * FROM points ORDER BY 1' \
        "SELECT rtreecheck('boxes'), rtreecheck('points')"; do
        expect_equal "$(sqlite3 "$TEST_TMP/rtree.sqlite" "$query")" "$(sqlite3 "$file" "$query")"
    done
    if ! rig_sql 02-rtree 'CREATE VIRTUAL TABLE probe USING rtree(id, a, b)' >/dev/null 2>&1; then
        expect_error 1 'no such module|not authorized' d1keep restore a8/02-rtree-file --to d1:a8/02-rtree-back
        expect_equal "$(rig_sql 02-rtree-back 'SELECT count(*) FROM sqlite_schema')" 0
    fi
}
test_case 'A8 02-rtree: as a file' rtree

# ---- made here

# A1 #12: a row that fits a statement without the columns' names and does not with them.
wide() {
    local columns values i
    columns=$(for ((i = 1; i <= 100; i++)); do printf '%s"%s_%03d;"' "${columns+,}" "a_column's_\"\"name\"\"_of_sixty_characters__________________" "$i"; columns=; done)
    values=$(for ((i = 1; i <= 100; i++)); do printf "%s%s" "${values+,}" "$i"; values=; done)
    rig_sql 20-wide "CREATE TABLE wide($columns)"
    rig_sql 20-wide "INSERT INTO wide VALUES ($values)"
    rig_sql 20-wide "CREATE TABLE wide_keyed(${columns}, PRIMARY KEY ($(cut -d, -f 1-3 <<<"$columns"))) WITHOUT ROWID"
    rig_sql 20-wide "INSERT INTO wide_keyed SELECT * FROM wide"
    for i in 920 928 929 930 931 932 933 934 935 936 937 999; do
        rig_sql 20-wide "WITH v(x) AS (SELECT substr(hex(zeroblob(500)), 1, $i)) INSERT INTO wide SELECT $(printf 'x,%.0s' {1..99})x FROM v"
    done
    expect_equal "$(rig_sql 20-wide 'SELECT count(*) FROM wide')" 13
    there_and_back 20-wide
}
test_case 'A8 20: a hundred columns with long names' wide

KEYWORDS='ABORT ACTION ADD AFTER ALL ALTER ALWAYS ANALYZE AND AS ASC ATTACH AUTOINCREMENT BEFORE BEGIN BETWEEN BY CASCADE CASE CAST CHECK COLLATE
COLUMN COMMIT CONFLICT CONSTRAINT CREATE CROSS CURRENT CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP DATABASE DEFAULT DEFERRABLE DEFERRED DELETE
DESC DETACH DISTINCT DO DROP EACH ELSE END ESCAPE EXCEPT EXCLUDE EXCLUSIVE EXISTS EXPLAIN FAIL FILTER FIRST FOLLOWING FOR FOREIGN FROM FULL
GENERATED GLOB GROUP GROUPS HAVING IF IGNORE IMMEDIATE IN INDEX INDEXED INITIALLY INNER INSERT INSTEAD INTERSECT INTO IS ISNULL JOIN KEY LAST
LEFT LIKE LIMIT MATCH MATERIALIZED NATURAL NO NOT NOTHING NOTNULL NULL NULLS OF OFFSET ON OR ORDER OTHERS OUTER OVER PARTITION PLAN PRAGMA
PRECEDING PRIMARY QUERY RAISE RANGE RECURSIVE REFERENCES REGEXP REINDEX RELEASE RENAME REPLACE RESTRICT RETURNING RIGHT ROLLBACK ROW ROWS
SAVEPOINT SELECT SET TABLE TEMP TEMPORARY THEN TIES TO TRANSACTION TRIGGER UNBOUNDED UNION UNIQUE UPDATE USING VACUUM VALUES VIEW VIRTUAL
WHEN WHERE WINDOW WITH WITHOUT TRUE FALSE ROWID OID _ROWID_ STORED STRICT MAIN'

# A1 #13 and #14: each as a table, as its column, as an index; and in any case.
keywords() {
    local word lower
    for word in $KEYWORDS; do
        lower=${word,,}
        # shellcheck disable=SC2016 # ` of SQL
        printf 'CREATE TABLE "%s"("%s" TEXT, [other one] INT, `and two` INT);\n' "$lower" "$word"
        printf 'INSERT INTO "%s" VALUES ('\''%s'\'', 1, 2);\n' "$lower" "$word"
        printf 'CREATE INDEX "%s_%s" ON "%s"("%s", "and two" DESC);\n' "$word" "$lower" "$lower" "$word"
    done >"$TEST_TMP/keywords.sql"
    rig_sql_file 21-keywords "$TEST_TMP/keywords.sql" >/dev/null
    there_and_back 21-keywords
}
test_case 'A8 21-keywords: every keyword as a table, a column, an index' keywords

odd_names() {
    local name long sql=$TEST_TMP/names.sql n=0
    long=$(printf 'long_%.0s' {1..40})
    # shellcheck disable=SC2016 # names
    for name in 'it'\''s' 'two words' ' leading' 'trailing ' 'a"b' '[a]' 'a]b' '`a`' 'a;b' 'a--b' 'a/*b*/' 'a.b' 'a/b' '..' '.' '%41' 'a%sb' '\n' '😀' 'ünï' 'ＦＵＬＬ' \
        'e'$'\u0301' $'\u202e''rtl' $'\ufeff' '0' '1.5' '-1' "''" '"' '""' '$a' '?1' ':a' '@a' '#' '(' ')' ',' '=' '*' 'null ' "$long" "${long}2" 'CASE_only' 'tab'$'\t''in'; do
        n=$((n + 1))
        name=${name//\"/\"\"}
        printf 'CREATE TABLE "%s"("%s" TEXT, "" INT, "%s x" AS (1), PRIMARY KEY ("%s")) WITHOUT ROWID;\n' "$name" "$name" "$name" "$name"
        printf 'INSERT INTO "%s" VALUES (%d, NULL), (x'\''00'\'', 2);\n' "$name" "$n"
        printf 'CREATE INDEX "%s index" ON "%s"("%s" DESC) WHERE "%s" <> 7;\n' "$name" "$name" "" "$name"
        printf 'CREATE VIEW "%s view" AS SELECT "%s" FROM "%s";\n' "$name" "$name" "$name"
        printf 'CREATE TRIGGER "%s trigger" INSTEAD OF DELETE ON "%s view" BEGIN DELETE FROM "%s" WHERE "%s" = old."%s"; END;\n' "$name" "$name" "$name" "$name" "$name"
    done >"$sql"
    rig_sql_file 21-names "$sql" >/dev/null
    rig_sql 21-names 'CREATE TABLE "line
break"("a
b" INT DEFAULT ("x
y")); INSERT INTO "line
break" VALUES (1)' || true
    rig_sql 21-names 'CREATE TABLE ""(a, "" TEXT); INSERT INTO "" VALUES (1, 2)'
    there_and_back 21-names
}
test_case 'A8 21-names: quotes, spaces, brackets, emoji, 200 characters, the empty name' odd_names

many_tables() {
    seq "$TABLES" | sed 's/.*/CREATE TABLE t&(a INTEGER PRIMARY KEY, b TEXT DEFAULT "x;");/' >"$TEST_TMP/many.sql"
    seq 1 10 "$TABLES" | sed 's/.*/INSERT INTO t& VALUES (&, random());/' >>"$TEST_TMP/many.sql"
    rig_sql_file 25-many-tables "$TEST_TMP/many.sql" >/dev/null
    there 25-many-tables
}
test_case "A8 25: $TABLES tables" many_tables

many_rows() {
    rig_sql 25-many-rows 'CREATE TABLE many(id INTEGER PRIMARY KEY, a TEXT, b REAL, c BLOB); CREATE INDEX many_a ON many(a)'
    rig_sql 25-many-rows "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $ROWS)
        INSERT INTO many SELECT i * 3, printf('row %d of it''s many;%s', i, char(10)), i / 7.0, randomblob(i % 20) FROM n"
    there 25-many-rows
}
test_case "A8 25: a table of $ROWS rows" many_rows

test_done
