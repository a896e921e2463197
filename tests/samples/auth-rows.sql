-- Two thousand users. No randomness: the demonstration is the same each time.
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
INSERT INTO users
SELECT printf('user_%08x', i * 2654435761 % 4294967296), printf('person%d@example.org', i),
       CASE WHEN i % 3 THEN printf('cus_%x', i * 40503) END, 1735689600 + i * 7919,
       CASE WHEN i % 5 THEN 1760000000 + i * 37 END,
       CASE i % 4 WHEN 0 THEN 'Europe/Berlin' WHEN 1 THEN 'America/São_Paulo' WHEN 2 THEN 'Asia/東京' END,
       i % 50 = 0, CASE WHEN i % 50 = 0 THEN 1760000000 + i END
FROM n;
