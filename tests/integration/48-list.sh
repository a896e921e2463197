#!/usr/bin/env bash
# What list asks the bucket for: every manifest once, and again only what has changed.

. "$(dirname "$0")/../lib.sh"

# shellcheck disable=SC2119 # no flags
rig_start
faults_start
write_conf
export COPIES=$STATE_DIR/manifests

backup() { expect_exit 0 d1keep backup "$@"; }

# gets_of_list EXIT-CODE   how many objects the list asks for; what it prints is in $OUT
gets_of_list() {
    faults_reset >/dev/null
    expect_exit "$1" d1keep list test/t1
    requests_seen 'GET /[^?]*/snapshots/'
}
asks_for() { # GETS
    local gets
    gets=$(gets_of_list 0)
    [ "$gets" = "$1" ]
}
snapshots() { grep -c '^test/t1@' "$OUT" || true; }

rig_sql t1 'CREATE TABLE t(a); INSERT INTO t VALUES(1)' >/dev/null

test_case 'cold: one GET a manifest, and one listing' <<'END'
for i in 1 2 3; do backup test/t1; done
expect_equal "$(gets_of_list 0)" 3
expect_equal "$(requests_seen 'GET .*list-type=2')" 1
gets_of_list 0 >/dev/null
expect_equal "$(snapshots)" 3
END

# What was written within the last two seconds is asked for again.
test_case 'warm: no GETs, the same list' <<'END'
d1keep list test/t1 >"$TEST_TMP/cold"
wait_for 10 asks_for 0
expect_equal "$(cut -c1-35 "$OUT")" "$(cut -c1-35 "$TEST_TMP/cold")"
END

test_case 'a new verdict and a pin are seen, and asked for once' <<'END'
id=$(awk '/^test/ {print $1; exit}' "$OUT")
d1keep list test/t1 >"$OUT"
id=$(awk '/^test/ {print $1; exit}' "$OUT")
expect_exit 0 d1keep verify "$id"
expect_exit 0 d1keep pin "$id"
gets=$(gets_of_list 0)
[ "$gets" -ge 2 ]
expect_out "^$id .* yes .* good"
wait_for 10 asks_for 0
expect_exit 0 d1keep unpin "$id"
gets_of_list 0 >/dev/null
refuse_match "$OUT" PINNED
END

test_case 'a manifest that was replaced is read again' <<'END'
d1keep list test/t1 >"$OUT"
id=$(awk -F'[@ ]' '/^test/ {print $2; exit}' "$OUT" | tr -d ':-')
key=test/t1/snapshots/$id.json
s3() { curl -sS --fail-with-body --aws-sigv4 aws:amz:auto:s3 --user "$RIG_KEY_ID:$RIG_SECRET_KEY" -H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' -H 'Expect:' "$@"; }
s3 "$(rig_fact .s3)/b1/$key" >"$TEST_TMP/manifest"
# Of the same length, so that only its age tells.
head -c "$(stat -c %s "$TEST_TMP/manifest")" /dev/zero >"$TEST_TMP/other"
s3 -X PUT --data-binary "@$TEST_TMP/other" "$(rig_fact .s3)/b1/$key"
expect_equal "$(gets_of_list 3)" 1
expect_err "snapshot $id"
s3 -X PUT --data-binary "@$TEST_TMP/manifest" "$(rig_fact .s3)/b1/$key"
gets_of_list 0 >/dev/null
expect_equal "$(snapshots)" 3
END

test_case 'damaged copies, and none at all, are no matter' <<'END'
wait_for 10 asks_for 0
for f in "$COPIES"/*/*.json; do printf x | dd of="$f" bs=1 seek=200 conv=notrunc status=none; done
gets=$(gets_of_list 0)
[ "$gets" -ge 3 ]
expect_equal "$(snapshots)" 3
wait_for 10 asks_for 0
rm -rf "$COPIES"
echo "somebody's file" >"$COPIES"
gets=$(gets_of_list 0)
[ "$gets" -ge 3 ]
rm "$COPIES"
END

test_case 'copies of what is gone go too; they are for their owner alone' <<'END'
d1keep list test/t1 >"$OUT"
expect_equal "$(stat -c %a "$COPIES" "$COPIES"/* | sort -u)" 700
expect_equal "$(stat -c %a "$COPIES"/*/*.json | sort -u)" 600
id=$(awk '/^test/ {print $1; exit}' "$OUT")
expect_exit 0 d1keep remove "$id" --force
gets_of_list 0 >/dev/null
expect_equal "$(snapshots)" 2
expect_equal "$(find "$COPIES" -name '*Z.json' | wc -l)" 2
END

test_done
