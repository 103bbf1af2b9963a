"""The filters that every host expects to be there; each file says what its filter is for.

Names and meaning are those of libvirt's. UUIDs are made of the names, so that they are the same on every host.
"""

from __future__ import annotations

from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid5

FOLDER = Path(__file__).parent


def uuid_of(name: str) -> UUID:
    """The UUID of a standard filter."""
    return uuid5(NAMESPACE_URL, f"urn:virtkit:nwfilter:{name}")


def documents() -> dict[str, str]:
    """The documents by name."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.xml"))}
