// What the rig and the fault proxy have in common as processes: they say when they are ready, and never outlive their parent.

import fs from "node:fs";
import { parseArgs } from "node:util";

// Reads command-line flags; each may also stand in the JSON file given by --options. A flag wins.
export function options(spec) {
  const { values } = parseArgs({ options: { ...spec, options: { type: "string" } } });
  const file = values.options ? JSON.parse(fs.readFileSync(values.options, "utf8")) : {};
  return { ...file, ...values };
}

// Tells the parent, through a file that appears whole.
export function writeReady(path, facts) {
  const text = JSON.stringify(facts, null, 2) + "\n";
  if (!path) return process.stdout.write(text);
  fs.writeFileSync(`${path}.tmp`, text, { mode: 0o600 });
  fs.renameSync(`${path}.tmp`, path);
}

// Calls `stop` once: on SIGTERM, SIGINT or SIGHUP, when the process `leash` (default: the parent) is gone, or when standard
// input, if it is a pipe, is closed.
export function stopWhenToldOrAlone(stop, leash) {
  let stopping = false;
  const once = async () => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), 5000).unref();
    await stop();
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, once);

  const master = Number(leash ?? process.ppid);
  const watch = setInterval(() => {
    try {
      process.kill(master, 0);
    } catch {
      once();
    }
  }, 500);
  watch.unref();

  const stdin = fs.fstatSync(0, { throwIfNoEntry: false });
  if (stdin?.isFIFO() || stdin?.isSocket()) process.stdin.on("end", once).on("error", once).resume();
}
