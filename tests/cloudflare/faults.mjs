#!/usr/bin/env node
// A proxy in front of the rig (API and S3 alike) that misbehaves on request. The Host header and the path go through
// unchanged, so a signature made for the proxy's address holds: miniflare checks it against the Host header it sees.
//
// Control, on a port of its own:
//   POST   /faults  {"match": "^POST .*/raw", "body": "…", "kind": "429", "times": 1, "skip": 0, …}   add one
//   DELETE /faults        forget all, and let go what is stalled
//   GET    /log           the requests seen: one JSON line each {method, path, status, fault, body_bytes, answer_bytes}
//   DELETE /log
// README.md lists the kinds.

import fs from "node:fs";
import http from "node:http";
import https from "node:https";
import { setTimeout as wait } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { options, stopWhenToldOrAlone, writeReady } from "./process.mjs";

const given = options({
  rig: { type: "string" }, // the rig's ready file
  ready: { type: "string" },
  leash: { type: "string" },
});
const rig = JSON.parse(fs.readFileSync(given.rig, "utf8"));
const secure = rig.https_key !== undefined;
const transport = secure ? https : http;

let faults = [];
let log = [];

// ---- the rig behind us

// Sends a request on and returns the whole answer. The connection may break while we still send, after an early refusal:
// then the answer counts.
function forward(method, path, rawHeaders, body) {
  return new Promise((resolve, reject) => {
    const request = transport.request({
      host: "127.0.0.1", port: rig.port, method, path, headers: rawHeaders, setHost: false, agent: false, rejectUnauthorized: false,
    });
    request.on("response", (answer) => {
      collect(answer).then((bytes) => resolve({ status: answer.statusCode, headers: answer.rawHeaders, bytes }), reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function collect(stream) {
  const pieces = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function writeToDatabase({ db, sql }) {
  const path = `${new URL(rig.api).pathname}/accounts/${rig.account_id}/d1/database/${db}/query`;
  const headers = ["host", `127.0.0.1:${rig.port}`, "authorization", `Bearer ${rig.token}`, "content-type", "application/json"];
  const answer = await forward("POST", path, headers, JSON.stringify({ sql }));
  if (answer.status !== 200) console.error(`faults: hook: ${answer.bytes}`);
}

// ---- faults

// Every matching `hook` and at most one other fault apply to a request. Each counts its own matches.
function faultsFor(line, body) {
  const due = faults.filter((f) => f.regex.test(line) && (!f.bodyRegex || f.bodyRegex.test(body)) && f.seen++ >= f.skip && f.times !== 0);
  const chosen = [...due.filter((f) => f.kind === "hook"), ...due.filter((f) => f.kind !== "hook").slice(0, 1)];
  for (const f of chosen) if (f.times > 0) f.times--;
  return chosen;
}

const KINDS = ["429", "500", "503", "answer", "html", "cut", "slow", "stall", "drop", "lost-ok", "lost-delete", "patch", "hook"];

function addFault(text) {
  const f = { match: "", times: 1, skip: 0, seen: 0, ...JSON.parse(text) };
  if (!KINDS.includes(f.kind)) throw new Error(`unknown kind '${f.kind}'; known: ${KINDS.join(" ")}`);
  faults.push({ ...f, regex: new RegExp(f.match), bodyRegex: f.body && new RegExp(f.body) });
}

// An error answer in the words of whom it stands in for: Cloudflare's API (JSON) or S3 (XML).
function errorAnswer(fault, path) {
  const status = fault.status ?? Number(fault.kind);
  const headers = { ...fault.headers };
  if (status === 429) headers["retry-after"] = String(fault.retry_after ?? 1);
  if (fault.text !== undefined) return { status, headers: { "content-type": "text/plain", ...headers }, bytes: fault.text };
  if (/^\/(cdn-cgi|rig)\//.test(path)) {
    const code = fault.code ?? { 429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable" }[status] ?? "InternalError";
    const xml = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${fault.message ?? "injected by the fault proxy"}</Message></Error>`;
    return { status, headers: { "content-type": "application/xml", ...headers }, bytes: xml };
  }
  const known = { 429: [971, "Please wait and consider throttling your request speed"], 503: [7009, "Upstream service unavailable"] };
  const [code, message] = known[status] ?? [7500, "Internal error in D1 DB storage caused object to be reset."];
  const json = { success: false, errors: [{ code: fault.code ?? code, message: fault.message ?? message }], messages: [], result: [] };
  return { status, headers: { "content-type": "application/json", ...headers }, bytes: JSON.stringify(json) };
}

// The rig's own answer with parts of it replaced, or taken away where the new value is null: its JSON, deeply, and headers.
// With `at`, only so many bytes of it, under an honest length.
function patched({ status, json, headers = {}, at }, answer) {
  if (json !== undefined && answer.bytes[0] === 0x1f) {
    answer.bytes = gunzipSync(answer.bytes);
    headers = { "content-encoding": null, ...headers };
  }
  const kept = [];
  for (let i = 0; i < answer.headers.length; i += 2)
    if (!(answer.headers[i].toLowerCase() in headers)) kept.push(answer.headers[i], answer.headers[i + 1]);
  kept.push(...Object.entries(headers).filter(([, value]) => value !== null).flat());
  const bytes = json === undefined ? answer.bytes : Buffer.from(JSON.stringify(merge(JSON.parse(answer.bytes), json)));
  return { status: status ?? answer.status, headers: kept, bytes: bytes.subarray(0, at) };
}

function merge(old, given) {
  if (given === null || typeof given !== "object" || Array.isArray(given)) return given;
  const merged = { ...old };
  for (const [key, value] of Object.entries(given)) {
    if (value === null) delete merged[key];
    else merged[key] = merge(merged[key], value);
  }
  return merged;
}

// What R2 has said of objects that it kept: each of those that DeleteObjects named was deleted.
function allDeleted(body) {
  const keys = String(body).match(/<Key>.*?<\/Key>/gs) ?? [];
  const xml = `<?xml version="1.0" encoding="UTF-8"?><DeleteResult>${keys.map((key) => `<Deleted>${key}</Deleted>`).join("")}</DeleteResult>`;
  return { status: 200, headers: { "content-type": "application/xml" }, bytes: xml };
}

const HTML = "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking your browser</body></html>\n";

async function answerWith(fault, request, response, body, entry) {
  const send = ({ status, headers, bytes }) => {
    entry.status = status;
    entry.answer_bytes = bytes.length;
    const list = Array.isArray(headers) ? headers : Object.entries(headers).flat();
    response.writeHead(status, withLength(list, request.method, status, bytes));
    return response;
  };
  const really = () => forward(request.method, request.url, request.rawHeaders, body);

  switch (fault?.kind) {
    case undefined: {
      const answer = await really();
      return send(answer).end(answer.bytes);
    }
    case "429": case "500": case "503": case "answer": {
      const answer = errorAnswer(fault, request.url);
      return send(answer).end(answer.bytes);
    }
    case "html":
      return send({ status: fault.status ?? 200, headers: { "content-type": "text/html; charset=UTF-8", ...fault.headers }, bytes: HTML }).end(HTML);
    case "drop":
      return reset(request.socket);
    case "lost-ok":
      entry.rig_status = (await really()).status;
      return request.socket.destroy();
    case "lost-delete": {
      const answer = request.method === "DELETE" ? { status: 204, headers: {}, bytes: "" } : allDeleted(body);
      return send(answer).end(answer.bytes);
    }
    case "stall":
      return; // until the client gives up, or DELETE /faults, or our end
    case "cut": { // the right Content-Length, but only half of it (or the first `at` bytes), then a reset
      const answer = await really();
      send(answer).write(answer.bytes.subarray(0, fault.at ?? answer.bytes.length >> 1));
      await wait(fault.delay_ms ?? 50); // or the reset overtakes the bytes
      return reset(request.socket);
    }
    case "patch": {
      const answer = patched(fault, await really());
      return send(answer).end(answer.bytes);
    }
    case "slow": {
      const answer = await really();
      const size = Math.max(1, Math.ceil(answer.bytes.length / (fault.pieces ?? 10)));
      send(answer);
      for (let at = 0; at < answer.bytes.length && !response.destroyed; at += size) {
        response.write(answer.bytes.subarray(at, at + size));
        await wait(fault.delay_ms ?? 100);
      }
      return response.end();
    }
  }
}

// Ends a connection rudely: with a TCP reset, where node can (not under TLS).
function reset(socket) {
  try {
    socket.resetAndDestroy();
  } catch {
    socket.destroy();
  }
}

// The answer is sent in one piece of known length, whatever the rig did. Answers to HEAD keep the length they speak of.
function withLength(rawHeaders, method, status, bytes) {
  const kept = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i].toLowerCase();
    if (["connection", "keep-alive", "transfer-encoding"].includes(name)) continue;
    if (name === "content-length" && method !== "HEAD") continue;
    kept.push(rawHeaders[i], rawHeaders[i + 1]);
  }
  if (method !== "HEAD" && status !== 204 && status !== 304) kept.push("Content-Length", String(Buffer.byteLength(bytes)));
  return kept;
}

// ---- the two servers

const stalled = new Set();

async function serve(request, response) {
  const entry = { method: request.method, path: request.url, status: 0 };
  let body;
  try {
    body = await collect(request);
  } catch {
    return; // the client went away while sending: nothing was asked
  }
  entry.body_bytes = body.length;
  log.push(entry);
  const due = faultsFor(`${request.method} ${request.url}`, body);
  if (due.length > 0) entry.fault = due.map((f) => f.kind).join("+");
  try {
    for (const hook of due.filter((f) => f.kind === "hook")) {
      if (hook.delay_ms) await wait(hook.delay_ms);
      if (hook.sql) await writeToDatabase(hook);
    }
    const fault = due.find((f) => f.kind !== "hook");
    if (fault?.kind === "stall") {
      stalled.add(request.socket);
      request.socket.on("close", () => stalled.delete(request.socket));
    }
    await answerWith(fault, request, response, body, entry);
  } catch (e) {
    entry.error = e.message;
    request.socket.destroy();
  }
}

async function control(request, response) {
  const body = String(await collect(request));
  const reply = (status, text = "") => response.writeHead(status).end(text);
  switch (`${request.method} ${request.url}`) {
    case "POST /faults":
      try {
        addFault(body);
        return reply(204);
      } catch (e) {
        return reply(400, `${e.message}\n`);
      }
    case "DELETE /faults":
      faults = [];
      for (const socket of stalled) socket.destroy();
      return reply(204);
    case "GET /log":
      return reply(200, log.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
    case "DELETE /log":
      log = [];
      return reply(204);
    default:
      return reply(404, "POST|DELETE /faults, GET|DELETE /log\n");
  }
}

const listen = (server) => new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));

const tls = secure ? { key: fs.readFileSync(rig.https_key), cert: fs.readFileSync(rig.https_cert) } : {};
const front = transport.createServer({ ...tls, keepAliveTimeout: 60_000 }, serve);
const back = http.createServer(control);
const port = await listen(front);
const controlPort = await listen(back);

stopWhenToldOrAlone(() => {
  front.closeAllConnections();
  back.closeAllConnections();
}, given.leash);

const origin = `${secure ? "https" : "http"}://127.0.0.1:${port}`;
writeReady(given.ready, {
  ...rig,
  origin,
  api: rig.api.replace(rig.origin, origin),
  s3: rig.s3.replace(rig.origin, origin),
  port,
  pid: process.pid,
  control: `http://127.0.0.1:${controlPort}`,
});
