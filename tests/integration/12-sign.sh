#!/usr/bin/env bash
# Signed snapshots: keys, signatures that anyone can check, and all that must not be believed.

. "$(dirname "$0")/../lib.sh"

BUCKET=$TEST_TMP/bucket
SHOP=$BUCKET/local/shop
KEY=$TEST_TMP/sign.pem
OTHER_KEY=$TEST_TMP/other.pem

conf() { # TOP-LINES…
    {
        printf '%s\n' "state_dir = \"$STATE_DIR\"" "$@"
        cat <<EOF
bucket "here" {
    type = "directory"
    path = "$BUCKET"
}
environment "local" {
    verify = "none"
    bucket = "here"
    database "shop" { source = "sqlite"  path = "$TEST_TMP/shop.sqlite" }
    database "twin" { source = "sqlite"  path = "$TEST_TMP/shop.sqlite" }
}
EOF
    } >"$CONF"
}
conf
sqlite3 "$TEST_TMP/shop.sqlite" <"$TESTS/samples/auth.sql"
sqlite3 "$TEST_TMP/shop.sqlite" <"$TESTS/samples/auth-rows.sql"
snapshot() { d1keep show "local/${2:-shop}" --json | jq -cr "$1"; }

# refused_by_all SNAPSHOT REGEX   no command that reads it believes it
refused_by_all() {
    rm -f "$TEST_TMP"/restored*
    expect_error 3 "$2" d1keep verify "$1"
    expect_error 3 "$2" d1keep show "$1"
    expect_error 3 "$2" d1keep show --json "$1"
    expect_error 3 "$2" d1keep cat "$1"
    expect_equal "$(wc -c <"$OUT")" 0
    expect_error 3 "$2" d1keep restore "$1" --to "sqlite:$TEST_TMP/restored.sqlite"
    expect_error 3 "$2" d1keep restore "$1" --to "sql:$TEST_TMP/restored.sql"
    expect_equal "$(find "$TEST_TMP" -name 'restored*')" ''
}

# ---- keys

keygen() {
    expect_exit 0 d1keep keygen "$KEY"
    cp "$OUT" "$TEST_TMP/two-lines"
    expect_equal "$(sed -n 1p "$OUT")" "sign_key     = \"file:$KEY\""
    expect_out '^trusted_keys = \{ "ed25519:[0-9a-f]{64}" \}$'
    expect_equal "$(stat -c %a "$KEY" "$KEY.pub" | tr '\n' ' ')" '600 644 '
    expect_equal "$(openssl pkey -in "$KEY" -pubout)" "$(cat "$KEY.pub")"
    expect_equal "ed25519:$(openssl pkey -pubin -in "$KEY.pub" -outform DER | tail -c 32 | od -An -v -tx1 | tr -d ' \n')" "$(grep -o 'ed25519:[0-9a-f]*' "$OUT")"
    d1keep keygen "$OTHER_KEY"
    # A relative path begins in the folder of backup.conf, not where keygen was called.
    cd "$TEST_TMP"
    expect_exit 0 d1keep keygen relative.pem
    expect_equal "$(sed -n 1p "$OUT")" "sign_key     = \"file:$(realpath relative.pem)\""
    if cmp -s "$KEY" "$OTHER_KEY"; then return 1; fi
}
test_case 'keygen: two files and two lines for the configuration' keygen

keygen_refuses() {
    local before
    before=$(sha256sum "$KEY" "$KEY.pub")
    expect_error 4 "\"$KEY\".*exists" d1keep keygen "$KEY"
    expect_err '^d1keep: hint: '
    mv "$KEY" "$KEY.away"
    expect_error 4 'sign.pem.pub".*exists' d1keep keygen "$KEY"
    [ ! -e "$KEY" ]
    mv "$KEY.away" "$KEY"
    expect_equal "$(sha256sum "$KEY" "$KEY.pub")" "$before"
    expect_error 1 nowhere d1keep keygen "$TEST_TMP/nowhere/x.pem"
    expect_error 2 'where' d1keep keygen
    expect_equal "$(find "$TEST_TMP" -name '*.tmp-*')" ''
}
test_case 'keygen overwrites no key' keygen_refuses

