"""What a connection does with domains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.api.domain import Domain
from virtkit.api.handle import uuid_bytes
from virtkit.api.methods import Methods

if TYPE_CHECKING:
    import uuid as uuids
    from collections.abc import Iterable, Mapping, Sequence

    from virtkit.params import TypedParams, Value

FROM_DOMAIN = 20


class DomainMethods(Methods):
    """What a connection does with domains."""

    __slots__ = ()

    def list_domains(self, flags: int = 0) -> list[Domain]:
        """All domains that match `virtkit.enums.ConnectListAllDomainsFlags`; 0 lists every one."""
        return [Domain(self, ref) for ref in self.ops["connect_list_all_domains"](flags)]

    def list_domain_ids(self) -> list[int]:
        """Ids of the active domains."""
        return self.ops["connect_list_domains"]()

    def list_defined_domain_names(self) -> list[str]:
        """Names of the inactive domains."""
        return self.ops["connect_list_defined_domains"]()

    def num_of_domains(self) -> int:
        """How many domains are active."""
        return self.ops["connect_num_of_domains"]()

    def num_of_defined_domains(self) -> int:
        """How many domains are inactive."""
        return self.ops["connect_num_of_defined_domains"]()

    def lookup_domain_by_name(self, name: str) -> Domain:
        """The domain of a name.

        Raises:
            NoDomainError: There is none.
        """
        return Domain(self, self.ops["domain_lookup_by_name"](name))

    def lookup_domain_by_uuid(self, uuid: uuids.UUID | bytes | str) -> Domain:
        """The domain of a UUID.

        Raises:
            NoDomainError: There is none.
        """
        return Domain(self, self.ops["domain_lookup_by_uuid"](uuid_bytes(uuid, FROM_DOMAIN)))

    def lookup_domain_by_id(self, id: int) -> Domain:
        """The active domain of an id.

        Raises:
            NoDomainError: There is none.
        """
        return Domain(self, self.ops["domain_lookup_by_id"](id))

    def define_domain(self, xml: str, flags: int = 0) -> Domain:
        """Make a domain persistent, or change its definition; `virtkit.enums.DomainDefineFlags`."""
        return Domain(self, self.ops["domain_define_xml_flags"](xml, flags))

    def create_domain(self, xml: str, flags: int = 0) -> Domain:
        """Start a domain that has no definition and vanishes when stopped; `virtkit.enums.DomainCreateFlags`."""
        return Domain(self, self.ops["domain_create_xml"](xml, flags))

    def create_domain_with_files(self, xml: str, files: Sequence[int], flags: int = 0) -> Domain:
        """As `create_domain`, handing a container open descriptors, numbered from 3 on inside."""
        return Domain(self, self.ops["domain_create_xml_with_files"](xml, flags, files))

    def domain_stats(
        self, domains: Iterable[Domain] = (), stats: int = 0, flags: int = 0
    ) -> list[tuple[Domain, TypedParams]]:
        """Statistics of many domains at once, by the field names of libvirt's bulk statistics.

        Args:
            domains: Of which; none given is all that the filters of `flags` leave.
            stats: Groups to answer, `virtkit.enums.DomainStatsTypes`; 0 is all the driver has.
            flags: `virtkit.enums.ConnectGetAllDomainStatsFlags`.

        Returns:
            Each domain with its statistics; one that is gone meanwhile is left out.
        """
        refs = [domain.ref for domain in domains]
        found = self.ops["connect_get_all_domain_stats"](refs, stats, flags)
        return [(Domain(self, record.dom), record.params) for record in found]

    # Saved states

    def restore_domain(self, from_: str, dxml: str | None = None, flags: int = 0) -> None:
        """Continue a domain from the file `Domain.save` wrote; `virtkit.enums.DomainSaveRestoreFlags`.

        `dxml` replaces the description in the file; None keeps it.
        """
        self.ops["domain_restore_flags"](from_, dxml, flags)

    def restore_domain_params(self, params: Mapping[str, Value], flags: int = 0) -> None:
        """As `restore_domain`, with `virtkit.constants.DOMAIN_SAVE_PARAM_*`."""
        self.ops["domain_restore_params"](params, flags)

    def save_image_xml_desc(self, file: str, flags: int = 0) -> str:
        """The description in a file that `Domain.save` wrote; `virtkit.enums.DomainSaveImageXMLFlags`."""
        return self.ops["domain_save_image_get_xml_desc"](file, flags)

    def save_image_define_xml(self, file: str, dxml: str, flags: int = 0) -> None:
        """Change the description in a file that `Domain.save` wrote; `virtkit.enums.DomainSaveRestoreFlags`."""
        self.ops["domain_save_image_define_xml"](file, dxml, flags)

    # Other formats

    def domain_xml_from_native(self, native_format: str, native_config: str, flags: int = 0) -> str:
        """Domain XML for a hypervisor's own configuration, in a format such as `lxc-tools`."""
        return self.ops["connect_domain_xml_from_native"](native_format, native_config, flags)

    def domain_xml_to_native(self, native_format: str, domain_xml: str, flags: int = 0) -> str:
        """A hypervisor's own configuration for domain XML, in a format such as `qemu-argv`."""
        return self.ops["connect_domain_xml_to_native"](native_format, domain_xml, flags)

    def qemu_attach(self, pid_value: int, flags: int = 0) -> Domain:
        """Adopt a QEMU process that was started by hand."""
        return Domain(self, self.ops["qemu_domain_attach"](pid_value, flags))
