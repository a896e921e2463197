-- A8 19, A2 S15, A3 #28: rows whose INSERT takes each length from 99,9xx to 100,0xx bytes, of one and two bytes a character, of quotes, in hex.
CREATE TABLE len(id INTEGER PRIMARY KEY, t TEXT);
WITH RECURSIVE n(i) AS (SELECT 99940 UNION ALL SELECT i + 1 FROM n WHERE i < 99975) INSERT INTO len SELECT i, substr(hex(zeroblob(50010)), 1, i) FROM n;
INSERT INTO len SELECT 200000 + i, 'ü' || replace(hex(zeroblob(i)), '00', 'ü') FROM (SELECT column1 AS i FROM (VALUES (49974), (49975), (49976), (49977), (49978), (49979), (49980)));
INSERT INTO len SELECT 300000 + i, replace(hex(zeroblob(i)), '00', '''') || 'x' FROM (SELECT column1 AS i FROM (VALUES (49974), (49975), (49976), (49977), (49978), (49979)));
CREATE TABLE len_blob(b BLOB);
WITH RECURSIVE n(i) AS (SELECT 49960 UNION ALL SELECT i + 1 FROM n WHERE i < 49985) INSERT INTO len_blob SELECT randomblob(i) FROM n;
CREATE TABLE len_checked(k TEXT PRIMARY KEY, t TEXT NOT NULL CHECK (length(t) > 99000 AND json_valid(t)), n AS (length(t)) STORED) WITHOUT ROWID;
WITH RECURSIVE n(i) AS (SELECT 99900 UNION ALL SELECT i + 7 FROM n WHERE i < 100020) INSERT INTO len_checked(k, t) SELECT 'k' || i, '"' || substr(hex(zeroblob(60000)), 1, i) || '"' FROM n;
