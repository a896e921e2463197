-- A8 3 and 4: INSTEAD OF; CASE, [end], CRLF, semicolons in strings and comments (ws#15690, #14991, #15228, #4326).
CREATE TABLE main_table(id INTEGER PRIMARY KEY, v TEXT, [end] TEXT, "begin" TEXT);
CREATE TABLE log(n INTEGER PRIMARY KEY, what TEXT);
CREATE VIEW v AS SELECT id, v FROM main_table;
CREATE TRIGGER a_first INSTEAD OF INSERT ON v BEGIN INSERT INTO main_table(v) VALUES (new.v); END;
CREATE TRIGGER a_update INSTEAD OF UPDATE OF v ON v WHEN new.v IS NOT old.v BEGIN UPDATE main_table SET v = new.v WHERE id = old.id; END;
CREATE TRIGGER t_case AFTER INSERT ON main_table BEGIN INSERT INTO log(what) VALUES (CASE WHEN new.v = ';' THEN 'semi;colon' WHEN (CASE new.id WHEN 1 THEN 1 END) THEN 'END;' ELSE 'end' END); END;
CREATE TRIGGER T_UPPER AFTER UPDATE ON main_table FOR EACH ROW BEGIN
  -- it's a comment; with a semicolon, and END;
  UPDATE log SET what = what || '; BEGIN' WHERE 0; /* END; '
  */ INSERT INTO log(what) SELECT new.[end] || new."begin" || 'END;';
  DELETE FROM log WHERE what = 'END';
END;
CREATE TRIGGER t_end BEFORE DELETE ON main_table WHEN old.[end] IS NOT 'keep' BEGIN SELECT RAISE(ABORT, 'not; deleted') WHERE old.[end] = 'end'; END;
CREATE TRIGGER "trigger; 'named' oddly" AFTER DELETE ON log BEGIN SELECT 1; SELECT CASE WHEN 1 THEN 2 END; END;
INSERT INTO main_table(v, "end", "begin") VALUES (';', 'end', 'begin'), ('x', NULL, NULL);
INSERT INTO v(v) VALUES ('through the view');
UPDATE main_table SET "end" = 'e;' WHERE id = 2;
--ask SELECT * FROM log
CREATE TRIGGER t_crlf AFTER INSERT ON log WHEN new.what = 1
BEGIN
  INSERT INTO log(what) VALUES ('line;
two');
  SELECT 1;
END;
