#!/usr/bin/env bash
# The daemon with 10,000 databases, each with options of its own, and nothing due before next year: how soon it is ready,
# what it takes of memory, and how often it wakes in ten seconds.
. "$(dirname "$0")/bench.sh"

databases=${BENCH_DATABASES:-10000}
mkdir -p "$STATE_DIR" "$TEST_TMP/bucket"
due=$(date -u -d '+200 days' +%-m)
{
    printf 'state_dir = "%s"\nbucket "here" {\n    type = "directory"\n    path = "%s"\n}\nenvironment "many" {\n    bucket = "here"\n' \
        "$STATE_DIR" "$TEST_TMP/bucket"
    awk -v n="$databases" -v tmp="$TEST_TMP" -v due="$due" 'BEGIN { for (i = 0; i < n; i++)
        printf "    database \"database-%d\" {\n        source = \"sqlite\"\n        path = \"%s/%d.sqlite\"\n        schedule = \"%d %d %d %d *\"\n        spread = 600\n    }\n", i, tmp, i, i % 60, i % 24, 1 + i % 28, due }'
    echo '}'
} >"$CONF"

# sd_notify's socket; prints the milliseconds to READY.
cat >"$TEST_TMP/ready.mjs" <<'EOJ'
import { spawn } from "node:child_process";
const began = process.hrtime.bigint();
const daemon = spawn(process.argv[2], ["-c", process.argv[3]], { stdio: ["ignore", "ignore", "pipe"], detached: true });
daemon.stderr.on("data", (data) => {
  if (!/listens at/.test(data)) return; // its last line before READY=1
  console.log(Number(process.hrtime.bigint() - began) / 1e6, daemon.pid);
  process.exit(0);
});
EOJ
switches() { awk '/^voluntary_ctxt_switches/ { print $2 }' "/proc/$1/status"; }
ready=() most=0 woken=0
for ((n = 0; n < (ROUNDS < 3 ? ROUNDS : 3); n++)); do
    read -r ms pid < <("$(command -v node || "$TESTS/cloudflare/install.sh" --node)" "$TEST_TMP/ready.mjs" "$D1KEEPD" "$CONF")
    echo "$pid" >>"$TEST_PIDS"
    ready+=("$ms")
    sleep 3
    before=$(switches "$pid")
    sleep 10
    woken=$(($(switches "$pid") - before))
    cpu=$(awk -v hz="$(getconf CLK_TCK)" '{ print ($14 + $15) * 1000 / hz }' "/proc/$pid/stat")
    rss=$(awk '/^VmHWM/ { print $2 }' "/proc/$pid/status")
    most=$((rss > most ? rss : most))
    end_process "$pid"
done
best=$(calc "$(least "${ready[@]}")")
row 14 "d1keepd idle with $databases databases" - \
    "ready after $best ms ($cpu ms of CPU); $(calc "$most / 1024") MiB at most; $woken wake-ups in 10 s" \
    '500 ms, 24 MiB, no wake-ups' "$(met "$best <= 500 && $most <= 24576 && $woken == 0")"
bench_done
