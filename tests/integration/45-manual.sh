#!/usr/bin/env bash
# The manual pages: d1keep(1) holds every command and option of the table, d1keepd(8) every option of its --help.
# (backup.conf(5) is held to the table of options by tests/unit/config/test_manual.c.)
. "$(dirname "$0")/../lib.sh"

# part PAGE COMMAND   the lines of the page about a command
part() {
    awk -v wanted="$2" '/^\.S[hs] /{ inside = ($0 == ".Ss " wanted) } inside' "$1"
}

tells_every_command() {
    local command option argument rest
    "$D1KEEP" completion --table >"$TEST_TMP/table"
    while IFS=$'\t' read -r command option argument; do
        if [ "$command" = d1keep ]; then
            sed -n '/^\.Sh DESCRIPTION/,/^\.Sh COMMANDS/p' "$ROOT/man/d1keep.1" >"$TEST_TMP/part"
        else
            part "$ROOT/man/d1keep.1" "$command" >"$TEST_TMP/part"
        fi
        [ -s "$TEST_TMP/part" ] || { echo "man/d1keep.1: no part \".Ss $command\""; return 1; }
        [ -n "$option" ] || continue
        rest=${option#-}
        grep -Eq "^\.It Fl (.* Fl )?$rest( |$)" "$TEST_TMP/part" || { echo "man/d1keep.1: $command: no line \".It Fl $rest\" $argument"; return 1; }
    done <"$TEST_TMP/table"
    # Nothing but commands has a part of its own in the section of commands.
    sed -n '/^\.Sh COMMANDS/,/^\.Sh ENVIRONMENT/s/^\.Ss //p' "$ROOT/man/d1keep.1" | while read -r command; do
        grep -qx "$command" "$TEST_TMP/table" || { echo "man/d1keep.1: there is no command $command"; return 1; }
    done
}
test_case 'd1keep(1) tells every command and option, and no other' tells_every_command

has_an_example_for_each() {
    local command
    for command in $("$D1KEEP" completion --table | grep -v $'\t'); do
        part "$ROOT/man/d1keep.1" "$command" | grep -Eq "[#$] .*d1keep (-c [a-z.]* )?.*$command" ||
            { echo "man/d1keep.1: no example of $command"; return 1; }
    done
}
test_case 'd1keep(1) has an example of each command' has_an_example_for_each

tells_the_options_of_the_daemon() {
    local option
    "$D1KEEPD" --help | grep -oE '^  .{0,6}--[a-z-]+' | grep -oE -- '--[a-z-]+' >"$TEST_TMP/options"
    [ "$(wc -l <"$TEST_TMP/options")" -ge 5 ]
    while read -r option; do
        grep -Eq "^\.It Fl (.* Fl )?${option#-}( |$)" "$ROOT/man/d1keepd.8" || { echo "man/d1keepd.8: no $option"; return 1; }
    done <"$TEST_TMP/options"
}
test_case 'd1keepd(8) tells every option' tells_the_options_of_the_daemon

are_read_by_man() {
    local page
    for page in "$ROOT"/man/*; do
        expect_exit 0 mandoc -T lint -W warning "$page"
        expect_equal "$(cat "$OUT" "$ERR")" ''
        expect_exit 0 mandoc -T utf8 "$page"
        expect_out 'd1keep'
    done
}
test_case 'mandoc finds nothing wrong' are_read_by_man

test_done
