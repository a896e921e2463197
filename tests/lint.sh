#!/usr/bin/env bash
# What the compiler cannot hold us to. Arguments: "folder:folders it may include".
set -u
cd "$(dirname "$0")/.." || exit 2
found=0
say() {
    echo "lint: $*"
    found=1
}

# No include climbs: a floor knows itself and the floors it may use.
folders=()
for rule in "$@"; do
    folder=${rule%%:*}
    [ -d "$folder" ] || continue
    folders+=("$folder")
    may=" $folder ${rule#*:} "
    while IFS=: read -r file line include; do
        used=$(sed -E 's/.*"([a-z0-9_]+)\/.*/\1/' <<<"$include")
        [[ $may == *" $used "* ]] || say "$file:$line: $folder may not include $used"
    done < <(grep -nE '^#include "' "$folder"/*.[ch])
done

# Every folder of sources is a floor that is named.
while IFS= read -r file; do
    [[ " ${folders[*]} " == *" ${file%%/*} "* ]] || say "$file: ${file%%/*} is no folder of the Makefile's"
done < <(git ls-files '*.c' '*.h' 2>/dev/null | grep -v '^tests/')

sources=()
headers=()
for folder in "${folders[@]}"; do
    sources+=("$folder"/*.c)
    headers+=("$folder"/*.h)
done

# forbid MESSAGE PATTERN EXCEPT: no line of the sources may match, but those of
# the files whose names match EXCEPT.
forbid() {
    while IFS= read -r hit; do
        say "$(cut -d: -f1,2 <<<"$hit"): $1"
    done < <(grep -nE "$2" "${sources[@]}" | grep -vE "^(${3:-nothing}):")
}
forbid 'what cleans up by itself must be initialised where it is declared' 'AUTO_[A-Z]+ [^=]*;'
forbid 'this function writes without a bound' '\b(strcpy|strcat|sprintf|vsprintf|gets|scanf|alloca)\('
forbid 'allocate with base/mem.h' '[^_a-z](malloc|calloc|realloc|strdup|strndup|asprintf)\(' 'base/mem\.c'
forbid 'time and chance come from a struct clock' '[^_a-z](time|rand|random|srand|usleep|sleep)\(' 'base/(clock|log)\.c'
forbid 'libraries do not print' '[^_a-z|](printf|fprintf|puts|fputs|putchar|log_(error|warning|info|debug|err))\(' '(cli|daemon)/[a-z0-9_]*\.c|base/log\.c|tables/select\.c' # select.c: SQL's
forbid 'white space at the end of the line' '[[:blank:]]$'

# What one file alone uses is static; what nobody uses, or tests alone, goes. (Tests may call what its own file uses too, and
# stop_clear() takes back what a signal's handler did.) Looked for in the objects of `make programs`, where they are.
if [ -e build/d1keep ] && [ -e build/d1keepd ]; then
    while read -r file symbol; do
        [ -f "$file" ] || continue
        if [ "$(grep -cw "$symbol" "$file")" -le 1 ]; then
            say "$file: no program calls $symbol()"
        elif ! grep -rqw --include='*.c' "$symbol" tests; then
            say "$file: $symbol() should be static"
        fi
    done < <(find "${folders[@]/#/build/}" -name '*.o' -exec nm -A -g {} + | awk '
        { sub(/^build\//, "", $1); sub(/\.o:.*/, ".c", $1) }
        $(NF - 1) == "U" { used[$NF] = 1; next }
        $(NF - 1) ~ /^[TDBRV]$/ { defined[$NF] = $1 }
        END { for (s in defined) if (!(s in used) && s !~ /^(main|stop_clear)$/) print defined[s], s }')
fi

for file in "${sources[@]}" "${headers[@]}"; do
    lines=$(wc -l <"$file")
    [ "$lines" -le 500 ] || say "$file: $lines lines: does it hold one idea?"
done

# Units: a sandbox that scores well, the same one for daemon and timer.
sandbox() { sed -n '/^# ---- the sandbox/,/^# ---- end of the sandbox/p' "$1"; }
for unit in systemd/*.service; do
    if command -v systemd-analyze >/dev/null; then
        score=$(systemd-analyze security --offline=true --threshold=15 --no-pager "$unit" 2>&1) ||
            say "$unit: $(tail -n 1 <<<"$score") (1.5 at most)"
    else
        echo "lint: $unit: its sandbox is not scored, systemd-analyze is not here"
    fi
    if [ -z "$(sandbox "$unit")" ] || [ "$(sandbox "$unit")" != "$(sandbox systemd/d1keepd.service)" ]; then
        say "$unit: its sandbox is not that of d1keepd.service"
    fi
done
if command -v mandoc >/dev/null; then
    while IFS= read -r hit; do say "$hit"; done < <(mandoc -T lint -W warning man/*)
fi
if command -v shellcheck >/dev/null; then
    shellcheck -x -P SCRIPTDIR tests/*.sh tests/cloudflare/*.sh tests/integration/*.sh tests/fuzz/*.sh .ci/run || found=1
fi
[ $found -ne 0 ] || echo "lint: clean"
exit $found
