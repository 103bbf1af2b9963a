"""The text that tells liblxc what a container is: pure, from a completed document and the driver's plan.

    text = configuration(domain, plan)
    runtime.start(name, folder, text, command(domain))

Every line is `key = value`; liblxc reads them in order. What a key means is in lxc.container.conf(5). Options with no
key in the document have the safe value: see `mounts` for /proc, /sys and /dev and `privileges` for capabilities.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from virtkit.errors import ConfigUnsupportedError
from virtkit_lxc.configuration import limits, mounts, network, privileges

if TYPE_CHECKING:
    from virtkit.xml.domain import Domain
    from virtkit_lxc.plan import Plan

LOG = "lxc.log"
"""File in the folder of a container that liblxc logs to; `runtime` finds the exit status of init there."""

CONSOLE_LOG = "console.log"
"""File in the folder of a container with what it wrote to its console."""

BREAKS = frozenset("\n\r\0")
"""What ends a line for liblxc."""

HOSTNAME_LIMIT = 64
"""What the kernel takes."""

DEFAULT_INIT = "/sbin/init"
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def configuration(domain: Domain, plan: Plan) -> str:
    """The configuration of a container.

    Args:
        domain: Its completed document.
        plan: What the driver has settled.

    Raises:
        ConfigUnsupportedError: A text of the document cannot be said to liblxc: it holds a line break or a NUL; or
            a limit needs a control group that this host lacks.
    """
    lines = [
        *_logs(plan),
        *_init(domain, plan),
        *privileges.lines(domain, plan),
        *mounts.lines(domain, plan),
        *network.lines(domain, plan),
        *limits.lines(domain, plan),
    ]
    return "".join(_written(domain, key, value) for key, value in lines)


def command(domain: Domain) -> list[str]:
    """Init and its arguments."""
    return [domain.os.init or DEFAULT_INIT, *domain.os.init_args]


def environment(domain: Domain) -> dict[str, str]:
    """The variables init starts with: libvirt's, so that programs know where they are, and those of the document."""
    ours = {
        "PATH": SEARCH_PATH,
        "TERM": "linux",
        "container": "lxc-libvirt",
        "container_uuid": _uuid(domain),
        "LIBVIRT_LXC_UUID": _uuid(domain),
        "LIBVIRT_LXC_NAME": domain.name or "",
    }
    return ours | {each.name: each.value or "" for each in domain.os.init_env if each.name}


def _uuid(domain: Domain) -> str:
    from uuid import UUID

    return str(UUID(bytes=domain.uuid)) if domain.uuid else ""


def _logs(plan: Plan) -> Iterator[tuple[str, object]]:
    yield "lxc.log.file", plan.folder / LOG
    yield "lxc.log.level", "INFO"  # the least that has the exit status of init
    yield "lxc.console.logfile", plan.folder / CONSOLE_LOG


def _init(domain: Domain, plan: Plan) -> Iterator[tuple[str, object]]:
    if "uts" not in plan.shared:
        yield "lxc.uts.name", (domain.name or "")[:HOSTNAME_LIMIT]
    for name, value in environment(domain).items():
        yield "lxc.environment", f"{name}={value}"
    if plan.inherited:  # as sd_listen_fds(3) looks for them; init is process 1
        yield "lxc.environment", f"LISTEN_FDS={plan.inherited}"
        yield "lxc.environment", "LISTEN_PID=1"
    if domain.os.init_dir:
        yield "lxc.init.cwd", domain.os.init_dir
    if plan.user is not None:
        yield "lxc.init.uid", plan.user
    if plan.group is not None:
        yield "lxc.init.gid", plan.group
    consoles = len(domain.devices.consoles)
    yield "lxc.tty.max", consoles if consoles > 1 else 0  # the first console is no tty of these
    yield "lxc.pty.max", 1024
    for kind, place in plan.shared.items():
        yield f"lxc.namespace.share.{kind}", place


def _written(domain: Domain, key: str, value: object) -> str:
    text = str(value)
    if not BREAKS.isdisjoint(text):
        raise ConfigUnsupportedError(
            f"domain {domain.name!r}: {text!r} has a line break or a NUL in it, which liblxc cannot be told"
        )
    return f"{key} = {text}\n"
