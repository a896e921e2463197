#!/usr/bin/env bash
# Random databases (tests/unit/random) through the real engines: into D1, by a backup into R2, and back: into a SQLite
# file, and into another D1.
#   D1KEEP_SEED, D1KEEP_FROM, D1KEEP_ROUNDS: as in tests/unit/roundtrip
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

RANDOM_DATABASE=${RANDOM_DATABASE:-$ROOT/build/sanitized/tests/random_database}
SEED=${D1KEEP_SEED:-20261122}
FROM=${D1KEEP_FROM:-176} # among the next 25 is everything once: values of 2 MB, 100 columns, FTS5 that cannot be kept
ROUNDS=${D1KEEP_ROUNDS:-25}

# shellcheck disable=SC2119 # without flags
rig_start

declare -A ID
create() { # NAME LIST
    ID[$1]=$(rig_call POST '' "{\"name\": \"$1\"}" | jq -r .result.uuid)
    printf -v "$2" '%s database "%s" { id = "%s" }' "${!2}" "$1" "${ID[$1]}"
}
sources=
targets=
for ((n = FROM; n < FROM + ROUNDS; n++)); do
    create "r$n" sources
    create "back$n" targets
done
CONF_MORE="environment \"random\" { account = \"taco\" bucket = \"b1\" $sources }
environment \"target\" { account = \"taco\" bucket = \"b1\" $targets }" write_conf

file_of() { wrangler_file "$RIG_DIR" "${ID[$1]}"; }
same() { # NUMBER FILE
    expect_exit 0 "$RANDOM_DATABASE" compare "$SEED" "$1" "$(file_of "r$1")" "$2" || { show_output; return 1; }
}

goes_and_returns() { # NUMBER
    local restored=$TEST_TMP/restored$1.sqlite exceptions code
    "$RANDOM_DATABASE" print "$SEED" "$1" >"$TEST_TMP/random.json"
    rig_call POST "/r$1/raw" "@$TEST_TMP/random.json" | rig_rows
    exceptions=$(jq .exceptions "$TEST_TMP/random.json")
    code=$((exceptions > 0 ? 5 : 0))
    expect_exit "$code" d1keep backup "random/r$1"
    expect_equal "$(d1keep show "random/r$1" --json | jq .exception_count)" "$exceptions"
    expect_exit "$code" d1keep restore "random/r$1" --to "sqlite:$restored"
    same "$1" "$restored"
    expect_exit "$code" d1keep restore "random/r$1" --to "d1:target/back$1" --yes-i-mean "target/back$1"
    # A copy: a search's integrity-check is a write.
    sqlite3 -readonly "$(file_of "back$1")" ".backup '$TEST_TMP/back$1.sqlite'"
    same "$1" "$TEST_TMP/back$1.sqlite"
    rm -f "$restored" "$TEST_TMP/back$1.sqlite"
}
for ((n = FROM; n < FROM + ROUNDS; n++)); do
    test_case "random database D1KEEP_SEED=$SEED D1KEEP_FROM=$n D1KEEP_ROUNDS=1" goes_and_returns "$n"
done

test_done
