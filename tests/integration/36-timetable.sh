#!/usr/bin/env bash
# d1keep timetable: when runs are due, by the configuration alone; and what becomes of schedules without time zone data.

. "$(dirname "$0")/../lib.sh"

# conf LINE…   one environment "shop" with databases a (its schedule), b (hourly, blackout) and c (none)
conf() {
    mkdir -p "$TEST_TMP/bucket"
    {
        printf 'state_dir = "%s"\nbucket "here" {\n    type = "directory"\n    path = "%s"\n}\n' "$STATE_DIR" "$TEST_TMP/bucket"
        printf 'environment "shop" {\n    bucket = "here"\n    schedule = "30 2 * * *"\n'
        printf '    %s\n' "$@"
        printf '    database "%s" { source = "sqlite" path = "%s/%s.sqlite" %s }\n' \
            a "$TEST_TMP" a '' \
            b "$TEST_TMP" b 'schedule = "@hourly" blackout = "mon-fri 08:00-18:00"' \
            c "$TEST_TMP" c 'schedule = ""'
        printf '}\n'
    } >"$CONF"
}

rows() { # ARGUMENT…   the table without its heading, blanks squeezed
    expect_exit 0 d1keep timetable "$@" && tail -n +2 "$OUT" | tr -s ' '
}

local_and_utc() {
    conf 'timezone = "Europe/Berlin"'
    expect_equal "$(rows shop/a --count 3 --from 2026-10-24T00:00:00Z)" \
        'shop/a Sat 2026-10-24 02:30:00 +02:00 CEST 2026-10-24T00:30:00Z 2026-10-24T00:30:00Z -
shop/a Sun 2026-10-25 02:30:00 +02:00 CEST 2026-10-25T00:30:00Z 2026-10-25T00:30:00Z -
shop/a Mon 2026-10-26 02:30:00 +01:00 CET 2026-10-26T01:30:00Z 2026-10-26T01:30:00Z -'
    # Skipped in spring: once, at the end of the gap.
    expect_equal "$(rows shop/a --count 2 --from 2027-03-27T12:00:00Z)" \
        'shop/a Sun 2027-03-28 03:00:00 +02:00 CEST 2027-03-28T01:00:00Z 2027-03-28T01:00:00Z -
shop/a Mon 2027-03-29 02:30:00 +02:00 CEST 2027-03-29T00:30:00Z 2027-03-29T00:30:00Z -'
}
test_case 'local time and UTC, through the changes of the clock' local_and_utc

blackout_and_spread() {
    local offset
    conf 'timezone = "UTC"'
    expect_equal "$(rows shop/b --count 2 --from 2026-11-23T07:00:00Z)" \
        'shop/b Mon 2026-11-23 18:00:00 +00:00 UTC 2026-11-23T18:00:00Z 2026-11-23T18:00:00Z one run for 11 slots
shop/b Mon 2026-11-23 19:00:00 +00:00 UTC 2026-11-23T19:00:00Z 2026-11-23T19:00:00Z -'
    # What is past but was held back is still to come.
    conf 'timezone = "UTC"' 'spread = 600' 'blackout = "02:00-06:30"'
    expect_exit 0 d1keep timetable shop/a --count 1 --from 2026-11-23T04:00:00Z --json
    offset=$(jq '.databases[0].runs[0].spread_ms / 1000' "$OUT")
    [ "$offset" -gt 0 ] && [ "$offset" -le 600 ]
    expect_equal "$(jq -c '[.from_at, (.databases[0] | .database, .schedule, .timezone, .spread_ms, .blackout), (.databases[0].runs[] | .slot_at, .blackout_ms, .slots, .abbreviation)]' "$OUT")" \
        '["2026-11-23T04:00:00Z","shop/a","30 2 * * *","UTC",600000,"02:00-06:30","2026-11-23T02:30:00Z",14400000,1,"UTC"]'
    expect_equal "$(jq -r '.databases[0].runs[0] | .due_at, .due_local' "$OUT")" \
        "$(date -u -d "2026-11-23 06:30:00Z +$offset seconds" '+%FT%TZ
%FT%T+00:00')"
    rows shop/a --count 1 --from 2026-11-23T04:00:00Z | grep -E ' blackout 4 h, spread ([0-9]+ min ?)?([0-9]+ s)?$'
}
test_case 'what moved a run is told' blackout_and_spread

