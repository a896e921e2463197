#!/usr/bin/env bash
# Installs Cloudflare's engine (miniflare, pinned by package-lock.json) for the tests. Does nothing when it is there.
# Usage: install.sh            installs
#        install.sh --node     prints the path of the node to run the rig with
set -eu
cd "$(dirname "$0")"

NODE_VERSION=22.23.3 # of the npm package `node`, for systems whose own is too old (Debian 12 has 18)
own_node=$PWD/node/node_modules/node/bin/node

system_node_is_new() {
    [ "$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)" -ge 20 ]
}

if [ "${1:-}" = --node ]; then
    if system_node_is_new; then command -v node; else echo "$own_node"; fi
    exit 0
fi

installed() {
    [ "$(cat node_modules/.installed 2>/dev/null)" = "$(cksum <package-lock.json)" ] &&
        { system_node_is_new || [ -x "$own_node" ]; }
}

installed && exit 0
if ! command -v npm >/dev/null; then
    echo "tests/cloudflare: npm is needed to install Cloudflare's engine for the tests (Debian: apt install npm)" >&2
    exit 1
fi

exec 9>.install.lock # two test files may come here at once
flock 9
installed && exit 0

run() { # quietly, unless it fails
    local out
    out=$("$@" 2>&1) || { echo "$out" >&2; echo "tests/cloudflare: failed: $*" >&2; exit 1; }
}
echo "tests/cloudflare: installing Cloudflare's engine (miniflare) ..." >&2
run npm ci --no-audit --no-fund --loglevel=error
if ! system_node_is_new; then
    run npm install --prefix node --no-save --no-audit --no-fund --loglevel=error "node@$NODE_VERSION"
fi
cksum <package-lock.json >node_modules/.installed
