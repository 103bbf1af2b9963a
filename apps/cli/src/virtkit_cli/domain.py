"""Commands that list, describe, define and remove domains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from virtkit.enums import (
    ConnectListAllDomainsFlags,
    DomainDefineFlags,
    DomainMetadataType,
    DomainUndefineFlags,
    DomainXMLFlags,
)
from virtkit.errors import NoDomainMetadataError, NotSupportedError
from virtkit_cli.command import Arguments, Flag, UsageError, argument, command, option
from virtkit_cli.objects import DOMAIN, asked, domain_named, find_domain
from virtkit_cli.patterns import editor, fact, maker, printer, switch
from virtkit_cli.states import reason_text, state_text
from virtkit_cli.values import document
from virtkit_cli.words import IMPACT

if TYPE_CHECKING:
    from virtkit import Domain
    from virtkit_cli.session import Session

Listed = ConnectListAllDomainsFlags
FILTERS = (
    Flag("inactive", "only those that do not run", Listed.INACTIVE),
    Flag("transient", "only those without a definition", Listed.TRANSIENT),
    Flag("persistent", "only those with a definition", Listed.PERSISTENT),
    Flag("with-snapshot", "only those with snapshots", Listed.HAS_SNAPSHOT),
    Flag("without-snapshot", "only those without", Listed.NO_SNAPSHOT),
    Flag("with-checkpoint", "only those with checkpoints", Listed.HAS_CHECKPOINT),
    Flag("without-checkpoint", "only those without", Listed.NO_CHECKPOINT),
    Flag("state-running", "only those in this state", Listed.RUNNING),
    Flag("state-paused", "only those in this state", Listed.PAUSED),
    Flag("state-shutoff", "only those in this state", Listed.SHUTOFF),
    Flag("state-other", "only those in any other state", Listed.OTHER),
    Flag("autostart", "only those started with the host", Listed.AUTOSTART),
    Flag("no-autostart", "only those that are not", Listed.NO_AUTOSTART),
    Flag("with-managed-save", "only those with a saved state", Listed.MANAGEDSAVE),
    Flag("without-managed-save", "only those without", Listed.NO_MANAGEDSAVE),
)


@command(
    Flag("all", "running and inactive ones"),
    *FILTERS,
    Flag("uuid", "print UUIDs"),
    Flag("name", "print names"),
    Flag("id", "print ids"),
    Flag("table", "print a table: the default", excludes=("uuid", "name", "id")),
    Flag("managed-save", "show which inactive ones have a saved state"),
    Flag("title", "show titles"),
)
def list_(session: Session, args: Arguments) -> None:
    """List domains: the running ones, unless told otherwise."""
    wanted = args.flags
    if args.all:
        wanted &= ~Listed.INACTIVE
    elif not wanted & (Listed.INACTIVE | Listed.SHUTOFF):
        wanted |= Listed.ACTIVE
    domains = session.connection.list_domains(wanted)
    domains.sort(key=lambda domain: (domain.id < 0, domain.id, domain.name))
    if args.uuid or args.name or args.id:
        session.out.lines(_named(domain, args) for domain in domains)
        return
    columns = {"id": "Id", "name": "Name", "state": "State"} | ({"title": "Title"} if args.title else {})
    session.out.table(columns, [_row(domain, args) for domain in domains])


def _named(domain: Domain, args: Arguments) -> str:
    parts = (args.id, _id(domain)), (args.uuid, domain.uuid_string), (args.name, domain.name)
    return " ".join("-" if part is None else str(part) for wanted, part in parts if wanted)


def _row(domain: Domain, args: Arguments) -> dict[str, Any]:
    state = state_text(domain.state().state)
    if args.managed_save and domain.id < 0 and domain.has_managed_save_image():
        state = "saved"
    row = {"id": _id(domain), "name": domain.name, "state": state, "uuid": domain.uuid_string}
    return row | {"title": _title(domain)} if args.title else row


def _id(domain: Domain) -> int | None:
    return domain.id if domain.id >= 0 else None


def _title(domain: Domain) -> str:
    try:
        return domain.metadata(DomainMetadataType.TITLE)
    except (NoDomainMetadataError, NotSupportedError):
        return ""


INFO = {
    "id": "Id", "name": "Name", "uuid": "UUID", "os_type": "OS Type", "state": "State", "vcpus": "CPU(s)",
    "cpu_time": "CPU time", "max_memory": "Max memory", "memory": "Used memory", "persistent": "Persistent",
    "autostart": "Autostart", "managed_save": "Managed save", "security_model": "Security model",
    "security_doi": "Security DOI", "security_label": "Security label", "messages": "Messages",
}  # fmt: skip


@command(DOMAIN.word)
def dominfo(session: Session, args: Arguments) -> None:
    """Show what is known about a domain."""
    domain = find_domain(session, args)
    info = domain.info()
    plain = session.out.json
    values: dict[str, Any] = {
        "id": _id(domain) if plain or domain.id >= 0 else "-",
        "name": domain.name,
        "uuid": domain.uuid_string,
        "os_type": asked(domain.os_type),
        "state": state_text(info.state),
        "vcpus": info.nr_virt_cpu,
        "cpu_time": info.cpu_time if plain else f"{info.cpu_time / 1e9:.1f}s" if info.cpu_time else None,
        "max_memory": info.max_mem if plain else f"{info.max_mem} KiB",
        "memory": info.memory if plain else f"{info.memory} KiB",
        "persistent": asked(domain.is_persistent),
    }
    starts = asked(domain.autostart)
    values["autostart"] = starts if plain or starts is None else "enable" if starts else "disable"
    values["managed_save"] = asked(domain.has_managed_save_image)
    session.out.record(INFO, values | _security(session, domain) | _messages(domain))


def _security(session: Session, domain: Domain) -> dict[str, Any]:
    model = asked(session.connection.node_security_model)
    if model is None or not model.model:
        return {}
    label = asked(domain.security_label) if domain.id >= 0 else None
    found = {"security_model": model.model, "security_doi": model.doi}
    if label is not None and label.label:
        found["security_label"] = f"{label.label} ({'enforcing' if label.enforcing else 'permissive'})"
    return found


def _messages(domain: Domain) -> dict[str, Any]:
    messages = asked(domain.messages)
    return {"messages": ("\n" + " " * 16).join(messages)} if messages else {}


@command(DOMAIN.word, Flag("reason", "also say why"))
def domstate(session: Session, args: Arguments) -> None:
    """Show the state of a domain."""
    state, reason = find_domain(session, args).state()
    values = {"state": state_text(state), "reason": reason_text(state, reason)}
    if session.out.json:
        session.out.record({}, values)
    else:
        session.out.write(values["state"] + (f" ({values['reason']})" if args.reason else ""))


fact("domid", "Print the id of a domain.", DOMAIN, "id", _id)
fact("domuuid", "Print the UUID of a domain.", DOMAIN, "uuid", lambda domain: domain.uuid_string)
fact("domname", "Print the name of a domain.", DOMAIN, "name", lambda domain: domain.name)
switch("autostart", "Start a domain with its driver.", DOMAIN, "Domain '{}'")
maker(
    "define",
    "Define a domain, or change its definition, from an XML file.",
    lambda session, xml, flags: session.connection.define_domain(xml, flags),
    "Domain '{name}' defined from {file}",
    Flag("validate", "refuse a document with names that nobody knows", DomainDefineFlags.VALIDATE),
)
printer(
    "dumpxml",
    "Print the XML of a domain.",
    DOMAIN,
    Flag("inactive", "the definition rather than what runs", DomainXMLFlags.INACTIVE),
    Flag("security-info", "with passwords", DomainXMLFlags.SECURE),
    Flag("update-cpu", "with the CPU as the host would give it", DomainXMLFlags.UPDATE_CPU),
    Flag("migratable", "as a migration would send it", DomainXMLFlags.MIGRATABLE),
)
editor(
    "edit",
    "Edit the definition of a domain.",
    DOMAIN,
    lambda domain, xml: domain.connection.define_domain(xml, DomainDefineFlags.VALIDATE),
    DomainXMLFlags.INACTIVE | DomainXMLFlags.SECURE,
)


@command(
    DOMAIN.word,
    Flag("managed-save", "also the saved state", DomainUndefineFlags.MANAGED_SAVE),
    option("storage", "also the volumes of these disks, with commas", completes="disk"),
    Flag("remove-all-storage", "also the volumes of all disks", excludes=("storage",)),
    Flag("delete-storage-volume-snapshots", "and the snapshots of these volumes"),
    Flag("wipe-storage", "overwrite these volumes first"),
    Flag("snapshots-metadata", "also what is known of snapshots", DomainUndefineFlags.SNAPSHOTS_METADATA),
    Flag("checkpoints-metadata", "also what is known of checkpoints", DomainUndefineFlags.CHECKPOINTS_METADATA),
    Flag("nvram", "also the firmware's variables", DomainUndefineFlags.NVRAM, excludes=("keep-nvram",)),
    Flag("keep-nvram", "keep the firmware's variables", DomainUndefineFlags.KEEP_NVRAM),
    Flag("tpm", "also the TPM's state", DomainUndefineFlags.TPM, excludes=("keep-tpm",)),
    Flag("keep-tpm", "keep the TPM's state", DomainUndefineFlags.KEEP_TPM),
)
def undefine(session: Session, args: Arguments) -> None:
    """Remove the definition of a domain."""
    from virtkit_cli.removing import chosen_media, remove

    domain = find_domain(session, args)
    media = chosen_media(session, args, domain)
    domain.undefine(args.flags)
    session.out.done(f"Domain '{domain.name}' has been undefined", name=domain.name)
    remove(session, args, media)


@command(DOMAIN.word, argument("new-name", "the new name"))
def domrename(session: Session, args: Arguments) -> None:
    """Give a domain another name."""
    domain = find_domain(session, args)
    domain.rename(args.new_name)
    session.out.done("Domain successfully renamed", name=args.new_name)


@command(
    DOMAIN.word,
    *IMPACT,
    Flag("title", "the title rather than the description"),
    option("new-desc", "the text to set; words are joined, an empty one removes it", many=True),
)
def desc(session: Session, args: Arguments) -> None:
    """Show or set the description or title of a domain."""
    domain = find_domain(session, args)
    kind = DomainMetadataType.TITLE if args.title else DomainMetadataType.DESCRIPTION
    noun = "title" if args.title else "description"
    if args.new_desc:
        domain.set_metadata(kind, " ".join(args.new_desc) or None, None, None, args.flags)
        session.out.done(f"Domain {noun} updated successfully", name=domain.name)
        return
    try:
        session.out.value(noun, domain.metadata(kind, None, args.flags))
    except NoDomainMetadataError:
        session.out.done(f"No {noun} for domain: {domain.name}", **{noun: None})


@command(
    DOMAIN.word,
    argument("uri", "namespace of the element"),
    *IMPACT,
    option("key", "prefix for the namespace, to set an element"),
    option("set", "the element to set, as XML"),
    Flag("remove", "remove the element", excludes=("set",)),
)
def metadata(session: Session, args: Arguments) -> None:
    """Show, set or remove an application's element in the XML of a domain."""
    domain = find_domain(session, args)
    kind = DomainMetadataType.ELEMENT
    if args.set is None and not args.remove:
        session.out.document(domain.metadata(kind, args.uri, args.flags))
        return
    if args.set is not None and not args.key:
        raise UsageError("metadata needs --key to set an element: the prefix for its namespace")
    domain.set_metadata(kind, args.set, args.key, args.uri, args.flags)
    session.out.done("Metadata removed" if args.remove else "Metadata modified", name=domain.name)