# ---- signing

signs() {
    conf "$(cat "$TEST_TMP/two-lines")"
    expect_exit 0 d1keep check
    expect_exit 0 d1keep backup local/shop
    local manifest
    manifest=$SHOP/snapshots/$(snapshot .id).json
    openssl pkeyutl -verify -rawin -pubin -inkey "$KEY.pub" -sigfile "$manifest.sig" -in "$manifest"
    if openssl pkeyutl -verify -rawin -pubin -inkey "$OTHER_KEY.pub" -sigfile "$manifest.sig" -in "$manifest"; then return 1; fi
    expect_equal "$(snapshot .signature)" good
    expect_exit 0 d1keep list local/shop
    expect_out ' transaction +yes +no$'
    expect_exit 0 d1keep verify local/shop
    expect_out 'signature good'
    expect_exit 0 d1keep restore local/shop --to "sqlite:$TEST_TMP/signed.sqlite"
    expect_same_database "$TEST_TMP/signed.sqlite" "$TEST_TMP/shop.sqlite"
    expect_exit 0 d1keep backup local/shop
    expect_out ' \(0 B new\)'
}
test_case 'a signed snapshot, which openssl checks too' signs

test_case 'the trusted key as a PEM file, beside others, by a relative path; the private key from the environment' <<'EOF'
conf "sign_key = \"env:D1KEEP_TEST_KEY\"" "trusted_keys = { \"$OTHER_KEY.pub\", \"sign.pem.pub\" }"
expect_exit 0 d1keep verify local/shop
D1KEEP_TEST_KEY=$(cat "$KEY") expect_exit 0 d1keep backup local/shop
expect_equal "$(snapshot '[.signature, .new_bytes]')" '["good",0]'
expect_error 1 'D1KEEP_TEST_KEY is not set' d1keep backup local/shop
EOF

test_case 'without trusted keys the signature is not checked, and that is said' <<'EOF'
conf
expect_equal "$(snapshot .signature)" unchecked
expect_exit 0 d1keep list local/shop
expect_out ' unchecked '
expect_exit 0 d1keep verify local/shop
expect_out 'signature unchecked'
EOF

# ---- not to be believed

another_key() {
    conf "trusted_keys = { \"$OTHER_KEY.pub\" }"
    refused_by_all local/shop 'snapshot 20[0-9TZ]+: its signature is by no trusted key'
    expect_err '^d1keep: hint: .*tampered'
    expect_exit 3 d1keep list local/shop
    expect_err '^d1keep: error: local/shop: snapshot 20.*signature'
}
test_case 'a signature by another key' another_key

unsigned() {
    conf
    expect_exit 0 d1keep backup local/twin
    conf "sign_key = \"file:$KEY\"" "trusted_keys = { \"$KEY.pub\" }"
    refused_by_all local/twin 'it is not signed, and trusted_keys is set'
    # Nothing is shared with what is not believed.
    expect_exit 0 d1keep backup local/twin
    expect_equal "$(snapshot '[.signature, .new_bytes == .stored_bytes]' twin)" '["good",true]'
    expect_exit 3 d1keep list local/twin --json
    expect_equal "$(jq '.snapshots | length' "$OUT")" 1
}
test_case 'no signature while trusted_keys is set' unsigned

