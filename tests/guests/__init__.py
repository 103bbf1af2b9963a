"""Guests to boot: a tiny one that is up in a tenth of a second, and a real Linux for what needs an operating system.

They are built on first use and kept in a cache; `python -m tests.guests [FOLDER]` builds them ahead and prints where
they are. Needed are the packages binutils (tiny guest), busybox-static and, once, Debian's package archive (Linux).

    tiny = tiny_guest(Cache())
    qemu-system-x86_64 -M pc -m 4 -drive file=COPY_OF_TINY.IMAGE,format=raw,if=virtio -serial stdio
"""

from __future__ import annotations

from tests.guests.cache import Cache as Cache
from tests.guests.cache import GuestBuildError as GuestBuildError
from tests.guests.linux import LinuxGuest as LinuxGuest
from tests.guests.linux import linux_guest as linux_guest
from tests.guests.tiny import TinyGuest as TinyGuest
from tests.guests.tiny import tiny_guest as tiny_guest
