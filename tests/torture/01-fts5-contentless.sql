-- A8 1: contentless indexes hold only words, which nobody can read out: an exception, and the rest comes back.
CREATE TABLE kept(a);
INSERT INTO kept VALUES ('beside it');
CREATE VIRTUAL TABLE contentless USING fts5(t, content = '');
INSERT INTO contentless(rowid, t) VALUES (1, 'words'), (2, 'more words');
CREATE VIRTUAL TABLE forgetful USING fts5(t, content='', contentless_delete=1);
INSERT INTO forgetful(rowid, t) VALUES (3, 'words');
