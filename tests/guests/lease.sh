#!/bin/sh
# What udhcpc runs when something happens to a lease.
case $1 in
bound | renew)
    ip address flush dev "$interface"
    ip address add "$ip/$mask" dev "$interface"
    for gateway in $router; do
        ip route replace default via "$gateway"
    done
    echo "LINUX-LEASE $ip/$mask" >/dev/ttyS0
    ;;
esac
