"""What is asked before a call and written after it: the policy and the audit log of a configuration."""

from __future__ import annotations

from virtkit import access
from virtkit.access import Identity
from virtkit.discovery import Function
from virtkit.ops import Operation
from virtkit_remote.daemon.audit import Audit
from virtkit_remote.daemon.config import Config
from virtkit_remote.daemon.places import Places
from virtkit_remote.daemon.policy import Policy


class Rules:
    """The policy and the audit log in force."""

    def __init__(self, config: Config, places: Places) -> None:
        """Put those of a configuration in force, and the access plugins that are installed.

        Raises:
            VirtError: The policy has a mistake, the log cannot be written, or a plugin is broken.
        """
        self._places = places
        self._policy: Policy | None = None
        self._audit: Audit | None = None
        if config.access.plugins:
            access.load_installed()
        self.apply(config)

    def apply(self, config: Config) -> None:
        """Put those of a changed configuration in force; there is no moment without a policy.

        Raises:
            VirtError: As when it is made; what was in force stays so.
        """
        self._apply_policy(config.access.policy)
        self._apply_audit(str(config.audit.file or self._places.audit_log) if config.audit.enabled else "")

    def close(self) -> None:
        """End both."""
        self._apply_policy("")
        self._apply_audit("")

    def watched(self, function: Function, operation: Operation, identity: Identity) -> Operation:
        """A function that is written of, where there is a log."""
        return self._audit.watched(function, operation, identity) if self._audit else operation

    def _apply_policy(self, path: str) -> None:
        old = self._policy
        if old is not None and str(old.path) == path:
            old.reload()
            return
        new = Policy(path) if path else None
        if new is not None:
            access.register(new)
        if old is not None:
            access.unregister(old)
        self._policy = new

    def _apply_audit(self, path: str) -> None:
        old = self._audit
        if old is not None and str(old.path) == path:
            old.reopen()
            return
        self._audit = Audit(path) if path else None
        if old is not None:
            old.close()
