-- What other dumps lose: values, names, keys and schemas, for 10-local.sh (sqlite3) and 11-d1.sh (D1).
-- Only what both engines know: no unhex() here, no PRAGMA user_version there.

-- Values of every storage class in a column without affinity.
CREATE TABLE "values"(id INTEGER PRIMARY KEY, v);
INSERT INTO "values"(v) VALUES
  (NULL), (0), (-1), (9223372036854775807), (-9223372036854775808), (9007199254740992), (9007199254740993), (-9007199254740993),
  (1.0), (-0.0), (0.1), (0.1 + 0.2), (1.0 / 3), (1e15), (1e16), (1e22), (123456789012345678901234567890.0), (9.2233720368547758e18),
  (1e308 * 10), (-1e308 * 10), (1.7976931348623157e308), (2.2250738585072014e-308), (5e-324), (4.35), (2.0000000000000004),
  (''), (x''), (x'00'), (x'0001'), (char(0)), ('a' || char(0) || 'b'), (char(0) || char(65533)), (char(65533)), ('1' || char(65533)),
  (CAST(x'41FF42' AS TEXT)), (CAST(x'EDA080' AS TEXT)), (CAST(x'C3' AS TEXT)), (CAST(x'C080' AS TEXT)), (CAST(x'F8888080' AS TEXT)),
  (CAST(x'FF00FF' AS TEXT)), ('😀'), ('e' || char(781)), (char(65279) || 'BOM'), (char(8232) || char(8233)), (char(1114111)),
  ('it''s'), (''''), (''''''), ('"'), ('\'), ('\n'), ('\012 (\n0) \u0041'), ('%s %d %q'), ('line' || char(10) || 'two'),
  (char(13) || char(10)), (char(10)), (char(9)), (char(1) || char(31) || char(127)), (char(128) || char(159)),
  ('NULL'), ('1'), ('1.0'), ('9e999'), ('Infinity'), ('X''41'''), ('CAST(X''41'' AS TEXT)'), ('),' || char(10) || '('), (','), ('('), (')'),
  (';' || char(10) || 'DROP TABLE "values";'), ('-- '), ('/*'), ('ERROR near'), ('INSERT INTO "values"("id","v") VALUES' || char(10)),
  ('שלום'), ('日本語'), (char(8238) || 'rtl');
-- Each byte alone: as a blob, as text (those above 7F are no UTF-8), and behind an A.
CREATE TABLE bytes(b BLOB, t TEXT, u TEXT);
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 255), a(b) AS (SELECT CAST(x'000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F202122232425262728292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F404142434445464748494A4B4C4D4E4F505152535455565758595A5B5C5D5E5F606162636465666768696A6B6C6D6E6F707172737475767778797A7B7C7D7E7F808182838485868788898A8B8C8D8E8F909192939495969798999A9B9C9D9E9FA0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBFC0C1C2C3C4C5C6C7C8C9CACBCCCDCECFD0D1D2D3D4D5D6D7D8D9DADBDCDDDEDFE0E1E2E3E4E5E6E7E8E9EAEBECEDEEEFF0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF' AS BLOB))
INSERT INTO bytes SELECT substr(b, i + 1, 1), CAST(substr(b, i + 1, 1) AS TEXT), CAST(CAST('A' AS BLOB) || substr(b, i + 1, 1) AS TEXT) FROM n, a;
INSERT INTO bytes SELECT b, CAST(b AS TEXT), NULL FROM (SELECT CAST(group_concat(CAST(b AS TEXT), '') AS BLOB) AS b FROM bytes WHERE rowid > 1);

-- Every storage class in a column of every affinity.
CREATE TABLE affinities(i INTEGER, t TEXT, r REAL, n NUMERIC, b BLOB, x, d DATETIME, c VARCHAR(10), o BOOLEAN);
INSERT INTO affinities SELECT v, v, v, v, v, v, v, v, v FROM "values";

