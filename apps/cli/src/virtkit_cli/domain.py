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
from virtkit_cli.command import Argument, Arguments, Flag, Option, command
from virtkit_cli.states import reason_text, state_text
from virtkit_cli.words import DOMAIN, FILE, IMPACT, VALIDATE, document, find_domain, flags, impact, switch

if TYPE_CHECKING:
    from virtkit import Domain
    from virtkit_cli.session import Session

Listed = ConnectListAllDomainsFlags

FILTERS = {
    "inactive": Listed.INACTIVE,
    "transient": Listed.TRANSIENT,
    "persistent": Listed.PERSISTENT,
    "with_snapshot": Listed.HAS_SNAPSHOT,
    "without_snapshot": Listed.NO_SNAPSHOT,
    "with_checkpoint": Listed.HAS_CHECKPOINT,
    "without_checkpoint": Listed.NO_CHECKPOINT,
    "state_running": Listed.RUNNING,
    "state_paused": Listed.PAUSED,
    "state_shutoff": Listed.SHUTOFF,
    "state_other": Listed.OTHER,
    "autostart": Listed.AUTOSTART,
    "no_autostart": Listed.NO_AUTOSTART,
    "with_managed_save": Listed.MANAGEDSAVE,
    "without_managed_save": Listed.NO_MANAGEDSAVE,
}


@command(
    "list",
    "List domains: the running ones, unless told otherwise.",
    Flag("all", "running and inactive ones"),
    *(Flag(key.replace("_", "-"), f"only those {key.replace('_', ' ')}") for key in FILTERS),
    Flag("uuid", "print UUIDs"),
    Flag("name", "print names"),
    Flag("id", "print ids"),
    Flag("table", "print a table: the default"),
    Flag("title", "show titles"),
)
def list_(session: Session, args: Arguments) -> None:
    """One row per domain."""
    asked = flags(args, FILTERS)
    if not args.all and not asked & (Listed.INACTIVE | Listed.SHUTOFF):
        asked |= Listed.ACTIVE
    if args.inactive and args.all:
        asked &= ~Listed.INACTIVE
    domains = session.connection.list_domains(asked)
    domains.sort(key=lambda domain: (domain.id < 0, domain.id, domain.name))
    if args.uuid or args.name or args.id:
        for domain in domains:
            values = [(args.uuid, domain.uuid_string), (args.name, domain.name), (args.id, _id(domain) or "-")]
            session.out.write(" ".join(str(value) for wanted, value in values if wanted))
        return
    rows = [
        {"id": _id(domain), "name": domain.name, "state": state_text(domain.state().state), "uuid": domain.uuid_string}
        | ({"title": _title(domain)} if args.title else {})
        for domain in domains
    ]
    columns = {"id": "Id", "name": "Name", "state": "State"} | ({"title": "Title"} if args.title else {})
    session.out.table(columns, rows)


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
    "security_doi": "Security DOI", "security_label": "Security label",
}  # fmt: skip


@command("dominfo", "Show what is known about a domain.", DOMAIN)
def dominfo(session: Session, args: Arguments) -> None:
    """Basic facts."""
    domain = find_domain(session, args)
    info = domain.info()
    values: dict[str, Any] = {
        "id": _id(domain) if _id(domain) is not None else "-",
        "name": domain.name,
        "uuid": domain.uuid_string,
        "os_type": _asked(domain.os_type),
        "state": state_text(info.state),
        "vcpus": info.nr_virt_cpu,
        "cpu_time": f"{info.cpu_time / 1e9:.1f}s" if info.cpu_time else None,
        "max_memory": f"{info.max_mem} KiB",
        "memory": f"{info.memory} KiB",
        "persistent": domain.is_persistent(),
        "autostart": "enable" if _asked(domain.autostart) else "disable",
        "managed_save": _asked(domain.has_managed_save_image),
    }
    model = _asked(session.connection.node_security_model)
    if model is not None and model.model:
        values |= {"security_model": model.model, "security_doi": model.doi}
        label = _asked(domain.security_label)
        if label is not None and label.label:
            values["security_label"] = f"{label.label} ({'enforcing' if label.enforcing else 'permissive'})"
    session.out.record(INFO, values)


def _asked(question: Any) -> Any:
    """The answer to a question that not every driver has an answer to; None then."""
    try:
        return question()
    except NotSupportedError:
        return None


@command("domstate", "Show the state of a domain.", DOMAIN, Flag("reason", "also say why"))
def domstate(session: Session, args: Arguments) -> None:
    """The state and its reason."""
    state, reason = find_domain(session, args).state()
    text = state_text(state)
    if args.reason:
        text += f" ({reason_text(state, reason)})"
    session.out.value("state", text)


@command("domid", "Print the id of a domain.", DOMAIN)
def domid(session: Session, args: Arguments) -> None:
    """The id."""
    session.out.value("id", _id(find_domain(session, args)))


@command("domuuid", "Print the UUID of a domain.", DOMAIN)
def domuuid(session: Session, args: Arguments) -> None:
    """The UUID."""
    session.out.value("uuid", find_domain(session, args).uuid_string)


@command("domname", "Print the name of a domain.", DOMAIN)
def domname(session: Session, args: Arguments) -> None:
    """The name."""
    session.out.value("name", find_domain(session, args).name)


