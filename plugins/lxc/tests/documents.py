"""Documents of containers."""

from __future__ import annotations

from pathlib import Path

from virtkit.xml.domain import Domain

UUID = "c7a5fdbd-cdaf-9455-926a-d65c16db1809"

DOCUMENT = """
<domain type='lxc'{namespaces}>
  <name>{name}</name>
  <uuid>{uuid}</uuid>
  <memory unit='MiB'>{memory}</memory>
  {limits}
  <vcpu>1</vcpu>
  <os><type>exe</type><init>{init}</init>{arguments}</os>
  {more}
  <devices>
    <filesystem type='mount'><source dir='{root}'/><target dir='/'/></filesystem>
    {devices}
    <console type='pty'/>
  </devices>
</domain>
"""


def container(
    root: Path | str = "/srv/root",
    *command: str,
    name: str = "web",
    memory: int = 64,
    limits: str = "",
    more: str = "",
    devices: str = "",
    arguments: str = "",
    namespaces: str = "",
) -> Domain:
    """A container whose root is a folder; without a command it runs `/sbin/init`."""
    init, *rest = command or ("/sbin/init",)
    text = DOCUMENT.format(
        name=name,
        uuid=UUID,
        memory=memory,
        init=init,
        root=root,
        limits=limits,
        more=more,
        devices=devices,
        namespaces=namespaces,
        arguments=arguments + "".join(f"<initarg>{_escaped(each)}</initarg>" for each in rest),
    )
    return Domain.parse(text)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
