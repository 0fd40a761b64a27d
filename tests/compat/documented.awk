# SPDX-License-Identifier: BSD-3-Clause
# Of the public headers: each function, and the error codes that its comment names.
function codes_in(text,    found, word) {
    found = ""
    while (match(text, /Pvm[A-Z][A-Za-z]*/)) {
        word = substr(text, RSTART, RLENGTH)
        text = substr(text, RSTART + RLENGTH)
        if ((word in error) && index(found " ", " " word " ") == 0)
            found = found " " word
    }
    return found
}

/^#define Pvm[A-Za-z]+ \(-[0-9]+\)/ { error[$2] = 1 }
/^\/\*/ && !inside { comment = ""; inside = 1 }
inside {
    comment = comment $0 "\n"
    if ($0 ~ /\*\/ *$/) {
        inside = 0
        pending = comment
    }
    next
}
/^$/ { pending = "" }
/^(int|char|const char|void)[^{]*\(/ {
    name = $0
    if (match(name, /\(\*pvm_[a-z]+\(/)) {
        name = substr(name, RSTART + 2, RLENGTH - 3)
    } else {
        sub(/\(.*/, "", name)
        sub(/.*[ *]/, "", name)
    }
    if (pending != "")
        last = pending
    pending = ""
    print name codes_in(last)
}
