# A strict reader of Prometheus' text format 0.0.4: says what is wrong with standard input, and exits with 1.
#
#   curl -s …/metrics | awk -f prometheus.awk
function wrong(what) {
    printf "line %d: %s: %s\n", NR, what, $0
    bad = 1
}
function is_name(text) { return text ~ /^[a-zA-Z_:][a-zA-Z0-9_:]*$/ }
function is_number(text) { return text ~ /^[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?$/ || text ~ /^([-+]?Inf|NaN)$/ }

# name="value",name="value"; in a value only \\, \" and \n are escapes.
function labels(text,    seen, name) {
    split("", seen)
    while (text != "") {
        if (!match(text, /^[a-zA-Z_][a-zA-Z0-9_]*="/)) { wrong("no label"); return }
        name = substr(text, 1, RLENGTH - 2)
        if (name in seen) wrong("label twice")
        seen[name] = 1
        text = substr(text, RLENGTH + 1)
        while (text !~ /^"/) {
            if (text == "") { wrong("a value without end"); return }
            if (text ~ /^\\/ && text !~ /^\\[\\"n]/) { wrong("no such escape"); return }
            text = substr(text, text ~ /^\\/ ? 3 : 2)
        }
        text = substr(text, 2)
        if (text ~ /^,./) text = substr(text, 2)
        else if (text != "") { wrong("something behind a label"); return }
    }
}

/^# HELP / {
    if (!is_name($3)) wrong("no name")
    if ($3 in help) wrong("HELP twice")
    if (NF < 4) wrong("HELP says nothing")
    help[$3] = 1
    current = $3
    next
}
/^# TYPE / {
    if ($3 != current || !($3 in help)) wrong("TYPE without its HELP before it")
    if ($3 in type) wrong("TYPE twice")
    if ($4 !~ /^(counter|gauge)$/ || NF != 4) wrong("no such type")
    if ($4 == "counter" && $3 !~ /_total$/) wrong("a counter that is not called _total")
    type[$3] = $4
    next
}
/^#/ || /^$/ || /^[ \t]/ { wrong("neither a sample nor HELP nor TYPE"); next }
{
    rest = $0
    if (!match(rest, /^[a-zA-Z_:][a-zA-Z0-9_:]*/)) { wrong("no name"); next }
    name = substr(rest, 1, RLENGTH)
    rest = substr(rest, RLENGTH + 1)
    if (name != current || !(name in type)) wrong("a sample away from its TYPE")
    value = rest
    series = name
    if (rest ~ /^\{/) {
        # The last brace ends the labels: the value behind it has none.
        end = 0
        for (i = length(rest); i > 0 && !end; i--) if (substr(rest, i, 1) == "}") end = i
        if (!end) { wrong("labels without end"); next }
        labels(substr(rest, 2, end - 2))
        series = name substr(rest, 1, end)
        value = substr(rest, end + 1)
    }
    if (value !~ /^ / || !is_number(substr(value, 2))) wrong("no number")
    if (series in known) wrong("a series twice")
    known[series] = 1
    samples++
}
END {
    if (!samples) { print "no samples"; bad = 1 }
    exit bad
}
