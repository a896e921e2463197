-- A8 11, A2 S4 and S5: a top that was deleted, an emptied table, one never used, the largest, one that is no number, one of no table.
CREATE TABLE deleted_top(id INTEGER PRIMARY KEY AUTOINCREMENT, v);
INSERT INTO deleted_top(v) VALUES (1), (2), (3), (4), (5);
DELETE FROM deleted_top WHERE id > 2;
CREATE TABLE emptied(id INTEGER PRIMARY KEY AUTOINCREMENT);
INSERT INTO emptied VALUES (9007199254740993);
DELETE FROM emptied;
CREATE TABLE never(id INTEGER PRIMARY KEY AUTOINCREMENT);
CREATE TABLE largest(id INTEGER PRIMARY KEY AUTOINCREMENT);
INSERT INTO largest VALUES (9223372036854775807);
CREATE TABLE reset(id INTEGER PRIMARY KEY AUTOINCREMENT);
INSERT INTO reset VALUES (1), (2);
UPDATE sqlite_sequence SET seq = 0 WHERE name = 'reset';
CREATE TABLE "it's; ""odd"""(id INTEGER PRIMARY KEY AUTOINCREMENT);
INSERT INTO "it's; ""odd""" VALUES (7);
INSERT INTO sqlite_sequence VALUES ('no such table', 12), ('twice', 1), ('twice', 2), (NULL, 3), ('real', 1.5), ('text', 'x''y');
