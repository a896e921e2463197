-- A8 10 and 26: partial, of expressions, unique, by collations, descending; names that differ by case only are one name to SQLite.
CREATE TABLE t(a TEXT COLLATE RTRIM UNIQUE ON CONFLICT REPLACE, b INT NOT NULL ON CONFLICT IGNORE, c, UNIQUE (b, c));
INSERT INTO t VALUES ('x', 1, 1), ('y', 2, NULL), ('Z', 3, NULL), (NULL, 4, x'00');
CREATE INDEX "Index One" ON t(a COLLATE NOCASE DESC, b ASC);
CREATE UNIQUE INDEX partial ON t(c) WHERE c > 0 AND a <> ';' -- the end; of it
;
CREATE INDEX expr ON t(lower(a), b + c, coalesce(c, 'it''s;'));
CREATE INDEX "it's [an] ""index""; x" ON t("b");
CREATE TABLE "Index One table"(a, "A b", unique ("A b" collate nocase, a desc));
INSERT INTO "Index One table" VALUES (1, 'p'), (2, 'P'), (1, NULL), (1, NULL);
ANALYZE;
--ask SELECT tbl, idx, stat FROM sqlite_stat1 ORDER BY 1, 2
