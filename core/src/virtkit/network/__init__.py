"""What drivers that plug guests into the host's network have in common: links, rules of nftables.

Everything here acts in the network namespace of the thread that calls. Nothing here looks at /sys/class/net, which
shows the namespace in which it was mounted. The libraries underneath come with the extras `links` and `nftables` of
the core, and are imported by the first call.
"""
