#!/bin/busybox sh
# The first process of the Linux guest.
/bin/busybox mount -t devtmpfs dev /dev
exec </dev/ttyS0 >/dev/ttyS0 2>&1
echo LINUX-UP
/bin/busybox --install -s
mount -t proc proc /proc
mount -t sysfs sys /sys

wanted=$(sed -n 's/.*\bmodules=\([^ ]*\).*/\1/p' /proc/cmdline | tr , ' ')
modprobe -a button evdev $wanted
acpid -d >/dev/null 2>&1 &
echo LINUX-READY

while :; do
    setsid -c sh
done
