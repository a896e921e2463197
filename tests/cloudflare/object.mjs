// A database: a Durable Object with SQLite storage, which is what D1 is: workerd's storage engine with its sandbox
// (authorizer, limits, one transaction per call). The object here replaces miniflare's own D1 object, because that one asks
// for a bookmark in every call, which locally is a write: total_changes() then moves on every read. Class name, unique key
// and folder are miniflare's, so the files on disk are the very files that wrangler makes.

import { DurableObject } from "cloudflare:workers";
import { dumpSql } from "./dumpSql.mjs"; // miniflare's, which is the real exporter's twin: rig.mjs cuts it out
import { bookmarkToKeep, memory, wasWritten } from "./memory.mjs";

const READS = /^(\s|--[^\n]*\n|\/\*.*?\*\/)*(SELECT|EXPLAIN|PRAGMA(?!\s+optimize))\b/is;
const DDL = /^\s*(CREATE|DROP|ALTER|REINDEX|ANALYZE)\b/i;
const EXPORT_PIECE = 1 << 18;

export class D1DatabaseObject extends DurableObject {
  // An array of {sql, params} in, an array of results out, all in one transaction.
  async fetch(request) {
    const { uuid, rows, queries } = await request.json();
    if (!queries.every(({ sql }) => READS.test(sql))) await this.keep(uuid);
    let wrote = false;
    const results = [];
    try {
      this.ctx.storage.transactionSync(() => {
        for (const { sql, params } of queries) {
          const answer = this.#run(sql, params, rows);
          wrote ||= answer.meta.rows_written > 0 || answer.meta.changes > 0 || DDL.test(sql);
          results.push(answer);
        }
      });
    } catch (e) {
      return new Response(e.message, { status: 400 });
    }
    if (wrote) wasWritten(memory(uuid));
    // In its envelope: nobody has to read all of a large answer again to put it there.
    return new Response(`{"result":${JSON.stringify(results)},"errors":[],"messages":[],"success":true}`);
  }

  #run(sql, params, asRows) {
    const db = this.ctx.storage.sql;
    const before = this.#state(), started = performance.now();

    const bound = params.map((p) => (Array.isArray(p) ? new Uint8Array(p).buffer : p));
    const cursor = db.exec(sql, ...bound);
    const columns = cursor.columnNames;
    const values = Array.from(cursor.raw(), (row) => row.map((v) => (v instanceof ArrayBuffer ? Array.from(new Uint8Array(v)) : v)));

    return {
      results: asRows ? { columns, rows: values } : values.map((row) => Object.fromEntries(columns.map((c, i) => [c, row[i]]))),
      success: true,
      meta: this.#meta(before, performance.now() - started, cursor),
    };
  }

  #state() {
    const db = this.ctx.storage.sql;
    return { ...db.exec("SELECT total_changes() AS changes, last_insert_rowid() AS last").one(), size: db.databaseSize };
  }

  #meta(before, duration, { rowsRead, rowsWritten }) {
    const after = this.#state();
    return {
      served_by: "v3-prod",
      served_by_region: "WEUR",
      served_by_colo: "TXL",
      served_by_primary: true,
      timings: { sql_duration_ms: duration },
      duration,
      changes: after.changes - before.changes,
      last_row_id: after.last,
      changed_db: after.changes !== before.changes || after.last !== before.last || after.size !== before.size,
      size_after: after.size,
      rows_read: rowsRead,
      rows_written: rowsWritten,
      total_attempts: 1,
    };
  }

  // Has a copy made of the database as it is, if somebody was told the bookmark of this state. What we ask of node leaves
  // only when everything written before is on the disk: that is the engine's output gate.
  async keep(uuid) {
    const bookmark = bookmarkToKeep(memory(uuid));
    if (!bookmark) return;
    const done = await this.env.NODE.fetch(`http://node/keep/${uuid}/${bookmark}`, { method: "POST" });
    if (done.status === 500) throw new Error(`rig: no copy: ${await done.text()}`);
  }

  // Carries out an uploaded file in one transaction, piece by piece, with the engine's own reader of SQL files. It asks
  // for no parameters, sees triggers whole, and leaves alone what has no semicolon. workerd gives a transaction 30 s.
  async import(uuid, upload) {
    const m = memory(uuid), job = m.job;
    await this.keep(uuid);
    const before = this.#state(), started = Date.now();
    const total = { statements: 0, rowsRead: 0, rowsWritten: 0 };
    await this.ctx.storage.transaction(async () => {
      const file = await this.env.NODE.fetch(`http://node/blob/${upload}`);
      const decoder = new TextDecoder();
      let rest = "";
      for await (const piece of file.body) {
        if (job.isLate()) throw new Error("cancelled");
        const done = this.ctx.storage.sql.ingest(rest + decoder.decode(piece, { stream: true }));
        rest = done.remainder;
        total.statements += done.statementCount;
        total.rowsRead += done.rowsRead;
        total.rowsWritten += done.rowsWritten;
        job.messages = [`Processed ${total.statements} queries.`];
      }
    });
    if (total.statements > 0) wasWritten(m);
    return { num_queries: total.statements, meta: this.#meta(before, Date.now() - started, total) };
  }

  // Writes Cloudflare's dump to a blob of node's.
  async export(uuid, blob, options) {
    const m = memory(uuid), job = m.job;
    const lines = dumpSql(this.ctx.storage.sql, options);
    const encoder = new TextEncoder();
    let failure, begun = false;
    const pull = (controller) => {
      try {
        if (job.isLate()) throw new Error("cancelled");
        let text = "";
        while (text.length < EXPORT_PIECE) {
          const { value, done } = lines.next();
          if (done) {
            controller.enqueue(encoder.encode(text + m.settings.export_end));
            return controller.close();
          }
          text += (begun ? "\n" : "") + value;
          begun = true;
        }
        controller.enqueue(encoder.encode(text));
      } catch (e) {
        failure = e;
        controller.error(e);
      }
    };
    try {
      await this.env.NODE.fetch(`http://node/blob/${blob}`, { method: "PUT", body: new ReadableStream({ pull }) });
    } catch (e) {
      throw failure ?? e;
    }
    if (failure) throw failure;
  }

  remove() {
    return this.ctx.storage.deleteAll();
  }

  reset() {
    this.ctx.abort("D1 DB reset because its code was updated.");
  }
}
