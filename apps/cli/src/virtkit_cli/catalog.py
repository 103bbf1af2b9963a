"""Which commands there are: the module of each, so that only the module of the command that is run is imported."""

from __future__ import annotations

from typing import NamedTuple


class Group(NamedTuple):
    """The commands of one module: what they are about, and their names in the order of the help."""

    title: str
    names: str


GROUPS = {
    "domain": Group(
        "Domains",
        "list dominfo domstate domid domuuid domname dumpxml define undefine edit autostart domrename desc metadata"
        " domstats domxml-from-native domxml-to-native",
    ),
    "lifecycle": Group(
        "Starting and stopping domains",
        "start create shutdown reboot destroy suspend resume reset inject-nmi set-lifecycle-action",
    ),
    "saving": Group(
        "Saved domains",
        "save restore save-image-dumpxml save-image-define save-image-edit managedsave managedsave-remove"
        " managedsave-dumpxml managedsave-define managedsave-edit dump",
    ),
    "display": Group(
        "Consoles and displays of domains",
        "console ttyconsole domdisplay vncdisplay screenshot send-key",
    ),
    "cpu": Group(
        "CPUs of domains",
        "setvcpus setvcpu vcpucount vcpuinfo vcpupin emulatorpin cpu-stats iothreadinfo iothreadadd iothreaddel"
        " iothreadpin iothreadset",
    ),
    "memory": Group("Memory of domains", "setmem setmaxmem dommemstat domdirtyrate-calc"),
    "tuning": Group(
        "Limits of domains",
        "memtune numatune schedinfo blkiotune blkdeviotune domiftune perf node-memory-tune",
    ),
    "disk": Group(
        "Disks of domains",
        "domblklist domblkinfo domblkstat domblkerror domblkthreshold attach-disk detach-disk change-media blockresize"
        " blockpull blockcommit blockcopy blockjob",
    ),
    "nic": Group(
        "Network interfaces of domains",
        "domiflist domifaddr domifstat domif-getlink domif-setlink attach-interface detach-interface",
    ),
    "device": Group(
        "Devices of domains",
        "attach-device detach-device detach-device-alias update-device domlaunchsecinfo domsetlaunchsecstate",
    ),
    "guest": Group(
        "The system inside a domain",
        "domhostname domtime domfsinfo domfsfreeze domfsthaw domfstrim guestinfo guestvcpus set-user-password"
        " get-user-sshkeys set-user-sshkeys guest-agent-timeout dompmsuspend dompmwakeup send-process-signal",
    ),
    "root": Group("Root file systems of containers", "root-create"),
    "execution": Group("Programs in containers", "exec"),
    "namespaces": Group("Namespaces of containers", "lxc-enter-namespace"),
    "job": Group(
        "Jobs and migration of domains",
        "domcontrol domjobinfo domjobabort migrate migrate-postcopy migrate-getspeed migrate-setspeed"
        " migrate-getmaxdowntime migrate-setmaxdowntime migrate-compcache",
    ),
    "snapshot": Group(
        "Snapshots of domains",
        "snapshot-create snapshot-create-as snapshot-list snapshot-info snapshot-dumpxml snapshot-current"
        " snapshot-parent snapshot-edit snapshot-revert snapshot-delete",
    ),
    "checkpoint": Group(
        "Checkpoints and backups of domains",
        "checkpoint-create checkpoint-create-as checkpoint-list checkpoint-info checkpoint-dumpxml checkpoint-parent"
        " checkpoint-edit checkpoint-delete backup-begin backup-dumpxml",
    ),
    "qemu": Group("QEMU's monitor and agent", "qemu-monitor-command qemu-agent-command qemu-attach"),
    "network": Group(
        "Networks",
        "net-list net-info net-dumpxml net-define net-create net-start net-destroy net-undefine net-edit net-autostart"
        " net-update net-uuid net-name net-dhcp-leases net-port-list net-port-create net-port-dumpxml net-port-delete",
    ),
    "forward": Group("Ports that lead to guests of networks", "net-port-forward"),
    "pool": Group(
        "Storage pools",
        "pool-list pool-info pool-dumpxml pool-define pool-define-as pool-create pool-create-as pool-build pool-start"
        " pool-refresh pool-destroy pool-delete pool-undefine pool-edit pool-autostart pool-uuid pool-name"
        " pool-capabilities find-storage-pool-sources find-storage-pool-sources-as",
    ),
    "volume": Group(
        "Storage volumes",
        "vol-list vol-info vol-dumpxml vol-create vol-create-as vol-create-from vol-clone vol-delete vol-resize"
        " vol-upload vol-download vol-wipe vol-key vol-path vol-name vol-pool",
    ),
    "iface": Group(
        "Network interfaces of the host",
        "iface-list iface-dumpxml iface-define iface-edit iface-start iface-destroy iface-undefine iface-mac iface-name"
        " iface-begin iface-commit iface-rollback",
    ),
    "nodedev": Group(
        "Devices of the host",
        "nodedev-list nodedev-info nodedev-dumpxml nodedev-define nodedev-create nodedev-start nodedev-destroy"
        " nodedev-undefine nodedev-autostart nodedev-detach nodedev-reattach nodedev-reset",
    ),
    "nwfilter": Group(
        "Network filters",
        "nwfilter-list nwfilter-dumpxml nwfilter-define nwfilter-edit nwfilter-undefine nwfilter-binding-list"
        " nwfilter-binding-dumpxml nwfilter-binding-create nwfilter-binding-delete",
    ),
    "secret": Group(
        "Secrets",
        "secret-list secret-dumpxml secret-define secret-set-value secret-get-value secret-undefine",
    ),
    "host": Group(
        "Host and hypervisor",
        "uri hostname version nodeinfo capabilities domcapabilities sysinfo maxvcpus nodecpumap nodecpustats"
        " nodememstats nodesevinfo freecell freepages allocpages nodesuspend",
    ),
    "cpumodel": Group(
        "CPU models",
        "cpu-models cpu-baseline cpu-compare hypervisor-cpu-baseline hypervisor-cpu-compare",
    ),
    "event": Group("Events", "event net-event pool-event nodedev-event secret-event qemu-monitor-event"),
    "drivers": Group("Installed drivers", "drivers support doctor"),
    "shell": Group("This program", "help connect echo completion complete"),
}
"""Module of commands -> what it holds."""

MODULE_OF = {name: module for module, group in GROUPS.items() for name in group.names.split()}
"""Command -> the module that declares it."""
