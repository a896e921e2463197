-- A few thousand rows with the values that other dumps lose: integers beyond
-- 2^53, real newlines beside a literal \n, quotes, an emoji.
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)
INSERT INTO subscriptions
SELECT printf('sub_%06d', i), printf('user_%08x', i * 2654435761 % 4294967296), CASE i % 2 WHEN 0 THEN 'pro' ELSE 'team' END,
       CASE i % 7 WHEN 0 THEN 'cancelled' ELSE 'active' END, printf('cus_%x', i * 40503), printf('stripe_%d', i), NULL,
       1760000000 + i, 1762592000 + i, i % 7 = 0, 1750000000 + i, 1760000000 + i, NULL
FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)
INSERT INTO usage
SELECT printf('use_%08x', i * 2654435761 % 4294967296), printf('user_%08x', (i % 2000 + 1) * 2654435761 % 4294967296),
       CASE i % 3 WHEN 0 THEN 'tokens' WHEN 1 THEN 'images' ELSE 'minutes' END, i % 13, i % 977, printf('2026-%02d', i % 12 + 1),
       1760000000 + i * 60, printf('{"model":"m%d","note":"it''s\nfine","request":"%x"}', i % 7, i * 2654435761)
FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
INSERT INTO credits
SELECT printf('cred_%05d', i), printf('user_%08x', i * 2654435761 % 4294967296), 9007199254740993 + i, 9223372036854775807 - i, i * 3,
       1750000000 + i, 1760000000 + i
FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)
INSERT INTO credit_transactions
SELECT printf('tx_%06d', i), printf('user_%08x', i * 2654435761 % 4294967296), 'purchase', i * 100, 9007199254740993 + i,
       'line one' || char(10) || 'line two 🧾', printf('pi_%x', i), NULL, 1760000000 + i
FROM n;
