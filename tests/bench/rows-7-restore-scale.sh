#!/usr/bin/env bash
# Memory of a restore into a file, which must not grow with the database. BENCH_SIZES as in rows-7-10-scale.sh.
. "$(dirname "$0")/bench.sh"

sizes=${BENCH_SIZES:-$ROWS $((ROWS * 50 / 3)) $((ROWS * 200 / 3))}
LIMIT_KIB=49152
said='' most=0
for rows in $sizes; do
    files_conf "$(usage_file "$rows")"
    measure "$D1KEEP" -c "$CONF" backup local/f0 --verify none
    sql=$(fact local/f0 '[.objects[].sql_bytes] | add')
    measure "$D1KEEP" -c "$CONF" restore local/f0@latest --to "sqlite:$TEST_TMP/restored.sqlite"
    said="$said$(mb "$sql") MB: $(calc "$RSS / 1024") MiB, $(calc "$CPU * 1000000 / $sql") ms of CPU a MB; "
    most=$((RSS > most ? RSS : most))
    rm -rf "$TEST_TMP/bucket" "$TEST_TMP/restored.sqlite"
done
row 7 'peak memory of the restore into a file' - "${said%; }" '48 MiB, whatever the size' "$(met "$most <= $LIMIT_KIB")"
bench_done
