#!/usr/bin/env bash
# What grows with a database, and what does not: memory of the largest process, and time and requests for each MB.
# BENCH_SIZES: rows of each size (4 GB of SQL are 20,000,000 rows, and as much on the disk).
. "$(dirname "$0")/bench.sh"

wants() { [ -z "${BENCH_ONLY:-}" ] || [[ " $BENCH_ONLY " == *" $1 "* ]]; }
sizes=${BENCH_SIZES:-$ROWS $((ROWS * 50 / 3)) $((ROWS * 200 / 3))}
LIMIT_KIB=49152

if wants 7; then
    said='' most=0
    for rows in $sizes; do
        files_conf "$(usage_file "$rows")"
        measure "$D1KEEP" -c "$CONF" backup local/f0
        sql=$(fact local/f0 '[.objects[].sql_bytes] | add')
        said="$said$(mb "$sql") MB: $(calc "$RSS / 1024") MiB; "
        most=$((RSS > most ? RSS : most))
        rm -rf "$TEST_TMP/bucket"
    done
    row 7 'peak memory of the backup of a file' - "${said%; }" '48 MiB, whatever the size' "$(met "$most <= $LIMIT_KIB")"
fi

# A D1 of the first two sizes.
read -r small large _ <<<"$sizes"
per_mb=() cpu_per_mb=() requests=() said='' most=0
for rows in $small ${large:-}; do
    rm -rf "$RIG_DIR" "$STATE_DIR"
    rig_with "$(usage_file "$rows")"
    rig_conf
    best_wall='' best_cpu=''
    for ((n = 0; n < 3; n++)); do
        measure "$D1KEEP" -c "$CONF" backup "rig/r$n"
        best_wall=$(least "${best_wall:-1e9}" "$WALL") best_cpu=$(least "${best_cpu:-1e9}" "$CPU")
        most=$((RSS > most ? RSS : most))
    done
    sql=$(fact rig/r0 '[.objects[].sql_bytes] | add')
    said="$said$(mb "$sql") MB: $(calc "$RSS / 1024") MiB; "
    per_mb+=("$(calc "$best_wall * 1000000 / $sql")")
    cpu_per_mb+=("$(calc "$best_cpu * 1000000 / $sql")")
    requests+=("$(awk "BEGIN { printf \"%.3f\", $(fact rig/r0 .requests) * 1000000 / $sql }")")
    rig_stop
done
! wants 7 || row 7 'peak memory of the backup of a D1' - "${said%; }" '48 MiB, whatever the size' "$(met "$most <= $LIMIT_KIB")"
if wants 10 && [ -n "${large:-}" ]; then
    row 10 "D1 of $large rows" "$small rows" \
        "${per_mb[1]} ms, ${cpu_per_mb[1]} ms of CPU and ${requests[1]} requests a MB; with $small rows ${per_mb[0]}, ${cpu_per_mb[0]} and ${requests[0]}" \
        'grows by less than 10 %' "$(met "${per_mb[1]} < 1.1 * ${per_mb[0]} && ${requests[1]} < 1.1 * ${requests[0]}")"
fi
bench_done
