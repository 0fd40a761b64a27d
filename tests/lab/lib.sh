# SPDX-License-Identifier: BSD-3-Clause
# Sourced by the tests on hosts of the lab.
. "$(cd "$(dirname "${BASH_SOURCE[0]}")/../integration" && pwd)/lib.sh"
lab=$here/../lab/lab
export LAB_DIR=/run/pvm-lab-$$

# lab_up N: hosts with PVM in /mnt/pvm; ends the test with one clear line where there can be none.
lab_up() {
    local why
    if ! why=$("$lab" can); then
        skip "the lab of hosts: $why"
        exit 0
    fi
    trap '"$lab" down; cleanup' EXIT
    "$lab" up "$1" "$prefix" || { bad "the lab starts"; exit 1; }
}

build_lab_tool() {
    TOOL_LIBDIR=/mnt/pvm/lib build_tool
    cp "$work/tool" "$LAB_DIR/tool"
}

# on HOST COMMAND...
on() { "$lab" run "$1" env -u PVM_TMP LD_LIBRARY_PATH=/mnt/pvm/lib PVM_RSH= "${@:2}"; }

# A machine on h1.
start_machine() {
    on h1 sh -c 'pvmd -nh1 >/tmp/ready 2>/tmp/err </dev/null &'
    until_true 10 on h1 test -s /tmp/ready || bad "pvmd starts on h1" "$(on h1 cat /tmp/err)"
}

# Nothing of ours runs on that host.
lab_quiet() { ! "$lab" ps "$1" | grep -qE 'pvmd|/pvm( |$)|/tool( |$)'; }
