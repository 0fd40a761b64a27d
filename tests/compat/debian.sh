# SPDX-License-Identifier: BSD-3-Clause
# Sourced: Debian's packages, unpacked into a folder, not installed.

# debian_get FOLDER PACKAGE...: false, and debian_why says why, where they cannot be had. Packages that an earlier test
# of the same run has fetched are taken from there.
debian_get() {
    local to=$1 kept=${PVM_TEST_WORK:-/nonexistent}/debian-packages package
    shift
    debian_why=''
    for package in apt-get dpkg; do
        type -p $package >/dev/null || { debian_why="no $package here"; return 1; }
    done
    [[ $(dpkg --print-architecture) == amd64 ]] || { debian_why="the facts are those of amd64"; return 1; }
    [[ -d ${PVM_TEST_WORK-} ]] || kept=$to.packages
    mkdir -p "$kept" "$to"
    for package in "$@"; do
        if ! compgen -G "$kept/${package}_*.deb" >/dev/null; then
            (cd "$kept" && timeout 120 apt-get download "$package" >"$kept/out" 2>&1) ||
                { debian_why="apt-get download $package: $(grep -m 1 '^E:' "$kept/out" || tail -n 1 "$kept/out")"; return 1; }
        fi
        dpkg -x "$kept/${package}"_*.deb "$to" || { debian_why="dpkg cannot unpack $package"; return 1; }
    done
}
