// Import and export: jobs that begin with one call, block the database, and are asked for until they are over. Also the
// addresses without a token to which files are uploaded, and from which they are fetched.

import { env } from "cloudflare:workers";
import { envelope, failure, refused, xmlError } from "./answers.mjs";
import { memory, tellBookmark } from "./memory.mjs";

const WAIT_MS = 1000; // a call waits so long for the end of a job before it answers `active`
const LARGE = 1_000_000;

const uploads = new Map(); // id → {filename, uuid, etag, md5, bytes}
const exports = new Map(); // id → {filename, blob, until}

// ---- jobs

class Job {
  constructor(m, type, active, work) {
    Object.assign(this, { m, type, work, left: active, at: tellBookmark(m), polled: Date.now(), messages: [] });
    this.running = false;
    this.end = null; // {result} or {error}
  }

  isLate() {
    return Date.now() - this.polled > this.m.settings.poll_timeout_ms;
  }

  // One that is late ends with its error; when its work has begun, the work sees to that itself.
  isOver() {
    if (!this.end && !this.running && this.isLate()) this.finish({ error: this.lateMessage() });
    return this.end !== null;
  }

  abandon() {
    this.polled = -Infinity;
  }

  lateMessage() {
    return `Cancelled due to no poll() received in ${this.m.settings.poll_timeout_ms}ms. Latest messages: ${this.messages.join(" ")}`;
  }

  finish(end) {
    this.end = end;
    if (end.error && this.type === "export" && this.m.settings.lock_after_error) this.m.settings.locked = "export";
  }

  async #carryOut() {
    const planned = this.m.settings[`${this.type}_error`];
    try {
      if (planned) throw new Error(planned);
      this.finish({ result: await this.work(this) });
    } catch (e) {
      this.finish({ error: e.message === "cancelled" ? this.lateMessage() : e.message });
    }
  }

  // Somebody asks. So many answers say `active` before anything is done, so that a test knows what it will see.
  async poll(ctx) {
    if (this.isOver()) return;
    this.polled = Date.now();
    if (this.left > 0) {
      this.left--;
      return;
    }
    if (!this.running) {
      this.running = true;
      ctx.waitUntil(this.#carryOut());
    }
    for (const until = Date.now() + WAIT_MS; !this.end && Date.now() < until;) await scheduler.wait(5);
  }

  answer(result = this.end?.result) {
    if (this.end?.error) return failed(this.m, this.type, this.end.error, this);
    const status = this.end ? "complete" : "active";
    const body = { success: true, type: this.type, at_bookmark: this.at, status, messages: this.messages };
    return envelope(this.end ? 200 : 202, { result: { ...body, ...result } });
  }
}

// What blocks the database: "import", "export" or null.
export function blockedBy(m) {
  if (m.settings.locked) return m.settings.locked;
  return m.job && !m.job.isOver() ? m.job.type : null;
}

export const blockedMessage = (type) => `Currently processing a long-running ${type}.`;

function failed(m, type, error, job) {
  const shape = m.settings.failures;
  if (shape === "http") return refused(error);
  const result = { success: shape === "status", type, messages: job?.messages ?? [], error, errors: [error] };
  if (shape !== "success") result.status = "error";
  if (job) result.at_bookmark = job.at;
  return envelope(200, { result });
}

function cannotBegin(m, type) {
  const by = blockedBy(m);
  if (!by) return null;
  const start = type === "import" ? "another import" : "a new export";
  return failed(m, type, blockedMessage(by) + (by === type ? ` Cannot start ${start} until that completes or times out.` : ""));
}

// What a call made is its own: a later one needs a stub of its own too.
const stub = (uuid) => env.D1.get(env.D1.idFromName(uuid));

// ---- import

export async function importCall(db, request, ctx) {
  const m = memory(db.uuid);
  const body = await request.json().catch(() => null);
  switch (body?.action) {
    case "init": return importInit(db, m, body, new URL(request.url).origin, ctx);
    case "ingest": return importIngest(db, m, body, ctx);
    case "poll": return importPoll(m, body, ctx);
    default: return failure(400, 7400, "The request is malformed: 'action' must be one of 'init', 'ingest', 'poll'");
  }
}

function importInit(db, m, { etag }, origin, ctx) {
  if (!/^[0-9a-f]{32}$/.test(etag)) return failure(400, 7400, "The request is malformed: 'etag' must be an MD5 hash");
  const blocked = cannotBegin(m, "import");
  if (blocked) return blocked;
  const known = [...uploads.values()].find((u) => u.uuid === db.uuid && u.md5 === etag);
  if (known && m.settings.import_reuse) return importBegin(db, m, known, ctx);
  const id = crypto.randomUUID();
  const filename = `${db.uuid}.${id}.sql`;
  uploads.set(id, { id, uuid: db.uuid, filename, etag });
  return envelope(200, { result: { filename, upload_url: `${origin}/rig/upload/${id}` } });
}

