"""The admin program: servers, clients and limits of the daemon, for virt-admin."""

from __future__ import annotations

from virtkit_remote.daemon.procedures import Own

ADMIN: dict[str, Own] = {}
