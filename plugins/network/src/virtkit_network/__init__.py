"""Virtual networks: bridges, routing, NAT, DHCP and DNS by dnsmasq, for guests of the drivers of virtkit."""
