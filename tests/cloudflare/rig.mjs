#!/usr/bin/env node
// Starts Cloudflare's own engines on this machine: real D1 databases behind the REST paths of their API (worker.mjs), and
// real R2 buckets behind miniflare's S3 endpoint. See README.md.

import { spawn, execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Miniflare, NoOpLog } from "miniflare";
import { Files } from "./files.mjs";
import { options, stopWhenToldOrAlone, writeReady } from "./process.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));

// Two environments with two databases each, and spare ones. The UUIDs are fixed, so that configurations can be too.
const DATABASES = [
  { name: "production-auth", uuid: "483da8b0-94c7-4f9e-ab1a-68df41e5664d" },
  { name: "production-billing", uuid: "b8f3b52c-3061-4402-a8b3-794b45dbb2cb" },
  { name: "staging-auth", uuid: "5a0c1f8e-2d0b-4c57-9e63-0f6c5b1d7a01" },
  { name: "staging-billing", uuid: "5a0c1f8e-2d0b-4c57-9e63-0f6c5b1d7a02" },
  ...[1, 2, 3, 4, 5, 6, 7, 8].map((n) => ({ name: `t${n}`, uuid: `7e570000-0000-4000-8000-00000000000${n}` })),
];
const BUCKETS = ["taco-backups", "taco-backups-staging", "b1", "b2", "b3", "b4"];

const given = options({
  ready: { type: "string" }, // where to write the JSON file that says how to reach the rig; default: standard output
  dir: { type: "string" }, // where the databases and buckets lie (v3/d1, v3/r2); default: a temporary folder, removed
  port: { type: "string" }, // 0, the default, takes a free one
  account_id: { type: "string" },
  token: { type: "string" },
  base_path: { type: "string" },
  s3_access_key_id: { type: "string" },
  s3_secret_access_key: { type: "string" },
  https_key: { type: "string" },
  https_cert: { type: "string" },
  copy_max_bytes: { type: "string" }, // larger databases are not copied, so that their old bookmarks are unknown
  leash: { type: "string" }, // the process that the rig must not outlive; default: its parent
}); // `databases` and `buckets`: only in the --options file

const config = {
  port: 0,
  account_id: "0123456789abcdef0123456789abcdef",
  token: "rig-token",
  base_path: "/client/v4",
  s3_access_key_id: "rig-key-id",
  s3_secret_access_key: "rig-secret-key",
  copy_max_bytes: 64 << 20, // a copy of each state of a large one would cost more than it is worth
  databases: DATABASES,
  buckets: BUCKETS,
  ...given,
};
if ((config.https_key === undefined) !== (config.https_cert === undefined)) throw new Error("https_key and https_cert go together");

const temporary = config.dir === undefined;
const dir = temporary ? fs.mkdtempSync(path.join(os.tmpdir(), "d1keep-rig.")) : path.resolve(config.dir);
const s3Credentials = { accessKeyId: config.s3_access_key_id, secretAccessKey: config.s3_secret_access_key };
const startedAt = Math.floor(Date.now() / 1000);

const files = new Files(dir, Number(config.copy_max_bytes));
config.databases = files.databases() ?? config.databases;

// dumpSql() is part of miniflare's bundle of its D1 object, which cannot be imported here: it lies in a file of its own.
function dumpSqlModule() {
  const bundle = fs.readFileSync(path.join(here, "node_modules/miniflare/dist/src/workers/d1/database.worker.js"), "utf8");
  const [, source] = bundle.match(/^\/\/ src\/workers\/d1\/dumpSql\.ts\n(.*?)^\/\/ src\//ms) ?? [];
  if (!source?.includes("function* dumpSql(")) throw new Error("miniflare's dumpSql is not where it was");
  return `${source}\nexport { dumpSql };\n`;
}

const esModule = (name, contents) => ({ type: "ESModule", path: path.join(here, name), contents });
const OURS = ["worker.mjs", "object.mjs", "memory.mjs", "answers.mjs", "transfer.mjs", "timetravel.mjs", "split.mjs"];

const mf = new Miniflare({
  host: "127.0.0.1",
  port: Number(config.port),
  https: config.https_key !== undefined,
  httpsKeyPath: config.https_key,
  httpsCertPath: config.https_cert,
  log: new NoOpLog(),
  cf: false, // or miniflare asks the network where we are
  modulesRoot: here,
  modules: [...OURS.map((name) => esModule(name, fs.readFileSync(path.join(here, name), "utf8"))), esModule("dumpSql.mjs", dumpSqlModule())],
  compatibilityDate: "2026-07-01",
  compatibilityFlags: ["experimental"], // sql.ingest() and sql.prepare()
  serviceBindings: { NODE: files.handle },
  durableObjects: {
    D1: { className: "D1DatabaseObject", useSQLite: true, unsafeUniqueKey: "miniflare-D1DatabaseObject", unsafePreventEviction: true },
  },
  durableObjectsPersist: path.join(dir, "v3", "d1"),
  r2Persist: path.join(dir, "v3", "r2"),
  r2Buckets: Object.fromEntries(config.buckets.map((id, i) => [`BUCKET${i}`, { id, s3Credentials }])),
  bindings: {
    RIG: {
      base_path: config.base_path,
      account_id: config.account_id,
      token: config.token,
      databases: config.databases,
      buckets: config.buckets,
      created_at: "2026-01-02T03:04:05.678Z",
      started_at: startedAt,
    },
  },
});
const url = await mf.ready;

// The engine is a child of ours. Should we be killed without a chance to stop it, this shell does: its standard input ends.
const engines = execFileSync("ps", ["-o", "pid=,comm=", "--ppid", String(process.pid)], { encoding: "utf8" })
  .split("\n").filter((line) => line.includes("workerd")).map((line) => line.trim().split(" ")[0]);
const guard = spawn("sh", ["-c", 'cat >/dev/null; kill -9 "$@" 2>/dev/null; [ -z "$D" ] || rm -rf "$D"', "guard", ...engines],
  { stdio: ["pipe", "ignore", "ignore"], detached: true, env: { PATH: process.env.PATH, D: temporary ? dir : "" } });
guard.unref();

stopWhenToldOrAlone(() => mf.dispose(), config.leash);

const origin = url.origin;
writeReady(config.ready, {
  origin,
  api: origin + config.base_path,
  s3: `${origin}/cdn-cgi/local/r2/s3`,
  port: Number(url.port),
  pid: process.pid,
  engine_pids: engines.map(Number),
  dir,
  account_id: config.account_id,
  token: config.token,
  s3_access_key_id: config.s3_access_key_id,
  s3_secret_access_key: config.s3_secret_access_key,
  databases: config.databases,
  buckets: config.buckets,
  https_key: config.https_key,
  https_cert: config.https_cert,
});