function importIngest(db, m, { filename, etag }, ctx) {
  const blocked = cannotBegin(m, "import");
  if (blocked) return blocked;
  const upload = [...uploads.values()].find((u) => u.filename === filename && u.uuid === db.uuid);
  if (!upload || !upload.md5 || upload.md5 !== etag) return failed(m, "import", `Input file ${filename} missing or invalid`);
  return importBegin(db, m, upload, ctx);
}

async function importBegin(db, m, upload, ctx) {
  m.job = new Job(m, "import", m.settings.import_active ?? (upload.bytes > LARGE ? 2 : 0), async () => {
    const result = await stub(db.uuid).import(db.uuid, upload.id);
    return { result: { final_bookmark: tellBookmark(m), ...result } };
  });
  await m.job.poll(ctx);
  return tellEnd(m, m.job);
}

async function importPoll(m, { current_bookmark }, ctx) {
  const job = m.job;
  if (job?.type !== "import") return failed(m, "import", "Not currently importing anything.");
  if (job.at !== current_bookmark) return failed(m, "import", `Not currently import at bookmark ${current_bookmark}`);
  await job.poll(ctx);
  return tellEnd(m, job);
}

// The end of an import is told once.
function tellEnd(m, job) {
  if (job.end && m.job === job) m.job = null;
  return job.answer();
}

// ---- export

export async function exportCall(db, request, ctx) {
  const m = memory(db.uuid);
  const body = await request.json().catch(() => null);
  const origin = new URL(request.url).origin;
  if (typeof body?.current_bookmark === "string") return exportPoll(m, body.current_bookmark, origin, ctx);
  if (body?.output_format !== "polling") return failure(400, 7400, "The request is malformed: 'output_format' must be 'polling'");
  const blocked = cannotBegin(m, "export");
  if (blocked) return blocked;

  const { no_schema: noSchema, no_data: noData, tables } = body.dump_options ?? {};
  const blob = crypto.randomUUID();
  const filename = `${db.name}-${blob.slice(0, 8)}.sql`;
  m.job = new Job(m, "export", m.settings.export_active, async (job) => {
    await stub(db.uuid).export(db.uuid, blob, { noSchema, noData, tables });
    job.messages.push("Uploaded part 1");
    return { blob, filename };
  });
  m.job.messages.push(`Generating ${filename}`);
  return exportPoll(m, m.job.at, origin, ctx);
}

async function exportPoll(m, bookmark, origin, ctx) {
  // One that is complete can be asked for again, which makes a fresh address of the same file.
  const job = [m.job, m.exported].find((j) => j?.type === "export" && j.at === bookmark);
  if (!job) return failed(m, "export", "Not currently exporting anything.");
  await job.poll(ctx);
  if (!job.end) return job.answer();
  if (m.job === job) m.job = null;
  if (job.end.error) return job.answer();
  m.exported = job;
  const { filename, blob } = job.end.result;
  const id = crypto.randomUUID();
  exports.set(id, { blob, until: Date.now() + m.settings.export_ttl_ms });
  const result = { filename, signed_url: `${origin}/rig/export/${id}/${filename}` };
  return job.answer(m.settings.export_url === "flat" ? result : { result });
}

// ---- files, without a token

export async function fileCall(request, [what, id]) {
  if (request.headers.has("authorization")) return xmlError(400, "InvalidArgument", "Only one auth mechanism allowed");
  if (what === "upload" && request.method === "PUT" && uploads.has(id)) return takeUpload(request, uploads.get(id));
  if (what === "export" && request.method === "GET" && exports.has(id)) {
    const { blob, until } = exports.get(id);
    if (Date.now() >= until) return xmlError(403, "ExpiredRequest", "Request has expired");
    return env.NODE.fetch(`http://node/blob/${blob}`);
  }
  return xmlError(404, "NoSuchKey", "The specified key does not exist.");
}

async function takeUpload(request, upload) {
  if (!request.headers.has("content-length")) return xmlError(411, "MissingContentLength", "Content-Length is required");
  const stored = await env.NODE.fetch(`http://node/blob/${upload.id}`, { method: "PUT", body: request.body });
  if (!stored.ok) return xmlError(400, "IncompleteBody", await stored.text());
  Object.assign(upload, await stored.json()); // md5, bytes
  if (upload.bytes !== Number(request.headers.get("content-length"))) return xmlError(400, "IncompleteBody", "Content-Length");
  return new Response(null, { headers: { etag: `"${upload.md5}"` } });
}
