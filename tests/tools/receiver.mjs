// A real HTTP server that notes what it is sent, for tests of notifications.
//
//   node receiver.mjs --dir DIR --ready FILE --leash PID [--cert FILE --key FILE]
//
// The n-th request (from 1) becomes DIR/NNNN.json, {method, path, headers, at}, and DIR/NNNN.body, its bytes. What is
// answered stands in DIR/answer, read anew for each request: a status ("200", "500"), "redirect URL", "retry-after N",
// "hang", "long" (an answer without end) or "close"; 200 when there is no such file. Lines "PATH-PREFIX ANSWER" of
// DIR/answers go before it. When it listens, FILE holds its URL. It ends with the process PID.
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
    options: { dir: { type: 'string' }, ready: { type: 'string' }, leash: { type: 'string' },
        cert: { type: 'string' }, key: { type: 'string' } },
});
let count = 0;

// Whoever looks finds a whole file or none.
function write(path, data) {
    writeFileSync(`${path}.part`, data);
    renameSync(`${path}.part`, path);
}

function answerTo(path) {
    const rules = `${options.dir}/answers`;
    const lines = existsSync(rules) ? readFileSync(rules, 'utf8').split('\n') : [];
    const rule = lines.find((line) => line && path.startsWith(line.split(' ')[0]));
    if (rule) return rule.slice(rule.indexOf(' ') + 1).trim();
    return existsSync(`${options.dir}/answer`) ? readFileSync(`${options.dir}/answer`, 'utf8').trim() : '200';
}

function answer(request, response) {
    const [word, argument] = answerTo(request.url).split(' ');
    if (word === 'hang') return;
    if (word === 'close') return void request.socket.destroy();
    if (word === 'redirect') response.writeHead(302, { Location: argument }).end();
    else if (word === 'retry-after') response.writeHead(429, { 'Retry-After': argument }).end();
    else if (word === 'long') {
        response.writeHead(200);
        const more = () => { while (response.write('x'.repeat(65536))); response.once('drain', more); };
        more();
    } else response.writeHead(Number(word)).end(`${word}\n`);
}

const tls = options.cert && { cert: readFileSync(options.cert), key: readFileSync(options.key) };
const receive = (request, response) => {
    const pieces = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => {
        const name = `${options.dir}/${String(++count).padStart(4, '0')}`;
        write(`${name}.body`, Buffer.concat(pieces));
        write(`${name}.json`, JSON.stringify({
            method: request.method, path: request.url, headers: request.headers, at: Date.now() / 1000,
        }));
        appendFileSync(`${options.dir}/log`, `${request.method} ${request.url} ${request.headers['x-d1keep-event'] ?? '-'}\n`);
        answer(request, response);
    });
    response.on('error', () => {});
};
const server = tls ? createTlsServer(tls, receive) : createServer(receive);
server.on('tlsClientError', () => {});
server.on('clientError', (_, socket) => socket.destroy());
server.listen(0, '127.0.0.1', () => write(options.ready, `http${tls ? 's' : ''}://127.0.0.1:${server.address().port}`));

setInterval(() => {
    try { process.kill(Number(options.leash), 0); } catch { process.exit(0); }
}, 500);
