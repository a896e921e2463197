# shellcheck shell=bash disable=SC2034,SC2119 # set for the rows; no flags
# What the rows of the bench have in common. A row's script begins with `. "$(dirname "$0")/bench.sh"`, measures, and says
# what it found with `row`; run.sh makes the table of it. Ratios count: what is compared runs alternately, several times,
# and the median of the ratios is told.

. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

BENCH=$TESTS/bench
BUILD=${BENCH_BUILD:-$ROOT/build}
ROWS=${BENCH_ROWS:-300000} # of the table `usage`: about 60 MB of SQL
ROUNDS=${BENCH_ROUNDS:-5}  # of each comparison
DATA=${BENCH_DATA:-${TMPDIR:-/tmp}/d1keep-bench} # generated files stay here from one run to the next
RESULTS=${BENCH_RESULTS:-/dev/stdout}
mkdir -p "$DATA"

# ---- data

# usage_file ROWS   a SQLite file with so many rows of the sample schema's table, always the same ones; prints its path.
# Times and ids grow, so that a larger file begins with the rows of a smaller one.
usage_file() {
    local file=$DATA/usage-$1.sqlite
    if [ ! -e "$file" ]; then
        rm -f "$file.new"
        sqlite3 "$file.new" "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA cache_size=-200000;
            $(sed -n '/CREATE TABLE usage/,/;/p' "$TESTS/samples/billing.sql")
            CREATE INDEX idx_usage_user_month ON usage(user_id, month);
            $(usage_rows 1 "$1") PRAGMA wal_checkpoint(TRUNCATE);" >/dev/null
        mv "$file.new" "$file"
    fi
    echo "$file"
}

usage_rows() { # FIRST LAST: the INSERT
    cat <<EOF
WITH RECURSIVE n(i) AS (SELECT $1 UNION ALL SELECT i + 1 FROM n WHERE i < $2), h(i, x) AS (SELECT i, lower(hex(sha3(i, 256))) FROM n)
INSERT INTO usage SELECT printf('use_%08x', i) || substr(x, 1, 20),
    'user_' || lower(substr(hex(sha3('user' || (i * 7919 % 2000), 224)), 1, 24)),
    CASE i % 3 WHEN 0 THEN 'tokens' WHEN 1 THEN 'images' ELSE 'storage' END, i * 7 % 1000, CASE WHEN i % 11 THEN (i * 31) % 5000 END,
    printf('2026-%02d', i / 30000 % 12 + 1), 1760000000 + i * 60,
    CASE WHEN i % 100 THEN printf('{"model":"m%d","request":"%s","note":"it''s fine"}', i % 7, substr(x, 21, 32)) END FROM h;
EOF
}

# ---- measuring

# measure COMMAND…   sets WALL and CPU (milliseconds) and RSS (KiB of the largest process).
measure() {
    if ! "$BUILD/bench/measure" "$TEST_TMP/measured" "$@" >"$OUT" 2>"$ERR" </dev/null; then
        echo "failed: $*" >&2
        tail -n 5 "$ERR" >&2
        exit 1
    fi
    read -r WALL CPU RSS <"$TEST_TMP/measured"
}

# compare OURS THEIRS   runs the two functions alternately. Sets RATIO and CPU_RATIO (theirs / ours, medians), and
# OURS_MS and THEIRS_MS (the least of each).
compare() {
    local walls=() cpus=() ours=() theirs=() wall cpu
    for ((ROUND = 1; ROUND <= ROUNDS; ROUND++)); do
        "$1"
        wall=$WALL cpu=$CPU
        ours+=("$WALL")
        "$2"
        theirs+=("$WALL")
        walls+=("$(calc "$WALL / $wall")")
        cpus+=("$(calc "$CPU / $cpu")")
    done
    RATIO=$(median "${walls[@]}") CPU_RATIO=$(median "${cpus[@]}")
    OURS_MS=$(least "${ours[@]}") THEIRS_MS=$(least "${theirs[@]}")
}

calc() { awk "BEGIN { printf \"%.2f\", $1 }"; }
median() { printf '%s\n' "$@" | sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
least() { printf '%s\n' "$@" | sort -g | head -n 1; }
met() { if awk "BEGIN { exit !($1) }"; then echo met; else echo 'NOT MET'; fi; }
mb() { calc "$1 / 1000000"; }

# row NUMBER WORK AGAINST MEASURED GOAL VERDICT
row() {
    printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$@" >>"$RESULTS"
}

# ---- places

# files_conf FILE   $CONF for one SQLite file as local/f0, local/f1, …: the same database, each time a new folder of the bucket.
files_conf() {
    local n
    mkdir -p "$STATE_DIR" "$TEST_TMP/bucket"
    {
        printf 'state_dir = "%s"\nbucket "here" { type = "directory" path = "%s" }\nenvironment "local" { bucket = "here" verify = "none"\n' "$STATE_DIR" "$TEST_TMP/bucket"
        for ((n = 0; n <= 40; n++)); do printf 'database "f%d" { source = "sqlite" path = "%s" }\n' "$n" "$1"; done
        echo '}'
    } >"$CONF"
}

# rig_with FILE   starts the rig with this file as its database t3.
rig_with() {
    local file
    file=$(wrangler_file "$RIG_DIR" 7e570000-0000-4000-8000-000000000003)
    mkdir -p "$(dirname "$file")"
    cp "$1" "$file"
    rig_start
}

# rig_conf   $CONF for what API and S3 mean: the database t3 as rig/r0, rig/r1, …
rig_conf() {
    local n
    mkdir -p "$STATE_DIR"
    write_secret "$TEST_TMP/token" "$RIG_TOKEN"
    write_secret "$TEST_TMP/s3.id" "$RIG_KEY_ID"
    write_secret "$TEST_TMP/s3.secret" "$RIG_SECRET_KEY"
    {
        printf 'state_dir = "%s"\naccount "taco" { id = "%s" api_token = "file:%s" api_base = "%s" request_budget = 100000 }\n' \
            "$STATE_DIR" "$RIG_ACCOUNT" "$TEST_TMP/token" "$API"
        conf_bucket b1
        printf 'environment "rig" { account = "taco" bucket = "b1" verify = "none"\n'
        for ((n = 0; n <= 40; n++)); do printf 'database "r%d" { id = "7e570000-0000-4000-8000-000000000003" }\n' "$n"; done
        echo '}'
    } >"$CONF"
}

# recorder FLAGS…   starts record.mjs before the rig; API and S3 mean it from now on. RECORDER_PID
recorder() {
    rm -f "$TEST_TMP/recorder.json"
    start_background "$TEST_TMP/recorder.log" "$RIG_NODE" "$BENCH/record.mjs" --rig "$RIG_READY" --ready "$TEST_TMP/recorder.json" --leash $$ "$@"
    RECORDER_PID=$BACKGROUND_PID
    wait_for_ready "$TEST_TMP/recorder.json" "$RECORDER_PID" "$TEST_TMP/recorder.log" || exit 1
    API=$(jq -r .api "$TEST_TMP/recorder.json")
    S3=$(jq -r .s3 "$TEST_TMP/recorder.json")
}

# fact DATABASE JQ   of its last snapshot
fact() {
    d1keep show "$1@latest" --json | jq -r "$2"
}

bench_done() {
    TEST_IS_DONE=yes
    exit 0
}
