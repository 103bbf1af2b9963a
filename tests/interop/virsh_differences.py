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
}
