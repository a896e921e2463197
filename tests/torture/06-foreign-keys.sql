-- A8 6, A1 #10 and #27, A3 #36: a circle, to itself, to a later table, to a unique index, composite, CASCADE, SET NULL, RESTRICT.
CREATE TABLE a_child(id INTEGER PRIMARY KEY, p INTEGER REFERENCES z_parent(id) ON DELETE CASCADE, n INTEGER REFERENCES z_parent ON DELETE SET NULL);
CREATE TABLE grandchild(id INTEGER PRIMARY KEY, c INTEGER NOT NULL REFERENCES a_child(id) ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE z_parent(id INTEGER PRIMARY KEY, v TEXT);
INSERT INTO z_parent VALUES (1, 'one'), (2, 'two');
INSERT INTO a_child VALUES (1, 1, NULL), (2, 2, 1), (3, NULL, NULL);
INSERT INTO grandchild VALUES (1, 1), (2, 1), (3, 2);
CREATE TABLE self(id TEXT PRIMARY KEY, boss TEXT REFERENCES self(id) ON DELETE RESTRICT, CHECK (id <> boss OR boss IS NULL)) WITHOUT ROWID;
INSERT INTO self VALUES ('z', NULL), ('m', 'z'), ('a', 'm');
CREATE TABLE ring_a(id INTEGER PRIMARY KEY, b INTEGER REFERENCES ring_b(id) DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE ring_b(id INTEGER PRIMARY KEY, c INTEGER NOT NULL REFERENCES ring_c(id));
CREATE TABLE ring_c(id INTEGER PRIMARY KEY, a INTEGER REFERENCES ring_a(id) ON DELETE CASCADE);
INSERT INTO ring_a VALUES (1, NULL), (2, NULL);
INSERT INTO ring_c VALUES (1, 1), (2, 2);
INSERT INTO ring_b VALUES (1, 2), (2, 1);
UPDATE ring_a SET b = 3 - id;
CREATE TABLE indexed(a TEXT, b INT);
CREATE UNIQUE INDEX indexed_ab ON indexed(b, a);
INSERT INTO indexed VALUES ('x', 1), ('y', 2);
CREATE TABLE composite(k INTEGER PRIMARY KEY, a TEXT, b INT, FOREIGN KEY (b, a) REFERENCES indexed(b, a) ON UPDATE CASCADE ON DELETE SET NULL);
INSERT INTO composite VALUES (1, 'x', 1), (2, NULL, 7), (3, 'y', 2);
-- A parent that is not there (allowed while every reference is NULL; ws#5683).
CREATE TABLE orphan(id INTEGER PRIMARY KEY, nowhere INTEGER REFERENCES missing(id));
--ask PRAGMA foreign_key_check
