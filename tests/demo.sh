#!/usr/bin/env bash
# `make demo`: a day with d1keep on two local D1 databases, with no account and no
# network. Everything lies in ./demo, made anew each time; every command is shown.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PWD/$1:$PATH
samples=$PWD/tests/samples

rm -rf demo
mkdir -p demo/project
cd demo

note() { printf '\n# %s\n' "$*"; }
show() {
    printf '$ %s\n' "$*"
    "$@"
}

# Where wrangler keeps a local D1: the name is derived from the database's id with
# two HMACs. Here openssl does it, so the demonstration also checks d1keep.
local_d1() {
    local key first second
    key=$(printf miniflare-D1DatabaseObject | openssl dgst -sha256 -r | cut -c1-64)
    first=$(printf %s "$1" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -r | cut -c1-32)
    # shellcheck disable=SC2001 # sed reads better here
    second=$(printf '%b' "$(sed 's/../\\x&/g' <<<"$first")" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -r | cut -c1-32)
    echo "project/.wrangler/state/v3/d1/miniflare-D1DatabaseObject/$first$second.sqlite"
}
auth_id=483da8b0-94c7-4f9e-ab1a-68df41e5664d
billing_id=b8f3b52c-3061-4402-a8b3-794b45dbb2cb
auth=$(local_d1 $auth_id)
billing=$(local_d1 $billing_id)
mkdir -p "$(dirname "$auth")"
sqlite3 "$auth" <"$samples/auth.sql"
sqlite3 "$auth" <"$samples/auth-rows.sql"
sqlite3 "$billing" <"$samples/billing.sql"
sqlite3 "$billing" <"$samples/billing-rows.sql"

note "A key pair, so that snapshots are signed; its two lines go into backup.conf."
show d1keep keygen sign.pem | tee keys.txt
cat >backup.conf <<END
state_dir = "state"
$(grep -v '^\$' keys.txt)
bucket "here" { type = "directory"  path = "bucket" }
environment "local" {
    bucket = "here"
    schedule = "@daily"
    database "auth"    { source = "wrangler"  project = "project"  id = "$auth_id" }
    database "billing" { source = "wrangler"  project = "project"  id = "$billing_id" }
}
END
show d1keep check

note "Both databases, now."
show d1keep backup local

note "A row is added to one of them, and both are backed up again: only the chunk of rows that changed is stored."
sqlite3 "$billing" "INSERT INTO usage VALUES('use_new','user_new','tokens',3,42,'2026-11',1763800000,NULL)"
show d1keep backup local/auth --label before-0004
show d1keep backup local/billing

note "What is kept."
show d1keep list
show d1keep show local/billing

note "Is every byte there, and signed by us? And would it come back? It is rebuilt in a temporary file to see."
show d1keep verify local/auth@before-0004 local/billing@latest
show d1keep verify local/billing@latest --replay

note "Bring one back, and compare it with the original, cell by cell."
show d1keep restore local/billing@latest --to sqlite:restored.sqlite
printf '$ diff <(sqlite3 ORIGINAL .dump) <(sqlite3 restored.sqlite .dump)\n'
diff <(sqlite3 "$billing" .dump) <(sqlite3 restored.sqlite .dump)
echo "no difference"

note "And without d1keep: the chunks are gzipped SQL."
printf '$ cat CHUNKS | gunzip | sqlite3 by-hand.sqlite\n'
d1keep show local/billing --json >show.json
sed -n 's/.*"key": *"\(.*\)".*/bucket\/local\/billing\/\1/p' show.json | xargs cat | gunzip | sqlite3 by-hand.sqlite
diff <(sqlite3 "$billing" .dump) <(sqlite3 by-hand.sqlite .dump)
echo "no difference"

note "Somebody deletes what they should not have. What is different now?"
sqlite3 "$billing" "DELETE FROM usage WHERE user_id='user_new'"
show d1keep diff local/billing

note "Only that table comes back, into the database with all its others. First, what would be done?"
show d1keep restore local/billing@latest --to wrangler:local/billing --table usage --replace --dry-run
show d1keep restore local/billing@latest --to wrangler:local/billing --table usage --replace
show d1keep diff local/billing
printf '\nAll of it is in ./demo. d1keep --help shows the rest.\n'
