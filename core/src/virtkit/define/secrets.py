"""Secrets in a definition: what only a caller who asked for them, and may, gets to see."""

from __future__ import annotations

from virtkit.xml.domain import Domain


def without_secrets(document: Domain) -> Domain:
    """The definition without passwords: itself where it has none, else a copy."""
    if all(server.passwd is None for server in document.devices.graphics):
        return document
    document = document.copy()
    for server in document.devices.graphics:
        server.passwd = server.passwd_valid_to = server.connected = None
    return document
