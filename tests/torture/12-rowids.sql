-- A8 12, A2 S11: rowids nobody declared, with gaps, extreme, behind columns that take their names.
CREATE TABLE gaps(t);
INSERT INTO gaps(rowid, t) VALUES (-9223372036854775808, 'first'), (-1, 'a'), (0, 'zero'), (3, 'b'), (1000000, 'c'), (9223372036854775807, 'last');
CREATE TABLE shadowed(rowid TEXT, "OID" INT, v);
INSERT INTO shadowed(_rowid_, rowid, oid, v) VALUES (42, 'not it', 1, 'a'), (-40, NULL, 2, 'b');
CREATE TABLE two(_rowid_, oid);
INSERT INTO two(rowid, _rowid_, oid) VALUES (9, 1, 2);
CREATE TABLE int_key(id INT PRIMARY KEY, t);
INSERT INTO int_key(rowid, id, t) VALUES (100, 1, 'x'), (50, NULL, 'y'), (60, NULL, 'z');
CREATE TABLE desc_key(id INTEGER PRIMARY KEY DESC, t);
INSERT INTO desc_key(rowid, id, t) VALUES (30, 3, 'c'), (20, 1, 'a');
CREATE TABLE "alias"("row id" INTEGER, t, PRIMARY KEY ("row id" ASC));
INSERT INTO "alias" VALUES (-7, 'x'), (7, 'y');
