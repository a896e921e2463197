-- A8 23 and 24: defaults with semicolons and line ends; DDL with comments, at its very end too.
CREATE TABLE d(id INTEGER PRIMARY KEY, a TEXT DEFAULT 'a;
b --c', b DEFAULT (char(10) || ';' || 'it''s'), c DEFAULT (strftime('%Y;%m')), e DEFAULT CURRENT_TIMESTAMP, f DEFAULT -9223372036854775808, g DEFAULT x'00', h DEFAULT 9e999, i DEFAULT "quoted;", j DEFAULT TRUE, k DEFAULT (CASE WHEN 1 THEN ';' END));
INSERT INTO d(id, c, e) VALUES (1, 1, 1), (2, NULL, NULL);
ALTER TABLE d ADD COLUMN later TEXT DEFAULT 'added; ''later''';
INSERT INTO d(id, c, e) VALUES (3, 3, 3);
CREATE TABLE c1(a -- a comment; it's
  , b /* another; "one" */) -- at the end; of CREATE
;
CREATE TABLE c2(a) /* the last; */ ;
CREATE /* ; */ TABLE -- ;
  c3 /* ' */ ( /* " */ a /* ` */ INT -- [
  );
create table c4(a text, -- ünï; 😀
	b
, c);
INSERT INTO c1 VALUES (1, '-- no comment');
INSERT INTO c2 VALUES ('/* no comment */');
INSERT INTO c3 VALUES (3);
INSERT INTO c4 VALUES ('-', ';', '/*');
CREATE INDEX c_index ON c1(a /* ; */) -- the end
;
CREATE VIEW c_view AS SELECT a FROM c1 -- ' the end; of it
;
CREATE TRIGGER c_trigger /* BEGIN */ AFTER INSERT ON c1 BEGIN SELECT 1 /* END; */; -- END
END -- ; the end
;
