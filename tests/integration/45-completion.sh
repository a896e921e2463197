#!/usr/bin/env bash
# Completions, asked of the shells themselves: what does a line become when TAB is pressed at its end?
. "$(dirname "$0")/../lib.sh"

mkdir "$TEST_TMP/bucket" "$TEST_TMP/work"
cat >"$CONF" <<EOF2
state_dir = "$STATE_DIR"
account "taco" { id = "0123456789abcdef0123456789abcdef" api_token = "env:NONE" }
bucket "here" { type = "directory" path = "$TEST_TMP/bucket" }
environment "production" {
    account = "taco" bucket = "here"
    database "auth" { id = "483da8b0-94c7-4f9e-ab1a-68df41e5664d" }
    database "billing" { id = "b8f3b52c-3061-4402-a8b3-794b45dbb2cb" }
}
environment "local" {
    bucket = "here"
    database "shop" { source = "sqlite" path = "$TEST_TMP/shop.sqlite" }
}
EOF2
PATH=$(dirname "$D1KEEP"):$PATH
export PATH

# ---- bash: the function that `complete -F` names, as readline calls it

bash_candidates() { # LINE
    bash --norc -c '
        eval "$(d1keep completion bash)" || exit 1
        COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=() COMP_CWORD=0
        complete -p d1keep | grep -q "_d1keep d1keep" || exit 1
        compopt() { :; } # works only while readline waits
        _d1keep
        printf "%s\n" "${COMPREPLY[@]}"
    ' bash "$1" | sort | paste -sd' '
}

completes_in_bash() {
    expect_equal "$(bash_candidates 'd1keep ba')" backup
    expect_equal "$(bash_candidates "d1keep -c $CONF ver")" verify
    expect_equal "$(bash_candidates 'd1keep --ver')" --version
    expect_equal "$(bash_candidates 'd1keep backup --lab')" --label
    expect_equal "$(bash_candidates "d1keep -c $CONF backup ")" 'local local/shop production production/auth production/billing'
    expect_equal "$(bash_candidates "d1keep -c $CONF backup --all production/b")" production/billing
    expect_equal "$(bash_candidates "d1keep -c $CONF verify pro")" 'production/auth production/billing'
    # Readline breaks words at ':' and '@': only what follows is given back.
    expect_equal "$(bash_candidates "d1keep -c $CONF restore production/auth --to d1:prod")" 'production/auth production/billing'
    expect_equal "$(bash_candidates "d1keep -c $CONF verify production/auth@")" latest
    expect_equal "$(bash_candidates "d1keep -c $CONF restore production/auth --to sqlite:$TEST_TMP/backup.c")" "$CONF"
    expect_equal "$(bash_candidates 'd1keep restore a/b --check c')" 'content count'
    expect_equal "$(bash_candidates "d1keep keygen $TEST_TMP/backup.c")" "$CONF"
    expect_equal "$(bash_candidates 'd1keep completion ')" 'bash fish zsh'
    expect_equal "$(bash_candidates 'd1keep backup --label ')" ''
}
test_case 'bash' completes_in_bash

# ---- zsh: keys pressed in a terminal of zsh's own

cat >"$TEST_TMP/zsh-tab" <<'EOF2'
# zsh-tab FOLDER LINE…   prints what each line is after a TAB
zmodload zsh/zpty
folder=$1
shift
zpty press zsh -f -i
zpty -w press "PS1='' fpath=($folder \$fpath); autoload -Uz compinit; compinit -u -D; setopt no_beep"
zpty -w press "told() { print -r -- \$BUFFER >>$folder/told; BUFFER=; }; zle -N told; bindkey '^X' told; : >$folder/ready"
while [[ ! -e $folder/ready ]]; do zpty -r -t press >/dev/null; sleep 0.03; done
for line; do
    wanted=$((${$(wc -l <$folder/told 2>/dev/null):-0} + 1))
    zpty -n -w press "$line"$'\t\x18'
    while (( ${$(wc -l <$folder/told 2>/dev/null):-0} < wanted )); do zpty -r -t press >/dev/null; sleep 0.03; done
