# SPDX-License-Identifier: BSD-3-Clause
# Makes pvm.f90, the module of "use pvm", from its template: a routine with checks for each line of the table, and the
# constants of fpvm3.h. Of the template's parts "@data X@" to "@end@" it takes those of the compiler's kind: descriptor
# where it has type(*) and assumed rank, else external.
#
# With door=f08 it makes the first step to pvm_f08.f90 (the second is f08.awk): the same routines by the names of C, with
# stat= and errmsg=.
#
#   awk -f pvm.awk -v template=pvm.f90.in -v data=descriptor|external [-v door=f08] fpvm3.h routines > pvm.f90

function say(line) { body = body line "\n" }

function kind_of(i) { return substr(kind[i], 1, 1) }

# The dummy arguments of a routine; which: the form of its array, or "".
function declare(form,    i, k) {
    for (i = 1; i <= count; i++) {
        k = kind_of(i)
        if (k ~ /[itngNTG]/)
            say("        integer, intent(in) :: " word[i])
        else if (k ~ /[oO]/)
            say("        integer, intent(out) :: " word[i])
        else if (k == "b")
            say("        integer, intent(inout) :: " word[i])
        else if (k == "r")
            say("        integer, intent(out), optional :: " word[i])
        else if (k == "s")
            say("        character(len=*), intent(in) :: " word[i])
        else if (k == "S")
            say("        character(len=*), intent(out) :: " word[i])
        else
            say("        integer, intent(" (k == "a" ? "in" : "inout") ")" form " :: " word[i] (form == "" ? "(:)" : ""))
    }
}

# The interface of the C routine behind it.
function c_interface(    i, k, list, lengths) {
    for (i = 1; i <= count; i++) {
        list = list (i > 1 ? ", " : "") word[i]
        if (kind_of(i) ~ /[sS]/)
            lengths = lengths ", " word[i] "_length"
    }
    interfaces = interfaces "        subroutine c_" name "(" list lengths ") &\n            bind(C, name='" name "_')\n            import\n"
    for (i = 1; i <= count; i++) {
        k = kind_of(i)
        if (k ~ /[sS]/) {
            interfaces = interfaces "            character(kind=c_char), intent(" (k == "s" ? "in" : "out") ") :: " word[i] "(*)\n"
            interfaces = interfaces "            integer(c_size_t), value :: " word[i] "_length\n"
        } else
            interfaces = interfaces "            integer(c_int), intent(inout) :: " word[i] (k ~ /[aA]/ ? "(*)" : "") "\n"
    }
    interfaces = interfaces "        end subroutine c_" name "\n"
}

function arguments(    i, list) {
    for (i = 1; i <= count; i++)
        list = list (i > 1 ? ", " : "") word[i]
    return list
}

# The end of a call that was refused.
function give_back(    i) {
    for (i = 1; i <= count; i++) {
        if (kind_of(i) == "r")
            say("            if (present(" word[i] ")) " word[i] " = PvmBadParam")
        else if (kind_of(i) ~ /[oO]/)
            say("            " word[i] " = PvmBadParam")
    }
    say("            return\n        end if")
}

function routine(suffix,    i, k, list, lengths, size, result) {
    say("")
    say("    subroutine " name suffix "(" arguments() ")")
    declare("")
    for (i = 1; i <= count; i++) {
        k = kind_of(i)
        if (k !~ /[sSaA]/)
            say("        integer(c_int) :: " word[i] "_")
        else if (k ~ /[aA]/)
            say("        integer(c_int) :: " word[i] "_(size(" word[i] "))")
    }
    result = ""
    for (i = 1; i <= count; i++) {
        k = kind_of(i)
        list = list (i > 1 ? ", " : "") word[i] (k ~ /[sS]/ ? "" : "_")
        if (k ~ /[sS]/)
            lengths = lengths ", len(" word[i] ", c_size_t)"
        if (k ~ /[itngNbTG]/)
            say("        " word[i] "_ = int(" word[i] ", c_int)")
        else if (k ~ /[oOr]/)
            say("        " word[i] "_ = 0")
        else if (k ~ /[aA]/) {
            size = substr(kind[i], 3)
            say("        " word[i] "_ = int(" word[i] ", c_int)")
            say("        if (size(" word[i] ") < " size ") then")
            say("            call refuse('" name "', '" word[i] "', size(" word[i] "), few_text('" size "', " size "))")
            give_back()
        }
        if (k ~ /[TG]/) {
            say("        if (" (k == "T" ? "no_source(" : "no_tag(") word[i] ")) then")
            say("            call refuse('" name "', '" word[i] "', " word[i] ", " (k == "T" ? "no_source_text" : "no_tag_text") ")")
            give_back()
        }
        if (k ~ /[oOr]/)
            result = word[i] "_"
    }
    say("        call c_" name "(" list (lengths == "" ? "" : " &\n            ") lengths ")")
    if (result != "")
        for (i = 1; i <= count; i++) {
            k = kind_of(i)
            if (k == "t")
                say("        if (" result " == PvmBadParam) call blame_tid('" name "', '" word[i] "', " word[i] ")")
            else if (k ~ /[ngN]/)
                say("        if (" result (k == "N" ? " < 0" : " == PvmBadParam") " .and. " word[i] " < " (k == "N" ? "-1" : "0") ") &\n" \
                    "            call blame('" name "', '" word[i] "', " word[i] ", 'is negative')")
        }
    for (i = 1; i <= count; i++) {
        k = kind_of(i)
        if (k ~ /[oObA]/)
            say("        " word[i] " = int(" word[i] "_, kind(" word[i] "))")
        else if (k == "r")
            say("        if (present(" word[i] ")) " word[i] " = int(" word[i] "_, kind(" word[i] "))")
    }
    say("    end subroutine " name suffix)
}

