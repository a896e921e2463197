// The part of Cloudflare's REST API that d1keep speaks, in front of miniflare's real D1 databases.
//
// miniflare offers D1 to a Worker through a binding whose API (`prepare().raw()`) loses the columns of an empty answer and
// does not return them per batch. Below it lies one Durable Object per database that runs an array of statements in ONE
// transaction and answers columns and rows: POST /query?resultsFormat=ROWS_AND_COLUMNS. A binding whose name starts with
// `__D1_BETA__` is a plain fetcher to that object (miniflare keeps it for old wranglers), so rig.mjs names them so.

import { split } from "./split.mjs";

const JSON_TYPE = { "content-type": "application/json" };

// How often each database was written since the rig started: the rig's bookmarks. workerd's own local bookmarks move on
// reads; total_changes() does not count DDL. All writes pass through here, so counting them here is exact.
const writes = new Map();

export default {
  async fetch(request, env) {
    try {
      return await route(request, env);
    } catch (e) {
      return failure(500, 7500, `rig: ${e?.stack ?? e}`);
    }
  },
};

function envelope(status, body) {
  return new Response(JSON.stringify({ success: status < 400, errors: [], messages: [], ...body }), { status, headers: JSON_TYPE });
}

function failure(status, code, message) {
  return envelope(status, { errors: [{ code, message }], result: status === 400 ? [] : null });
}

async function route(request, env) {
  const rig = env.RIG;
  const url = new URL(request.url);
  const notFound = () => failure(404, 7003, `Could not route to ${url.pathname}, perhaps your object identifier is invalid?`);

  if (!url.pathname.startsWith(`${rig.base_path}/`)) return notFound();
  const auth = request.headers.get("authorization");
  if (auth === null) return failure(401, 10000, "Authentication error");
  if (auth !== `Bearer ${rig.token}`) return failure(403, 10000, "Authentication error");

  const path = url.pathname.slice(rig.base_path.length + 1).split("/").map(decodeURIComponent);
  const [accounts, account, d1, database, key, ...rest] = path;
  if (accounts !== "accounts" || account !== rig.account_id || d1 !== "d1" || database !== "database") return notFound();
  const verb = rest.join("/");
  if (!key) return request.method === "GET" ? list(rig, url.searchParams) : notFound();

  const index = rig.databases.findIndex((d) => d.uuid === key || d.name === key);
  if (index < 0) return failure(404, 7404, `The database ${key} could not be found`);
  const db = { ...rig.databases[index], stub: env[`__D1_BETA__${index}`] };

  switch (`${request.method} ${verb}`) {
    case "GET ": return getOne(rig, db, url.searchParams);
    case "POST raw": return run(db, await request.json(), "ROWS_AND_COLUMNS");
    case "POST query": return run(db, await request.json(), "ARRAY_OF_OBJECTS");
    case "GET time_travel/bookmark": return envelope(200, { result: { bookmark: bookmark(rig, db) } });
    default: return notFound();
  }
}

// ---- the databases themselves

function describe(rig, db) {
  return { uuid: db.uuid, name: db.name, created_at: rig.created_at, version: "production", jurisdiction: null };
}

function list(rig, query) {
  const page = Number(query.get("page") ?? 1);
  const perPage = Number(query.get("per_page") ?? 100);
  const name = query.get("name");
  const all = rig.databases.filter((d) => name === null || d.name.includes(name));
  const result = all.slice((page - 1) * perPage, page * perPage).map((d) => describe(rig, d));
  return envelope(200, { result, result_info: { page, per_page: perPage, count: result.length, total_count: all.length } });
}

async function getOne(rig, db, query) {
  const sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, 4) <> '_cf_'";
  const [answer] = await (await ask(db, [{ sql }], "ROWS_AND_COLUMNS")).json();
  const result = { ...describe(rig, db), num_tables: answer.results.rows[0][0], file_size: answer.meta.size_after,
    running_in_region: "WEUR", read_replication: { mode: "disabled" } };
  const fields = query.get("fields")?.split(",");
  return envelope(200, { result: fields ? Object.fromEntries(Object.entries(result).filter(([k]) => fields.includes(k))) : result });
}

// Like Cloudflare's: 8-8-8-32 hex digits that sort by age. The first group is the rig's start, as the count begins anew then.
function bookmark(rig, db) {
  const hex = (n) => n.toString(16).padStart(8, "0");
  return `${hex(rig.started_at)}-${hex(writes.get(db.uuid) ?? 0)}-00004c60-${db.uuid.replaceAll("-", "")}`;
}

// ---- running SQL

function ask(db, queries, format) {
  return db.stub.fetch(`http://d1/query?resultsFormat=${format}`, { method: "POST", headers: JSON_TYPE, body: JSON.stringify(queries) });
}

async function run(db, body, format) {
  const given = Array.isArray(body?.batch) ? body.batch : [body];
  if (!given.every((q) => typeof q?.sql === "string")) return failure(400, 7400, "The request is malformed: sql must be a string");
  const queries = given.flatMap((q) => split(q.sql, q.params ?? []));
  if (queries.length === 0) return failure(400, 7500, "No SQL statements detected.");

  const answer = await ask(db, queries, format);
  if (!answer.ok) return failure(400, 7500, errorText(await answer.text()));

  // Pure reads, which can be many megabytes, pass through untouched.
  const reads = queries.every((q) => /^\s*(SELECT|VALUES|EXPLAIN)\b/i.test(q.sql));
  const text = await answer.text();
  if (!reads) countWrites(db, queries, JSON.parse(text));
  return new Response(`{"result":${text},"errors":[],"messages":[],"success":true}`, { headers: JSON_TYPE });
}

function errorText(text) {
  try {
    return JSON.parse(text).error;
  } catch {
    return text.split("\n")[0]; // a failing COMMIT (deferred foreign keys) ends as an internal error in plain text
  }
}

function countWrites(db, queries, results) {
  const wrote = results.some((r, i) => r.meta.rows_written > 0 || r.meta.changes > 0 || /^\s*(CREATE|DROP|ALTER|REINDEX|ANALYZE)\b/i.test(queries[i].sql));
  if (wrote) writes.set(db.uuid, (writes.get(db.uuid) ?? 0) + 1);
}