-- Names.
CREATE TABLE "order"("select" INTEGER PRIMARY KEY, "group" TEXT, "index" TEXT, "it's ""quoted"" [x] `y` %s" TEXT, "" TEXT, "ünï 😀" TEXT, "a b" TEXT, "line
break" TEXT, "key" TEXT DEFAULT 'a;b
--c', [values] TEXT);
INSERT INTO "order" VALUES (1, 'g', 'i', 'q', 'empty', 'u', 'a b', 'l', 'k', 'v'), (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE INDEX "index of ""order""" ON "order"("group", "");
CREATE TABLE "with.dot/slash%percent ünï ""quote"" 'single' 😀"("a" INT);
INSERT INTO "with.dot/slash%percent ünï ""quote"" 'single' 😀" VALUES (1);
CREATE TABLE [bracket]([a"b] INT, `back``tick` INT, 'single' INT);
INSERT INTO [bracket] VALUES (1, 2, 3);
CREATE TABLE "data_../../../etc"(a);
INSERT INTO "data_../../../etc" VALUES ('no way out');
CREATE TABLE "xcf_looks_like"(a);
CREATE TABLE "_schema"(a);
INSERT INTO "_schema" VALUES (1);
CREATE TABLE "_post"(a);
CREATE TABLE "sqlitex"(a);
CREATE TABLE "a_very_long_name_a_very_long_name_a_very_long_name_a_very_long_name_a_very_long_name_a_very_long_name_a_very_long_name_a_very_long_name_1"(a);
INSERT INTO "a_very_long_name_a_very_long_name_a_very_long_name_a_very_long_name_a_very_long_name_a_very_long_name_a_very_long_name_a_very_long_name_1" VALUES (1);
CREATE TABLE "a_very_long_name_a_very_long_name_a_very_long_name_a_very_long_name_a_very_long_name_a_very_long_name_a_very_long_name_a_very_long_name_2"(a);
INSERT INTO "a_very_long_name_a_very_long_name_a_very_long_name_a_very_long_name_a_very_long_name_a_very_long_name_a_very_long_name_a_very_long_name_2" VALUES (1);

-- Rowids: hidden ones with gaps, extreme ones, columns that take their names, a primary key that is none.
CREATE TABLE hidden(t TEXT);
INSERT INTO hidden(rowid, t) VALUES (5, 'five'), (7, 'seven'), (-3, 'minus three'), (9223372036854775807, 'last'), (-9223372036854775808, 'first');
CREATE TABLE shadowed(rowid TEXT, oid INTEGER);
INSERT INTO shadowed(_rowid_, rowid, oid) VALUES (42, 'not it', 1), (40, 'nor this', 2);
CREATE TABLE descending(id INTEGER PRIMARY KEY DESC, t);
INSERT INTO descending(rowid, id, t) VALUES (10, 3, 'c'), (20, 1, 'a'), (15, 2, 'b');
CREATE TABLE "int"(id INT PRIMARY KEY, t);
INSERT INTO "int"(rowid, id, t) VALUES (100, 1, 'x'), (50, NULL, 'y'), (60, NULL, 'z');
CREATE TABLE constraint_pk(a TEXT, b INTEGER, CONSTRAINT "pk" PRIMARY KEY (b));
INSERT INTO constraint_pk VALUES ('x', -5), ('y', 12);

-- WITHOUT ROWID, with keys of mixed types, collations and directions.
CREATE TABLE mixed_key(a TEXT COLLATE NOCASE, b, c INTEGER, v TEXT, PRIMARY KEY (b, a, c DESC)) WITHOUT ROWID;
INSERT INTO mixed_key SELECT 'K' || (i % 7), CASE i % 5 WHEN 0 THEN i WHEN 1 THEN i + 0.5 WHEN 2 THEN 't' || i WHEN 3 THEN CAST('b' || i AS BLOB) ELSE CAST(x'FF' AS TEXT) || i END, i % 3, 'v' || i
  FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200) SELECT i FROM n);
CREATE TABLE real_key(k REAL PRIMARY KEY, v) WITHOUT ROWID;
INSERT INTO real_key SELECT i / 7.0, i FROM (WITH RECURSIVE n(i) AS (SELECT -700 UNION ALL SELECT i + 1 FROM n WHERE i < 700) SELECT i FROM n);
INSERT INTO real_key VALUES (9e999, 'inf'), (-9e999, '-inf'), (5e-324, 'tiny');

-- STRICT, generated columns, CHECK, defaults.
CREATE TABLE strict_any(id INTEGER PRIMARY KEY, a ANY, i INT, r REAL, t TEXT, b BLOB) STRICT;
INSERT INTO strict_any(a, i, r, t, b) VALUES ('1', 1, 1, '1', x'31'), (1.0, 2, 2.5, '2', x''), (x'00', NULL, NULL, NULL, NULL), (1, -1, 1e300, char(0), x'FF');
CREATE TABLE generated(a INTEGER, v INTEGER AS (a * 2), s TEXT GENERATED ALWAYS AS ('<' || a || '>') STORED, z TEXT, CHECK (a < 1000 OR z IS NULL));
INSERT INTO generated(a, z) VALUES (1, 'x'), (2, NULL), (NULL, 'y');
CREATE UNIQUE INDEX generated_v ON generated(v) WHERE v IS NOT NULL;
CREATE TABLE defaults(a, b TEXT DEFAULT (upper('x;y') || char(10)), c DEFAULT -1.5, d DEFAULT CURRENT_TIMESTAMP, e DEFAULT x'00ff'); INSERT INTO defaults(a) VALUES (1);
ALTER TABLE defaults ADD COLUMN later TEXT DEFAULT 'added ''later''';

-- Comments and odd spelling in the schema.
CREATE TABLE comments(a INTEGER, -- a comment; with a semicolon
  /* and ' another */ b TEXT -- 'the last
);
INSERT INTO comments VALUES (1, '-- no comment');
create   table	spelling ( a integer primary key autoincrement , b text collate nocase unique ) ;
INSERT INTO spelling(b) VALUES ('one'), ('two'), ('three');
DELETE FROM spelling WHERE a = 3;
CREATE TABLE never_used(a INTEGER PRIMARY KEY AUTOINCREMENT);
CREATE TABLE "emptied 'seq'"(a INTEGER PRIMARY KEY AUTOINCREMENT);
INSERT INTO "emptied 'seq'" VALUES (9007199254740993);
DELETE FROM "emptied 'seq'";
CREATE TABLE no_rows(a, b, c);

-- Foreign keys: to a later table, to itself, in a circle.
CREATE TABLE child(id INTEGER PRIMARY KEY, parent TEXT REFERENCES parent(id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, self INTEGER REFERENCES child(id));
CREATE TABLE parent(id TEXT PRIMARY KEY, favourite INTEGER REFERENCES child(id) DEFERRABLE INITIALLY DEFERRED);
INSERT INTO parent VALUES ('p', NULL);
INSERT INTO child VALUES (1, 'p', 1), (2, 'p', 1);
UPDATE parent SET favourite = 2;

-- Indexes, views, triggers.
CREATE INDEX by_expression ON hidden(length(t) DESC, t COLLATE NOCASE) WHERE t <> ';';
CREATE VIEW "view 1"(n, total) AS SELECT i, (SELECT count(*) FROM "values") FROM affinities; -- the end
CREATE VIEW view_2 AS SELECT * FROM "view 1" /* ; */ WHERE n <> ';';
CREATE TABLE log(what TEXT);
CREATE TRIGGER t_case AFTER INSERT ON hidden BEGIN INSERT INTO log VALUES (CASE WHEN new.t = ';' THEN 'semi;colon' ELSE 'end' END); UPDATE log SET what = 'x;' WHERE 0; END;
CREATE TRIGGER "on view" INSTEAD OF INSERT ON view_2 BEGIN
  INSERT INTO log VALUES ('through the view'); -- a comment; here
END;
CREATE TABLE d1_migrations(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL);
INSERT INTO d1_migrations(name) VALUES ('0001_first.sql'), ('0002_it''s_ünï.sql');

-- One hundred columns, D1's most.
CREATE TABLE wide(c1,c2,c3,c4,c5,c6,c7,c8,c9,c10,c11,c12,c13,c14,c15,c16,c17,c18,c19,c20,c21,c22,c23,c24,c25,c26,c27,c28,c29,c30,c31,c32,c33,c34,c35,c36,c37,c38,c39,c40,c41,c42,c43,c44,c45,c46,c47,c48,c49,c50,c51,c52,c53,c54,c55,c56,c57,c58,c59,c60,c61,c62,c63,c64,c65,c66,c67,c68,c69,c70,c71,c72,c73,c74,c75,c76,c77,c78,c79,c80,c81,c82,c83,c84,c85,c86,c87,c88,c89,c90,c91,c92,c93,c94,c95,c96,c97,c98,c99,c100);
INSERT INTO wide(c1, c29, c30, c31, c32, c59, c60, c61, c100) VALUES (1, 29, 'thirty', x'31', 3.2, NULL, char(0), 'c61', 'last'), ('1', NULL, 30.0, '', char(65533), 59, 60, 61, 1e300);
