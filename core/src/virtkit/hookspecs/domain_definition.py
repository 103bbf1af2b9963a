"""Find, list, describe, define and create domains.

A domain is *persistent* when a definition of it is stored, *transient* when it exists only as long as it runs:

|------------|-------------------------|-----------------------------------|
|------------|-------------------------|-----------------------------------|
| persistent | defined, can be started | runs, stays defined when it stops |
| transient  | does not exist          | runs, vanishes when it stops      |

`domain_define_xml_flags` stores a definition, which also turns a running transient domain into a persistent one;
`domain_undefine_flags` removes it, which turns a running persistent domain into a transient one. `domain_create_xml`
starts a transient domain in one step. Starting, stopping and saving of defined domains is in `domain_lifecycle`.

The name and the UUID are each unique among the domains of a driver instance. The numeric id is handed out at each
start, counting up from 1, and is `virtkit.refs.NO_ID` while the domain does not run.

At the least a driver implements `connect_list_all_domains` and `domain_get_xml_desc`: lookups, counts, lists of names
and ids, and the yes-or-no questions are derived from the first. With many domains it implements the three lookups as
well, which the derived ones answer by listing everything. A driver whose domains can be changed adds
`domain_define_xml_flags`, `domain_undefine_flags` and `domain_create_xml`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import (
    S,
    Spec,
    accessor,
    creation,
    definition,
    description,
    enumeration,
    lifecycle,
    lookup,
    not_supported,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtkit.refs import DomainRef


class DomainDefinitionSpec(Spec[S]):
    """Domains as configuration: identity, lists, XML, definitions, and domains created straight from XML."""

    error_domain = 20  # VIR_FROM_DOMAIN

    # Lookup

    @lookup(acl="domain:getattr", readonly=True, since="0.0.3", may_block=False)
    def domain_lookup_by_name(self, conn: S, name: str) -> DomainRef:
        """Find a domain, active or not, by its name. Derived from `connect_list_all_domains`.

        Returns:
            Its reference; `id` is `NO_ID` unless it runs.

        Raises:
            NoDomainError: No domain has that name.
        """
        raise not_supported("domain_lookup_by_name")

    @lookup(acl="domain:getattr", readonly=True, since="0.0.5", may_block=False)
    def domain_lookup_by_uuid(self, conn: S, uuid: bytes) -> DomainRef:
        """Find a domain, active or not, by its UUID. Derived from `connect_list_all_domains`.

        Worth implementing: it serves lookups by a UUID string and `domain_is_active` too.

        Args:
            uuid: 16 raw bytes.

        Raises:
            NoDomainError: No domain has that UUID.
        """
        raise not_supported("domain_lookup_by_uuid")

    @lookup(acl="domain:getattr", readonly=True, since="0.0.3", may_block=False)
    def domain_lookup_by_id(self, conn: S, id: int) -> DomainRef:
        """Find an active domain by its id. Derived from `connect_list_all_domains`.

        Raises:
            NoDomainError: No running domain has that id, whatever inactive domains exist.
        """
        raise not_supported("domain_lookup_by_id")

    # Enumeration

    @enumeration(acl="connect:search_domains", readonly=True, filters="domain:getattr", since="0.9.13", may_block=False)
    def connect_list_all_domains(self, conn: S, flags: int) -> list[DomainRef]:
        """List the domains that match a set of filters.

        `flags` is made of `virtkit.enums.ConnectListAllDomainsFlags`, in groups: ACTIVE, INACTIVE; PERSISTENT,
        TRANSIENT; RUNNING, PAUSED, SHUTOFF, OTHER (any other state); MANAGEDSAVE, NO_MANAGEDSAVE; AUTOSTART,
        NO_AUTOSTART; HAS_SNAPSHOT, NO_SNAPSHOT; HAS_CHECKPOINT, NO_CHECKPOINT. A group of which no bit is set admits
        everything; of a group with bits set a domain must match one. A domain is listed when it passes every group, so
        0 lists all.

        The list is a snapshot in no particular order. Domains that the caller may not see are removed by the core. All
        other lists and counts of domains are derived from this hook, so it should cost little per domain and never talk
        to a guest.

        Args:
            flags: The filters. A group that a driver has nothing for is still honoured: where there are no snapshots
                NO_SNAPSHOT admits all and HAS_SNAPSHOT none.

        Returns:
            References, with the present id of those that run.

        Raises:
            InvalidArgError: A bit outside the enumeration.
        """
        raise not_supported("connect_list_all_domains")

    @enumeration(acl="connect:search_domains", readonly=True, filters="domain:getattr", since="0.0.3", may_block=False)
    def connect_list_domains(self, conn: S) -> list[int]:
        """List the ids of active domains. Derived from `connect_list_all_domains` with ACTIVE."""
        raise not_supported("connect_list_domains")

    @enumeration(acl="connect:search_domains", readonly=True, filters="domain:getattr", since="0.0.3", may_block=False)
    def connect_num_of_domains(self, conn: S) -> int:
        """Count active domains. Derived from `connect_list_all_domains` with ACTIVE."""
        raise not_supported("connect_num_of_domains")

    @enumeration(acl="connect:search_domains", readonly=True, filters="domain:getattr", since="0.1.1", may_block=False)
    def connect_list_defined_domains(self, conn: S) -> list[str]:
        """List the names of inactive domains. Derived from `connect_list_all_domains` with INACTIVE."""
        raise not_supported("connect_list_defined_domains")

    @enumeration(acl="connect:search_domains", readonly=True, filters="domain:getattr", since="0.1.5", may_block=False)
    def connect_num_of_defined_domains(self, conn: S) -> int:
        """Count inactive domains. Derived from `connect_list_all_domains` with INACTIVE."""
        raise not_supported("connect_num_of_defined_domains")

    # Description

    @description(
        acl=("domain:read", "domain:read_secure:VIR_DOMAIN_XML_SECURE", "domain:read_secure:VIR_DOMAIN_XML_MIGRATABLE"),
        readonly=True,
        refused_flags="VIR_DOMAIN_XML_SECURE|VIR_DOMAIN_XML_MIGRATABLE",
        since="0.0.3",
    )
    def domain_get_xml_desc(self, conn: S, dom: DomainRef, flags: int) -> str:
        """Describe a domain in XML.

        The document is the live configuration while the domain runs (with ids, aliases, addresses, paths and ports that
        were handed out at start) and the persistent one while it does not. It is laid out as `virtkit.xml` prints it;
        feeding the inactive form back to `domain_define_xml_flags` changes nothing.

        Args:
            flags: `virtkit.enums.DomainXMLFlags`. SECURE adds passwords and other secrets, which are left out
                otherwise. INACTIVE asks for the persistent configuration even while the domain runs; of a transient
                domain that is what it would be without its run-time details. UPDATE_CPU replaces a CPU given by the
                host's model with what that means on this host. MIGRATABLE is the inactive form with secrets, without
                what an older peer would not understand. SECURE and MIGRATABLE are refused on read-only connections, by
                the core.

        Returns:
            The document, ending in a newline.

        Raises:
            InvalidArgError: A flag the driver does not serve: UPDATE_CPU where there is no CPU model to expand.
            OperationUnsupportedError: UPDATE_CPU, and the host cannot say what its CPU is.
        """
        raise not_supported("domain_get_xml_desc")

    @description(acl="connect:write", since="0.6.4")
    def connect_domain_xml_from_native(self, conn: S, native_format: str, native_config: str, flags: int) -> str:
        """Convert a hypervisor's own configuration into domain XML. Nothing is defined or started.

        Args:
            native_format: Name of the format in the driver's terms, such as `xen-xl`, `lxc-tools` or `vmware-vmx`.
            native_config: The configuration's text.

        Returns:
            A document that `domain_define_xml_flags` takes. What has no counterpart in domain XML is left out.

        Raises:
            InvalidArgError: The driver does not know the format.
            OperationUnsupportedError: It knows the format, but not this direction.
            ConfigUnsupportedError: The configuration cannot be expressed.
        """
        raise not_supported("connect_domain_xml_from_native")

    @description(acl="connect:write", since="0.6.4")
    def connect_domain_xml_to_native(self, conn: S, native_format: str, domain_xml: str, flags: int) -> str:
        """Convert domain XML into a hypervisor's own configuration, for QEMU the command line it would run.

        Nothing is defined or started, and no file, port or device is claimed: what is decided only at start is a
        plausible stand-in.

        Args:
            native_format: Name of the format, such as `qemu-argv`, `xen-xl` or `bhyve-argv`.
            domain_xml: A domain document, checked as `domain_define_xml_flags` checks it.

        Raises:
            InvalidArgError: The driver does not know the format.
            ConfigUnsupportedError: The format cannot express the domain.
            XMLError: The document is no valid domain.
        """
        raise not_supported("connect_domain_xml_to_native")

    # Properties

    @accessor(acl="domain:read", readonly=True, since="0.7.3", may_block=False)
    def domain_is_active(self, conn: S, dom: DomainRef) -> bool:
        """Tell whether a domain runs, which includes being paused. Derived from `domain_lookup_by_uuid`."""
        raise not_supported("domain_is_active")

    @accessor(acl="domain:read", readonly=True, since="0.7.3", may_block=False)
    def domain_is_persistent(self, conn: S, dom: DomainRef) -> bool:
        """Tell whether a definition of the domain is stored. Derived from `connect_list_all_domains`.

        False means that the domain vanishes when it stops.
        """
        raise not_supported("domain_is_persistent")

    @accessor(acl="domain:read", readonly=True, since="0.8.6", may_block=False)
    def domain_is_updated(self, conn: S, dom: DomainRef) -> bool:
        """Tell whether the persistent definition changed while the domain runs, so that the next start will differ.

        False for an inactive or a transient domain. Drivers that do not keep track answer False.
        """
        raise not_supported("domain_is_updated")

    @accessor(acl="domain:read", readonly=True, since="0.2.1", may_block=False)
    def domain_get_autostart(self, conn: S, dom: DomainRef) -> bool:
        """Tell whether the domain is started when its driver starts. Derived from `connect_list_all_domains`.

        False for a transient domain.
        """
        raise not_supported("domain_get_autostart")

    @accessor(acl="domain:write", since="0.2.1")
    def domain_set_autostart(self, conn: S, dom: DomainRef, autostart: bool) -> None:
        """Say whether the domain is to be started when its driver starts. It is not started now.

        The mark lasts until it is taken back or the domain is undefined. Setting what is set already succeeds.

        Args:
            autostart: Whether to start it.

        Raises:
            OperationInvalidError: The domain is transient.
            OperationFailedError: The mark could not be stored.
        """
        raise not_supported("domain_set_autostart")

    @accessor(acl="domain:read", readonly=True, since="0.9.10")
    def domain_get_metadata(self, conn: S, dom: DomainRef, type: int, uri: str | None, flags: int) -> str:
        """Read the title, the description or an application's own element of a domain.

        Args:
            type: `virtkit.enums.DomainMetadataType`: DESCRIPTION, TITLE or ELEMENT.
            uri: XML namespace of the element; None unless `type` is ELEMENT, where it is required.
            flags: `virtkit.enums.DomainModificationImpact`.

        Returns:
            The text, or the XML of the element with its namespace declaration.

        Raises:
            NoDomainMetadataError: The domain has no such title, description or element.
            InvalidArgError: Unknown type, both LIVE and CONFIG, or `uri` missing or out of place.
            OperationInvalidError: LIVE on an inactive domain, CONFIG on a transient one.
        """
        raise not_supported("domain_get_metadata")

    @accessor(
        acl=(
            "domain:write",
            "domain:save:!VIR_DOMAIN_AFFECT_CONFIG|VIR_DOMAIN_AFFECT_LIVE",
            "domain:save:VIR_DOMAIN_AFFECT_CONFIG",
        ),
        since="0.9.10",
    )
    def domain_set_metadata(
        self, conn: S, dom: DomainRef, type: int, metadata: str | None, key: str | None, uri: str | None, flags: int
    ) -> None:
        """Set or remove the title, the description or an application's own element of a domain.

        What is set appears in the XML and is kept when the domain is redefined only if the new XML carries it. A change
        publishes a METADATA_CHANGE event (`virtkit.enums.DomainEventID`) with the type and the namespace.

        Args:
            type: `virtkit.enums.DomainMetadataType`.
            metadata: The text, or for ELEMENT the XML of one element; None removes it. A title has no line break.
            key: Prefix under which the namespace is declared; for ELEMENT with `metadata` required, else None.
            uri: Namespace of the element, which also is what finds it again; required for ELEMENT, else None.
            flags: `virtkit.enums.DomainModificationImpact`.

        Raises:
            InvalidArgError: A title with a line break; unknown type; `key` or `uri` missing or out of place.
            XMLDetailError: `metadata` is meant to be an element and is not well-formed.
            OperationInvalidError: LIVE on an inactive domain, CONFIG on a transient one.
        """
        raise not_supported("domain_set_metadata")

    # Definition

    @definition(acl="domain:write domain:save", since="1.2.12")
    def domain_define_xml_flags(self, conn: S, xml: str, flags: int) -> DomainRef:
        """Store a domain's definition: add a new domain, or replace the definition of one.

        The name and the UUID in the XML decide. Neither known: a new inactive domain. Both known and of the same
        domain: its definition is replaced; if it runs it goes on unchanged, and the new definition holds from the next
        start on. A running transient domain becomes persistent. A missing UUID is made up. Missing parts get their
        defaults (machine, controllers, addresses, ...), so that what `domain_get_xml_desc` answers is complete.

        The definition is durable when the hook returns. If it cannot be stored the previous one stays in force, and
        nothing of a new domain remains. Autostart, snapshots, checkpoints and a managed save image stay with a
        redefined domain. The event is DEFINED (`virtkit.enums.DomainEventType`) with detail ADDED or UPDATED.

        Args:
            xml: A `<domain>` document.
            flags: `virtkit.enums.DomainDefineFlags`. VALIDATE checks the document against the schema first, so that an
                element or attribute nobody knows is an error and not a warning.

        Returns:
            The domain's reference.

        Raises:
            XMLDetailError: The document is not well-formed.
            XMLError: Another root element, a missing part (memory, operating system type), a value that cannot be read,
                a name with `/`, two disks with one target.
            XMLInvalidSchemaError: VALIDATE was asked for, and the document breaks the schema.
            NoNameError: No name, or an empty one.
            NoTargetError: A disk without target.
            ConfigUnsupportedError: Another hypervisor's type, an unknown operating system type or device, more current
                than maximum vCPUs: whatever this driver cannot run.
            InternalError: No domain type, a malformed UUID, zero vCPUs: libvirt's code for these, which clients test
                for.
            OperationFailedError: The name belongs to a domain of another UUID, or the UUID to one of another name.
        """
        raise not_supported("domain_define_xml_flags")

    @definition(acl="domain:write domain:save", since="0.1.1")
    def domain_define_xml(self, conn: S, xml: str) -> DomainRef:
        """Store a domain's definition. Derived from `domain_define_xml_flags`, with no flags."""
        raise not_supported("domain_define_xml")

    @definition(acl="domain:delete", since="0.9.4")
    def domain_undefine_flags(self, conn: S, dom: DomainRef, flags: int) -> None:
        """Remove a domain's definition.

        An inactive domain is gone with it; a running one goes on as a transient domain. Autostart is forgotten. Disks
        stay untouched. The event is UNDEFINED with detail REMOVED.

        Args:
            flags: `virtkit.enums.DomainUndefineFlags`. What belongs to an inactive domain and would be left behind must
                be dealt with explicitly: MANAGED_SAVE deletes the saved state, SNAPSHOTS_METADATA and
                CHECKPOINTS_METADATA forget snapshots and checkpoints (their data in disks stays), NVRAM and KEEP_NVRAM
                delete or keep the firmware's variables, TPM and KEEP_TPM the state of an emulated TPM. A flag for
                something the domain has not is no error.

        Raises:
            OperationInvalidError: The domain is transient, or an inactive one has a managed save image, snapshots,
                checkpoints or firmware variables and no flag says what becomes of them. Nothing is removed then.
            InvalidArgError: NVRAM with KEEP_NVRAM, or TPM with KEEP_TPM.
        """
        raise not_supported("domain_undefine_flags")

    @definition(acl="domain:delete", since="0.1.1")
    def domain_undefine(self, conn: S, dom: DomainRef) -> None:
        """Remove a domain's definition. Derived from `domain_undefine_flags`, with no flags."""
        raise not_supported("domain_undefine")

    @lifecycle(acl="domain:write domain:save", since="1.2.19")
    def domain_rename(self, conn: S, dom: DomainRef, new_name: str | None, flags: int) -> None:
        """Give an inactive domain another name; UUID, autostart and managed save image stay with it.

        Everything stored under the old name moves, or nothing does. Events: UNDEFINED with detail RENAMED, then DEFINED
        with detail RENAMED.

        Args:
            new_name: The name; not empty, no `/`.

        Raises:
            InvalidArgError: `new_name` is None or empty.
            OperationInvalidError: The domain runs, is transient, has snapshots or checkpoints, or has that name
                already; or another domain has it.
            XMLError: The name contains `/`.
        """
        raise not_supported("domain_rename")

    # Creation

    @creation(acl="domain:write domain:start", since="0.5.0")
    def domain_create_xml(self, conn: S, xml_desc: str, flags: int) -> DomainRef:
        """Start a domain from XML without storing a definition: a transient domain.

        The domain exists until it stops. When the UUID and name are those of an inactive persistent domain, that domain
        is started with this configuration in place of its own, and its definition is back when it stops. If the start
        fails nothing remains of a transient domain.

        Events: STARTED with detail BOOTED, and with START_PAUSED also SUSPENDED with detail PAUSED.

        Args:
            xml_desc: A `<domain>` document, completed as `domain_define_xml_flags` does.
            flags: `virtkit.enums.DomainCreateFlags`. START_PAUSED leaves its vCPUs stopped until `domain_resume`.
                START_AUTODESTROY destroys it when the session that started it is closed, however that happens.
                START_VALIDATE checks the document against the schema. START_RESET_NVRAM starts with fresh firmware
                variables. START_BYPASS_CACHE and START_FORCE_BOOT are about a managed save image, of which there is
                none here: refused.

        Returns:
            Its reference, with the id.

        Raises:
            XMLError: The document is no valid domain; further errors of documents as in `domain_define_xml_flags`.
            OperationInvalidError: A domain of that UUID runs already.
            OperationFailedError: The name belongs to a domain of another UUID, or the UUID to one of another name.
            InternalError: The guest did not start; the message ends with what the hypervisor said.
        """
        raise not_supported("domain_create_xml")

    @creation(acl="domain:write domain:start", since="1.1.1")
    def domain_create_xml_with_files(self, conn: S, xml_desc: str, flags: int, files: Sequence[int]) -> DomainRef:
        """Start a transient domain that inherits open descriptors, as `domain_create_xml` otherwise.

        Meant for containers: the first program of the guest finds them as descriptors 3, 4, ... in the order given.

        Args:
            xml_desc: A `<domain>` document.
            flags: `virtkit.enums.DomainCreateFlags`.
            files: Open descriptors of this process. The caller closes them after the call; a driver that keeps one
                duplicates it.

        Raises:
            NotSupportedError: The driver cannot hand descriptors to a guest (the default).
            OperationInvalidError: A domain of that UUID runs already.
        """
        raise not_supported("domain_create_xml_with_files")
