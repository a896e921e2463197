-- A8 5: views on views, out of the order of their names; one that is broken; columns with names of their own.
CREATE TABLE t(a, b TEXT COLLATE NOCASE);
INSERT INTO t VALUES (1, 'x'), (2, 'Y');
CREATE VIEW z_first AS SELECT a, b FROM t WHERE b <> ';';
CREATE VIEW m_second("one;", [two 2]) AS SELECT b, a FROM z_first -- a comment; at the end
;
CREATE VIEW a_third AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT n.i, m."one;" FROM n, m_second AS m /* ; */;
CREATE TABLE dropped(x);
CREATE VIEW broken AS SELECT x FROM dropped JOIN t;
DROP TABLE dropped;
CREATE VIEW "select" AS VALUES (1, 'it''s'), (2, NULL);
--ask SELECT * FROM a_third ORDER BY 1, 2
--ask SELECT * FROM "select"
