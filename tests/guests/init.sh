#!/bin/busybox sh
# The first process of the Linux guest.
/bin/busybox mount -t devtmpfs dev /dev
exec </dev/ttyS0 >/dev/ttyS0 2>&1
echo LINUX-UP
/bin/busybox --install -s
mount -t proc proc /proc
mount -t sysfs sys /sys

asked() { sed -n "s/.*\b$1=\([^ ]*\).*/\1/p" /proc/cmdline | tr , ' '; }

modprobe -a button evdev $(asked modules)
acpid -d >/dev/null 2>&1 &
ip link set lo up
hostname linux-guest
for link in $(asked dhcp); do
    ip link set "$link" up
    udhcpc -i "$link" -n -q -t 20 -T 1 -s /etc/lease >/dev/null
done
for port in /sys/class/virtio-ports/*; do
    if [ -x /usr/sbin/qemu-ga ] && grep -qx org.qemu.guest_agent.0 "$port/name"; then
        qemu-ga --daemonize --pidfile /run/qemu-ga.pid --statedir /run --method virtio-serial --path "/dev/${port##*/}"
    fi
done
echo LINUX-READY

while :; do
    setsid -c sh
done
