#!/usr/bin/env bash
# A SQLite file to a directory, against the sqlite3 program's dump through gzip and pigz; and the same file again.
. "$(dirname "$0")/bench.sh"

file=$(usage_file "$ROWS")
files_conf "$file"
number=0

first_backup() {
    number=$((number + 1))
    measure "$D1KEEP" -c "$CONF" backup "local/f$number"
}
again() { measure "$D1KEEP" -c "$CONF" backup "local/f0"; }
dump_gzip() { measure sh -c "sqlite3 '$file' .dump | gzip -6 >'$TEST_TMP/dump.gz'"; }
dump_pigz() { measure sh -c "sqlite3 '$file' .dump | pigz -6 >'$TEST_TMP/dump.pigz'"; }

compare first_backup dump_gzip
stored=$(fact "local/f$number" '[.objects[].stored_bytes] | add')
theirs=$(wc -c <"$TEST_TMP/dump.gz")
row 3 "SQLite file of $ROWS rows to a directory" 'sqlite3 .dump, gzip -6' \
    "$RATIO times faster ($OURS_MS, $THEIRS_MS ms; CPU $CPU_RATIO times less); $(mb "$stored") MB for its $(mb "$theirs")" \
    '3 times, not larger' "$(met "$RATIO >= 3 && $stored <= $theirs")"

compare first_backup dump_pigz
row 4 'the same' 'sqlite3 .dump, pigz -6' "$RATIO times faster ($OURS_MS, $THEIRS_MS ms; CPU $CPU_RATIO times less)" \
    '1.7 times' "$(met "$RATIO >= 1.7")"

again
before=$(du -sb "$TEST_TMP/bucket" | cut -f1)
again
grown=$(($(du -sb "$TEST_TMP/bucket" | cut -f1) - before))
compare again first_backup
row 9 'the same, unchanged, again' 'its first backup' \
    "$(calc "100 / $RATIO") % of the time (CPU $(calc "100 / $CPU_RATIO") %), $(fact local/f0 .new_bytes) bytes of chunks, $grown bytes in all" \
    '50 %, under 10 KB' "$(met "$RATIO >= 2 && $grown < 10000")"
bench_done
