#!/usr/bin/env bash
# Everything over https with a private authority: trusted by ca_file, refused without. And paths in addresses.

. "$(dirname "$0")/../lib.sh"

make_ca
rig_start --https_key "$SERVER_KEY" --https_cert "$SERVER_CERT" --base_path /behind/a/proxy/client/v4
faults_start
write_conf
sqlite3 "$TEST_TMP/shop.sqlite" 'CREATE TABLE t(a)'
rig_sql t1 "$(cat "$TESTS/samples/auth.sql" "$TESTS/samples/auth-rows.sql")"

works() {
    [[ $API == https://*/behind/a/proxy/client/v4 && $S3 == https://*/cdn-cgi/local/r2/s3 ]]
    expect_exit 0 d1keep check
    faults_reset
    expect_exit 0 d1keep backup test/t1 --label first
    expect_equal "$(wc -c <"$ERR")" 0
    expect_equal "$(requests_seen '^POST /behind/a/proxy/client/v4/accounts/.*/raw 200$')" 2
    expect_exit 0 d1keep verify test/t1@first
    expect_exit 0 d1keep list test/t1
    rm -f "$TEST_TMP/restored.sqlite"
    expect_exit 0 d1keep restore test/t1 --to "sqlite:$TEST_TMP/restored.sqlite"
    expect_same_database "$TEST_TMP/restored.sqlite" "$(rig_file t1)"
}
test_case 'backup, list, verify, restore over https; addresses with a path' works

test_case 'faults under TLS: cut, dropped and lost' <<'EOF'
rig_sql t1 "UPDATE users SET timezone = 'UTC'"
faults_reset
fault '{"match": "^POST .*/raw", "kind": "cut"}'
fault '{"match": "^PUT .*/data/", "kind": "drop"}'
fault '{"match": "^PUT .*/data/", "kind": "lost-ok", "skip": 1}'
expect_exit 0 d1keep backup test/t1
expect_exit 0 d1keep verify test/t1
EOF

test_case 'a manifest that arrived, but the answer did not: one snapshot' <<'EOF'
n=$(d1keep list test/t1 --json | jq '.snapshots | length')
faults_reset
fault '{"match": "^PUT .*/snapshots/", "kind": "lost-ok"}'
expect_exit 0 d1keep backup test/t1
expect_equal "$(d1keep list test/t1 --json | jq '.snapshots | length') snapshots" "$((n + 1)) snapshots"
EOF

test_case 'addresses that end in a slash' <<'EOF'
sed -i -E 's#(api_base|endpoint) = "(.*)"#\1 = "\2/"#' "$CONF"
expect_exit 0 d1keep backup test/t1
expect_exit 0 d1keep verify test/t1
write_conf
EOF

# ---- not trusted

# refused REGEX COMMAND…   at once, not after five tries
refused() {
    local regex=$1 begun=${EPOCHREALTIME/./}
    shift
    expect_error 1 "$regex" "$@"
    expect_err '^d1keep: hint: .*ca_file'
    [ $((${EPOCHREALTIME/./} - begun)) -lt 1500000 ]
}
test_case 'refused without ca_file, with a clear message' <<'EOF'
CA_FILE='' write_conf
faults_reset
refused "test/t1: .*https://127.0.0.1:[0-9]+: .*certificate" d1keep backup test/t1
refused "test/t1: .*https://127.0.0.1:[0-9]+: .*certificate" d1keep list test/t1
expect_equal "$(requests_seen .)" 0
# The one is not trusted because the other is.
ca=$CA_FILE
CA_FILE='' CONF_ACCOUNT="ca_file = \"$ca\"" write_conf
refused 'certificate' d1keep list test/t1
CA_FILE='' CONF_BUCKET="ca_file = \"$ca\"" write_conf
expect_exit 0 d1keep list test/t1
refused 'certificate' d1keep backup test/t1
write_conf
EOF

test_case 'another authority of the same name' <<'EOF'
(TEST_TMP=$TEST_TMP/other-ca make_ca)
CA_FILE=$TEST_TMP/other-ca/ca/ca.pem write_conf
refused 'certificate' d1keep backup test/t1
write_conf
EOF

another_name() { # the certificate is for localhost and 127.0.0.1: [::ffff:127.0.0.1] reaches the same server
    sed -i 's#https://127\.0\.0\.1#https://[::ffff:127.0.0.1]#' "$CONF"
    expect_error 1 'certificate' d1keep list test/t1
    write_conf
    sed -i 's#https://127\.0\.0\.1#https://localhost#' "$CONF"
    expect_exit 0 d1keep list test/t1
    write_conf
}
test_case 'the certificate'\''s name counts' another_name

test_case 'a ca_file that is missing or none' <<'EOF'
CA_FILE=$TEST_TMP/missing.pem write_conf
d1keep backup test/t1 >"$OUT" 2>"$ERR" && false
expect_err 'd1keep: error: .*missing.pem'
expect_exit 2 d1keep check
expect_out 'ca_file: ".*missing.pem'
echo nonsense >"$TEST_TMP/nonsense.pem"
CA_FILE=$TEST_TMP/nonsense.pem write_conf
d1keep backup test/t1 >"$OUT" 2>"$ERR" && false
expect_err 'd1keep: error: .*nonsense.pem'
write_conf
EOF

test_case 'http where https is expected, and the other way round' <<'EOF'
# A secret goes over an unencrypted line to this machine only.
sed -i 's#https://127\.0\.0\.1:#http://backup.example.org:#' "$CONF"
expect_exit 2 d1keep list test/t1
expect_err 'unencrypted'
write_conf
sed -i 's#https://127#http://127#' "$CONF"
d1keep backup test/t1 >"$OUT" 2>"$ERR" && false
expect_err '^d1keep: error: test/t1: '
write_conf
EOF

test_case 'a redirect is not followed: the token goes nowhere else' <<'EOF'
faults_reset
fault '{"match": "^POST .*/raw", "kind": "answer", "status": 302, "text": "", "times": -1, "headers": {"location": "https://example.invalid/"}}'
d1keep backup test/t1 >"$OUT" 2>"$ERR" && false
expect_err '^d1keep: error: test/t1: .*302'
fault '{"match": "^GET ", "kind": "answer", "status": 301, "text": "", "times": -1, "headers": {"location": "https://example.invalid/"}}'
d1keep list test/t1 >"$OUT" 2>"$ERR" && false
expect_err '^d1keep: error: test/t1: .*301'
EOF

test_done