GROUPS = ("state", "cpu-total", "balloon", "vcpu", "interface", "block", "perf", "iothread", "memory", "dirtyrate")
WHICH = ("active", "inactive", "persistent", "transient", "running", "paused", "shutoff", "other")


@command(
    *(Flag(group, "this group of statistics") for group in (*GROUPS, "vm")),
    *(Flag(f"list-{which}", "only of such domains") for which in WHICH),
    Flag("raw", "as they are: the default"),
    Flag("enforce", "fail where a group is not supported"),
    Flag("backing", "of whole chains of disk images"),
    Flag("nowait", "leave out what would have to be waited for"),
    option("domain", "of these domains; of all if none is given", many=True, completes="domain"),
)
def domstats(session: Session, args: Arguments) -> None:
    """Show statistics of domains."""
    from virtkit.enums import ConnectGetAllDomainStatsFlags as Which
    from virtkit.enums import DomainStatsTypes

    def bits(kind: Any, names: dict[str, str]) -> int:
        return sum(int(kind[member]) for key, member in names.items() if getattr(args, key))

    wanted = {name.replace("-", "_"): name.replace("-", "_").upper() for name in (*GROUPS, "vm")}
    which = {f"list_{name}": name.upper() for name in WHICH}
    flags = bits(Which, which | {"enforce": "ENFORCE_STATS", "backing": "BACKING", "nowait": "NOWAIT"})
    domains = [domain_named(session, text) for text in args.domain]
    found = session.connection.domain_stats(domains, bits(DomainStatsTypes, wanted), flags)
    if session.out.json:
        session.out.table({}, [{"domain": domain.name, **params} for domain, params in found])
        return
    for domain, params in found:
        session.out.write(f"Domain: '{domain.name}'")
        session.out.pairs({name: int(v) if isinstance(v, bool) else v for name, v in params.items()}, "  {}={}")


@command(
    argument("format", "name of the format, such as lxc-tools"),
    argument("config", "file with the configuration", completes="file"),
)
def domxml_from_native(session: Session, args: Arguments) -> None:
    """Print domain XML for a hypervisor's own configuration."""
    session.out.document(session.connection.domain_xml_from_native(args.format, document(args.config)))


@command(
    argument("format", "name of the format, such as qemu-argv"),
    option("domain", "name, id or UUID of a domain", completes="domain"),
    option("xml", "file with domain XML instead", completes="file"),
)
def domxml_to_native(session: Session, args: Arguments) -> None:
    """Print a hypervisor's own configuration for a domain."""
    if (args.domain is None) == (args.xml is None):
        raise UsageError("domxml-to-native needs --domain or --xml, and not both")
    text = document(args.xml) if args.xml else domain_named(session, args.domain).xml_desc(DomainXMLFlags.MIGRATABLE)
    session.out.value("config", session.connection.domain_xml_to_native(args.format, text))
