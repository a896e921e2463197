// What the rig knows of its databases beside their content: which there are, how often each was written, what a test set.
// Lives here, not in the database objects, as those may be reset. All of it is in one isolate, so that the REST paths
// and the objects see the same.

import { env } from "cloudflare:workers";

export let databases = env.RIG.databases;

// Created and deleted databases are remembered over restarts of the rig, as their content is.
export async function setDatabases(list) {
  databases = list;
  await env.NODE.fetch("http://node/databases", { method: "PUT", body: JSON.stringify(list) });
}

const SETTINGS = {
  import_active: null, // how many answers say `active` before the import is carried out; null: 2 for a file over 1 MB, else 0
  import_reuse: true, // init of a file that was uploaded before begins at once, and answers no upload_url
  import_error: null, // the import fails with this
  export_active: 2,
  export_error: null, // the export fails with this
  export_url: "nested", // result.result.signed_url; "flat": result.signed_url
  export_ttl_ms: 3600_000, // how long a signed URL lives
  export_end: "\n", // what follows the last statement
  failures: "both", // success:false and status:"error"; or only one of them, "success" or "status"; or "http": a 400
  poll_timeout_ms: 15_000, // an import or export that nobody asks for is cancelled
  locked: null, // "export" or "import": as if one were running, until it is set to null again
  lock_after_error: false, // a failed export leaves the database locked, as ws#9519 tells
  keep_all: false, // every state can be restored, not only those whose bookmark was asked for
};

const memories = new Map();

export function memory(uuid) {
  let m = memories.get(uuid);
  if (!m) {
    m = { uuid, writes: 0, told: -1, history: [], settings: { ...SETTINGS }, job: null, exported: null };
    m.history.push({ at: 0, bookmark: bookmarkOf(m) });
    memories.set(uuid, m);
  }
  return m;
}

export const forget = (uuid) => memories.delete(uuid);

export function setSettings(m, given) {
  const unknown = Object.keys(given).find((key) => !(key in SETTINGS));
  if (unknown !== undefined) throw new Error(`unknown setting '${unknown}'; known: ${Object.keys(SETTINGS).join(" ")}`);
  return Object.assign(m.settings, given);
}

// Like Cloudflare's: 8-8-8-32 hex digits that sort by age. The first group is the rig's start, as the count begins anew then.
function bookmarkOf(m) {
  const hex = (n) => n.toString(16).padStart(8, "0");
  return `${hex(env.RIG.started_at)}-${hex(m.writes)}-00004c60-${m.uuid.replaceAll("-", "")}`;
}

export function wasWritten(m) {
  m.writes++;
  m.history.push({ at: Date.now(), bookmark: bookmarkOf(m) });
}

// The current bookmark, for somebody who may come back with it: before the next write a copy is made of the database's file.
export function tellBookmark(m) {
  m.told = m.writes;
  return bookmarkOf(m);
}

// The newest that is not younger than a moment. One that was never the current one when asked for has a copy only with keep_all.
export function bookmarkAt(m, ms) {
  const found = m.history.findLast((entry) => entry.at <= ms);
  return found.bookmark === bookmarkOf(m) ? tellBookmark(m) : found.bookmark;
}

// The bookmark whose copy must be made before the next write, or null.
export function bookmarkToKeep(m) {
  return m.told === m.writes || m.settings.keep_all ? bookmarkOf(m) : null;
}
