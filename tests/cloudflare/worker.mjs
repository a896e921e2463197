// The part of Cloudflare's REST API that d1keep speaks, and the databases behind it.
//
// A database is a Durable Object with SQLite storage, which is what D1 is: workerd's storage engine with its sandbox
// (authorizer, limits, one transaction per call). The object here replaces miniflare's own D1 object, because that one asks
// for a bookmark in every call, which locally is a write: total_changes() then moves on every read. Class name, unique key
// and folder are miniflare's, so the files on disk are the very files that wrangler makes.

import { DurableObject } from "cloudflare:workers";
import { split } from "./split.mjs";

const JSON_TYPE = { "content-type": "application/json" };

// How often each database was written since the rig started: the rig's bookmarks. Lives here, not in the object, which may
// be reset; total_changes() would not do, as it does not count DDL.
const writes = new Map();

// ---- a database: an array of {sql, params} in, an array of results out, all in one transaction

export class D1DatabaseObject extends DurableObject {
  async fetch(request) {
    const { uuid, rows, queries } = await request.json();
    let wrote = false;
    const results = [];
    try {
      this.ctx.storage.transactionSync(() => {
        for (const { sql, params } of queries) {
          const answer = this.#run(sql, params, rows);
          wrote ||= answer.meta.rows_written > 0 || answer.meta.changes > 0 || /^\s*(CREATE|DROP|ALTER|REINDEX|ANALYZE)\b/i.test(sql);
          results.push(answer);
        }
      });
    } catch (e) {
      return new Response(e.message, { status: 400 });
    }
    if (wrote) writes.set(uuid, (writes.get(uuid) ?? 0) + 1);
    return Response.json(results);
  }

  #run(sql, params, asRows) {
    const db = this.ctx.storage.sql;
    const state = () => db.exec("SELECT total_changes() AS changes, last_insert_rowid() AS last").one();
    const before = state(), size = db.databaseSize, started = performance.now();

    const bound = params.map((p) => (Array.isArray(p) ? new Uint8Array(p).buffer : p));
    const cursor = db.exec(sql, ...bound);
    const columns = cursor.columnNames;
    const values = Array.from(cursor.raw(), (row) => row.map((v) => (v instanceof ArrayBuffer ? Array.from(new Uint8Array(v)) : v)));

    const after = state(), duration = performance.now() - started;
    return {
      results: asRows ? { columns, rows: values } : values.map((row) => Object.fromEntries(columns.map((c, i) => [c, row[i]]))),
      success: true,
      meta: {
        served_by: "v3-prod",
        served_by_region: "WEUR",
        served_by_colo: "TXL",
        served_by_primary: true,
        timings: { sql_duration_ms: duration },
        duration,
        changes: after.changes - before.changes,
        last_row_id: after.last,
        changed_db: after.changes !== before.changes || after.last !== before.last || db.databaseSize !== size,
        size_after: db.databaseSize,
        rows_read: cursor.rowsRead,
        rows_written: cursor.rowsWritten,
        total_attempts: 1,
      },
    };
  }

  reset() {
    this.ctx.abort("D1 DB reset because its code was updated.");
  }
}

// ---- the REST paths

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
  return Response.json({ success: status < 400, errors: [], messages: [], ...body }, { status });
}

function failure(status, code, message) {
  return envelope(status, { errors: [{ code, message }], result: status === 400 ? [] : null });
}

async function route(request, env) {
  const rig = env.RIG;
  const url = new URL(request.url);
  const nowhere = () => failure(404, 7003, `Could not route to ${url.pathname}, perhaps your object identifier is invalid?`);

  if (!url.pathname.startsWith(`${rig.base_path}/`)) return nowhere();
  const auth = request.headers.get("authorization");
  if (auth === null) return failure(401, 10000, "Authentication error");
  if (auth !== `Bearer ${rig.token}`) return failure(403, 10000, "Authentication error");

  const path = url.pathname.slice(rig.base_path.length + 1).split("/").map(decodeURIComponent);
  const [accounts, account, d1, database, key, ...rest] = path;
  if (accounts !== "accounts" || account !== rig.account_id || d1 !== "d1" || database !== "database") return nowhere();
  if (!key) return request.method === "GET" ? list(rig, url.searchParams) : nowhere();

  const found = rig.databases.find((d) => d.uuid === key || d.name === key);
  if (!found) return failure(404, 7404, `The database ${key} could not be found`);
  const db = { ...found, stub: env.D1.get(env.D1.idFromName(found.uuid)) };

  switch (`${request.method} ${rest.join("/")}`) {
    case "GET ": return getOne(rig, db, url.searchParams);
    case "POST raw": return run(db, request, true);
    case "POST query": return run(db, request, false);
    case "GET time_travel/bookmark": return envelope(200, { result: { bookmark: bookmark(rig, db) } });
    case "POST rig/reset": return db.stub.reset().then(nowhere, (e) => envelope(200, { result: e.message })); // ours: see README.md
    default: return nowhere();
  }
}

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
  const [answer] = await (await ask(db, [{ sql, params: [] }], true)).json();
  const result = {
    ...describe(rig, db),
    num_tables: answer.results.rows[0][0],
    file_size: answer.meta.size_after,
    running_in_region: "WEUR",
    read_replication: { mode: "disabled" },
  };
  const fields = query.get("fields")?.split(",");
  return envelope(200, { result: fields ? Object.fromEntries(Object.entries(result).filter(([k]) => fields.includes(k))) : result });
}

// Like Cloudflare's: 8-8-8-32 hex digits that sort by age. The first group is the rig's start, as the count begins anew then.
function bookmark(rig, db) {
  const hex = (n) => n.toString(16).padStart(8, "0");
  return `${hex(rig.started_at)}-${hex(writes.get(db.uuid) ?? 0)}-00004c60-${db.uuid.replaceAll("-", "")}`;
}

function ask(db, queries, rows) {
  return db.stub.fetch("http://d1/", { method: "POST", headers: JSON_TYPE, body: JSON.stringify({ uuid: db.uuid, rows, queries }) });
}

async function run(db, request, rows) {
  const body = await request.json().catch(() => null);
  const given = Array.isArray(body?.batch) ? body.batch : [body];
  if (!given.every((q) => typeof q?.sql === "string")) return failure(400, 7400, "The request is malformed: 'sql' must be a string");
  const queries = given.flatMap((q) => split(q.sql, q.params ?? []));
  if (queries.length === 0) return failure(400, 7500, "No SQL statements detected.");

  let answer;
  try {
    answer = await ask(db, queries, rows);
  } catch (e) {
    return failure(400, 7500, e.message); // the engine itself refused: a deferred foreign key at COMMIT, memory, a reset
  }
  const text = await answer.text();
  if (!answer.ok) return failure(400, 7500, text);
  return new Response(`{"result":${text},"errors":[],"messages":[],"success":true}`, { headers: JSON_TYPE });
}
