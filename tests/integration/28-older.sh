#!/usr/bin/env bash
# tests/samples/bucket: three snapshots of d1keep as it was until 2026-11-28, which did not pack its manifests. They are listed,
# restored, built upon and pruned like any other.

. "$(dirname "$0")/../lib.sh"

BUCKET=$TEST_TMP/bucket
SHOP=$BUCKET/local/shop
FIRST=20240921T060249Z SECOND=20240921T060251Z THIRD=20240921T060253Z

cp -r "$TESTS/samples/bucket" "$BUCKET"
sqlite3 "$TEST_TMP/shop.sqlite" <"$BUCKET/shop.sql"
mkdir "$STATE_DIR"
d1keep keygen "$TEST_TMP/sign.pem" >"$OUT" 2>"$ERR"
cat >"$CONF" <<EOF
state_dir = "$STATE_DIR"
sign_key = "file:$TEST_TMP/sign.pem"
trusted_keys = { "$BUCKET/sign.pem.pub", "$TEST_TMP/sign.pem.pub" }
bucket "here" { type = "directory" path = "$BUCKET" }
environment "local" { bucket = "here" verify = "replay" keep_last = 1
    database "shop" { source = "sqlite" path = "$TEST_TMP/shop.sqlite" } }
EOF
listed() { d1keep list local/shop --json | jq -r '.snapshots | reverse[] | [.id, .label, .signature, .verified, .pinned] | join(" ")'; }
beside() { find "$SHOP/snapshots" -name "$1.*"; } # what lies there of this id

is_listed() {
    expect_equal "$(listed)" "$FIRST first good good true
$SECOND  good good false
$THIRD  good good false"
    expect_exit 0 d1keep show local/shop@first
    expect_out '^label +first$'
    expect_exit 0 d1keep doctor local
}
test_case 'they are listed, with signature, label, pin and verdict' is_listed

comes_back() {
    expect_exit 0 d1keep restore local/shop --to "sqlite:$TEST_TMP/restored.sqlite"
    expect_same_database "$TEST_TMP/restored.sqlite" "$TEST_TMP/shop.sqlite"
    expect_exit 0 d1keep cat local/shop@first
    expect_out "7,'user 7 ''é'"
    expect_exit 0 d1keep diff local/shop@first local/shop --rows 5
    expect_out "users +40 +40 +0 +0 +1 "
    for id in $FIRST $SECOND $THIRD; do expect_exit 0 d1keep verify --replay "local/shop@$id"; done
    # Packed, it would be another manifest.
    cp "$SHOP/snapshots/$SECOND.json" "$TEST_TMP/plain"
    gzip -n <"$TEST_TMP/plain" >"$SHOP/snapshots/$SECOND.json"
    expect_error 3 'signature' d1keep verify "local/shop@$SECOND"
    cp "$TEST_TMP/plain" "$SHOP/snapshots/$SECOND.json"
}
test_case 'they are verified, rebuilt, restored and compared' comes_back

is_built_upon() {
    expect_exit 0 d1keep backup local/shop
    expect_out ' \(0 B new\)'
    FOURTH=$(d1keep show local/shop --json | jq -r .id)
    expect_equal "$(gunzip <"$SHOP/snapshots/$FOURTH.json" | jq -r '.previous | .id + " " + .sha256')" \
        "$THIRD $(sha256sum <"$SHOP/snapshots/$THIRD.json" | cut -d' ' -f1)"
    expect_error 4 'label "first" is already borne' d1keep backup local/shop --label first
    expect_equal "$(listed | wc -l)" 4
}
test_case 'the next snapshot shares their chunks and continues their chain' is_built_upon

is_pruned() {
    expect_exit 0 d1keep prune local/shop
    expect_equal "$(listed | cut -d' ' -f1 | head -1)" "$FIRST"
    expect_equal "$(listed | wc -l)" 2
    expect_equal "$(beside "$SECOND")$(beside "$THIRD")" ''
    # Notes of the second and the third are the fourth's.
    expect_equal "$(find "$SHOP/data" -type f | wc -l)" 6
    expect_exit 0 d1keep verify --replay local/shop@first local/shop
    expect_exit 0 d1keep unpin local/shop@first
    expect_exit 0 d1keep remove local/shop@first --force
    expect_equal "$(beside "$FIRST")$(ls -A "$SHOP/labels")" ''
    expect_equal "$(find "$SHOP/data" -type f | wc -l)" 4
    expect_exit 0 d1keep verify --replay local/shop
}
test_case 'they are pruned and removed with all that lies beside them' is_pruned

test_done
