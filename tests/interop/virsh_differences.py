"""Where virtkitd answers the real virsh otherwise than libvirtd, on purpose: scenario -> step -> why.

What is shown at once is what libvirt shows after a refresh.
"""

from __future__ import annotations

COMPAT = "a qcow2 image is of compat 1.1 unless the document says otherwise: 0.10 is of 2010, and slower"
AT_ONCE = "what an image is, is told at once; and it is of compat 1.1"
SPARSE = "a volume never has more than its capacity; libvirt makes the file larger than it was asked for"
TIDY = "what is refused leaves no folder behind"
OUTSIDE = "links out of the pool are not followed"
OUTSIDE_IMAGE = "an image's header may name any file of the host: one that is no volume is not looked at"
PLAIN_NAMES = "names become names of files, and lines of lists: none begins with a dot or has a line break"
NO_PORTS = "a network that is not active has no ports; libvirt takes the question for a mistake"
OVERLAP = "two networks with the same addresses never both work, so the second is refused"
OTHER_HOST = "libvirt takes a host without MAC address for the one that is meant, and deletes that one"
THAT_BRIDGE = "a bridge that is not there is missed when a guest is plugged in, not when it has no network"
NEW_UUID = "a port gets a UUID where it has none, as every other object"
NOT_A_RULE = "what nobody understands in a rule is kept and told, and refused where it would be in force"

DIFFERENT: dict[str, dict[str, str]] = {
    "01-pools/define-build-start": {
        "pool-dumpxml images --inactive": "it is what was defined; libvirt writes into it what the folder has now",
    },
    "01-pools/transient": {"$ ls": TIDY},
    "01-pools/build-flags": {"$ test -e a": TIDY},
    "01-pools/folder-comes-and-goes": {"pool-build a": "a file where the folder should be is no success"},
    "01-pools/refused": {
        "pool-define-as .. dir --target {tmp}/a": PLAIN_NAMES,
    },
    "02-volumes/raw": {
        "$ stat -c '%n %s %a %u %g' p/*": SPARSE,
        "vol-list p --details": SPARSE,
        "vol-info {tmp}/p/d.img": SPARSE,
        "vol-name {tmp}/p/../p/a.img": "a path may be written in any way",
    },
    "02-volumes/images": {
        "vol-dumpxml q.qcow2 p": AT_ONCE,
        "vol-dumpxml o.qcow2 p": COMPAT,
        "vol-dumpxml m.qcow2 p": COMPAT,
        "vol-dumpxml v.dir p": "a folder without mode can be entered by its owner; libvirt's has the mode of a file",
    },
    "02-volumes/given-owner-and-mode": {
        "$ stat -c '%n %s %a %u %g' kept/*": "a volume belongs to whom its pool belongs, unless it says otherwise",
    },
    "02-volumes/clones": {"vol-dumpxml cloned.qcow2 r": AT_ONCE, "vol-dumpxml twin.qcow2 r": AT_ONCE},
    "02-volumes/resize": {
        "vol-info a.img p --bytes": "the new room is reserved; libvirt begins where allocation ends",
        "vol-resize q.qcow2 32M p --allocate": "room is reserved in images as well",
    },
    "02-volumes/found-by-a-refresh": {"vol-delete text p": "what is not there cannot be deleted"},
    "02-volumes/links-out-of-the-pool": {"vol-list p": OUTSIDE},
    "02-volumes/names-that-are-no-text": {"vol-list p": "a name that is no UTF-8 cannot be told"},
    "02-volumes/formats-that-lie": {"vol-dumpxml passwd.qcow2 p": OUTSIDE_IMAGE},
    "03-contents/sparse": {"$ cmp in p/a.img": "a hole that is uploaded replaces data; libvirt leaves there what was"},
    "03-contents/folder": {
        "vol-clone d e p": "a folder is not copied; libvirt makes an empty one and says that it did"
    },
    "03-contents/trim": {"vol-wipe a.img p --algorithm trim": "files can be trimmed too"},
    "04-refused/names": {"vol-create p {fx}/bad-volume-newline.xml": PLAIN_NAMES, "vol-list p": PLAIN_NAMES},
    "01-definitions/define-and-undefine": {"net-port-list lab": NO_PORTS},
    "02-lifecycle/routed": {"net-create {fx}/net-overlapping.xml": OVERLAP, "net-list --all": OVERLAP},
    "02-lifecycle/update-of-a-running-network": {
        "net-update names delete ip-dhcp-host \"<host mac='52:54:00:25:00:03'/>\" --live --config": OTHER_HOST,
        "net-dumpxml names": OTHER_HOST,
        "net-dumpxml names --inactive": OTHER_HOST,
    },
    "03-ports/ports": {
        "net-port-create groups {fx}/netport-no-group.xml": NEW_UUID,
        "net-dumpxml groups": NEW_UUID,
        "net-port-list groups": NO_PORTS,
    },
    "03-ports/bridged": {
        "net-port-create bridged {fx}/netport-network.xml": THAT_BRIDGE,
        "net-port-dumpxml bridged 3c8d1a52-0a41-4b7a-9d0e-5f1f6f5c2b30": THAT_BRIDGE,
        "net-dumpxml bridged": THAT_BRIDGE,
    },
    "04-refused/network-documents": {
        "net-define {fx}/bad-net-bridge-name.xml": "no link has a name of 25 bytes, so the network could never start",
        "net-define {fx}/bad-net-vlan.xml": "bridges of the kernel know VLANs; libvirt uses none",
    },
    "01-filters/filters-refused": {
        "nwfilter-define {fx}/bad-filter-priority.xml": "a priority that is out of range is refused, not replaced",
        "nwfilter-dumpxml bad": "it was refused",
        "nwfilter-dumpxml pigeon": NOT_A_RULE,
    },
}
