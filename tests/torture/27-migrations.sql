-- A8 27, A3 #43: wrangler's own table, as wrangler makes it.
CREATE TABLE IF NOT EXISTS "d1_migrations"(
		id         INTEGER PRIMARY KEY AUTOINCREMENT,
		name       TEXT UNIQUE,
		applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
);
INSERT INTO d1_migrations(name, applied_at) VALUES ('0001_first.sql', '2026-01-01 00:00:00'), ('0002_it''s_ünï.sql', '2026-02-01 00:00:00'), ('0010_last.sql', '2026-03-01 00:00:00');
DELETE FROM d1_migrations WHERE id = 3;
CREATE TABLE users(id INTEGER PRIMARY KEY);
