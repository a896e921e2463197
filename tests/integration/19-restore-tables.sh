#!/usr/bin/env bash
# Some tables of a snapshot, and a snapshot that takes several imports.
# shellcheck disable=SC2119 # rig_start without flags
. "$(dirname "$0")/../lib.sh"

rig_start
faults_start
write_conf
export D1KEEP_CONFIG=$CONF

bookmark_of() { rig_call GET "/$1/time_travel/bookmark" | jq -r .result.bookmark; }
same_as() { expect_same_database "$(rig_file "$1")" "$(rig_file "$2")"; } # DATABASE ORIGINAL
back_command() { grep -Eo 'd1keep undo [^ ]+ [0-9a-f-]+' "$ERR" | tail -1; }
go_back() { # runs exactly what was printed
    local command
    command=$(back_command)
    [ -n "$command" ] || { show_output; return 1; }
    PATH=$(dirname "$D1KEEP"):$PATH expect_exit 0 sh -c "$command"
}
dump_of() { sqlite3 -readonly "$(rig_file "$1")" .dump; }

# ---- some tables

fill() { # DATABASE NUMBER
    rig_sql "$1" "CREATE TABLE users(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT);
        CREATE TABLE posts(id INTEGER PRIMARY KEY AUTOINCREMENT, author REFERENCES users(id), title);
        CREATE TABLE likes(post REFERENCES posts(id) ON DELETE CASCADE, n);
        CREATE TABLE pinned(post REFERENCES posts(id) ON DELETE RESTRICT);
        CREATE TABLE \"odd \"\"name\"(a, t);
        CREATE TABLE log(what); CREATE INDEX posts_title ON posts(title, id || ';'); CREATE INDEX users_name ON users(name);
        CREATE VIEW titles AS SELECT title FROM posts;
        CREATE TRIGGER posts_log AFTER INSERT ON posts BEGIN INSERT INTO log VALUES (new.title || ';'); END;
        CREATE TRIGGER posts_gone AFTER DELETE ON posts BEGIN INSERT INTO log VALUES ('gone'); END;
        CREATE VIRTUAL TABLE words USING fts5(w, tokenize = 'trigram')"
    rig_sql "$1" "DROP TRIGGER posts_log; INSERT INTO users VALUES (1, 'a$2'), (2, 'b$2'), (50 + $2, 'top'); DELETE FROM users WHERE id > 50;
        INSERT INTO posts VALUES (1, 1, 'p$2'), (2, 2, 'q$2'), (30 + $2, 1, 'r'); INSERT INTO likes VALUES (1, $2), (2, $2); INSERT INTO pinned VALUES (2); INSERT INTO \"odd \"\"name\" VALUES ($2, 'x');
        INSERT INTO words VALUES ('word $2'); INSERT INTO words(words, rank) VALUES ('rank', 'bm25($2.0)');
        CREATE TRIGGER posts_log AFTER INSERT ON posts BEGIN INSERT INTO log VALUES (new.title || ';'); END"
}
fill t1 1
fill t2 2
expect_exit 0 d1keep backup test/t1

one_table() {
    dump_of t2 >"$TEST_TMP/t2.before"
    expect_error 4 'd1:test/t2 has a table "odd "name"' d1keep restore test/t1 --to d1:test/t2 --table 'odd "name'
    expect_exit 0 d1keep restore test/t1 --to d1:test/t2 --table 'odd "name' --table WORDS --replace
    expect_err 'restored test/t1@.*: 2 tables, 2 rows, '
    expect_err 'checked: 2 tables, every row'
    expect_equal "$(rig_sql t2 "SELECT a FROM \"odd \"\"name\"; SELECT w FROM words; SELECT v FROM words_config WHERE k = 'rank'; SELECT max(n) FROM likes; SELECT group_concat(name || seq) FROM sqlite_sequence")" \
        $'1\nword 1\nbm25(1.0)\n2\nusers52,posts32'
    go_back
    dump_of t2 >"$TEST_TMP/t2.after"
    expect_same_file "$TEST_TMP/t2.after" "$TEST_TMP/t2.before"
}
test_case '--table: these tables and no other; what is there needs --replace' one_table

