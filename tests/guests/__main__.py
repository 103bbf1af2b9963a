"""Build every guest and print where it is: `python -m tests.guests [FOLDER]`."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.guests import Cache, GuestBuildError, linux_guest, tiny_guest


def main(arguments: list[str]) -> int:
    cache = Cache(Path(arguments[0]).resolve()) if arguments else Cache()
    try:
        tiny = tiny_guest(cache)
        linux = linux_guest(cache)
    except GuestBuildError as error:
        sys.stderr.write(f"guests: {error}\n")
        return 1
    sys.stdout.write(f"tiny image   {tiny.image}\nlinux kernel {linux.kernel}\nlinux initrd {linux.initrd}\n")
    return 0


sys.exit(main(sys.argv[1:]))
