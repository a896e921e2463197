-- A8 11, A2 S4: sqlite_sequence outlives the last table that had one.
CREATE TABLE gone(id INTEGER PRIMARY KEY AUTOINCREMENT);
INSERT INTO gone VALUES (5);
DROP TABLE gone;
CREATE TABLE plain(a);
INSERT INTO plain VALUES (1);
