"""The hypervisor a connection leads to: what it is, what it can do, which CPUs it offers.

These hooks have no object; they are answered by the driver that serves domains. What the machine under it is made of
(memory, CPUs, pages) is in `node`; the two overlap in the capabilities, which describe both in one document.

Two questions about CPUs can each be asked of two things:

| | the CPU of the host | what a hypervisor on the host can give a guest |
|---|---|---|
| does this CPU run here? | `connect_compare_cpu` | `connect_compare_hypervisor_cpu` |
| what runs on all of these hosts? | `connect_baseline_cpu` | `connect_baseline_hypervisor_cpu` |

The hypervisor may hide features the host has and emulate features the host has not, so the right column is what decides
whether a domain starts; the left one needs no emulator and remains for older programs.

At the least a driver implements `connect_get_type`, `connect_get_version`, `connect_get_capabilities`,
`connect_get_hostname` and `connect_is_secure`, and with migration or any other optional feature
`connect_supports_feature`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.spec import S, Spec, accessor, description, not_supported, operation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtkit.enums import CPUCompareResult


class ConnectSpec(Spec[S]):
    """A hypervisor: identity, capabilities, CPU models and optional features."""

    error_domain = 20  # VIR_FROM_DOMAIN: libvirt has none for connections

    # Description

    @description(acl="connect:read", readonly=True, since="0.2.1")
    def connect_get_capabilities(self, conn: S) -> str:
        """Describe the host and the kinds of guests it runs, in XML.

        The `<capabilities>` document has one `<host>` (UUID, CPU, power management, migration transports, NUMA cells,
        caches, security models) and one `<guest>` per operating system type and architecture, each with its emulator,
        machine types and domain types. Programs choose from it what to put into a domain: everything it lists must
        work.

        It is asked for often. A driver probes once, keeps the result, and renews it when what it was probed from (a
        hypervisor's binary, a kernel module) has changed.

        Returns:
            The document, ending in a newline. What could not be found out is left out rather than guessed.

        Raises:
            InternalError: Nothing could be found out; the message names the part that failed.
        """
        raise not_supported("connect_get_capabilities")

    @description(acl="connect:write", since="1.2.7")
    def connect_get_domain_capabilities(
        self, conn: S, emulatorbin: str | None, arch: str | None, machine: str | None, virttype: str | None, flags: int
    ) -> str:
        """Describe what one emulator can do for a domain, in XML.

        Where the capabilities list kinds of guests, the `<domainCapabilities>` document lists for one emulator,
        architecture, machine and domain type the largest number of vCPUs, the CPU modes and models with whether this
        host can run them, and the devices, models and features that a domain may use. A feature that is known but not
        there is listed as not supported; one that is missing from the document is unknown.

        What is None is chosen: the architecture from the emulator, else the host's; the emulator that the capabilities
        name for the architecture; the machine that a domain gets that names none; the best domain type, hardware
        acceleration first.

        Args:
            emulatorbin: Absolute path of the emulator.
            arch: Architecture as in the capabilities, such as `x86_64`.
            machine: Machine type or an alias of one; the document shows what the alias stands for.
            virttype: Domain type, such as `kvm`.

        Returns:
            The document, ending in a newline.

        Raises:
            InvalidArgError: The architecture, machine or domain type is not known, or the emulator does not serve it.
            SystemCallError: The emulator is not there or cannot be run.
        """
        raise not_supported("connect_get_domain_capabilities")

    @description(acl="connect:read", readonly=True, since="0.7.5")
    def connect_compare_cpu(self, conn: S, xml: str, flags: int) -> CPUCompareResult:
        """Compare a CPU with that of the host.

        Args:
            xml: A `<cpu>` document: a CPU as a domain asks for it, or as another host's capabilities describe it. A
                whole capabilities document serves as well; its host CPU is taken.
            flags: `virtkit.enums.ConnectCompareCPUFlags`. FAIL_INCOMPATIBLE raises where INCOMPATIBLE would be
                returned, so that the message can say what is missing. VALIDATE_XML checks the document against the
                schema.

        Returns:
            IDENTICAL: the same model and features. SUPERSET: the host has all that is asked for and more. INCOMPATIBLE:
            the host lacks something, or the document forbids something the host has, or the host's CPU is unknown.
            Never ERROR, which is what an exception becomes in C.

        Raises:
            CPUIncompatibleError: FAIL_INCOMPATIBLE, and the host cannot serve the CPU; the message lists the features.
            XMLDetailError: The text is no XML.
            XMLError: The document is no CPU, or misses its model.
            XMLInvalidSchemaError: VALIDATE_XML, and the document breaks the schema.
            ConfigUnsupportedError: A model or feature name that is not known for the architecture.
        """
        raise not_supported("connect_compare_cpu")

    @description(acl="connect:write", since="4.4.0")
    def connect_compare_hypervisor_cpu(
        self,
        conn: S,
        emulator: str | None,
        arch: str | None,
        machine: str | None,
        virttype: str | None,
        xml_cpu: str,
        flags: int,
    ) -> CPUCompareResult:
        """Compare a CPU with what a hypervisor on the host can provide.

        The emulator, architecture, machine and domain type are chosen as in `connect_get_domain_capabilities`, and what
        is compared with is the CPU that its document gives for the mode `host-model`.

        Args:
            emulator: Absolute path of the emulator, or None.
            arch: Architecture, or None.
            machine: Machine type, or None.
            virttype: Domain type, or None.
            xml_cpu: As the document of `connect_compare_cpu`.
            flags: `virtkit.enums.ConnectCompareCPUFlags`, as in `connect_compare_cpu`.

        Returns:
            As `connect_compare_cpu`.

        Raises:
            InvalidArgError: The emulator, architecture, machine or domain type does not fit.
            CPUIncompatibleError: FAIL_INCOMPATIBLE, and the hypervisor cannot provide the CPU.
            OperationUnsupportedError: The hypervisor cannot tell what it provides for this architecture.
            XMLError: The document is no CPU; further errors of documents as in `connect_compare_cpu`.
        """
        raise not_supported("connect_compare_hypervisor_cpu")

    @description(acl="connect:read", readonly=True, since="0.7.7")
    def connect_baseline_cpu(self, conn: S, xml_cpus: Sequence[str], flags: int) -> str:
        """Compute the richest CPU that every one of several hosts can run.

        A domain with that CPU migrates freely between them. The model is the best one that is a subset of all, refined
        by single features that all have too.

        Args:
            xml_cpus: `<cpu>` documents of the hosts, as their capabilities show them; one or more.
            flags: `virtkit.enums.ConnectBaselineCPUFlags`. EXPAND_FEATURES writes out each feature of the model.
                MIGRATABLE leaves out features that prevent migration, such as an invariant time stamp counter.

        Returns:
            A `<cpu>` element ready for a domain, ending in a newline.

        Raises:
            InvalidArgError: The list is empty (`str1` the function, `str2` `xmlCPUs`), or the architectures differ.
            OperationFailedError: Nothing is common to all, or their vendors differ.
            XMLError: A document is no CPU; the message says which by its position.
        """
        raise not_supported("connect_baseline_cpu")

    @description(acl="connect:write", since="4.4.0")
    def connect_baseline_hypervisor_cpu(
        self,
        conn: S,
        emulator: str | None,
        arch: str | None,
        machine: str | None,
        virttype: str | None,
        xml_cpus: Sequence[str],
        flags: int,
    ) -> str:
        """Compute the richest CPU that a hypervisor can provide on every one of several hosts.

        As `connect_baseline_cpu`, but the documents are the `host-model` CPUs of the hosts' domain capabilities, and
        the outcome is limited to what the emulator chosen as in `connect_get_domain_capabilities` knows.

        Args:
            emulator: Absolute path of the emulator, or None.
            arch: Architecture, or None.
            machine: Machine type, or None.
            virttype: Domain type, or None.
            xml_cpus: `<cpu>` documents; one or more.
            flags: `virtkit.enums.ConnectBaselineCPUFlags`.

        Returns:
            A `<cpu>` element ready for a domain, ending in a newline.

        Raises:
            InvalidArgError: The list is empty, or the emulator, architecture, machine or domain type does not fit.
            OperationFailedError: Nothing is common to all.
            OperationUnsupportedError: The hypervisor has no CPU models for this architecture.
            XMLError: A document is no CPU.
        """
        raise not_supported("connect_baseline_hypervisor_cpu")

    @description(acl="connect:read", readonly=True, since="0.8.8")
    def connect_get_sysinfo(self, conn: S, flags: int) -> str:
        """Describe the host's firmware tables in XML: vendor, product, serial numbers, memory modules.

        Returns:
            A `<sysinfo type='smbios'>` document, ending in a newline.

        Raises:
            ConfigUnsupportedError: The host has no such tables, or they cannot be read.
        """
        raise not_supported("connect_get_sysinfo")

    # Accessors

    @accessor(acl="connect:getattr", readonly=True, since="0.0.3", may_block=False)
    def connect_get_type(self, conn: S) -> str:
        """Name the hypervisor, in capitals: `QEMU`, `LXC`, `TEST`. Every connection of a driver answers the same."""
        raise not_supported("connect_get_type")

    @accessor(acl="connect:getattr", readonly=True, since="0.0.3", may_block=False)
    def connect_get_version(self, conn: S) -> int:
        """Tell the hypervisor's version: major * 1,000,000 + minor * 1,000 + release.

        Returns:
            The version; 0 where the hypervisor has none or none is installed.

        Raises:
            InternalError: It is there, but does not tell.
        """
        raise not_supported("connect_get_version")

    @accessor(acl="connect:getattr", readonly=True, since="0.7.3", may_block=False)
    def connect_get_lib_version(self, conn: S) -> int:
        """Tell the version of libvirt whose API is offered, in the form of `connect_get_version`.

        The core answers where a driver does not, with the version these specifications are of. A driver that passes
        calls on to another daemon asks that one.
        """
        raise not_supported("connect_get_lib_version")

    @accessor(acl="connect:read", readonly=True, since="0.2.1")
    def connect_get_max_vcpus(self, conn: S, type: str | None) -> int:
        """Tell the largest number of vCPUs a domain may have.

        Args:
            type: Domain type, such as `kvm`; None is the best one of the driver. A driver with one type may ignore it.

        Returns:
            The number, at least 1. Machine types may allow fewer: `connect_get_domain_capabilities` is exact.

        Raises:
            InvalidArgError: The driver has no such domain type.
        """
        raise not_supported("connect_get_max_vcpus")

    @accessor(acl="connect:getattr", readonly=True, since="0.3.2", may_block=False)
    def connect_supports_feature(self, conn: S, feature: int) -> bool:
        """Tell whether an optional part of the protocol works with this driver.

        The core answers where a driver does not: only 9 and 16 do.

        Args:
            feature: libvirt's number of the feature. A driver decides over migration: 1, 3 and 6 are its versions 1 to
                3 (6 is the one to offer), 4 from host to host without the client, 5 from hypervisor to hypervisor, 7
                forbids changes meanwhile, 11 takes documents made for migration, 12 moves a domain that does not run,
                13 takes typed parameters. 9 (strings among typed parameters) and 16 (`network_update` with its
                arguments in the order declared) hold for every driver of virtkit. The rest is about the transport and
                never reaches a driver.

        Returns:
            False for any number the driver does not know.
        """
        raise not_supported("connect_supports_feature")

    @accessor(readonly=True, since="0.7.3", may_block=False)
    def connect_is_secure(self, conn: S) -> bool:
        """Tell whether nobody can listen between this driver and the hypervisor.

        True for a driver that works in its own process, through local sockets or over encrypted transports. A daemon
        adds what it knows of the way from its client.
        """
        raise not_supported("connect_is_secure")

    @accessor(acl="connect:read", readonly=True, since="1.1.3")
    def connect_get_cpu_model_names(self, conn: S, arch: str, flags: int) -> list[str]:
        """List the names of CPU models that a domain may name.

        Args:
            arch: Architecture as in the capabilities, such as `x86_64`.

        Returns:
            The names, older models first as far as their age is known; an empty list says that any name is passed on
            unchecked. Whether this host can run a model is another question: see `connect_get_domain_capabilities`.

        Raises:
            InvalidArgError: The architecture is not known.
        """
        raise not_supported("connect_get_cpu_model_names")

    # Operation

    @operation(acl="connect:getattr", readonly=True, since="0.3.0", may_block=False)
    def connect_get_hostname(self, conn: S) -> str:
        """Name the host that the hypervisor runs on, as the host itself does.

        Returns:
            The fully qualified name where it has one. Migration uses it as the default address of the destination, so a
            name that means only `localhost` is no answer.

        Raises:
            InternalError: The host has no name.
        """
        raise not_supported("connect_get_hostname")
