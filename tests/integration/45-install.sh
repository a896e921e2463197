#!/usr/bin/env bash
# make install: which files, with which modes, with the right paths in them; and make uninstall, after which nothing is left.
# Units are looked at by systemd itself, as far as it goes without being the system.
. "$(dirname "$0")/../lib.sh"

STAGE=$TEST_TMP/stage
PLACE=$TEST_TMP/place

# The programs are there already: no run of a test builds.
make_here() {
    make -s --no-print-directory -C "$ROOT" BUILD="$(realpath --relative-to="$ROOT" "$(dirname "$D1KEEP")")" "$@"
}

put_everything_at_its_place() {
    make_here install PREFIX=/usr DESTDIR="$STAGE"
    (cd "$STAGE" && find . -type f -printf '%m %P\n' | sort -k2) >"$OUT"
    cat >"$TEST_TMP/expected" <<LIST
755 usr/bin/d1keep
755 usr/bin/d1keepd
644 usr/lib/systemd/system/d1keep-backup@.service
644 usr/lib/systemd/system/d1keep-backup@.timer
644 usr/lib/systemd/system/d1keepd.service
644 usr/share/bash-completion/completions/d1keep
644 usr/share/doc/d1keep/LICENSE
644 usr/share/doc/d1keep/README.md
644 usr/share/doc/d1keep/backup.conf.example
644 usr/share/doc/d1keep/host-folders.conf
644 usr/share/fish/vendor_completions.d/d1keep.fish
644 usr/share/man/man1/d1keep.1
644 usr/share/man/man5/backup.conf.5
644 usr/share/man/man8/d1keepd.8
644 usr/share/zsh/site-functions/_d1keep
LIST
    grep -v '/doc/d1keep/.*\.md$' "$TEST_TMP/expected" >"$TEST_TMP/expected.without"
    expect_match "$OUT" '^644 usr/share/doc/d1keep/README.md$'
    expect_match "$OUT" '^644 usr/share/doc/d1keep/format.md$'
    grep -v '/doc/d1keep/.*\.md$' "$OUT" >"$TEST_TMP/actual"
    expect_same_file "$TEST_TMP/actual" "$TEST_TMP/expected.without"
    expect_equal "$(find "$STAGE" -type d -printf '%m\n' | sort -u)" 755
    [ -d "$STAGE/etc/d1keep" ]
    expect_equal "$(ls -A "$STAGE/etc/d1keep")" ''
}
test_case 'files and modes' put_everything_at_its_place

runs_where_it_was_put() {
    expect_exit 0 "$STAGE/usr/bin/d1keep" --version
    expect_exit 0 "$STAGE/usr/bin/d1keepd" --version
    expect_match "$STAGE/usr/share/zsh/site-functions/_d1keep" '^#compdef d1keep'
}
test_case 'the installed programs run' runs_where_it_was_put

names_the_installed_paths() {
    expect_equal "$(grep -h '^ExecStart=' "$STAGE"/usr/lib/systemd/system/d1keepd.service)" \
        'ExecStart=/usr/bin/d1keepd --config /etc/d1keep/backup.conf'
    expect_match "$STAGE/usr/lib/systemd/system/d1keep-backup@.service" \
        '^ExecStart=/usr/bin/d1keep .*--config /etc/d1keep/backup\.conf backup %I --prune$'
    make_here install PREFIX="$PLACE" SYSCONFDIR="$PLACE/etc"
    expect_match "$PLACE/lib/systemd/system/d1keepd.service" \
        "^ExecStart=$PLACE/bin/d1keepd --config $PLACE/etc/d1keep/backup\.conf$"
    expect_match "$PLACE/share/doc/d1keep/backup.conf.example" "file:$PLACE/etc/d1keep/taco.token"
    # Links of the README lead to what lies beside it there.
    expect_match "$PLACE/share/doc/d1keep/README.md" '\(control\.md\)'
    refuse_match "$PLACE/share/doc/d1keep/README.md" '\]\((docs|systemd)/'
    # Nothing in what was put there names a place where nothing was put.
    cat "$PLACE"/lib/systemd/system/* "$PLACE"/share/man/man*/* "$PLACE"/share/doc/d1keep/backup.conf.example "$PLACE"/share/doc/d1keep/[a-z]*.md >"$OUT"
    refuse_match "$OUT" '/usr/local/(bin|share)|[" =:]/etc/d1keep'
}
test_case 'units name the paths of the installation' names_the_installed_paths