@command("define", "Define a domain, or change its definition, from an XML file.", FILE, VALIDATE)
def define(session: Session, args: Arguments) -> None:
    """Define a domain."""
    wanted = flags(args, {"validate": DomainDefineFlags.VALIDATE})
    domain = session.connection.define_domain(document(args.file), wanted)
    session.out.done(f"Domain '{domain.name}' defined from {args.file}", name=domain.name, uuid=domain.uuid_string)


UNDEFINE = {
    "managed_save": DomainUndefineFlags.MANAGED_SAVE,
    "snapshots_metadata": DomainUndefineFlags.SNAPSHOTS_METADATA,
    "checkpoints_metadata": DomainUndefineFlags.CHECKPOINTS_METADATA,
    "nvram": DomainUndefineFlags.NVRAM,
    "keep_nvram": DomainUndefineFlags.KEEP_NVRAM,
    "tpm": DomainUndefineFlags.TPM,
    "keep_tpm": DomainUndefineFlags.KEEP_TPM,
}


@command(
    "undefine",
    "Remove the definition of a domain.",
    DOMAIN,
    Flag("managed-save", "also the saved state"),
    Flag("snapshots-metadata", "also what is known of snapshots"),
    Flag("checkpoints-metadata", "also what is known of checkpoints"),
    Flag("nvram", "also the firmware's variables"),
    Flag("keep-nvram", "keep the firmware's variables"),
    Flag("tpm", "also the TPM's state"),
    Flag("keep-tpm", "keep the TPM's state"),
)
def undefine(session: Session, args: Arguments) -> None:
    """Undefine a domain."""
    domain = find_domain(session, args)
    domain.undefine(flags(args, UNDEFINE))
    session.out.done(f"Domain '{domain.name}' has been undefined", name=domain.name)


@command(
    "dumpxml",
    "Print the XML of a domain.",
    DOMAIN,
    Flag("inactive", "the definition rather than what runs"),
    Flag("security-info", "with passwords"),
    Flag("update-cpu", "with the CPU as the host would give it"),
    Flag("migratable", "as a migration would send it"),
)
def dumpxml(session: Session, args: Arguments) -> None:
    """The XML."""
    bits = {
        "inactive": DomainXMLFlags.INACTIVE,
        "security_info": DomainXMLFlags.SECURE,
        "update_cpu": DomainXMLFlags.UPDATE_CPU,
        "migratable": DomainXMLFlags.MIGRATABLE,
    }
    session.out.document(find_domain(session, args).xml_desc(flags(args, bits)))


switch(__name__, "autostart", "Start a domain with its driver.", DOMAIN, find_domain, "Domain")


@command("domrename", "Give a domain another name.", DOMAIN, Argument("new-name", "the new name"))
def domrename(session: Session, args: Arguments) -> None:
    """Rename a domain."""
    domain = find_domain(session, args)
    domain.rename(args.new_name)
    session.out.done(f"Domain successfully renamed to {args.new_name}", name=args.new_name)


@command(
    "desc",
    "Show or set the description or title of a domain.",
    DOMAIN,
    Argument("new-desc", "the text to set; words are joined", required=False, many=True),
    Flag("title", "the title rather than the description"),
    *IMPACT,
)
def desc(session: Session, args: Arguments) -> None:
    """Show or set title or description."""
    domain = find_domain(session, args)
    kind = DomainMetadataType.TITLE if args.title else DomainMetadataType.DESCRIPTION
    noun = "title" if args.title else "description"
    if args.new_desc:
        domain.set_metadata(kind, " ".join(args.new_desc), None, None, impact(args))
        session.out.done(f"Domain {noun} updated successfully", name=domain.name)
        return
    try:
        session.out.value(noun, domain.metadata(kind, None, impact(args)))
    except NoDomainMetadataError:
        session.out.done(f"No {noun} for domain: {domain.name}", **{noun: None})


@command(
    "domstats",
    "Show statistics of domains.",
    Argument("domain", "names; all domains if none is given", required=False, many=True, completes="domain"),
    Option("groups", "groups of statistics, such as state,balloon", default=""),
)
def domstats(session: Session, args: Arguments) -> None:
    """Fields by domain."""
    from virtkit.enums import DomainStatsTypes

    groups = sum(_group(DomainStatsTypes, word) for word in args.groups.split(",") if word)
    domains = [session.connection.lookup_domain_by_name(name) for name in args.domain]
    rows = [
        {"domain": domain.name, **params} for domain, params in session.connection.domain_stats(domains, groups)
    ]  # fmt: skip
    if session.out.json:
        session.out.table({}, rows)
        return
    for row in rows:
        session.out.write(f"Domain: '{row.pop('domain')}'")
        for field, value in row.items():
            session.out.write(f"  {field}={value}")
        session.out.write("")


def _group(types: Any, word: str) -> int:
    from virtkit_cli.command import UsageError

    name = word.upper().replace("-", "_")
    if name not in types.__members__:
        known = ", ".join(member.lower().replace("_", "-") for member in types.__members__)
        raise UsageError(f"no group of statistics is named {word!r}; known are {known}")
    return int(types[name])
