-- A8 2, as a SQLite file: the rig's engine has no rtree yet, D1 has since July 2026.
CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1, y0, y1, +name TEXT, +data BLOB);
INSERT INTO boxes VALUES (-1, 0.1, 0.2, -3.5, 9, 'one''s', x'00'), (5, 1e10, 1e11, -1e-10, 0, NULL, NULL), (9007199254740993, 1, 2, 3, 4, '', x'');
CREATE VIRTUAL TABLE points USING rtree_i32("i d", x0, x1);
INSERT INTO points VALUES (1, -2147483648, 2147483647), (2, 7, 8);
CREATE TABLE beside(a);
INSERT INTO beside VALUES (1);
