#!/usr/bin/env bash
# How long nothing takes: the program's start, and a list of a bucket that has nothing.
. "$(dirname "$0")/bench.sh"

files_conf "$(usage_file 1000)"
walls=()
version() { measure "$D1KEEP" --version; }
list() { measure "$D1KEEP" -c "$CONF" list; }

best_of() { # FUNCTION: sets BEST and MEDIAN
    walls=()
    for ((ROUND = 0; ROUND < ROUNDS * 4; ROUND++)); do
        "$1"
        walls+=("$WALL")
    done
    BEST=$(least "${walls[@]}")
    MEDIAN=$(median "${walls[@]}")
}
best_of version
row 15 'd1keep --version' - "$BEST ms at best, median $MEDIAN" 'under 10 ms' "$(met "$BEST < 10")"
best_of list
row 15 'd1keep list, an empty bucket in a directory' - "$BEST ms at best, median $MEDIAN" 'under 30 ms' "$(met "$BEST < 30")"
rig_start
rig_conf
sed -i '/database "r[1-9]/d' "$CONF"
best_of list
row 15 "d1keep list, an empty bucket in the rig's R2" - "$BEST ms at best, median $MEDIAN" 'under 30 ms' "$(met "$BEST < 30")"
bench_done
