-- A8 8: STRICT, each type, ANY above all: what a literal's affinity would change elsewhere.
CREATE TABLE s(id INTEGER PRIMARY KEY, i INT, i2 INTEGER, r REAL, t TEXT, b BLOB, a ANY) STRICT;
INSERT INTO s(i, r, t, b, a) VALUES (1, 1, '1', x'31', '1'), (-9223372036854775808, -0.0, '', x'', 1.0), (9223372036854775807, 1e300, char(0) || 'x', zeroblob(9), x'00'), (NULL, 9e999, '1e5', x'FF', '1.0'), (0, 0.1, ' 7 ', x'20', 9007199254740993), (NULL, NULL, NULL, NULL, NULL), (1, 2.0, CAST(x'C3' AS TEXT), x'C3', -0.0), (1, 9007199254740993, '9e999', x'00', '9007199254740993');
CREATE TABLE s_defaults(a INT NOT NULL DEFAULT 5, b ANY DEFAULT '007', c TEXT GENERATED ALWAYS AS (a || b) STORED, CHECK (a > 0)) STRICT;
INSERT INTO s_defaults(a) VALUES (1), (2);