all_of_them() {
    conf 'timezone = "Asia/Kolkata"'
    expect_exit 0 d1keep timetable
    expect_equal "$(tail -n +2 "$OUT" | cut -d' ' -f1 | sort | uniq -c | tr -s ' ')" ' 10 shop/a
 10 shop/b
 1 shop/c'
    expect_out '^shop/c +no schedule: only when asked'
    expect_exit 0 d1keep timetable shop --json
    expect_equal "$(jq -c '[.databases[] | [.database, .schedule, (.runs | length)]]' "$OUT")" \
        '[["shop/a","30 2 * * *",10],["shop/b","@hourly",10],["shop/c",null,0]]'
    # From now on, in order.
    expect_equal "$(jq -c '.from_at as $from | [.databases[].runs | (. == sort_by(.due_at)) and all(.[]; .due_at > $from)] | all' "$OUT")" true
}
test_case 'ten of each, and those without a schedule are named' all_of_them

refuses() {
    conf
    expect_exit 2 d1keep timetable shop/x
    expect_err 'did you mean shop/a\?'
    expect_exit 2 d1keep timetable nothing
    expect_err 'there are: shop/a, shop/b, shop/c'
    expect_exit 2 d1keep timetable --count 0
    expect_exit 2 d1keep timetable --count 1001
    expect_exit 2 d1keep timetable --count 3x
    expect_err 'not a number from 1 to 1000'
    expect_exit 2 d1keep timetable --from tomorrow
    expect_err 'not a moment such as'
    expect_exit 2 d1keep timetable shop/a shop/b
    expect_exit 2 d1keep timetable shop/a@latest
    conf 'blackout = "mon 08:00-26:00"'
    expect_exit 2 d1keep timetable
    expect_err "$CONF:9: blackout \"mon 08:00-26:00\": 26:00 is not between"
}
test_case 'what makes no sense is refused' refuses

# ---- no time zone data

without_zones() {
    mkdir -p "$TEST_TMP/empty"
    conf 'timezone = "Europe/Berlin"'
    TZDIR=$TEST_TMP/empty expect_exit 2 d1keep timetable
    expect_err "$CONF:9: timezone: \"Europe/Berlin\" is no time zone of this machine"
    TZDIR=$TEST_TMP/none expect_exit 2 "$D1KEEPD" -c "$CONF" --foreground
    expect_err "there is no time zone data in $TEST_TMP/none: install tzdata"
    conf
    TZDIR=$TEST_TMP/none expect_exit 0 d1keep timetable shop/a --count 1 --from 2026-11-23T04:00:00Z
    expect_out ' 2026-11-24T02:30:00Z '
}
test_case 'a zone that is not there is an error at the start; UTC always is' without_zones

zones_vanish() {
    local next
    # Far from now, so that nothing is due.
    conf 'timezone = "Asia/Tokyo"' && sed -i 's/"@hourly"/"@yearly"/; s/"30 2 \* \* \*"/"30 2 29 2 *"/' "$CONF"
    mkdir -p "$TEST_TMP/zones/Asia"
    cp /usr/share/zoneinfo/Asia/Tokyo "$TEST_TMP/zones/Asia/"
    TZDIR=$TEST_TMP/zones start_background "$TEST_TMP/d1keepd.log" "$D1KEEPD" -c "$CONF" --foreground
    wait_for 10 grep -q 'databases, .* with a schedule' "$TEST_TMP/d1keepd.log"
    next=$(sqlite3 "$STATE_DIR/state.db" "SELECT strftime('%H:%M', next_at, 'unixepoch') FROM databases WHERE name = 'shop/a'")
    expect_equal "$next" 17:30
    rm -r "$TEST_TMP/zones"
    kill -HUP "$BACKGROUND_PID"
    wait_for 10 grep -q 'keeping the old configuration' "$TEST_TMP/d1keepd.log"
    expect_match "$TEST_TMP/d1keepd.log" 'no time zone of this machine'
    next=$(sqlite3 "$STATE_DIR/state.db" "SELECT strftime('%H:%M', next_at, 'unixepoch') FROM databases WHERE name = 'shop/a'")
    expect_equal "$next" 17:30
    kill -TERM "$BACKGROUND_PID"
    wait_for 10 process_is_gone "$BACKGROUND_PID"
}
test_case 'zones that vanish under a running daemon change nothing, and a reload says so' zones_vanish

test_done
