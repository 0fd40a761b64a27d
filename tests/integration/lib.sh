# SPDX-License-Identifier: BSD-3-Clause
# Sourced by every test on real machines: an own folder, checks, waiting for events, and cleaning up.

prefix=${PVM_TEST_PREFIX:?the folder that PVM is installed in}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d -t pvm-it.XXXXXX)
export PVM_TMP=$work/tmp HOME=$work/home PATH=$prefix/bin:$PATH PKG_CONFIG_PATH=$prefix/lib/pkgconfig
unset PVM_VMID PVMSOCK PVM_RSH PVM_DPATH PVM_PATH PVM_ROOT PVM_EXPORT PVM_PORT PVM_WD PVM_HOSTER PVM_TASKER PVM_TRACER PVM_RM
mkdir -p "$PVM_TMP" "$HOME"
cd "$work" || exit 1

ok() { echo "ok $*"; }
failed=0
bad() { echo "FAIL $1"; shift; [[ $# == 0 ]] || printf '    %s\n' "$@"; failed=1; }
skip() { echo "skip $*"; }

# check NAME COMMAND...: the command's status decides.
check() {
    local name=$1 out
    shift
    if out=$("$@" 2>&1); then ok "$name"; else bad "$name" "command: $*" "$out"; fi
}

# expect NAME WANTED GOT
expect() { if [[ $2 == "$3" ]]; then ok "$1"; else bad "$1" "wanted: $2" "got: $3"; fi; }

# matches NAME PATTERN TEXT: an extended regular expression somewhere in the text.
matches() { if grep -qE -- "$2" <<<"$3"; then ok "$1"; else bad "$1" "wanted a match of: $2" "got: $3"; fi; }

# until_true SECONDS COMMAND...: polls an event; false when the time is over.
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || return 1
        read -r -t 0.02 <> <(:) || :
    done
}

# Programs that use a library with sanitizers must be built with them.
SANITIZE=''
! nm -D "$prefix/lib/libpvm3.so.3" | grep -q __asan_init || SANITIZE=-fsanitize=address,undefined
export SANITIZE

# The test's own task, built like a user's program.
build_tool() { build_task tool; }
build_task() {
    cc -O1 -g -D_GNU_SOURCE ${SANITIZE-} -o "$work/$1" "$here/$1.c" $(pkg-config --cflags --libs pvm3) \
        -Wl,-rpath,"${TOOL_LIBDIR:-$prefix/lib}" || { bad "the test's task builds by pkg-config"; exit 1; }
}

# Runs a program where the system refuses something.
build_without() {
    cc -O1 -o "$work/without" "$here/without.c" || { bad "what refuses system calls builds"; exit 1; }
}

# A memory group of that size, for the processes that are written to $group/cgroup.procs. False where there can be none.
memory_group() {
    local place file
    group=''
    for place in /sys/fs/cgroup/memory /sys/fs/cgroup; do
        [[ -z $group && $EUID == 0 ]] && mkdir "$place/pvm-test-$$" 2>/dev/null || continue
        for file in memory.limit_in_bytes memory.max; do
            [[ -w $place/pvm-test-$$/$file ]] && group=$place/pvm-test-$$ && limit=$group/$file
        done
        [[ -n $group ]] || rmdir "$place/pvm-test-$$"
    done
    [[ -n $group ]] && echo "$1" >"$limit"
}

# For tests with another user: an installation that this one can read, which one below /root is not.
open_to_others() {
    chmod 711 "$work"
    ! setpriv --reuid=61234 --regid=61234 --clear-groups test -x "$prefix/bin/pvmd" || return 0
    cp -r "$prefix" "$work/prefix"
    chmod -R a+rX "$work/prefix"
    prefix=$work/prefix TOOL_LIBDIR=$work/prefix/lib PATH=$work/prefix/bin:$PATH
}

# Pids of all our processes: daemons, keepers, tasks; found by the folder of this test in their environment.
ours() {
    local dir
    for dir in /proc/[0-9]*; do
        [[ ${dir#/proc/} != "$$" ]] || continue
        { tr '\0' '\n' <"$dir/environ"; } 2>/dev/null | grep -qxF "PVM_TMP=$PVM_TMP" &&
            readlink "$dir/exe" 2>/dev/null | grep -qE '/(pvmd|pvm|tool|hoster|window|plugins|stress|routes|routes32|sleeper|heap)$|sleep$' && echo "${dir#/proc/}"
    done
    return 0
}
none_left() { [[ -z $(ours) ]]; }
no_folder() { ! compgen -G "$PVM_TMP/pvm-$(id -u)/*" >/dev/null; }

cleanup() {
    local pids
    pids=$(ours)
    [[ -z $pids ]] || kill -KILL $pids 2>/dev/null
    [[ -z ${KEEP_WORK-} ]] && rm -rf "$work"
}
trap 'cleanup' EXIT
finish() { exit $failed; }