with_what_belongs_to_it() {
    # likes would lose its rows; pinned only holds on (deferred), so it may stay
    expect_error 4 'table "likes" stays and refers to "posts".*would delete or change its rows' d1keep restore test/t1 --to d1:test/t2 --table posts --replace
    expect_err '^d1keep: hint: add --table likes'
    expect_equal "$(rig_sql t2 'SELECT count(*) FROM likes')" 2
    expect_exit 0 d1keep restore test/t1 --to d1:test/t2 --table posts --table likes --replace
    expect_err 'warning: table "users" is referred to, and was not asked for'
    expect_equal "$(rig_sql t2 "SELECT group_concat(title) FROM posts; SELECT group_concat(n) FROM likes; SELECT group_concat(name) FROM users; SELECT count(*) FROM log; SELECT group_concat(name || seq) FROM (SELECT * FROM sqlite_sequence ORDER BY 1)")" \
        $'p1,q1,r\n1,1\na2,b2\n0\nposts31,users52'
    expect_equal "$(rig_sql t2 "SELECT group_concat(name) FROM (SELECT name FROM sqlite_schema WHERE tbl_name = 'posts' AND type <> 'table' ORDER BY 1)")" posts_gone,posts_log,posts_title
    expect_equal "$(rig_sql t2 "SELECT count(*) FROM pinned; SELECT count(*) FROM titles; PRAGMA foreign_key_check")" $'1\n3'
}
test_case '--table: indexes, triggers and its own sequence come along; a cascade into what stays is refused' with_what_belongs_to_it

what_is_missing() {
    rig_sql t3 'CREATE TABLE mine(x); INSERT INTO mine VALUES (1)'
    expect_error 4 'table "likes" refers to "posts", which is neither chosen nor in d1:test/t3' d1keep restore test/t1 --to d1:test/t3 --table likes
    expect_err '^d1keep: hint: add --table posts$'
    expect_error 2 'the snapshot has no table "nothing"' d1keep restore test/t1 --to d1:test/t3 --table nothing
    expect_error 2 'the snapshot has no table "titles"' d1keep restore test/t1 --to d1:test/t3 --table titles
    # rows would refer to nothing: all or nothing
    rig_sql t3 'CREATE TABLE users(id INTEGER PRIMARY KEY)'
    local before
    before=$(bookmark_of t3)
    expect_error 75 'd1:test/t3 is as it was: ' d1keep restore test/t1 --to d1:test/t3 --table posts
    expect_err '^d1keep: hint: .*rows may refer to rows that are not there; choose those tables too \(--table\)'
    expect_equal "$(bookmark_of t3)" "$before"
    expect_equal "$(rig_sql t3 "SELECT group_concat(name) FROM sqlite_schema WHERE name IN ('mine', 'users', 'posts')")" mine,users
    # a view has the name
    rig_sql t3 'DROP TABLE users; CREATE VIEW users AS SELECT 1'
    expect_error 4 'd1:test/t3 has a table "users"|d1:test/t3 has "users"' d1keep restore test/t1 --to d1:test/t3 --table users
    expect_exit 0 d1keep restore test/t1 --to d1:test/t3 --table users --replace
    expect_equal "$(rig_sql t3 'SELECT group_concat(name) FROM users; SELECT x FROM mine')" $'a1,b1\n1'
}
test_case '--table: what is missing is named' what_is_missing

# ---- several imports

big() {
    local n
    rig_sql t4 "CREATE TABLE a_child(id INTEGER PRIMARY KEY, p REFERENCES z_parent(id) ON DELETE CASCADE, t);
        CREATE TABLE z_parent(id INTEGER PRIMARY KEY, t); CREATE TABLE self(id INTEGER PRIMARY KEY, next REFERENCES self(id), t);
        CREATE TABLE egg(id INTEGER PRIMARY KEY, hen REFERENCES hen(id), t); CREATE TABLE hen(id INTEGER PRIMARY KEY, egg REFERENCES egg(id), t);
        CREATE TABLE loose(t); CREATE TABLE checked(n CHECK (n < 10))"
    for ((n = 0; n < 5000; n += 1000)); do
        rig_sql t4 "PRAGMA defer_foreign_keys=ON; WITH RECURSIVE i(n) AS (SELECT $n + 1 UNION ALL SELECT n + 1 FROM i WHERE n < $n + 1000) INSERT INTO z_parent SELECT n, hex(randomblob(150)) FROM i;
            INSERT INTO a_child SELECT id, id, hex(randomblob(150)) FROM z_parent WHERE id > $n; INSERT INTO self SELECT id, $n + 1001 - (id - $n), hex(randomblob(150)) FROM z_parent WHERE id > $n;
            INSERT INTO egg SELECT id, id, hex(randomblob(150)) FROM z_parent WHERE id > $n; INSERT INTO hen SELECT id, id, hex(randomblob(150)) FROM z_parent WHERE id > $n;
            INSERT INTO loose SELECT hex(randomblob(150)) FROM z_parent WHERE id > $n"
    done
    rig_sql t4 "INSERT INTO checked VALUES (1); CREATE INDEX loose_t ON loose(t); CREATE VIEW v AS SELECT * FROM loose;
        CREATE TRIGGER never BEFORE INSERT ON loose BEGIN SELECT RAISE(ABORT, 'fired'); END"
    d1keep backup test/t4
}
big >/dev/null
rig_call POST /t5/rig/set '{"import_active": 0}' >/dev/null # no part needs a poll

