-- A table whose rowid no name reaches: an exception, its rows are kept.
CREATE TABLE unreachable(rowid, _rowid_, oid);
INSERT INTO unreachable VALUES (5, 6, 7), (NULL, NULL, NULL);
CREATE TABLE beside(a);