a_byte_changed() {
    local manifest
    manifest=$SHOP/snapshots/$(snapshot .id).json
    cp "$manifest" "$TEST_TMP/manifest.good"
    for change in 's/"rows":2000/"rows":2001/' 's/"attempts":1/"attempts":2/' '1s/{/{ /' 's/sql_sha256":"./sql_sha256":"x/'; do
        unpacked "$TEST_TMP/manifest.good" | sed "$change" >"$manifest"
        if cmp -s "$manifest" <(unpacked "$TEST_TMP/manifest.good"); then return 1; fi
        refused_by_all local/shop 'its signature is by no trusted key, or the manifest was changed'
        gzip "$manifest"
        mv "$manifest.gz" "$manifest"
        refused_by_all local/shop 'its signature is by no trusted key, or the manifest was changed'
    done
    # The same text, packed otherwise; and not at all.
    unpacked "$TEST_TMP/manifest.good" | gzip >"$manifest"
    refused_by_all local/shop 'its signature is by no trusted key, or the manifest was changed'
    unpacked "$TEST_TMP/manifest.good" >"$manifest"
    refused_by_all local/shop 'its signature is by no trusted key, or the manifest was changed'
    cp "$TEST_TMP/manifest.good" "$manifest"
    expect_exit 0 d1keep verify local/shop
}
test_case 'a manifest with a byte changed' a_byte_changed

a_signature_changed() {
    local sig
    sig=$SHOP/snapshots/$(snapshot .id).json.sig
    cp "$sig" "$TEST_TMP/sig.good"
    head -c 63 "$TEST_TMP/sig.good" >"$sig"
    refused_by_all local/shop signature
    { cat "$TEST_TMP/sig.good"; echo; } >"$sig"
    refused_by_all local/shop signature
    : >"$sig"
    refused_by_all local/shop signature
    head -c 10000 /dev/zero >"$sig"
    refused_by_all local/shop signature
    rm "$sig"
    refused_by_all local/shop 'not signed'
    cp "$TEST_TMP/sig.good" "$sig"
    expect_exit 0 d1keep verify local/shop
}
test_case 'a signature that is short, long, empty or gone' a_signature_changed

well_signed_but_not_this_one() {
    local id twin later
    id=$(snapshot .id)
    twin=$(snapshot .id twin)
    # One snapshot's manifest under a later moment: an old state for the latest. (What is dated far ahead is never that.)
    later=$(date -u -d '+1 minute' +%Y%m%dT%H%M%SZ)
    cp "$SHOP/snapshots/$id.json" "$SHOP/snapshots/$later.json"
    cp "$SHOP/snapshots/$id.json.sig" "$SHOP/snapshots/$later.json.sig"
    refused_by_all local/shop "the manifest calls itself $id"
    rm -f "$SHOP/snapshots/$later".*
    # Another database's (of the same second, maybe).
    cp -r "$SHOP/snapshots" "$TEST_TMP/snapshots.good"
    cp "$BUCKET/local/twin/snapshots/$twin.json" "$SHOP/snapshots/"
    cp "$BUCKET/local/twin/snapshots/$twin.json.sig" "$SHOP/snapshots/"
    refused_by_all "local/shop@$twin" 'the manifest is of local/twin'
    rm -r "$SHOP/snapshots"
    mv "$TEST_TMP/snapshots.good" "$SHOP/snapshots"
    expect_exit 0 d1keep verify local/shop
}
test_case 'a manifest that is well signed, but another moment'\''s or another database'\''s' well_signed_but_not_this_one

test_case 'a backup after a tampered snapshot shares nothing with it, and succeeds' <<'EOF'
manifest=$SHOP/snapshots/$(snapshot .id).json
edit_manifest "$manifest" sed 's/"attempts":1/"attempts":2/'
expect_exit 0 d1keep backup local/shop
expect_equal "$(snapshot '[.signature, .new_bytes == .stored_bytes]')" '["good",true]'
expect_exit 0 d1keep verify local/shop
EOF

# ---- keys that cannot be used

