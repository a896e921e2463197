#!/usr/bin/env bash
# Install what building (and, with `check`, testing) needs: Debian's packages, as
# root or through sudo. When neither is possible: the one line to run, and stop.
#
#   tests/deps.sh build|demo|check|bench|fuzz
set -eu

build="gcc pkg-config libuv1-dev libcurl4-openssl-dev libssl-dev libsqlite3-dev libdeflate-dev libjson-c-dev libconfuse-dev libmicrohttpd-dev"
demo="sqlite3 openssl"
check="check curl jq nodejs npm procps systemd mandoc bash zsh fish faketime chromium"
bench="curl jq nodejs npm procps pigz restic"
fuzz="clang libclang-rt-dev"

case ${1:-build} in
build) wanted=$build ;;
demo) wanted="$build $demo" ;;
check) wanted="$build $demo $check" ;;
bench) wanted="$build $demo $bench" ;;
fuzz) wanted="$build $fuzz" ;;
*) echo "usage: deps.sh build|demo|check|bench|fuzz" >&2; exit 2 ;;
esac

# What is there counts by what it does, not by the name of its package: a gcc, a
# node or a library may have come another way.
have() {
    case $1 in
    gcc) command -v "${CC:-cc}" ;;
    libclang-rt-dev) echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' | clang -fsanitize=fuzzer -xc - -o /dev/null ;;
    nodejs) command -v node ;;
    procps) command -v ps ;;
    systemd) command -v systemd-analyze ;;
    pkg-config | sqlite3 | openssl | curl | jq | npm | clang | pigz | restic | mandoc | bash | zsh | fish | faketime | chromium) command -v "$1" ;;
    check) pkg-config --exists check ;;
    libuv1-dev) pkg-config --exists libuv ;;
    libcurl4-openssl-dev) pkg-config --exists libcurl ;;
    libssl-dev) pkg-config --exists openssl ;;
    libsqlite3-dev) pkg-config --exists sqlite3 ;;
    libdeflate-dev) pkg-config --exists libdeflate ;;
    libjson-c-dev) pkg-config --exists json-c ;;
    libconfuse-dev) pkg-config --exists libconfuse ;;
    libmicrohttpd-dev) pkg-config --exists libmicrohttpd ;;
    esac >/dev/null 2>&1
}

missing=
for package in $wanted; do
    have "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
        echo "d1keep needs packages that are not here. Run this, then make again:" >&2
        echo "    sudo apt-get install -y --no-install-recommends$missing" >&2
        exit 1
    fi
    as_root=sudo
fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086 # a list of words
if ! { $as_root apt-get update -q && $as_root apt-get install -q -y --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "could not install:$missing" >&2
    exit 1
fi
