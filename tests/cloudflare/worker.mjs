// The part of Cloudflare's REST API that d1keep speaks. The databases behind it are in object.mjs.

import { env } from "cloudflare:workers";
import { envelope, failure, refused } from "./answers.mjs";
import { databases, forget, memory, setDatabases, setSettings } from "./memory.mjs";
import { split } from "./split.mjs";
import { getBookmark, restore } from "./timetravel.mjs";
import { blockedBy, blockedMessage, exportCall, fileCall, importCall } from "./transfer.mjs";

export { D1DatabaseObject } from "./object.mjs";

const rig = env.RIG;

export default {
  async fetch(request, _, ctx) {
    try {
      return await route(request, ctx);
    } catch (e) {
      return failure(500, 7500, `rig: ${e?.stack ?? e}`);
    }
  },
};

async function route(request, ctx) {
  const url = new URL(request.url);
  const query = url.searchParams;
  const nowhere = () => failure(404, 7003, `Could not route to ${url.pathname}, perhaps your object identifier is invalid?`);

  if (url.pathname.startsWith("/rig/")) return fileCall(request, url.pathname.split("/").slice(2));
  if (!url.pathname.startsWith(`${rig.base_path}/`)) return nowhere();
  const auth = request.headers.get("authorization");
  if (auth === null) return failure(401, 10000, "Authentication error");
  if (auth !== `Bearer ${rig.token}`) return failure(403, 10000, "Authentication error");

  const path = url.pathname.slice(rig.base_path.length + 1).split("/").map(decodeURIComponent);
  const [accounts, account, d1, database, key, ...rest] = path;
  if (accounts !== "accounts" || account !== rig.account_id) return nowhere();
  if (`${request.method} ${d1}/${database}` === "GET r2/buckets" && !key) return listBuckets(query);
  if (d1 !== "d1" || database !== "database") return nowhere();
  if (!key && request.method === "GET") return list(query);
  if (!key) return request.method === "POST" ? create(request) : nowhere();

  const found = databases.find((d) => d.uuid === key || d.name === key);
  if (!found) return failure(404, 7404, `The database ${key} could not be found`);
  const db = { ...found, stub: env.D1.get(env.D1.idFromName(found.uuid)) };

  switch (`${request.method} ${rest.join("/")}`) {
    case "GET ": return getOne(db, query);
    case "DELETE ": return remove(db);
    case "POST raw": return unlessBlocked(db, () => run(db, request, true));
    case "POST query": return unlessBlocked(db, () => run(db, request, false));
    case "GET time_travel/bookmark": return unlessBlocked(db, () => getBookmark(db, query));
    case "POST time_travel/restore": return restore(db, query);
    case "POST import": return importCall(db, request, ctx);
    case "POST export": return exportCall(db, request, ctx);
    // Ours: see README.md.
    case "POST rig/reset": return db.stub.reset().then(nowhere, (e) => envelope(200, { result: e.message }));
    case "POST rig/set": return envelope(200, { result: setSettings(memory(db.uuid), await request.json()) });
    default: return nowhere();
  }
}

function unlessBlocked(db, answer) {
  const by = blockedBy(memory(db.uuid));
  return by ? refused(blockedMessage(by)) : answer();
}

function describe(db) {
  return { uuid: db.uuid, name: db.name, created_at: db.created_at ?? rig.created_at, version: "production", jurisdiction: db.jurisdiction ?? null };
}

function list(query) {
  const page = Number(query.get("page") ?? 1);
  const perPage = Number(query.get("per_page") ?? 100);
  const name = query.get("name");
  const all = databases.filter((d) => name === null || d.name.includes(name));
  const result = all.slice((page - 1) * perPage, page * perPage).map(describe);
  return envelope(200, { result, result_info: { page, per_page: perPage, count: result.length, total_count: all.length } });
}

function listBuckets(query) {
  const perPage = Number(query.get("per_page") ?? 20);
  const from = rig.buckets.indexOf(query.get("cursor")) + 1;
  const page = rig.buckets.slice(from, from + perPage);
  const cursor = from + perPage < rig.buckets.length ? page.at(-1) : "";
  return envelope(200, { result: { buckets: page.map((name) => ({ name, creation_date: rig.created_at })) }, result_info: { cursor, per_page: perPage } });
}

const LOCATIONS = [undefined, null, "wnam", "enam", "weur", "eeur", "apac", "oc"];
const JURISDICTIONS = [undefined, null, "eu", "fedramp", "us"];

async function create(request) {
  const { name, primary_location_hint: location, jurisdiction } = await request.json().catch(() => ({}));
  if (typeof name !== "string" || !name || !LOCATIONS.includes(location) || !JURISDICTIONS.includes(jurisdiction))
    return failure(400, 7400, "The request is malformed: 'name', 'primary_location_hint' or 'jurisdiction'");
  if (databases.some((d) => d.name === name)) return failure(400, 7502, "A database with that name already exists");
  const db = { name, uuid: crypto.randomUUID(), created_at: new Date().toISOString(), jurisdiction };
  await setDatabases([...databases, db]);
  return envelope(200, { result: { ...describe(db), num_tables: 0, file_size: 0, running_in_region: (location ?? "weur").toUpperCase() } });
}

async function remove(db) {
  await db.stub.remove();
  forget(db.uuid);
  await setDatabases(databases.filter((d) => d.uuid !== db.uuid));
  return envelope(200, { result: null });
}

async function getOne(db, query) {
  const sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, 4) <> '_cf_'";
  const { result: [answer] } = await (await ask(db, [{ sql, params: [] }], true)).json();
  const result = {
    ...describe(db),
    num_tables: answer.results.rows[0][0],
    file_size: answer.meta.size_after,
    running_in_region: "WEUR",
    read_replication: { mode: "disabled" },
  };
  const fields = query.get("fields")?.split(",");
  return envelope(200, { result: fields ? Object.fromEntries(Object.entries(result).filter(([k]) => fields.includes(k))) : result });
}

function ask(db, queries, rows) {
  return db.stub.fetch("http://d1/", { method: "POST", body: JSON.stringify({ uuid: db.uuid, rows, queries }) });
}

async function run(db, request, rows) {
  const body = await request.json().catch(() => null);
  const given = Array.isArray(body?.batch) ? body.batch : [body];
  if (!given.every((q) => typeof q?.sql === "string")) return failure(400, 7400, "The request is malformed: 'sql' must be a string");
  const queries = given.flatMap((q) => split(q.sql, q.params ?? []));
  if (queries.length === 0) return refused("No SQL statements detected.");

  let answer;
  try {
    answer = await ask(db, queries, rows);
  } catch (e) {
    return refused(e.message); // the engine itself refused: a deferred foreign key at COMMIT, memory, a reset
  }
  if (!answer.ok) return refused(await answer.text());
  return new Response(answer.body, { headers: { "content-type": "application/json" } });
}
