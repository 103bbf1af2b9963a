"""Root file systems for real containers, and what containers leave on a host.

    make_root(folder)                 # busybox, as an application or a system container wants it
    assert not remains(root)          # no process, mount or control group of a container of that root

`needs_containers()` skips a test where none can be started; `plain.PlainUser` is a user who is not root.
"""

from __future__ import annotations

from tests.containers.host import needs_containers as needs_containers
from tests.containers.host import remains as remains
from tests.containers.rootfs import make_root as make_root
