#!/usr/bin/env bash
# A snapshot in a directory back into a SQLite file, with every row read back, against what sqlite3's own dump takes; and its
# verification.
. "$(dirname "$0")/bench.sh"

wants() { [ -z "${BENCH_ONLY:-}" ] || [[ " $BENCH_ONLY " == *" $1 "* ]]; }

file=$(usage_file "$ROWS")
files_conf "$file"
sqlite3 "$file" .dump | gzip -6 >"$TEST_TMP/dump.sql.gz"
measure "$D1KEEP" -c "$CONF" backup local/f0 --verify none
restored=$TEST_TMP/restored.sqlite

restore() {
    rm -f "$restored"
    measure "$D1KEEP" -c "$CONF" restore local/f0@latest --to "sqlite:$restored"
}
gunzip_sqlite3() {
    rm -f "$restored"
    measure sh -c "gunzip -c '$TEST_TMP/dump.sql.gz' | sqlite3 '$restored'"
}
verify() { measure "$D1KEEP" -c "$CONF" verify local/f0@latest; }
sha256_gunzip() {
    measure sh -c "find '$TEST_TMP/bucket/local/f0/data' -type f -exec sha256sum {} + >/dev/null && find '$TEST_TMP/bucket/local/f0/data' -name '*.gz' -exec gunzip -t {} +"
}

if wants 5; then
    compare restore gunzip_sqlite3
    row 5 "snapshot of $ROWS rows into a SQLite file, every row read back" 'gunzip, sqlite3 (of its .dump)' \
        "$RATIO times faster ($OURS_MS, $THEIRS_MS ms; CPU $CPU_RATIO times less)" '2.5 times' "$(met "$RATIO >= 2.5")"
fi
if wants 12; then
    compare verify sha256_gunzip
    row 12 "verify the hashes of the same" 'sha256sum, gunzip -t' \
        "$(calc "1 / $RATIO") times their time ($OURS_MS, $THEIRS_MS ms; CPU $(calc "1 / $CPU_RATIO") times)" \
        'at most 0.7 times' "$(met "1 / $RATIO <= 0.7")"
fi
bench_done
