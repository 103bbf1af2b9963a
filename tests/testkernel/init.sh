#!/bin/bash
# Process 1 of a test kernel: put everything on an overlay, so that the host stays as it is, then run what the caller
# wrote to $testkernel_folder/run. The variables testkernel_* come from the kernel's command line.
# What is written in that folder reaches the host.
refuse() { echo "testkernel: $1" >&2 && exit 1; }
(($$ == 1)) || refuse "this script is the init of a test kernel, not a program to run"
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=dumb
release=$(uname -r)
[[ -n ${testkernel_release:-} && $release == "$testkernel_release" ]] || refuse "this is not kernel '${testkernel_release:-}'"
[[ -d ${testkernel_folder:-} ]] || refuse "there is no folder '${testkernel_folder:-}'"

# From here on this is the test kernel for certain. A step that fails ends init, hence the kernel: it panics.
set -e
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
insmod "/usr/lib/uml/modules/$release/kernel/fs/overlayfs/overlay.ko"
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
cd /mnt/root
pivot_root . mnt
umount --lazy mnt # the host's own root is out of reach now; the overlay keeps it

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/shm /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t devpts devpts /dev/pts -o ptmxmode=666
mount -t tmpfs tmpfs /run
mkdir -p /run/lock /run/lvm
mkdir -p "$testkernel_folder" # where /run hides it
mount -t hostfs hostfs "$testkernel_folder" -o "$testkernel_folder"
mkdir -p /lib/modules
ln -sfn "/usr/lib/uml/modules/$release" "/lib/modules/$release"
mkdir -p /etc/lvm
cp "$testkernel_folder/lvm.conf" /etc/lvm/lvm.conf
busybox ip link set lo up
set +e

"$testkernel_folder/run"
echo $? >"$testkernel_folder/status"
sync
busybox poweroff -f
