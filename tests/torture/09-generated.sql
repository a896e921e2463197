-- A8 9: generated columns, virtual and stored, upon each other, indexed, unique, under a CHECK, with a foreign key; none may be inserted.
CREATE TABLE g(id INTEGER PRIMARY KEY, a INTEGER, v AS (a * 2), s TEXT GENERATED ALWAYS AS ('<' || v || '>') STORED, z REAL AS (a / 2.0) VIRTUAL, w BLOB AS (CAST(s AS BLOB)), b TEXT, by_key AS (id + 1) UNIQUE, CHECK (s <> '<7>' OR z IS NOT NULL));
INSERT INTO g(a, b) VALUES (1, 'x'), (NULL, NULL), (9007199254740993, 'y'), ('text', 'z');
CREATE UNIQUE INDEX g_s ON g(s, v) WHERE v IS NOT NULL;
CREATE INDEX g_e ON g(upper(s) || z);
CREATE TABLE first_generated(n INT AS (m + 1) STORED, m INT, j TEXT, k AS (j ->> '$.k') STORED, l AS (json_extract(j, '$.l[1]')));
INSERT INTO first_generated(m, j) VALUES (1, '{"k":"it''s","l":[1,2.0]}'), (NULL, 'null');
CREATE TABLE g_child(id INTEGER PRIMARY KEY, g INT AS (id) REFERENCES g(id));
INSERT INTO g_child VALUES (1), (2);
CREATE TABLE g_hidden(rowid AS (1), x);
INSERT INTO g_hidden(_rowid_, x) VALUES (77, 'its rowid is behind a generated column');
