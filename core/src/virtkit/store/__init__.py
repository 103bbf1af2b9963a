"""Durable state: where it lives (`Root`), who may change it (`Root.claim`) and documents in it (`Collection`).

    root = Root.system()
    folders = root.driver("qemu")
    with root.claim():
        definitions = Collection(folders.etc, "domain")
        definitions.save("web", xml)

Reading needs no claim.
"""

from __future__ import annotations

from virtkit.store.collection import Collection as Collection
from virtkit.store.collection import Fault as Fault
from virtkit.store.collection import check_name as check_name
from virtkit.store.ownership import Claim as Claim
from virtkit.store.ownership import Owner as Owner
from virtkit.store.root import Folders as Folders
from virtkit.store.root import Root as Root
