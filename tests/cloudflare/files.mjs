// What the worker cannot do itself, as it has no disk: files that are uploaded and exported, and copies of databases under
// their bookmarks. The worker calls it by a binding (NODE); nobody else can.

import { execFile } from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { Response } from "miniflare";

const run = promisify(execFile);

// Where wrangler puts the database with this ID: workerd's hash of the object's class and name.
function databaseFile(dir, uuid) {
  const hmac = (key, data) => crypto.createHmac("sha256", key).update(data).digest();
  const key = crypto.createHash("sha256").update("miniflare-D1DatabaseObject").digest();
  const head = hmac(key, uuid).subarray(0, 16);
  const id = Buffer.concat([head, hmac(key, head).subarray(0, 16)]).toString("hex");
  return path.join(dir, "v3", "d1", "miniflare-D1DatabaseObject", `${id}.sqlite`);
}

const size = (file) => fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;

// SQLite's own backup, which reads and writes beside the engine under the same locks.
const sqlite = (file, command) => run("sqlite3", ["-bail", "-cmd", ".timeout 10000", file, command]);

export class Files {
  constructor(dir, copyMaxBytes) {
    if (/["\n]/.test(dir)) throw new Error(`a folder of this name cannot be used: ${dir}`);
    this.dir = dir;
    this.copyMaxBytes = copyMaxBytes;
    this.own = path.join(dir, "rig");
    this.list = path.join(this.own, "databases.json");
    this.copying = new Map(); // path → promise
    fs.mkdirSync(path.join(this.own, "blobs"), { recursive: true });
  }

  // The databases of an earlier run in the same folder.
  databases() {
    return fs.existsSync(this.list) ? JSON.parse(fs.readFileSync(this.list, "utf8")) : null;
  }

  handle = async (request) => {
    const [what, ...names] = new URL(request.url).pathname.slice(1).split("/").map(decodeURIComponent);
    if (names.some((name) => !/^[\w-]+$/.test(name))) return new Response("no such name", { status: 404 });
    try {
      switch (`${request.method} ${what}`) {
        case "PUT databases": return this.#remember(await request.text());
        case "PUT blob": return await this.#put(this.#blob(names[0]), request.body);
        case "GET blob": return this.#get(this.#blob(names[0]));
        case "POST keep": return await this.#keep(...names);
        case "HEAD copy": return new Response(null, { status: fs.existsSync(this.#copy(...names)) ? 200 : 404 });
        case "POST copy": return await this.#restore(...names);
        default: return new Response(null, { status: 404 });
      }
    } catch (e) {
      return new Response(String(e.stderr || e.message), { status: 500 });
    }
  };

  #blob(id) { return path.join(this.own, "blobs", id); }
  #copy(uuid, bookmark) { return path.join(this.own, "copies", uuid, `${bookmark}.sqlite`); }

  #remember(text) {
    fs.writeFileSync(this.list, text);
    return new Response("ok");
  }

  async #put(file, body) {
    const md5 = crypto.createHash("md5");
    let bytes = 0;
    const count = new Transform({
      transform(piece, _, next) {
        md5.update(piece);
        bytes += piece.length;
        next(null, piece);
      },
    });
    await pipeline(body ? Readable.fromWeb(body) : Readable.from([]), count, fs.createWriteStream(`${file}.part`));
    fs.renameSync(`${file}.part`, file);
    return Response.json({ md5: md5.digest("hex"), bytes });
  }

  #get(file) {
    if (!fs.existsSync(file)) return new Response(null, { status: 404 });
    const headers = { "content-type": "application/octet-stream", "content-length": String(size(file)) };
    return new Response(Readable.toWeb(fs.createReadStream(file, { highWaterMark: 1 << 20 })), { headers });
  }

  async #keep(uuid, bookmark) {
    const from = databaseFile(this.dir, uuid), to = this.#copy(uuid, bookmark);
    if (fs.existsSync(to)) return new Response("kept");
    if (size(from) + size(`${from}-wal`) > this.copyMaxBytes) return new Response("too large", { status: 413 });
    if (!this.copying.has(to)) this.copying.set(to, this.#backup(from, to).finally(() => this.copying.delete(to)));
    await this.copying.get(to);
    return new Response("kept");
  }

  async #backup(from, to) {
    fs.mkdirSync(path.dirname(to), { recursive: true });
    await sqlite(from, `.backup "${to}.part"`);
    fs.renameSync(`${to}.part`, to);
  }

  async #restore(uuid, bookmark) {
    await sqlite(databaseFile(this.dir, uuid), `.restore "${this.#copy(uuid, bookmark)}"`);
    return new Response("restored");
  }
}
