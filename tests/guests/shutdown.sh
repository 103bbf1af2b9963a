#!/bin/sh
# What the guest agent runs to power off or, with -r, to reboot.
case " $* " in
*" -r "*) exec reboot -f ;;
esac
echo LINUX-OFF >/dev/ttyS0
exec poweroff -f
