"""The filters that every host expects to be there; each file says what its filter is for.

Names and meaning are those of libvirt's. UUIDs are made of the names, so that they are the same on every host.
"""

from __future__ import annotations

from importlib.resources import files
from uuid import NAMESPACE_URL, UUID, uuid5

ENDING = ".xml"


def uuid_of(name: str) -> UUID:
    """The UUID of a standard filter."""
    return uuid5(NAMESPACE_URL, f"urn:virtkit:nwfilter:{name}")


def documents() -> dict[str, str]:
    """The documents by name."""
    found = [path for path in files(__name__).iterdir() if path.name.endswith(ENDING)]
    return {path.name.removesuffix(ENDING): path.read_text(encoding="utf-8") for path in sorted(found, key=str)}
