-- A8 25: tables without rows.
CREATE TABLE "nothing"(a INTEGER PRIMARY KEY, b);
CREATE TABLE nothing_keyed(k PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE nothing_shown(a AS (1), b);
