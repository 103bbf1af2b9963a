"""Move running domains from one host to another.

The migration protocol is spoken by whoever directs it: a client connected to both sides, or, peer to peer, the source's
driver connected to the destination. The hooks are the steps; data does not go through the client unless tunnelled. In
version 3, the one in use:

| step    | where       | hook                             | does                                                |
|---------|-------------|----------------------------------|-----------------------------------------------------|
| begin   | source      | `domain_migrate_begin3_params`   | checks that it can move; makes XML and first cookie |
| prepare | destination | `domain_migrate_prepare3_params` | starts a hypervisor that waits; says where to send  |
| perform | source      | `domain_migrate_perform3_params` | sends memory and state, until all is there          |
| finish  | destination | `domain_migrate_finish3_params`  | lets the guest run there, or kills it               |
| confirm | source      | `domain_migrate_confirm3_params` | kills the guest here, or lets it go on              |

Each step hands an opaque *cookie* to the next, across the hosts: bytes that only the two drivers understand, empty if
they have nothing to say. A step that fails makes the following ones run with `cancelled` true. Exactly one of the two
guests goes on, and the rule that ensures it is this: before perform has succeeded the source's may be resumed at any
time; afterwards only when finish is known to have failed. If nobody knows, as after a broken connection, both stay
paused, which is safe.

A driver keeps what it began for as long as the directing session lives. When that closes before the end, a source that
was begun but not performed goes on, and a destination that was prepared but not finished is killed.

Peer to peer the director calls perform alone, with the destination's URI, and the source's driver does the rest. Direct
migration, where the hypervisors talk without a destination's driver, is perform alone with the hypervisor's URI.

Versions 1 and 2 exist for peers of long ago; the variants of version 3 without typed parameters are derived from those
with. A driver says what it speaks in `connect_supports_feature`: 6 is version 3, 13 typed parameters, 4 peer to peer, 7
protection of the domain against changes between begin and confirm, 12 domains that do not run. Which hooks one must
have follows from that; a driver without migration has none of them.

Common to the hooks: `flags` are `virtkit.enums.DomainMigrateFlags`, the same for every step of a migration. `dname` is
the name at the destination, None to keep it. `resource` is a limit in MiB/s, 0 for none. Parameters are named by
`MIGRATE_PARAM_*` of `virtkit.constants`, unknown ones are `InvalidArgError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, migration, not_supported

if TYPE_CHECKING:
    from collections.abc import Mapping

    from virtkit.params import Value
    from virtkit.records import MigrateBegin, MigrateFinish, MigratePrepare
    from virtkit.refs import DomainRef
    from virtkit.streams import Sink


class DomainMigrationSpec(Spec[S]):
    """The steps of a migration, and what can be tuned while it runs."""

    error_domain = 20  # VIR_FROM_DOMAIN

    # Version 3, with typed parameters

    @migration(acl="domain:migrate", since="1.1.0")
    def domain_migrate_begin3_params(
        self, conn: S, dom: DomainRef, params: Mapping[str, Value], flags: int
    ) -> MigrateBegin:
        """Begin to migrate a domain away: check, and describe it. First step, at the source.

        With CHANGE_PROTECTION the domain's configuration stays locked until confirm, or until the session closes.

        Args:
            params: `destination_xml` (STRING) replaces the live document, with other host-side details only;
                `persistent_xml` (STRING) is the definition to store at the destination; `destination_name` (STRING);
                `migrate_disks` (STRING, repeated), targets of the disks to copy with NON_SHARED_DISK or NON_SHARED_INC.
            flags: `virtkit.enums.DomainMigrateFlags`. OFFLINE moves the definition of a domain that does not run, and
                needs PERSIST_DEST. UNSAFE skips the check that shared disks are cached safely. POSTCOPY_RESUME takes up
                one that stopped in post-copy.

        Returns:
            The first cookie, and the XML to start at the destination.

        Raises:
            OperationInvalidError: The domain does not run and OFFLINE is not set; it has a job; or something it uses
                cannot move (a passed-through device, snapshots the driver cannot take along).
            MigrateUnsafeError: Its disks are cached so that data could be lost, and UNSAFE is not set.
            InvalidArgError: An unknown parameter; flags that exclude each other.
            ConfigUnsupportedError: `destination_xml` changes what the guest sees.
        """
        raise not_supported("domain_migrate_begin3_params")

    @migration(acl="domain:migrate domain:start domain:write", since="1.1.0")
    def domain_migrate_prepare3_params(
        self, conn: S, params: Mapping[str, Value], cookie_in: bytes, flags: int
    ) -> MigratePrepare:
        """Get ready to receive a domain. Second step, at the destination.

        Starts a hypervisor from the XML that waits for the guest's state. The domain is there from now on, paused, and
        cannot be changed before finish.

        Args:
            params: `destination_xml` (STRING, required); `destination_name`; `migrate_uri` (STRING), where to listen,
                in place of what the driver would choose; `listen_address`; `bandwidth` (ULLONG, MiB/s); `disks_port`
                (INT), `disks_uri` and `migrate_disks` for copied disks.
            cookie_in: From begin.
            flags: `virtkit.enums.DomainMigrateFlags`.

        Returns:
            The cookie for perform, and the URI the source sends to (`tcp:host:port`), None: where the director told it
            already.

        Raises:
            OperationFailedError: A domain of that name or UUID runs here already, or one with the name has another
                UUID.
            ConfigUnsupportedError: This host cannot run the domain; `CPUIncompatibleError` where it is for its CPU.
            XMLError: The document is no valid domain.
            InternalError: The hypervisor did not start, or the cookie cannot be read.
        """
        raise not_supported("domain_migrate_prepare3_params")

    @migration(acl="domain:migrate domain:start domain:write", since="1.1.0")
    def domain_migrate_prepare_tunnel3_params(
        self, conn: S, params: Mapping[str, Value], cookie_in: bytes, flags: int
    ) -> tuple[bytes, Sink]:
        """Get ready to receive a domain through the director's connection.

        It takes the place of `domain_migrate_prepare3_params` when the migration is tunnelled.

        Args:
            params: As there, without URI.
            cookie_in: From begin.
            flags: `virtkit.enums.DomainMigrateFlags`, with TUNNELLED.

        Returns:
            The cookie for perform, and a sink that takes the guest's state. Its end (`finish`) means that all was sent,
            `abort` that the source gave up.

        Raises:
            OperationFailedError: As in `domain_migrate_prepare3_params`, like the other errors.
        """
        raise not_supported("domain_migrate_prepare_tunnel3_params")

    @migration(acl="domain:migrate", since="1.1.0")
    def domain_migrate_perform3_params(
        self, conn: S, dom: DomainRef, dconnuri: str | None, params: Mapping[str, Value], cookie_in: bytes, flags: int
    ) -> bytes:
        """Send the domain. Third step, at the source, and the one that takes long.

        With LIVE the guest runs meanwhile and is paused for the last part only. When the hook returns its state is at
        the destination and it is paused here (MIGRATION), or with POSTCOPY runs there already. The job can be watched
        and aborted as any (`domain_get_job_stats`).

        Args:
            dconnuri: URI of the destination's driver, for PEER2PEER: the hook then does the other steps too, and
                returns when confirm is done. None: the director does them.
            params: As in the steps before; `migrate_uri` from prepare, `bandwidth`, `bandwidth.postcopy` (ULLONG,
                MiB/s), `compression` (STRING, repeated) and its settings, `auto_converge.initial` and
                `auto_converge.increment` (INT, per cent), `parallel.connections` (INT), `tls.destination` (STRING).
            cookie_in: From prepare.
            flags: `virtkit.enums.DomainMigrateFlags`. PAUSED leaves the guest paused at the destination; ABORT_ON_ERROR
                gives up when a disk fails; AUTO_CONVERGE slows the guest down if it changes its memory too fast;
                COMPRESSED, PARALLEL, TLS, RDMA_PIN_ALL and ZEROCOPY choose how data goes; NON_SHARED_DISK and
                NON_SHARED_INC copy disks, NON_SHARED_SYNCHRONOUS_WRITES in step with the guest's writes; POSTCOPY
                allows `domain_migrate_start_post_copy`; UNDEFINE_SOURCE removes the definition here at the end,
                PERSIST_DEST stores it there.

        Returns:
            The cookie for finish.

        Raises:
            OperationFailedError: It failed; the guest goes on here.
            OperationAbortedError: It was aborted; the guest goes on here.
            InvalidArgError: The destination is this very host.
        """
        raise not_supported("domain_migrate_perform3_params")

    @migration(acl="domain:migrate", since="1.1.0")
    def domain_migrate_finish3_params(
        self, conn: S, params: Mapping[str, Value], cookie_in: bytes, flags: int, cancelled: bool
    ) -> MigrateFinish:
        """Let the domain run at the destination, or drop it. Fourth step, at the destination.

        With PERSIST_DEST the definition is stored too. Events: STARTED with detail MIGRATED, then RESUMED with detail
        MIGRATED, or SUSPENDED with detail PAUSED if it stays so.

        Args:
            params: `destination_name` (STRING, required): the domain's name here.
            cookie_in: From perform.
            flags: `virtkit.enums.DomainMigrateFlags`.
            cancelled: Whether a step failed: then nothing of the domain remains here.

        Returns:
            The domain's reference here, and the cookie for confirm.

        Raises:
            MigrateFinishOkError: The domain was dropped as asked for (`cancelled`), so that there is none to return.
            OperationFailedError: It does not run here; the source's guest may go on.
            MigratePersistFailedError: It runs here, but its definition could not be stored.
            NoDomainError: No domain of that name was prepared.
        """
        raise not_supported("domain_migrate_finish3_params")

    @migration(acl="domain:migrate", since="1.1.0")
    def domain_migrate_confirm3_params(
        self, conn: S, dom: DomainRef, params: Mapping[str, Value], cookie_in: bytes, flags: int, cancelled: bool
    ) -> None:
        """End the migration at the source. Last step.

        Events: STOPPED with detail MIGRATED; with `cancelled` RESUMED with detail MIGRATED.

        Args:
            params: None are needed.
            cookie_in: From finish; empty if it did not run.
            flags: `virtkit.enums.DomainMigrateFlags`: UNDEFINE_SOURCE removes the definition.
            cancelled: Whether the domain does not run at the destination: then it goes on here. Otherwise it is killed.

        Raises:
            OperationInvalidError: The domain is not being migrated.
        """
        raise not_supported("domain_migrate_confirm3_params")

    # Version 3, without

    @migration(acl="domain:migrate", since="0.9.2")
    def domain_migrate_begin3(
        self, conn: S, dom: DomainRef, xmlin: str | None, flags: int, dname: str | None, resource: int
    ) -> MigrateBegin:
        """Begin to migrate a domain away. Derived from `domain_migrate_begin3_params`.

        Args:
            xmlin: `destination_xml`, or None.
            flags: `virtkit.enums.DomainMigrateFlags`.
            dname: `destination_name`, or None.
            resource: `bandwidth`, MiB/s.
        """
        raise not_supported("domain_migrate_begin3")

    @migration(acl="domain:migrate domain:start domain:write", since="0.9.2")
    def domain_migrate_prepare3(
        self, conn: S, cookie_in: bytes, uri_in: str | None, flags: int, dname: str | None, resource: int, dom_xml: str
    ) -> MigratePrepare:
        """Get ready to receive a domain. Derived from `domain_migrate_prepare3_params`.

        Args:
            cookie_in: From begin.
            uri_in: `migrate_uri`, or None.
            flags: `virtkit.enums.DomainMigrateFlags`.
            dname: `destination_name`, or None.
            resource: `bandwidth`, MiB/s.
            dom_xml: `destination_xml`.
        """
        raise not_supported("domain_migrate_prepare3")

    @migration(acl="domain:migrate domain:start domain:write", since="0.9.2")
    def domain_migrate_prepare_tunnel3(
        self, conn: S, cookie_in: bytes, flags: int, dname: str | None, resource: int, dom_xml: str
    ) -> tuple[bytes, Sink]:
        """Get ready to receive a domain by tunnel. Derived from `domain_migrate_prepare_tunnel3_params`.

        Args:
            cookie_in: From begin.
            flags: `virtkit.enums.DomainMigrateFlags`.
            dname: `destination_name`, or None.
            resource: `bandwidth`, MiB/s.
            dom_xml: `destination_xml`.
        """
        raise not_supported("domain_migrate_prepare_tunnel3")

    @migration(acl="domain:migrate", since="0.9.2")
    def domain_migrate_perform3(
        self,
        conn: S,
        dom: DomainRef,
        xmlin: str | None,
        cookie_in: bytes,
        dconnuri: str | None,
        uri: str | None,
        flags: int,
        dname: str | None,
        resource: int,
    ) -> bytes:
        """Send the domain. Derived from `domain_migrate_perform3_params`.

        Args:
            xmlin: `destination_xml`, or None.
            cookie_in: From prepare.
            dconnuri: URI of the destination's driver, for PEER2PEER; else None.
            uri: `migrate_uri`, or None.
            flags: `virtkit.enums.DomainMigrateFlags`.
            dname: `destination_name`, or None.
            resource: `bandwidth`, MiB/s.
        """
        raise not_supported("domain_migrate_perform3")

    @migration(acl="domain:migrate", since="0.9.2")
    def domain_migrate_finish3(
        self, conn: S, dname: str, cookie_in: bytes, dconnuri: str | None, uri: str | None, flags: int, cancelled: bool
    ) -> MigrateFinish:
        """Let the domain run at the destination, or drop it. Derived from `domain_migrate_finish3_params`.

        Args:
            dname: The domain's name here.
            cookie_in: From perform.
            dconnuri: Not needed here.
            uri: `migrate_uri`, or None.
            flags: `virtkit.enums.DomainMigrateFlags`.
            cancelled: Whether a step failed.
        """
        raise not_supported("domain_migrate_finish3")

    @migration(acl="domain:migrate", since="0.9.2")
    def domain_migrate_confirm3(self, conn: S, dom: DomainRef, cookie_in: bytes, flags: int, cancelled: bool) -> None:
        """End the migration at the source. Derived from `domain_migrate_confirm3_params`.

        Args:
            cookie_in: From finish.
            flags: `virtkit.enums.DomainMigrateFlags`.
            cancelled: Whether the domain does not run at the destination.
        """
        raise not_supported("domain_migrate_confirm3")

    # Versions 1 and 2

    @migration(acl="domain:migrate domain:start domain:write", since="0.3.2")
    def domain_migrate_prepare(
        self, conn: S, uri_in: str | None, flags: int, dname: str | None, resource: int
    ) -> MigratePrepare:
        """Get ready to receive a domain, in version 1: without its XML, which the hypervisors exchange themselves.

        Args:
            uri_in: Where to listen; None: the driver chooses.
            flags: `virtkit.enums.DomainMigrateFlags`.
            dname: Name at the destination, None to keep it.
            resource: Limit in MiB/s, 0 for none.

        Returns:
            The cookie for perform, and the URI to send to, None: `uri_in`.

        Raises:
            NotSupportedError: The driver speaks version 3 only.
        """
        raise not_supported("domain_migrate_prepare")

    @migration(acl="domain:migrate domain:start domain:write", since="0.5.0")
    def domain_migrate_prepare2(
        self, conn: S, uri_in: str | None, flags: int, dname: str | None, resource: int, dom_xml: str
    ) -> MigratePrepare:
        """Get ready to receive a domain, in version 2, which has no begin: the director takes the XML from the source.

        Args:
            uri_in: Where to listen; None: the driver chooses.
            flags: `virtkit.enums.DomainMigrateFlags`.
            dname: Name at the destination, None to keep it.
            resource: Limit in MiB/s, 0 for none.
            dom_xml: The domain's XML, as `domain_get_xml_desc` with SECURE and MIGRATABLE gives it.

        Returns:
            The cookie for perform, and the URI to send to, None: `uri_in`.

        Raises:
            NotSupportedError: The driver speaks version 3 only.
        """
        raise not_supported("domain_migrate_prepare2")

    @migration(acl="domain:migrate domain:start domain:write", since="0.7.2")
    def domain_migrate_prepare_tunnel(
        self, conn: S, flags: int, dname: str | None, resource: int, dom_xml: str
    ) -> Sink:
        """Get ready to receive a domain, in version 2, through the director's connection.

        Args:
            flags: `virtkit.enums.DomainMigrateFlags`, with TUNNELLED.
            dname: Name at the destination, None to keep it.
            resource: Limit in MiB/s, 0 for none.
            dom_xml: The domain's XML.

        Returns:
            A sink that takes the guest's state.

        Raises:
            NotSupportedError: The driver speaks version 3 only.
        """
        raise not_supported("domain_migrate_prepare_tunnel")

    @migration(acl="domain:migrate", since="0.3.2")
    def domain_migrate_perform(
        self, conn: S, dom: DomainRef, cookie: bytes, uri: str, flags: int, dname: str | None, resource: int
    ) -> None:
        """Send the domain, in versions 1 and 2.

        When the hook returns the guest is gone from here; if it fails it goes on.

        Args:
            cookie: From prepare.
            uri: Where to send; peer to peer the destination's driver.
            flags: `virtkit.enums.DomainMigrateFlags`.
            dname: Name at the destination, None to keep it.
            resource: Limit in MiB/s, 0 for none.

        Raises:
            OperationInvalidError: The domain does not run.
            OperationFailedError: It failed; the guest goes on here.
        """
        raise not_supported("domain_migrate_perform")

    @migration(acl="domain:migrate", since="0.3.2")
    def domain_migrate_finish(self, conn: S, dname: str, cookie: bytes, uri: str, flags: int) -> DomainRef:
        """Let the domain run at the destination, in version 1. Called only after perform has succeeded.

        Args:
            dname: The domain's name here.
            cookie: From prepare.
            uri: Where it was sent.
            flags: `virtkit.enums.DomainMigrateFlags`.

        Raises:
            NoDomainError: No domain of that name was prepared.
        """
        raise not_supported("domain_migrate_finish")

    @migration(acl="domain:migrate", since="0.5.0")
    def domain_migrate_finish2(
        self, conn: S, dname: str, cookie: bytes, uri: str, flags: int, retcode: int
    ) -> DomainRef:
        """Let the domain run at the destination, in version 2, or drop it.

        Args:
            dname: The domain's name here.
            cookie: From prepare.
            uri: Where it was sent.
            flags: `virtkit.enums.DomainMigrateFlags`.
            retcode: What perform came to: 0 is success, anything else means that the guest is dropped here.

        Raises:
            MigrateFinishOkError: The domain was dropped as asked for.
            NoDomainError: No domain of that name was prepared.
        """
        raise not_supported("domain_migrate_finish2")

    # While it runs

    @migration(acl="domain:migrate", since="0.8.0")
    def domain_migrate_set_max_downtime(self, conn: S, dom: DomainRef, downtime: int, flags: int) -> None:
        """Set how long a guest may be paused at the end of a live migration, also while one runs.

        Args:
            downtime: ms, more than 0.

        Raises:
            OperationInvalidError: The domain does not run.
            InvalidArgError: 0.
        """
        raise not_supported("domain_migrate_set_max_downtime")

    @migration(acl="domain:migrate", readonly=True, since="3.7.0")
    def domain_migrate_get_max_downtime(self, conn: S, dom: DomainRef, flags: int) -> int:
        """Tell how long a guest may be paused at the end of a live migration, in ms.

        Raises:
            OperationInvalidError: The domain does not run.
        """
        raise not_supported("domain_migrate_get_max_downtime")

    @migration(acl="domain:migrate", since="0.9.0")
    def domain_migrate_set_max_speed(self, conn: S, dom: DomainRef, bandwidth: int, flags: int) -> None:
        """Limit the bandwidth of a domain's migrations, also while one runs. The limit stays with the domain.

        Args:
            bandwidth: MiB/s; 0 in post-copy: no limit.
            flags: `virtkit.enums.DomainMigrateMaxSpeedFlags`: POSTCOPY is the limit after the switch to post-copy.

        Raises:
            OperationInvalidError: POSTCOPY, and the domain does not run.
            ValueOverflowError: More than the hypervisor can count.
        """
        raise not_supported("domain_migrate_set_max_speed")

    @migration(acl="domain:migrate", since="0.9.5")
    def domain_migrate_get_max_speed(self, conn: S, dom: DomainRef, flags: int) -> int:
        """Tell the limit of the bandwidth of a domain's migrations, in MiB/s.

        Args:
            flags: `virtkit.enums.DomainMigrateMaxSpeedFlags`: POSTCOPY is the limit after the switch to post-copy.
        """
        raise not_supported("domain_migrate_get_max_speed")

    @migration(acl="domain:migrate", since="1.0.3")
    def domain_migrate_set_compression_cache(self, conn: S, dom: DomainRef, cache_size: int, flags: int) -> None:
        """Set how much memory compressed migrations use to remember pages. A migration that runs may ignore it.

        Args:
            cache_size: Bytes. The hypervisor may round it.

        Raises:
            OperationInvalidError: The domain does not run.
            OperationUnsupportedError: The hypervisor does not compress.
        """
        raise not_supported("domain_migrate_set_compression_cache")

    @migration(acl="domain:migrate", readonly=True, since="1.0.3")
    def domain_migrate_get_compression_cache(self, conn: S, dom: DomainRef, flags: int) -> int:
        """Tell how much memory compressed migrations use to remember pages, in bytes.

        Raises:
            OperationInvalidError: The domain does not run.
            OperationUnsupportedError: The hypervisor does not compress.
        """
        raise not_supported("domain_migrate_get_compression_cache")

    @migration(acl="domain:migrate", since="1.3.3")
    def domain_migrate_start_post_copy(self, conn: S, dom: DomainRef, flags: int) -> None:
        """Switch a migration that runs to post-copy.

        The guest goes on at the destination at once, and fetches its memory as it needs it. From here on the migration
        can no longer be undone: the guest is complete on neither host until it ends.

        Raises:
            OperationInvalidError: No migration away runs, or it was started without POSTCOPY.
        """
        raise not_supported("domain_migrate_start_post_copy")
