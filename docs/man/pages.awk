# SPDX-License-Identifier: BSD-3-Clause
# Makes the manual pages of section 3, and pvm_intro(7), from the public headers: a comment and the declarations right
# behind it are a page, named after the first; the others get a page that refers to it. So header and pages cannot
# disagree.
#
#   awk -f pages.awk -v dir=FOLDER -v date="Month D, YEAR" -v fortran=TABLE HEADER...
#
# In a comment, "==== 7. Packing ====" begins a chapter; what follows it belongs to all its pages. Lines of five and more
# blanks are examples; "  word   text" and what stands indented beneath is an item of a list; an empty line parts.

function flush_paragraph(out) {
    if (paragraph != "") {
        emit_text(paragraph)
        paragraph = ""
    }
}

function escaped(s) {
    gsub(/\\/, "\\e", s)
    if (s ~ /^[.']/)
        s = "\\\\&" s
    return s
}

# A sentence a line, as mdoc wants it; what is called is set bold.
function emit_text(s,    n, i, parts, line) {
    s = escaped(s)
    while (match(s, /chapter [0-9]+/))
        s = substr(s, 1, RSTART - 1) "\"" title[substr(s, RSTART + 8, RLENGTH - 8) + 0] "\" in pvm3.h" \
            substr(s, RSTART + RLENGTH)
    gsub(/ -1/, " \\\\-1", s)
    n = split(s, parts, /\. /)
    for (i = 1; i <= n; i++) {
        line = parts[i] (i < n ? "." : "")
        if (line ~ /^[.']/)
            line = "\\&" line
        print bold(line) >page
    }
}

function bold(s,    done) {
    done = ""
    while (match(s, /pvm_[a-z_0-9]+\(/)) {
        done = done substr(s, 1, RSTART - 1) "\\fB" substr(s, RSTART, RLENGTH - 1) "\\fP("
        s = substr(s, RSTART + RLENGTH)
    }
    return done s
}

function end_list() {
    flush_paragraph()
    if (in_list)
        print ".El" >page
    in_list = 0
}

function end_example() {
    if (in_example)
        print ".Ed" >page
    in_example = 0
}

# The lines of a comment as mdoc.
function emit_comment(text,    n, i, lines, line, indent, tag, gap, first) {
    n = split(text, lines, "\n")
    paragraph = ""
    in_list = in_example = gap = 0
    first = 1
    for (i = 1; i <= n; i++) {
        line = lines[i]
        match(line, /^ */)
        indent = RLENGTH
        if (line ~ /^ *$/) {
            if (in_example) {
                end_example()
            }
            flush_paragraph()
            gap = 1
            continue
        }
        if (indent >= 5 && !in_list) {
            flush_paragraph()
            if (!in_example)
                print ".Bd -literal -offset indent" >page
            in_example = 1
            print escaped(substr(line, 6)) >page
            gap = 0
            continue
        }
        end_example()
        if (indent >= 1 && indent <= 3 && is_item(line, indent)) {
            flush_paragraph()
            if (!in_list)
                print ".Bl -tag -width Ds" >page
            in_list = 1
            line = substr(line, indent + 1)
            if (match(line, /  +/)) {
                tag = substr(line, 1, RSTART - 1)
                paragraph = substr(line, RSTART + RLENGTH)
            } else {
                tag = line
            }
            tag = tag_begun tag
            tag_begun = tag ~ /,$/ ? tag " " : ""
            if (tag_begun == "")
                print ".It " quoted(tag) >page
        } else if (indent >= 1 && in_list) {
            paragraph = paragraph (paragraph == "" ? "" : " ") substr(line, indent + 1)
        } else {
            if (in_list)
                end_list()
            else if (gap) {
                flush_paragraph()
            }
            if (gap && !first && paragraph == "")
                print ".Pp" >page
            paragraph = paragraph (paragraph == "" ? "" : " ") substr(line, indent + 1)
        }
        gap = first = 0
    }
    end_example()
    end_list()
    flush_paragraph()
}

# An item stands at the list's own indentation; what goes on beneath stands deeper.
function is_item(line, indent) {
    return !in_list || indent <= 2
}

function quoted(s) {
    s = escaped(s)
    gsub(/"/, "\\(dq", s)
    return "\"" s "\""
}

# One line that says what a page is about: the beginning of its text.
function summary(text,    s) {
    s = text
    gsub(/\n/, " ", s)
    gsub(/  +/, " ", s)
    sub(/^ /, "", s)
    sub(/^PVM 4: /, "", s)
    sub(/^Each function /, "", s)
    gsub(/ \([^)]*\)/, "", s)
    if (match(s, /\. |\.$|; /))
        s = substr(s, 1, RSTART - 1)
    if (match(s, /[^\]]: /) && RSTART > 8)
        s = substr(s, 1, RSTART)
    while (length(s) > 90 && s ~ /,/)
        sub(/,[^,]*$/, "", s)
    sub(/[.;:,]+$/, "", s)
    sub(/ +$/, "", s)
    if (s !~ /^(Pvm|PVM|XDR|"|\$)/)
        s = tolower(substr(s, 1, 1)) substr(s, 2)
    gsub(/"/, "", s)
    return escaped(s)
}

function begin_page(name, section) {
    page = dir "/man" section "/" name "." section
    print ".\\\" Made from " header_of[name] " by docs/man/pages.awk: change it there." >page
    print ".Dd " date >page
    print ".Dt " toupper(name) " " section >page
    print ".Os \"PVM 4\"" >page
    print ".nh" >page    # names stay whole
}

# Declarations fit a terminal: a blank line parts nothing here, so a comment may go.
function wrapped(s,    done, at, line) {
    gsub(/\n */, " ", s)
    gsub(/;  +/, ";  ", s)
    if (length(s) > 72)
        sub(/; *\/\*.*$/, ";", s)
    done = ""
    while (length(s) > 72) {
        line = substr(s, 1, 72)
        if (!match(line, /.*, /))
            break
        done = done substr(s, 1, RLENGTH - 1) "\n"
        s = "        " substr(s, RLENGTH + 1)
    }
    return done s
}

# The structures that a page's declarations mention.
function emit_structures(text,    i) {
    for (i = 1; i <= structures; i++)
        if (index(text, "struct " structure_name[i] " ") || index(text, "struct " structure_name[i] ","))
            print ".Bd -literal\n" escaped(structure[i]) ".Ed" >page
}

# In alphabetical order.
function emit_see_also(g,    i, k, n, list, moved) {
    n = 0
    for (i = 1; i <= groups; i++) {
        if (i == g || chapter_of[i] != chapter_of[g])
            continue
        for (k = n++; k > 0 && tolower(list[k]) > tolower(first_name[i]); k--)
            list[k + 1] = list[k]
        list[k + 1] = first_name[i]
    }
    print ".Sh SEE ALSO" >page
    for (i = 1; i <= n; i++)
        print ".Xr " list[i] " 3 ," >page
    print ".Xr pvm_intro 7" >page
}

# The calls of Fortran that stand for the functions of a page, from the table of the modules' routines.
function read_fortran(    line, part, word, n, i, call) {
    while ((getline line <fortran) > 0) {
        if (line ~ /^#/ || line == "")
            continue
        n = split(line, part, " ")
        call = ""
        for (i = 2; i <= n; i++) {
            split(part[i], word, ":")
            call = call (i > 2 ? ", " : "") word[1]
        }
        fortran_call[part[1]] = "call " part[1] "(" call ")"
    }
}

function fortran_name(name) {
    if (name ~ /^pvm_pk(byte|short|int|long|float|double|cplx|dcplx|str)$/)
        return "pvmfpack"
    if (name ~ /^pvm_upk(byte|short|int|long|float|double|cplx|dcplx|str)$/)
        return "pvmfunpack"
    if (name ~ /^pvm_(add|del)hosts$/)
        sub(/s$/, "", name)
    if (name == "pvmsleep")
        name = "pvm_sleep"
    gsub(/_/, "", name)
    return "pvmf" substr(name, 4)
}

function emit_fortran(names, n,    i, name, seen, calls) {
    for (i = 1; i <= n; i++) {
        name = fortran_name(names[i])
        if ((name in fortran_call) && !(name in seen)) {
            seen[name] = 1
            calls = calls wrapped(fortran_call[name]) "\n"
        }
    }
    if (calls != "")
        print ".Sh FORTRAN\n.Bd -literal\n" calls ".Ed" >page
}

function emit_group(g,    n, i, names, name) {
    n = split(names_of[g], names, " ")
    name = names[1]
    header_of[name] = "include/" include_of[g]
    begin_page(name, 3)
    print ".Sh NAME" >page
    for (i = 1; i <= n; i++)
        print ".Nm " names[i] (i < n ? " ," : "") >page
    print ".Nd " summary(doc_of[g]) >page
    print ".Sh SYNOPSIS" >page
    print ".In " include_of[g] >page
    emit_structures(text_of[g])
    print ".Bd -literal\n" escaped(text_of[g]) ".Ed" >page
    print ".Sh DESCRIPTION" >page
    emit_comment(doc_of[g])
    emit_fortran(names, n)
    if (intro_of[chapter_of[g]] != "" && intro_of[chapter_of[g]] != doc_of[g]) {
        print ".Sh " toupper(chapter_of[g]) >page
        emit_comment(intro_of[chapter_of[g]])
    }
    emit_see_also(g)
    close(page)
    for (i = 2; i <= n; i++) {
        page = dir "/man3/" names[i] ".3"
        print ".so man3/" name ".3" >page
        close(page)
    }
}

function emit_intro(    i, chapter) {
    header_of["pvm_intro"] = "include/pvm3.h"
    begin_page("pvm_intro", 7)
    print ".Sh NAME\n.Nm pvm_intro\n.Nd Parallel Virtual Machine: what all its functions have in common" >page
    print ".Sh DESCRIPTION" >page
    emit_comment(opening)
    print ".Sh COMMON RULES" >page
    emit_comment(intro_of["Common rules"])
    print ".Sh FUNCTIONS" >page
    for (i = 1; i <= groups; i++) {
        if (chapter_of[i] != chapter) {
            if (chapter != "")
                print ".El" >page
            chapter = chapter_of[i]
            print ".Ss " chapter "\n.Bl -tag -width Ds" >page
        }
        print ".It Xr " first_name[i] " 3" >page
        print summary(doc_of[i]) >page
    }
    if (chapter != "")
        print ".El" >page
    print ".Sh ERROR CODES\n.Bl -tag -width PvmParentNotSet -compact" >page
    for (i = 1; i <= errors; i++)
        print ".It Er " error_name[i] "\n" escaped(error_text[i]) >page
    print ".El\n.Sh SEE ALSO\n.Xr pvm 1 ,\n.Xr pvmd 1 ,\n.Xr pvm-hostfile 5" >page
    close(page)
}

# ---- reading ----

FNR == 1 {
    include = FILENAME
    sub(/.*\//, "", include)
    chapter = include    # until one begins
    pending = ""
    declaration = ""
    open_structure = ""
}

function end_comment() {
    commenting = 0
    if (opening == "") {
        opening = comment
        sub(/^[^\n]*manual\.\n\n/, "", opening)
        sub(/\nChapters:.*/, "", opening)
    }
    if (match(comment, /==== [0-9]+\. [^=]* ====/)) {
        chapter = substr(comment, RSTART + 5, RLENGTH - 10)
        number = chapter + 0
        sub(/^[0-9]+\. /, "", chapter)
        title[number] = chapter
        sub(/^[^=]*==== [^=]* ====\n*/, "", comment)
        intro_of[chapter] = comment
    }
    pending = comment
}

commenting {
    line = $0
    if (line ~ /\*\/ *$/) {
        sub(/ *\*\/ *$/, "", line)
        sub(/^ \* ?/, "", line)
        comment = comment line "\n"
        end_comment()
    } else {
        sub(/^ \* ?/, "", line)
        comment = comment line "\n"
    }
    next
}

/^\/\*/ {
    comment = $0
    sub(/^\/\* ?/, "", comment)
    if (comment ~ /SPDX/)
        next
    if (comment ~ /\*\/ *$/) {
        sub(/ *\*\/ *$/, "", comment)
        comment = comment "\n"
        end_comment()
    } else {
        commenting = 1
        comment = comment == "" ? "" : comment "\n"
    }
    next
}

/^struct [a-z]+ \{/ { open_structure = $2 }
open_structure != "" {
    body = body $0 "\n"
    if ($0 ~ /^};/) {
        structure[++structures] = body
        structure_name[structures] = open_structure
        open_structure = body = ""
        pending = ""
    }
    next
}

/^#define Pvm[A-Za-z]+ (0|\(-[0-9]+\))( |$)/ && /Pvm[A-Z][A-Za-z]* \(-/ {
    error_name[++errors] = $2
    text = $0
    sub(/^[^\/]*\/\* */, "", text)
    sub(/ *\*\/.*/, "", text)
    error_text[errors] = text
}

declaration == "" && /^(extern|int|char|const|void|unsigned|double|struct [a-z]+ \*)[^{]*[(;]/ && $0 !~ /^extern "C"/ {
    declaration = $0
}
declaration == "" && /^$/ { pending = "" }
declaration == "" { next }
{
    if (declaration != $0)
        declaration = declaration "\n" $0
    if ($0 !~ /;/)
        next
    bare = declaration
    gsub(/ *\/\*[^*]*\*\//, "", bare)
    name = bare
    if (match(name, /\(\*pvm_[a-z]+\(/))
        name = substr(name, RSTART + 2, RLENGTH - 3)
    else {
        sub(/[(;].*/, "", name)
        sub(/^.*[ *]/, "", name)
    }
    declaration = wrapped(declaration)
    if (pending != "") {
        groups++
        first_name[groups] = name
        doc_of[groups] = pending
        chapter_of[groups] = chapter
        include_of[groups] = include
        names_of[groups] = name
        text_of[groups] = declaration "\n"
    } else if (groups > 0) {
        names_of[groups] = names_of[groups] " " name
        text_of[groups] = text_of[groups] declaration "\n"
    }
    pending = ""
    declaration = ""
}

END {
    read_fortran()
    for (g = 1; g <= groups; g++)
        emit_group(g)
    emit_intro()
}
