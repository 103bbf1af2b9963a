#!/bin/sh
# What acpid runs when the power button is pressed.
echo LINUX-OFF >/dev/ttyS0
exec poweroff -f
