-- A8 7: WITHOUT ROWID: keys of every class, by several collations and directions, a column named twice.
CREATE TABLE w_text(k TEXT PRIMARY KEY, v) WITHOUT ROWID;
INSERT INTO w_text VALUES ('', 1), (char(0), 2), ('a' || char(0) || 'b', 3), (CAST(x'FF' AS TEXT), 4), ('😀', 5), ('A', 6), ('a', 7);
CREATE TABLE w_any(k PRIMARY KEY, v) WITHOUT ROWID;
INSERT INTO w_any VALUES (9223372036854775807, 1), (-9223372036854775808, 2), (1.5, 3), ('1', 4), (x'31', 5), (x'', 6), (9007199254740993, 7), (-9e999, 8), (9e999, 9);
CREATE TABLE w_many(a TEXT COLLATE NOCASE, b INT, c BLOB, d, PRIMARY KEY (b DESC, a COLLATE BINARY, c, b)) WITHOUT ROWID;
INSERT INTO w_many VALUES ('x', 1, x'00', 1), ('X', 1, x'00', 2), ('x', 2, x'', NULL);
CREATE TABLE w_strict(k ANY PRIMARY KEY, v INT) STRICT, WITHOUT ROWID;
INSERT INTO w_strict VALUES (1, 1), ('1', 2), (x'31', 3), (1.5, 4);
CREATE TABLE w_indexed(a INTEGER PRIMARY KEY, b TEXT UNIQUE, c AS (b || a)) WITHOUT ROWID;
INSERT INTO w_indexed VALUES (-1, 'p'), (0, NULL), (5, NULL);
CREATE INDEX w_c ON w_indexed(c DESC) WHERE b IS NOT NULL;
CREATE TABLE w_none(a PRIMARY KEY) WITHOUT ROWID;
