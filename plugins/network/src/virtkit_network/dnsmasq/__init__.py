"""dnsmasq, which serves DHCP, DNS, TFTP and router advertisements on a network.

`configuration` says what is in its files, `process` runs it, `leases` reads what it has handed out.
"""
