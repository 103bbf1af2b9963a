"""What a container may do: capabilities, ids, system calls, privileges of programs.

A container with an id map has a user namespace, in which every capability ends at its border: it gets libvirt's
defaults. One without has the host's root for its root, so it lacks by default what leads out of it too: mounting
(/proc/sys could be made writable), ports of the machine, files by handle, the host's log. A document gives any of them
back: `<capabilities><sys_admin state='on'/></capabilities>`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain
    from virtkit_lxc.plan import Plan

DROPPED = ("audit_control", "mac_admin", "mknod", "sys_module", "sys_time")
"""What libvirt drops."""

DROPPED_OF_HOST_ROOT = (
    "block_suspend", "dac_read_search", "mac_override", "sys_admin", "sys_rawio", "syslog", "wake_alarm",
)  # fmt: skip
"""What a container without an id map lacks besides."""

SECCOMP = Path(__file__).parent.parent / "seccomp.profile"
"""Our profile, in liblxc's form."""


def lines(domain: Domain, plan: Plan) -> Iterator[tuple[str, object]]:
    """What the container may do."""
    yield from _ids(domain)
    yield from _capabilities(domain)
    yield "lxc.seccomp.profile", plan.seccomp or SECCOMP
    if plan.no_new_privs:
        yield "lxc.no_new_privs", 1


def _ids(domain: Domain) -> Iterator[tuple[str, object]]:
    if domain.idmap:
        for kind, ranges in (("u", domain.idmap.uids), ("g", domain.idmap.gids)):
            for each in ranges:
                yield "lxc.idmap", f"{kind} {each.start} {each.target} {each.count}"


def _capabilities(domain: Domain) -> Iterator[tuple[str, object]]:
    policy = domain.features.capabilities
    kept = sorted(name for name in _names() if getattr(policy, name, None) is True)
    dropped = {name for name in _names() if getattr(policy, name, None) is False}
    match policy and policy.policy:
        case "deny":
            yield "lxc.cap.keep", " ".join(kept) or "none"
            return
        case "allow":
            pass
        case _:
            dropped |= {*DROPPED, *(() if domain.idmap else DROPPED_OF_HOST_ROOT)} - set(kept)
    if dropped:
        yield "lxc.cap.drop", " ".join(sorted(dropped))


def _names() -> list[str]:
    from virtkit.xml.domain.features import CapabilityPolicy

    return [name for name in CapabilityPolicy.fields if name != "policy"]