test_case 'a private key that others may read: refused, nothing is stored' <<'EOF'
n=$(find "$BUCKET" -type f | wc -l)
chmod 644 "$KEY"
expect_error 4 "sign_key: secret file \"$KEY\" can be read or changed by others \(mode 0644\)" d1keep backup local/shop
expect_err "^d1keep: hint: chmod 600 $KEY\$"
expect_exit 2 d1keep check
expect_out 'sign_key: .*mode 0644'
chmod 600 "$KEY"
expect_equal "$(find "$BUCKET" -type f | wc -l)" "$n"
# Who only reads needs no private key.
chmod 000 "$KEY"
expect_exit 0 d1keep verify local/shop
chmod 600 "$KEY"
EOF

unusable_keys() {
    openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$TEST_TMP/rsa.pem" 2>/dev/null
    openssl pkey -in "$KEY" -aes256 -passout pass:x -out "$TEST_TMP/locked.pem"
    echo nonsense >"$TEST_TMP/nonsense.pem"
    : >"$TEST_TMP/empty.pem"
    chmod 600 "$TEST_TMP"/*.pem
    for name in rsa locked nonsense empty; do
        conf "sign_key = \"file:$TEST_TMP/$name.pem\""
        expect_error 2 'sign_key: ' d1keep backup local/shop
    done
    conf "sign_key = \"file:$TEST_TMP/missing.pem\""
    expect_error 1 'sign_key: .*missing.pem' d1keep backup local/shop
    for key in "$KEY" "$TEST_TMP/rsa.pem" "$TEST_TMP/nonsense.pem"; do
        conf "trusted_keys = { \"$key\" }"
        expect_error 2 "trusted key \"$key\": " d1keep list local/shop
    done
    conf "trusted_keys = { \"$KEY\" }"
    d1keep list local/shop >"$OUT" 2>"$ERR" || true
    expect_err 'hint: .*private key'
    conf "trusted_keys = { \"$TEST_TMP/missing.pub\" }"
    expect_error 2 'missing.pub' d1keep list local/shop
    conf 'trusted_keys = { "ed25519:00ff" }'
    expect_error 2 'trusted' d1keep list local/shop
    conf 'trusted_keys = { "ed25519:d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511A" }'
    d1keep list local/shop >"$OUT" 2>"$ERR" || [ $? -eq 3 ]
}
test_case 'keys that are none' unusable_keys

a_predecessor_that_was_changed_is_said() {
    conf "$(cat "$TEST_TMP/two-lines")"
    expect_exit 0 d1keep backup local/shop
    edit_manifest "$(find "$SHOP/snapshots" -name '*Z.json' | sort | tail -n 1)" sed 's/"tool"/"tool" /'
    expect_exit 0 d1keep backup local/shop
    expect_err 'warning: the snapshot before this one cannot be used, .*: its signature is by no trusted key, or the manifest was changed'
    expect_equal "$(snapshot '[.signature, .new_bytes == .stored_bytes]')" '["good",true]'
}
test_case 'a backup says when the snapshot before it was changed' a_predecessor_that_was_changed_is_said

signs_by_a_key_nobody_trusts() {
    conf "sign_key = \"file:$KEY\"" "trusted_keys = { \"$OTHER_KEY.pub\" }"
    local before
    before=$(find "$BUCKET" | sort)
    expect_error 2 'sign_key: its public key is not among trusted_keys' d1keep backup local/shop
    expect_err 'hint: add "ed25519:[0-9a-f]{64}" to trusted_keys'
    expect_error 2 'sign_key: its public key is not among trusted_keys' d1keep check
    expect_equal "$(find "$BUCKET" | sort)" "$before"
}
test_case 'a sign_key whose snapshots would be refused' signs_by_a_key_nobody_trusts

nobody_would_trust() {
    local before
    before=$(find "$BUCKET" | wc -l)
    conf "trusted_keys = { \"file:$KEY.pub\" }"
    expect_error 2 'trusted_keys is set and sign_key is not' d1keep backup local/shop
    expect_equal "$(find "$BUCKET" | wc -l)" "$before"
}
test_case 'a backup that its own configuration would not believe is not taken' nobody_would_trust

test_done
