#!/usr/bin/env bash
# Make this clone ready to use: Debian packages, .venv, every distribution installed editable.
# Quick when nothing has changed since the last run.
set -euo pipefail
cd "$(dirname "$0")/.."

# What guests and tests run on.
packages=(qemu-system-x86 qemu-utils busybox-static binutils kmod)
# Makes root file systems of packages.
packages+=(debootstrap)
# Overwrites volumes by patterns.
packages+=(scrub)
# The real libvirt: tests compare with it, benchmarks stand beside it. Its Python binding belongs to /usr/bin/python3.
packages+=(libvirt-clients libvirt-daemon-system python3-libvirt)
# Links, rules, DHCP and DNS of virtual networks; tests use them in network namespaces of their own.
packages+=(iproute2 libnftables1 nftables dnsmasq-base)
# Both ends of ssh transports; tests run sshd as an ordinary process. One that would start by itself is not installed.
packages+=(openssh-client netcat-openbsd)
[[ ! -e /usr/sbin/policy-rc.d ]] || packages+=(openssh-server)
# The SASL that libvirt speaks: tests of ours exchange messages with it.
packages+=(libsasl2-2 libsasl2-modules libsasl2-modules-db)
# The test kernel (tests/testkernel), and what makes the storage that tests use in it. User Mode Linux knows no registers of
# AMX; a library that we compile does.
packages+=(user-mode-linux e2fsprogs xfsprogs btrfs-progs dosfstools fdisk parted thin-provisioning-tools)
! grep -q ' amx_tile' /proc/cpuinfo || packages+=(gcc libc6-dev)
# These start daemons when they are installed; tests run their own ones, in the test kernel and in guests.
[[ ! -e /usr/sbin/policy-rc.d ]] || packages+=(qemu-guest-agent lvm2 nfs-kernel-server nfs-common tgt open-iscsi)
# What starts containers; its services, not started either, would give the host a bridge.
[[ ! -e /usr/sbin/policy-rc.d ]] || packages+=(lxc)
# Gives ids to the containers of plain users.
packages+=(uidmap)

python_works() { "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    local name
    for name in ${PYTHON:-} python3 python3.11 python3.12 python3.13 /usr/bin/python3; do
        python_works "$name" && echo "$name" && return
    done
    return 1
}

missing_packages() {
    local name
    for name in "$@"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null) == installed ]] || echo "$name"
    done
}

# Old package lists and busy mirrors are the usual reasons to fail, so every further try begins with an update.
apt_install() {
    local try
    for try in 1 2 3; do
        ((try == 1)) || { sleep $((try * 5)) && apt-get update -q || true; }
        DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@" </dev/null && return
    done
    return 1
}

install_packages() {
    local missing
    command -v dpkg-query >/dev/null || { echo "setup: not a Debian system; install by hand: ${packages[*]}" && return; }
    mapfile -t missing < <(missing_packages "${packages[@]}")
    find_python >/dev/null || missing+=(python3-venv)
    ((${#missing[@]})) || return 0
    if ((EUID == 0)); then
        apt_install "${missing[@]}"
    else
        echo "setup: these Debian packages are missing; what needs them will not run:"
        printf '    %s\n' "${missing[@]}"
        echo "setup: install them with: sudo apt-get install -y --no-install-recommends ${missing[*]}"
    fi
}

distributions() { dirname {core,plugins/*,apps/*}/pyproject.toml; }

fingerprint() {
    {
        .venv/bin/python --version && pwd
        cat tools/setup.sh pyproject.toml
        cat {core,plugins/*,apps/*}/pyproject.toml
    } 2>&1 | sha256sum
}

install_distributions() {
    local python folder editable=()
    python=$(find_python) || { echo "setup: Python 3.11 or newer with venv is needed" >&2 && return 1; }
    .venv/bin/python -c 'import pip' 2>/dev/null || "$python" -m venv --clear .venv
    for folder in $(distributions); do editable+=(-e "$folder"); done
    .venv/bin/python -m pip install -q --retries 5 --disable-pip-version-check --upgrade 'pip>=25.1' # knows dependency groups
    .venv/bin/python -m pip install -q --retries 5 --group dev
    .venv/bin/python -m pip install -q --retries 5 --no-build-isolation "${editable[@]}"
}

install_packages
stamp=.venv/setup.stamp
[[ -f $stamp && $(<"$stamp") == "$(fingerprint)" ]] && exit 0
install_distributions
fingerprint >"$stamp"
echo "setup: .venv is ready"
