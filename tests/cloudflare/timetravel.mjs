// Time Travel: bookmarks, and databases that become what they were. The copies are node's: files.mjs.

import { env } from "cloudflare:workers";
import { envelope, failure } from "./answers.mjs";
import { bookmarkAt, memory, tellBookmark, wasWritten } from "./memory.mjs";

// The bookmark for ?timestamp=, or a failure's message.
function atTimestamp(m, text) {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) return { error: `Invalid timestamp: ${text}` };
  if (ms > Date.now()) return { error: "Invalid timestamp: it is in the future" };
  return { bookmark: bookmarkAt(m, ms) };
}

export function getBookmark(db, query) {
  const m = memory(db.uuid);
  const { bookmark, error } = query.has("timestamp") ? atTimestamp(m, query.get("timestamp")) : { bookmark: tellBookmark(m) };
  return error ? failure(400, 7400, error) : envelope(200, { result: { bookmark } });
}

export async function restore(db, query) {
  const m = memory(db.uuid);
  const wanted = query.has("bookmark") ? { bookmark: query.get("bookmark") } : atTimestamp(m, query.get("timestamp") ?? "");
  if (wanted.error) return failure(400, 7400, wanted.error);
  const where = `http://node/copy/${db.uuid}/${encodeURIComponent(wanted.bookmark)}`;

  const previous = tellBookmark(m);
  await db.stub.keep(db.uuid);
  if (!(await env.NODE.fetch(where, { method: "HEAD" })).ok) return failure(400, 7400, `Invalid bookmark: ${wanted.bookmark}`);
  m.job?.abandon();
  m.job = null;
  await db.stub.reset().catch(() => {});
  const done = await env.NODE.fetch(where, { method: "POST" });
  if (!done.ok) return failure(500, 7500, await done.text());
  wasWritten(m);
  const message = `Database restored to bookmark ${wanted.bookmark}. To undo this operation, you can restore to the previous bookmark: ${previous}`;
  return envelope(200, { result: { bookmark: tellBookmark(m), previous_bookmark: previous, message } });
}
