# SPDX-License-Identifier: BSD-3-Clause
# Sourced by demo and check: Debian packages, and a build below build/.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)

die() { echo "$*" >&2; exit 1; }

[[ $root != *[[:space:]]* ]] || die "make cannot build in a folder with a blank in its path, $root: move the clone"

# need PACKAGE...: installs those that are missing, with sudo if not root; says which.
need() {
    local package missing=() sudo=
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [[ ${#missing[@]} != 0 ]] || return 0
    type -p apt-get >/dev/null ||
        die "missing, and this is no Debian: install what provides these Debian packages: ${missing[*]}"
    if [[ $EUID != 0 ]]; then
        type -p sudo >/dev/null || die "missing Debian packages; as root: apt-get install ${missing[*]}"
        sudo=sudo
    fi
    echo "installing Debian packages: ${missing[*]}"
    $sudo apt-get update -qq || die "apt-get update failed: is there a network?"
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
        die "apt-get could not install: ${missing[*]}"
}

packages_build=(gcc libc6-dev make pkg-config libuv1-dev libmsgpack-dev libssl-dev libedit-dev libpng-dev)
packages_test=(git python3 gfortran libcmocka-dev clang libclang-rt-dev openssh-server openssh-client iproute2 nftables procps mandoc valgrind)

# build DIRECTORY CONFIGURE-ARGUMENT...: configures (once, and when packages have come or gone: check needs more than
# demo) and builds in build/DIRECTORY.
build() {
    local dir=$root/build/$1
    shift
    mkdir -p "$dir"
    cd "$dir"
    if [[ ! -e Makefile || $root/configure -nt Makefile || $root/Makefile.in -nt Makefile ||
        /var/lib/dpkg/status -nt Makefile ]]; then
        "$root/configure" "$@" >configure.out 2>&1 || { tail -5 configure.out >&2; die "configure failed"; }
    fi
    make -j"$jobs" ${make_targets:-all} >make.out 2>&1 || { tail -30 make.out >&2; die "the build failed: $dir/make.out"; }
    cd "$root"
}
