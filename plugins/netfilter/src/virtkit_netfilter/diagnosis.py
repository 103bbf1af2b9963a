"""What the driver needs of the host, for `virtkit doctor`."""

from __future__ import annotations

import os
from collections.abc import Sequence

from virtkit.driver import Finding
from virtkit.errors import VirtError


def findings(library: str) -> Sequence[Finding]:
    """Whether rules can be made here, and how good they are; nothing is left in force.

    Args:
        library: The command that installs the library.
    """
    try:
        from nftables import Nftables

        refused = Nftables().cmd("list tables")[0]
    except (ImportError, OSError) as error:
        return [Finding("libnftables", False, f"{error}; no network filter can be in force", library)]
    found = [Finding("libnftables", True, "is installed")]
    if refused:
        remedy = "" if not os.geteuid() else "run as root"
        return [*found, Finding("rules of nftables", False, "cannot be listed: no filter can be in force", remedy)]
    return [*found, *_kernel()]


def _kernel() -> Sequence[Finding]:
    """What the kernel lets the rules do."""
    from virtkit_netfilter.probing import probe

    try:
        able = probe()
    except VirtError as error:
        return [Finding("rules of nftables", False, error.message)]
    states = "in the bridge itself (nf_conntrack_bridge)" if able.bridge_ct else "through marks and br_netfilter"
    tracked = able.bridge_ct or able.bridge_netfilter
    missing = "cannot be asked: filters with rules that remember connections, as for tcp and udp, are refused"
    return [
        Finding("rules of nftables", True, "work in bridges"),
        Finding(
            "states of connections in bridges",
            tracked,
            f"are asked {states}" if tracked else missing,
            "" if tracked else "modprobe nf_conntrack_bridge",
        ),
        Finding(
            "rejects in bridges",
            able.bridge_reject,
            "are answered" if able.bridge_reject else "are not: action='reject' drops",
            "" if able.bridge_reject else "modprobe nft_reject_bridge",
        ),
    ]
