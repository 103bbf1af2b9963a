"""Start a driver: `tools/new_driver.py NAME` writes a package whose conformance run is green.

The package is a working driver with domains in memory, tests that run `virtkit.testing`, and the entry point by which
virtkit finds it. It does not depend on this repository: only its `virtkit>=...` does.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "tools" / "driver_template"
KINDS = sorted(path.name for path in TEMPLATES.iterdir() if path.is_dir())
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def new_driver(name: str, kind: str, folder: Path) -> Path:
    """Write the package `virtkit-NAME` into a folder.

    Args:
        name: Name of the driver; a hypervisor's is its URI scheme.
        kind: Kind of driver: a folder of `tools/driver_template`.
        folder: Where the package's own folder is made.

    Returns:
        The folder of the package.

    Raises:
        ValueError: The name is no name of a driver, or the folder exists.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot name a driver: lower-case words of letters and digits, joined by dashes")
    package = folder / name
    if package.exists():
        raise ValueError(f"{package} exists already: choose another name, or remove it")
    words = {
        "virtkit_template": f"virtkit_{name.replace('-', '_')}",
        "TemplateDriver": "".join(word.capitalize() for word in name.split("-")) + "Driver",
        "template": name,
    }
    shutil.copytree(TEMPLATES / kind, package, ignore=shutil.ignore_patterns("__pycache__", ".*_cache"))
    for path in sorted(package.rglob("*"), reverse=True):
        if path.is_file():
            path.write_text(renamed(path.read_text(), words))
        path.rename(path.with_name(renamed(path.name, words)))
    return package


def renamed(text: str, words: dict[str, str]) -> str:
    return re.sub("|".join(words), lambda found: words[found[0]], text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="name of the driver, such as lab")
    parser.add_argument("--kind", choices=KINDS, default="hypervisor", help="kind of driver (%(default)s)")
    parser.add_argument("--into", type=Path, default=ROOT / "plugins", help="folder of the new package (plugins/)")
    given = parser.parse_args()
    try:
        package = new_driver(given.name, given.kind, given.into)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{package} is a {given.kind} driver. To see it work:")
    print(f"    .venv/bin/pip install -e {package}")
    print(f"    .venv/bin/pytest {package}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