in_parts() {
    faults_reset
    rig_sql t5 'CREATE TABLE old(x)'
    expect_exit 0 d1keep restore test/t4 --to d1:test/t5 --part-size 1 --replace --dry-run
    expect_out '^in [0-9]+ imports, each a transaction of its own'
    parts=$(grep -Eo '^in [0-9]+' "$OUT")
    expect_exit 0 d1keep restore test/t4 --to d1:test/t5 --part-size 1 --replace
    expect_equal "in $(requests_seen '^PUT /rig/upload/')" "$parts"
    expect_err 'restored .* to d1:test/t5: 7 tables, 30,001 rows, .*, in several imports$'
    same_as t5 t4
    [ "$(requests_seen '^PUT /rig/upload/')" -ge 6 ]
    go_back
    expect_equal "$(rig_sql t5 "SELECT group_concat(name) FROM sqlite_schema WHERE name NOT LIKE '\_cf%' ESCAPE '\'")" old
}
test_case '--part-size: parents before children, circles in one part, indexes and triggers last, no note stays' in_parts

UPLOAD='"match": "^PUT /rig/upload/"'
half_way() {
    faults_reset
    fault "{$UPLOAD, \"kind\": \"answer\", \"status\": 403, \"text\": \"<Error><Code>ExpiredRequest</Code></Error>\", \"skip\": 2, \"times\": -1}"
    expect_error 75 'd1:test/t5 holds part 2 of [0-9]+ and is not usable: .*HTTP 403' d1keep restore test/t4 --to d1:test/t5 --part-size 1 --replace
    expect_err '^d1keep: hint: go back: d1keep undo test/t5 [0-9a-f-]+; or restore again with --replace$'
    expect_equal "$(rig_sql t5 "SELECT count(*) FROM _d1keep_restore")" 2
    go_back
    expect_equal "$(rig_sql t5 "SELECT group_concat(name) FROM sqlite_schema WHERE name NOT LIKE '\_cf%' ESCAPE '\'")" old
    # or on: over the half, whose note is of another time
    faults_reset
    fault "{$UPLOAD, \"kind\": \"answer\", \"status\": 403, \"skip\": 3, \"times\": -1}"
    expect_error 75 'd1:test/t5 holds part 3 of' d1keep restore test/t4 --to d1:test/t5 --part-size 1 --replace
    faults_reset
    fault '{"match": "/import$", "body": "ingest", "kind": "lost-ok", "times": 2}'
    expect_exit 0 d1keep restore test/t4 --to d1:test/t5 --part-size 1 --replace
    same_as t5 t4
}
test_case 'TORTURE A3 #33: a part fails: the state is told, undo works, and so does going on' half_way

lost_parts() {
    # the answer to the ingest of each part is lost, with what it says of the poll
    faults_reset
    fault '{"match": "/import$", "body": "ingest", "kind": "lost-ok", "times": -1}'
    expect_exit 0 d1keep restore test/t4 --to d1:test/t5 --part-size 1 --replace
    same_as t5 t4
}
test_case 'TORTURE A3 #45: the outcome of each part is found out by its note' lost_parts

checks_in_parts() {
    faults_reset
    # a row that breaks a CHECK comes in the last part of several
    rig_sql t4 'PRAGMA ignore_check_constraints=ON; INSERT INTO checked VALUES (11); PRAGMA ignore_check_constraints=OFF'
    expect_exit 0 d1keep backup test/t4
    expect_exit 0 d1keep restore test/t4 --to d1:test/t5 --part-size 1 --replace
    expect_err 'warning: rows break a CHECK of their own table'
    expect_equal "$(grep -c 'd1keep undo' "$ERR")" 1
    same_as t5 t4
    if rig_sql t5 'INSERT INTO checked VALUES (12)' 2>"$TEST_TMP/check"; then return 1; fi
    expect_match "$TEST_TMP/check" 'CHECK constraint failed'
}
test_case 'rows that break a CHECK, in a later part: what is done stays, the pragma is off afterwards' checks_in_parts

