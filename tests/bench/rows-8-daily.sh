#!/usr/bin/env bash
# Thirty daily snapshots of two tables, `usage` that grows by 3,000 rows a day and `credits` of which a random tenth changes
# each day: bytes in the bucket, against restic over the plain dumps, and full dumps through gzip.
. "$(dirname "$0")/bench.sh"

days=${BENCH_DAYS:-30}
grows=$((ROWS / 100))
file=$TEST_TMP/daily.sqlite
cp "$(usage_file "$ROWS")" "$file"
sqlite3 "$file" "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; $(sed -n '/CREATE TABLE credits/,/;/p' "$TESTS/samples/billing.sql")
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
    INSERT INTO credits SELECT printf('cre_%08x', i) || lower(substr(hex(sha3(i, 224)), 1, 16)), 'user_' || lower(substr(hex(sha3('user' || i, 224)), 1, 24)),
        abs(random()) % 100000, abs(random()) % 1000000, abs(random()) % 1000000, 1760000000 + i, 1760000000 + i FROM n;" >/dev/null
files_conf "$file"
export RESTIC_PASSWORD=bench RESTIC_CACHE_DIR=$TEST_TMP/restic-cache
restic -q init --repository-version 2 -r "$TEST_TMP/restic"
full=0
for ((day = 1; day <= days; day++)); do
    measure "$D1KEEP" -c "$CONF" backup local/f0 --verify none
    sqlite3 "$file" .dump >"$TEST_TMP/daily.sql"
    restic -q backup -r "$TEST_TMP/restic" "$TEST_TMP/daily.sql" >&2 || exit 1
    full=$((full + $(gzip -6 <"$TEST_TMP/daily.sql" | wc -c)))
    first=$((ROWS + (day - 1) * grows + 1))
    sqlite3 "$file" "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN; $(usage_rows $first $((first + grows - 1)))
        UPDATE credits SET balance = abs(random()) % 100000, lifetime_used = lifetime_used + 7, updated_at = 1760000000 + $day * 86400
            WHERE rowid IN (SELECT rowid FROM credits ORDER BY random() LIMIT 500); COMMIT;" >/dev/null
done
ours=$(find "$TEST_TMP/bucket" -type f -printf '%s\n' | awk '{ n += $1 } END { print n }')
theirs=$(find "$TEST_TMP/restic" -type f -printf '%s\n' | awk '{ n += $1 } END { print n }')
row 8 "$days daily snapshots of usage ($ROWS rows, $grows more a day) and credits" 'restic (version 2) over the dumps; full gzip -6 dumps' \
    "$(mb "$ours") MB; restic $(mb "$theirs") MB; full dumps $(mb "$full") MB ($(calc "$full / $ours") times ours)" \
    'no more than restic; 19 times less than the dumps' "$(met "$ours <= $theirs && $full >= 19 * $ours")"
bench_done
