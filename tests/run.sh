#!/usr/bin/env bash
# Runs tests and sums up: the last line is `N passed, N failed`, and the exit code is 1 if anything failed.
#
#   tests/run.sh [UNIT-TEST…] [REGEX]
#
# An argument that is an executable file is a unit test (Check); any other is a regular expression that picks among
# tests/integration/*.sh. JOBS (2) of them run at a time, each for at most TIME_LIMIT (420) seconds; what one prints is
# kept whole. A file that crashes, hangs or prints no summary counts as one failure more.

set -u
cd "$(dirname "$0")/.." || exit 1

JOBS=${JOBS:-2}
TIME_LIMIT=${TIME_LIMIT:-420}
WORK=$(mktemp -d "${TMPDIR:-/tmp}/d1keep-run.XXXXXX")
running=() # number of the job → process id

cleanup() {
    local pid
    for pid in "${running[@]}"; do kill "$pid" 2>/dev/null; done
    wait
    rm -rf "$WORK"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

filter=
jobs=()
for argument in "$@"; do
    if [ -f "$argument" ] && [ -x "$argument" ]; then jobs+=("$argument"); else filter=$argument; fi
done
for file in tests/integration/*.sh; do
    [[ -f $file && $file =~ $filter ]] && jobs+=("$file")
done

passed=0
failed=0

# A shell of its own waits for each: `wait -n` loses jobs that end by a signal.
start() { # NUMBER
    local job=${jobs[$1]} command=()
    [[ $job == *.sh ]] && command=(bash)
    [[ $job == */* ]] || job=./$job
    (
        trap 'kill "$!"; wait "$!"; exit 143' TERM # `timeout` hands the signal on to the whole group
        trap - EXIT INT HUP
        timeout -k 15 "$TIME_LIMIT" "${command[@]}" "$job" </dev/null &
        wait "$!"
        echo $? >"$WORK/$1.exit"
    ) >"$WORK/$1" 2>&1 &
    running[$1]=$!
}

# Adds up `N passed, N failed` (lib.sh) or `NN%: Checks: N, Failures: N, Errors: N` (Check), of which there may be several.
count() { # NUMBER EXIT-CODE
    local good bad summaries
    read -r good bad summaries < <(awk '
        /^[0-9]+ passed, [0-9]+ failed$/ { good += $1; bad += $3; n++ }
        /^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+$/ {
            gsub(",", ""); wrong = $5 + $7; good += $3 - wrong; bad += wrong; n++
        }
        END { print good + 0, bad + 0, n + 0 }' "$WORK/$1")
    if [ "$summaries" -eq 0 ] || { [ "$2" -ne 0 ] && [ "$bad" -eq 0 ]; }; then
        bad=$((bad + 1))
        if [ "$2" -eq 124 ] || [ "$2" -eq 137 ]; then
            echo "not ok - ${jobs[$1]}: took longer than $TIME_LIMIT seconds"
        else
            echo "not ok - ${jobs[$1]}: ended with exit code $2 and $summaries summaries"
        fi
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
}

finish_some() {
    local number rc
    wait -n
    for number in "${!running[@]}"; do
        if [ -s "$WORK/$number.exit" ]; then rc=$(cat "$WORK/$number.exit"); elif kill -0 "${running[$number]}" 2>/dev/null; then continue; else rc=1; fi
        wait "${running[$number]}"
        unset "running[$number]"
        echo "== ${jobs[$number]}"
        # The parts' own summaries stay out of the output, so that the last line is the only one of its kind.
        grep -Ev '^[0-9]+ passed, [0-9]+ failed$' "$WORK/$number"
        count "$number" "$rc"
    done
}

for number in "${!jobs[@]}"; do
    while [ "${#running[@]}" -ge "$JOBS" ]; do finish_some; done
    start "$number"
done
while [ "${#running[@]}" -gt 0 ]; do finish_some; done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
