#!/usr/bin/env bash
# The daemon with 10,000 databases, each with options of its own, and nothing due before next year: how soon it is ready,
# what it takes of memory, and how often it wakes in a while: ten seconds, and longer than a minute in the last round, where
# two targets of notices are configured as well (BENCH_IDLE seconds).
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
cat >"$TEST_TMP/notify" <<EOC
notify "ops" {
    type = "exec"
    command = "/bin/true"
}
notify "beat" {
    type = "heartbeat"
    url = "http://127.0.0.1:9/"
    environment = "many"
}
EOC

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
ready=() most=0 woken=0 told_most=0
rounds=$((ROUNDS < 3 ? ROUNDS : 3))
for ((n = 1; n <= rounds; n++)); do
    idle=10
    [ "$n" -lt "$rounds" ] || idle=${BENCH_IDLE:-65}
    [ "$n" -lt "$rounds" ] || cat "$TEST_TMP/notify" >>"$CONF"
    read -r ms pid < <("$(command -v node || "$TESTS/cloudflare/install.sh" --node)" "$TEST_TMP/ready.mjs" "$D1KEEPD" "$CONF")
    echo "$pid" >>"$TEST_PIDS"
    ready+=("$ms")
    sleep 3
    before=$(switches "$pid")
    sleep "$idle"
    woken=$((woken + $(switches "$pid") - before))
    cpu=$(awk -v hz="$(getconf CLK_TCK)" '{ print ($14 + $15) * 1000 / hz }' "/proc/$pid/stat")
    rss=$(awk '/^VmHWM/ { print $2 }' "/proc/$pid/status")
    if [ "$n" -lt "$rounds" ]; then most=$((rss > most ? rss : most)) quick_cpu=$cpu; else told_most=$rss; fi
    end_process "$pid"
done
best=$(calc "$(least "${ready[@]}")")
row 14 "d1keepd idle with $databases databases" - \
    "ready after $best ms (${quick_cpu:-$cpu} ms of CPU); $(calc "$most / 1024") MiB at most, $(calc "$told_most / 1024") with notices; $woken wake-ups in $idle s" \
    '500 ms, 24 MiB, no wake-ups' "$(met "$best <= 500 && $most <= 24576 && $woken == 0")"
bench_done