# ---- what else they need

NEWS="CREATE TABLE news(id INTEGER PRIMARY KEY, t); CREATE VIRTUAL TABLE news_fts USING fts5(t, content='news', content_rowid='id');
    CREATE TRIGGER news_ai AFTER INSERT ON news BEGIN INSERT INTO news_fts(rowid, t) VALUES (NEW.id, NEW.t); END"

full_text() {
    rig_sql t6 "$NEWS; INSERT INTO news VALUES (1, 'apple'), (2, 'pear')"
    expect_exit 0 d1keep backup test/t6 --label fruit
    # The index stays while what it is made from is replaced.
    rig_sql t6 "UPDATE news SET t = 'stone'; INSERT INTO news_fts(news_fts) VALUES ('rebuild')"
    expect_exit 0 d1keep restore test/t6@fruit --to d1:test/t6 --table news --replace
    expect_err '1 full-text index of what is replaced: rebuilt as well'
    expect_equal "$(rig_sql t6 "SELECT count(*) FROM news_fts('apple'); SELECT count(*) FROM news_fts('stone')")" $'1\n0'
    expect_exit 0 d1keep restore test/t6@fruit --to "sqlite:$TEST_TMP/news.sqlite"
    sqlite3 "$TEST_TMP/news.sqlite" "DROP TRIGGER news_ai; UPDATE news SET t = 'stone'; INSERT INTO news_fts(news_fts) VALUES ('rebuild')"
    expect_exit 0 d1keep restore test/t6@fruit --to "sqlite:$TEST_TMP/news.sqlite" --table news --replace
    expect_equal "$(sqlite3 "$TEST_TMP/news.sqlite" "SELECT count(*) FROM news_fts('pear'); INSERT INTO news_fts(news_fts) VALUES ('integrity-check')")" 1
}
test_case '--table: a full-text index that stays is rebuilt from what is replaced' full_text

spoken_of() {
    expect_exit 0 d1keep restore test/t6@fruit --to "sqlite:$TEST_TMP/alone.sqlite" --table news
    expect_err 'warning: table "news_fts" is referred to, and was not asked for'
    expect_error 4 'the full-text index "news_fts" is made from "news", which is neither chosen nor in' d1keep restore test/t6@fruit --to "sqlite:$TEST_TMP/index.sqlite" --table news_fts
    expect_err 'hint: add --table news'
    expect_exit 0 d1keep restore test/t6@fruit --to "sqlite:$TEST_TMP/both.sqlite" --table news --table news_fts
    expect_equal "$(sqlite3 "$TEST_TMP/both.sqlite" "INSERT INTO news VALUES (3, 'plum'); SELECT count(*) FROM news_fts('plum'); SELECT count(*) FROM news_fts('pear')")" $'1\n1'
}
test_case '--table: a trigger names its tables, an index without its content is refused' spoken_of

keys_that_do_not_fit() {
    rig_sql t7 "CREATE TABLE par(id INTEGER PRIMARY KEY); CREATE TABLE kid(id INTEGER PRIMARY KEY, p REFERENCES par(id)); INSERT INTO kid VALUES (1, NULL); DROP TABLE par"
    expect_exit 0 d1keep backup test/t7 --label orphan
    for how in --dry-run --replace; do
        expect_error 4 'table "kid": it refers to "par", which is not in the snapshot: a D1 takes none of these rows' d1keep restore test/t7@orphan --to d1:test/t8 "$how"
    done
    expect_exit 0 d1keep restore test/t7@orphan --to "sqlite:$TEST_TMP/kid.sqlite"
    rig_sql t7 "CREATE TABLE par(id INTEGER PRIMARY KEY, n); CREATE UNIQUE INDEX par_n ON par(n); CREATE TABLE toy(n REFERENCES par(n)); INSERT INTO toy VALUES (NULL); DROP INDEX par_n"
    expect_exit 0 d1keep backup test/t7 --label mismatch
    expect_error 4 'table "toy": foreign key mismatch' d1keep restore test/t7@mismatch --to d1:test/t8 --dry-run
    expect_equal "$(rig_sql t8 "SELECT count(*) FROM sqlite_schema WHERE name IN ('kid', 'toy')")" 0
    rig_sql t7 'DELETE FROM toy; DELETE FROM kid' || rig_sql t7 'DROP TABLE toy'
}
test_case 'foreign keys that no D1 takes are refused before anything is touched, also by the dry run' keys_that_do_not_fit

test_done