done
zpty -d press
cat $folder/told
EOF2

completes_in_zsh() {
    local folder=$TEST_TMP/zsh
    mkdir "$folder"
    d1keep completion zsh >"$folder/_d1keep"
    : >"$folder/told"
    timeout 60 zsh -f "$TEST_TMP/zsh-tab" "$folder" 'd1keep ba' "d1keep -c $CONF ver" 'd1keep backup --lab' \
        "d1keep -c $CONF backup production/b" "d1keep -c $CONF backup loc" "d1keep -c $CONF verify production/auth@" \
        "d1keep -c $CONF restore production/auth --to d1:production/a" 'd1keep restore a/b --check cou' \
        "d1keep -c $TEST_TMP/backup.c" 'd1keep completion f' >"$OUT"
    sed 's/ *$//' "$OUT" >"$TEST_TMP/actual"
    cat >"$TEST_TMP/expected" <<LINES
d1keep backup
d1keep -c $CONF verify
d1keep backup --label
d1keep -c $CONF backup production/billing
d1keep -c $CONF backup local
d1keep -c $CONF verify production/auth@latest
d1keep -c $CONF restore production/auth --to d1:production/auth
d1keep restore a/b --check count
d1keep -c $CONF
d1keep completion fish
LINES
    expect_same_file "$TEST_TMP/actual" "$TEST_TMP/expected"
}
test_case 'zsh' completes_in_zsh

# ---- fish: it answers by itself

fish_candidates() { # LINE
    # shellcheck disable=SC2016 # fish's own variable
    HOME=$TEST_TMP XDG_CONFIG_HOME=$TEST_TMP XDG_DATA_HOME=$TEST_TMP \
        fish --no-config -c 'd1keep completion fish | source; complete -C $argv[1]' -- "$1" | cut -f1 | sort | paste -sd' '
}

completes_in_fish() {
    expect_equal "$(fish_candidates 'd1keep ba')" backup
    expect_equal "$(fish_candidates "d1keep -c $CONF ver")" verify
    expect_equal "$(fish_candidates 'd1keep --ver')" --version
    expect_equal "$(fish_candidates 'd1keep backup --lab')" --label
    expect_equal "$(fish_candidates "d1keep -c $CONF backup ")" 'local local/shop production production/auth production/billing'
    expect_equal "$(fish_candidates "d1keep -c $CONF verify production/auth@")" production/auth@latest
    expect_equal "$(fish_candidates "d1keep -c $CONF restore production/auth --to d1:production/a")" d1:production/auth
    expect_equal "$(fish_candidates 'd1keep restore a/b --check c')" 'content count'
    expect_equal "$(fish_candidates 'd1keep completion ')" 'bash fish zsh'
}
test_case 'fish' completes_in_fish

# ---- all of them: what is in the table is in the script

knows_every_command() {
    local shell command option rest
    d1keep completion --table >"$TEST_TMP/table"
    for shell in bash zsh fish; do
        d1keep completion "$shell" >"$TEST_TMP/script"
        while IFS=$'\t' read -r command option rest; do
            grep -q -- "$command" "$TEST_TMP/script" || { echo "$shell: no $command"; return 1; }
            option=${option#--}
            [ -z "$option" ] || grep -Eq -- "(--|-l )$option\b" "$TEST_TMP/script" || { echo "$shell: no --$option of $command"; return 1; }
        done <"$TEST_TMP/table"
    done
    expect_match "$TEST_TMP/table" '^backup'
}
test_case 'every command and option of the table' knows_every_command

stays_quiet_about_a_bad_configuration() {
    echo 'nonsense {' >"$TEST_TMP/bad.conf"
    expect_exit 2 "$D1KEEP" -c "$TEST_TMP/bad.conf" completion --names names
    expect_equal "$(cat "$OUT" "$ERR")" ''
    expect_error 2 'none of bash, zsh and fish' "$D1KEEP" completion tcsh
}
test_case 'a shell is told nothing of what is wrong' stays_quiet_about_a_bad_configuration

test_done
