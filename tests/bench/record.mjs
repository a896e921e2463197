#!/usr/bin/env node
// A proxy before the rig that keeps every request: FOLDER/1.head (method, path, header lines), FOLDER/1.body, … in the
// order of their arrival. With --delay_ms every answer comes so much later; a line "METHOD PATH BODY-BYTES" per request is
// printed when it ends.   node record.mjs --rig READY --ready FILE [--folder FOLDER] [--delay_ms N] [--leash PID]

import fs from "node:fs";
import http from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { options, stopWhenToldOrAlone, writeReady } from "../cloudflare/process.mjs";

const given = options({ rig: { type: "string" }, ready: { type: "string" }, folder: { type: "string" }, delay_ms: { type: "string" }, log: { type: "string" }, leash: { type: "string" } });
const rig = JSON.parse(fs.readFileSync(given.rig, "utf8"));
const agent = new http.Agent({ keepAlive: true });
const delay = Number(given.delay_ms ?? 0);
const log = given.log ? fs.openSync(given.log, "a") : undefined;
let count = 0;

async function collect(stream) {
  const pieces = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}

function keep(request, body) {
  const number = ++count;
  const lines = [request.method, request.url];
  for (let i = 0; i < request.rawHeaders.length; i += 2)
    if (!/^(connection|content-length)$/i.test(request.rawHeaders[i])) lines.push(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}`);
  fs.writeFileSync(`${given.folder}/${number}.head`, `${lines.join("\n")}\n`);
  fs.writeFileSync(`${given.folder}/${number}.body`, body);
}

async function serve(request, response) {
  const body = await collect(request);
  const began = Date.now();
  if (given.folder) keep(request, body);
  if (delay) await wait(delay);
  const onward = http.request({ host: "127.0.0.1", port: rig.port, method: request.method, path: request.url, headers: request.rawHeaders, setHost: false, agent });
  onward.on("error", () => response.destroy());
  onward.on("response", (answer) => {
    response.writeHead(answer.statusCode, answer.rawHeaders);
    answer.pipe(response);
    answer.on("end", () => log && fs.writeSync(log, `${request.method} ${request.url} ${body.length} ${began} ${Date.now()}\n`));
  });
  onward.end(body);
}

const server = http.createServer({ keepAliveTimeout: 60_000 }, (request, response) => serve(request, response).catch(() => response.destroy()));
const port = await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));
stopWhenToldOrAlone(() => server.closeAllConnections(), given.leash);
const origin = `http://127.0.0.1:${port}`;
writeReady(given.ready, { ...rig, origin, api: rig.api.replace(rig.origin, origin), s3: rig.s3.replace(rig.origin, origin), port, pid: process.pid });
