-- A8 13 and 14: integers around each power of two, and reals by arithmetic (13-14-numbers.json has exact ones) in columns of each affinity.
CREATE TABLE integers(id INTEGER PRIMARY KEY, n, i INTEGER, t TEXT, r REAL, d NUMERIC, b BLOB);
WITH RECURSIVE p(e, x) AS (SELECT 0, 1 UNION ALL SELECT e + 1, x * 2 FROM p WHERE e < 62), v(x) AS (SELECT x + d FROM p, (SELECT -1 AS d UNION ALL SELECT 0 UNION ALL SELECT 1))
  INSERT INTO integers(n, i, t, r, d, b) SELECT x, x, x, x, x, x FROM (SELECT x FROM v UNION ALL SELECT -x FROM v);
INSERT INTO integers(n, i, t, r, d, b) SELECT x, x, x, x, x, x FROM (SELECT 9223372036854775807 AS x UNION ALL SELECT 9223372036854775806 UNION ALL SELECT -9223372036854775808 UNION ALL SELECT -9223372036854775807);
CREATE TABLE reals(id INTEGER PRIMARY KEY, n, r REAL, d NUMERIC, t TEXT, i INTEGER);
INSERT INTO reals(n, r, d, t, i) SELECT x, x, x, x, x FROM (SELECT column1 AS x FROM (VALUES (1.0), (-0.0), (0.0), (0.1 + 0.2), (1.0 / 3), (9e999), (-9e999), (pow(2, -1074)), (-pow(2, -1074)), (pow(2, -1022)), (1e-320), (1.7976931348623157e308), (9007199254740993.0), (9223372036854775807.0), (-9223372036854775808.0), (1e15), (1e16), (123456789012345678.0), (100.0)));
WITH RECURSIVE e(e) AS (SELECT -1074 UNION ALL SELECT e + 13 FROM e WHERE e < 1000) INSERT INTO reals(n, r) SELECT pow(2, e) * (1 + pow(2, -52)), -pow(2, e) / 3 FROM e;
CREATE TABLE exact(id INTEGER PRIMARY KEY, n, r REAL);
CREATE TABLE real_keys(r REAL PRIMARY KEY, v) WITHOUT ROWID;
INSERT INTO real_keys VALUES (0.1, 1), (pow(2, -1074), 2), (9e999, 3), (-9e999, 4), (0.1 + 0.2, 5), (0.3, 6), (1.7976931348623157e308, 7);
