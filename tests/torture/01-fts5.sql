-- A8 1: the kinds of FTS5 that keep all their words. A line `--ask` is a query whose answer must be the same afterwards.
CREATE VIRTUAL TABLE own USING fts5(title, body, tokenize = "porter unicode61 remove_diacritics 2", prefix = '2 3');
INSERT INTO own(rowid, title, body) VALUES (-5, 'Running', 'the quick brown fox'), (7, 'ran''s "quoted"', 'lazy; dogs' || char(10) || 'running'), (9000000000000000000, 'Ünïcode', '日本語 text 😀');
INSERT INTO own(own, rank) VALUES ('rank', 'bm25(10.0, 1.0)');
--ask SELECT rowid, highlight(own, 1, '<', '>') FROM own WHERE own MATCH 'run' ORDER BY rank
--ask SELECT rowid, bm25(own) FROM own WHERE own MATCH 'unicode OR qu*' ORDER BY rank
--ask SELECT rowid, snippet(own, -1, '[', ']', '…', 4) FROM own('"brown fox" OR title : ran') ORDER BY rowid
--ask SELECT quote(title), quote(body) FROM own ORDER BY rowid
CREATE VIRTUAL TABLE "it's ""fts"" ; x" USING fts5("sélect", [order] UNINDEXED, tokenize = 'trigram case_sensitive 1');
INSERT INTO "it's ""fts"" ; x" VALUES ('abcdefg', 'kept, not found'), ('ABCdefg', x'00FF'), (NULL, NULL), ('x''y;z', 42), ('😀😀😀', -1.5);
DELETE FROM "it's ""fts"" ; x" WHERE rowid = 2;
--ask SELECT rowid, "sélect", quote("order") FROM "it's ""fts"" ; x" WHERE "sélect" GLOB '*bcd*'
--ask SELECT rowid FROM "it's ""fts"" ; x" WHERE "sélect" MATCH '"😀😀😀" OR "bcd"'
--ask SELECT rowid, quote("sélect"), quote("order") FROM "it's ""fts"" ; x"
-- Of another table, by hidden rowids with gaps, kept fresh by triggers.
CREATE TABLE notes(t TEXT, u TEXT);
CREATE VIRTUAL TABLE notes_fts USING fts5(t, u, content = 'notes', content_rowid = 'rowid', columnsize = 0, detail = column);
CREATE TRIGGER notes_ai AFTER INSERT ON notes BEGIN INSERT INTO notes_fts(rowid, t, u) VALUES (new.rowid, new.t, new.u); END;
CREATE TRIGGER notes_ad AFTER DELETE ON notes BEGIN INSERT INTO notes_fts(notes_fts, rowid, t, u) VALUES ('delete', old.rowid, old.t, old.u); END;
INSERT INTO notes(rowid, t, u) VALUES (-2, 'alpha beta', 'gamma'), (5, 'beta', 'delta'), (6, 'gone', 'gone'), (100, 'alpha', NULL);
DELETE FROM notes WHERE rowid = 6;
--ask SELECT n.rowid, n.t FROM notes_fts AS f JOIN notes AS n ON n.rowid = f.rowid WHERE notes_fts MATCH 'alpha OR delta' ORDER BY 1
--ask SELECT count(*) FROM notes_fts WHERE notes_fts MATCH 'gone'
-- Of a view, by a column that is the rowid.
CREATE TABLE people(id INTEGER PRIMARY KEY, given TEXT, family TEXT);
INSERT INTO people VALUES (10, 'Ada', 'Lovelace'), (20, 'Grace', 'Hopper');
CREATE VIEW names AS SELECT id, given || ' ' || family AS name FROM people;
CREATE VIRTUAL TABLE names_fts USING fts5(name, content = "names", content_rowid = 'id', detail = 'none');
INSERT INTO names_fts(names_fts) VALUES ('rebuild');
--ask SELECT rowid, name FROM names_fts WHERE names_fts MATCH 'hopper OR ada' ORDER BY 1
CREATE VIRTUAL TABLE own_words USING fts5vocab(own, 'row');
CREATE VIRTUAL TABLE notes_words USING fts5vocab('notes_fts', 'col');
--ask SELECT * FROM own_words ORDER BY term
--ask SELECT * FROM notes_words ORDER BY term, col
CREATE VIRTUAL TABLE no_rows USING fts5(a);
--ask INSERT INTO notes_fts(notes_fts) VALUES ('integrity-check')
--ask INSERT INTO own(own) VALUES ('integrity-check')