# An element stands for all that follow it.
function routine_of_element(at,    list, i, size) {
    size = substr(kind[at], 3)
    say("")
    say("    subroutine " name "_element(" arguments() ")")
    declare(", target")
    say("        integer, pointer :: all(:)")
    say("        call c_f_pointer(c_loc(" word[at] "), all, [max(" size ", 0)])")
    for (i = 1; i <= count; i++)
        list = list (i > 1 ? ", " : "") (i == at ? "all" : word[i])
    say("        call " name "_array(" list ")")
    say("    end subroutine " name "_element")
}

# ---- pvm_f08 ----

function f08_arguments(    i, list) {
    for (i = 1; i <= count; i++)
        if (kind_of(i) != "r")
            list = list word[i] ", "
    return list "stat, errmsg"
}

function f08_declare(form) {
    declare(form)
    sub(/        integer, intent\(out\), optional :: info\n$/, "", body)
    say("        integer, intent(out), optional :: stat")
    say("        character(len=*), intent(inout), optional :: errmsg")
}

function f08_routine(f08_name,    i, k, list, lengths, size, result, only) {
    say("")
    say("    subroutine " f08_name "(" f08_arguments() ")")
    f08_declare("")
    for (i = 1; i <= count; i++) {
        k = kind_of(i)
        if (k !~ /[sS]/)
            say("        integer(c_int) :: " word[i] "_" (k ~ /[aA]/ ? "(size(" word[i] "))" : ""))
        list = list (i > 1 ? ", " : "") word[i] (k ~ /[sS]/ ? "" : "_")
        if (k ~ /[sS]/)
            lengths = lengths ", len(" word[i] ", c_size_t)"
        if (k ~ /[oOr]/)
            result = word[i] "_"
        only = k == "O"
    }
    say("        character(len=80) :: text\n        call begin\n        text = ''")
    for (i = 1; i <= count; i++) {
        k = kind_of(i)
        if (k !~ /[sS]/)
            say("        " word[i] "_ = " (k ~ /[itngNbaATG]/ ? "int(" word[i] ", c_int)" : "0"))
        if (k ~ /[aA]/) {
            size = substr(kind[i], 3)
            say("        if (size(" word[i] ") < " size ") then")
            say("            call finish('pvm_" substr(name, 5) "', int(PvmBadParam, c_int), &\n" \
                "                few_text('" word[i] "', size(" word[i] "), '" size "', " size "), stat, errmsg)")
            say("            return\n        end if")
        }
    }
    say("        call c_" name "(" list (lengths == "" ? "" : " &\n            ") lengths ")")
    for (i = 1; i <= count; i++) {
        k = kind_of(i)
        if (k ~ /[oObA]/)
            say("        " word[i] " = int(" word[i] "_, kind(" word[i] "))")
        else if (k ~ /[tngNTG]/ && result != "")
            say("        if (" result (k == "N" ? " < 0 .and. " word[i] " < -1" : " == PvmBadParam") " .and. text == '') text = " \
                (k ~ /[tT]/ ? "tid_text" : "negative_text") "('" word[i] "', " word[i] ")")
    }
    if (only)
        say("        if (" result " /= PvmBadParam .and. " result " /= PvmSysErr) " result " = PvmOk")
    say("        call finish('pvm_" substr(name, 5) "', " (result == "" ? "int(PvmOk, c_int)" : result) ", text, stat, errmsg)")
    say("    end subroutine " f08_name)
}

function f08(    short) {
    short = "pvm_" substr(name, 5)
    c_interface()
    if (name ~ /^pvmf(send|recv|spawn|bcast)$/)    # the template has them
        return
    public = public "    public :: " short "\n"
    f08_routine(short)
}

/^#/ || NF == 0 || / [a-z]+:[xf]( |$)/ { next }    # comments, and what the templates have

FILENAME ~ /fpvm3\.h$/ {
    if ($1 ~ /^parameter/) {
        gsub(/[()=]/, " ")
        constants = constants (door == "f08" ? "    public :: " $2 : "    integer, parameter, public :: " $2 " = " $3) "\n"
    }
    next
}

{
    name = $1
    count = NF - 1
    array = 0
    for (i = 1; i <= count; i++) {
        split($(i + 1), part, ":")
        word[i] = part[1]
        kind[i] = part[2]
        if (kind_of(i) ~ /[aA]/)
            array = i
    }
    if (door == "f08") {
        f08()
        next
    }
    public = public "    public :: " name "\n"
    c_interface()
    if (array) {
        generics = generics "    interface " name "\n        module procedure " name "_array, " name "_element\n    end interface\n"
        routine("_array")
        routine_of_element(array)
    } else
        routine("")
}

END {
    while ((getline line <template) > 0) {
        if (line == "@constants@")
            printf "%s", constants
        else if (line == "@public@")
            printf "%s", public
        else if (line == "@generics@")
            printf "%s", generics
        else if (line == "@interfaces@")
            printf "%s", interfaces
        else if (line == "@routines@")
            printf "%s", body
        else if (line ~ /^@data /) {
            skipping = line != "@data " data "@"
            in_data = 1
        } else if (line == "@end@" && in_data)
            in_data = skipping = 0
        else if (!skipping)
            print line
    }
}