# Without a running systemd: syntax, unknown settings, programs that are not there.
are_units_that_systemd_knows() {
    local units=$PLACE/lib/systemd/system unit
    cp "$units/d1keep-backup@.service" "$units/d1keep-backup@production-auth.service"
    cp "$units/d1keep-backup@.timer" "$units/d1keep-backup@production-auth.timer"
    for unit in d1keepd.service d1keep-backup@production-auth.service d1keep-backup@production-auth.timer; do
        expect_exit 0 systemd-analyze verify --man=no "$units/$unit"
        refuse_match "$ERR" "d1keep"
        show_output
    done
    rm "$units"/*@production-auth.*
}
if command -v systemd-analyze >/dev/null; then
    test_case 'systemd finds nothing wrong with the units' are_units_that_systemd_knows
fi

# The daemon sends what Type=notify and the watchdog wait for: 31-daemon-real.sh. Here: the numbers fit each other.
gives_the_daemon_its_time() {
    local unit=$STAGE/usr/lib/systemd/system/d1keepd.service
    expect_match "$unit" '^Type=notify$'
    expect_match "$unit" '^WatchdogSec=60$'
    [ "$(sed -n 's/^TimeoutStopSec=//p' "$unit")" -gt 30 ]
    expect_match "$unit" '^KillMode=mixed$'
    expect_match "$unit" '^DynamicUser=yes$'
}
test_case 'the daemon has longer to stop than it takes' gives_the_daemon_its_time

takes_all_of_it_away_again() {
    make_here uninstall PREFIX=/usr DESTDIR="$STAGE"
    expect_equal "$(find "$STAGE" -not -type d)" ''
    [ ! -e "$STAGE/etc/d1keep" ] && [ ! -e "$STAGE/usr/share/doc/d1keep" ]
}
test_case 'uninstall leaves nothing' takes_all_of_it_away_again

leaves_what_is_yours() {
    echo '# mine' >"$PLACE/etc/d1keep/backup.conf"
    make_here install PREFIX="$PLACE" SYSCONFDIR="$PLACE/etc"
    expect_equal "$(cat "$PLACE/etc/d1keep/backup.conf")" '# mine'
    make_here uninstall PREFIX="$PLACE" SYSCONFDIR="$PLACE/etc" >"$OUT"
    expect_out 'd1keep is kept'
    expect_equal "$(find "$PLACE" -type f)" "$PLACE/etc/d1keep/backup.conf"
}
test_case 'a configuration is neither overwritten nor removed' leaves_what_is_yours

# `sudo make install` in a person's clone that is not built: no file of root's stays there.
leaves_nothing_of_roots() {
    local clone=$TEST_TMP/clone
    mkdir "$clone"
    (cd "$ROOT" && find . \( -path './build*' -o -path ./.git -o -path ./tests \) -prune -o -type f -print0 | xargs -0 cp --parents -t "$clone")
    chown -R 65534:65534 "$clone"
    expect_exit 2 make -s -C "$clone" install DESTDIR="$TEST_TMP/none"
    expect_err 'run make first, as the user'
    expect_equal "$(find "$clone" -user 0)" ''
    [ ! -e "$TEST_TMP/none" ]
}
[ "$(id -u)" -ne 0 ] || test_case 'root builds nothing in the folder of another' leaves_nothing_of_roots

test_done
