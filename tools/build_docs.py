"""Write the reference of hooks, commands and conformance suite, from their code, into `build/docs/`: `make docs`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from virtkit.hookspecs import KINDS, spec_class
from virtkit.spec import Meta, specified
from virtkit.testing import BASES, Conformance
from virtkit.testing.kinds import OBJECT_KINDS
from virtkit_cli.catalog import GROUPS
from virtkit_cli.command import allowed, find, usage

FOLDER = Path(__file__).resolve().parent.parent / "build" / "docs"
SECTIONS = ("Args:", "Returns:", "Raises:", "Yields:", "Attributes:")


def paragraphs(text: str | None) -> str:
    """A Google-style docstring as Markdown."""
    lines = inspect.cleandoc(text or "").splitlines()
    return "\n".join(markdown(lines))


def markdown(lines: list[str]) -> Iterator[str]:
    section = ""
    for line in lines:
        if line in SECTIONS:
            section = line
            yield f"**{line.removesuffix(':')}**\n"
        elif not line.startswith(" "):
            section = ""
            yield line
        elif section in ("Args:", "Raises:", "Attributes:") and (entry := re.match(r" {4}([\w*]+): (.*)", line)):
            yield f"- `{entry[1]}`: {entry[2]}"
        else:
            yield line.removeprefix("    ")


def facts(meta: Meta) -> str:
    """What is known of a function beside its text, as one line."""
    said = [
        f"libvirt {meta.since}" if meta.since else "not in libvirt",
        f"virtkit {meta.added}",
        "read-only" if meta.readonly else "read-write",
    ]
    if meta.refused_flags:
        said.append(f"read-only connections may not set `{meta.refused_flags}`")
    said += [f"needs `{permission}`" for permission in meta.acl]
    if meta.filters:
        said.append(f"lists what has `{meta.filters}`")
    said.append("may block" if meta.may_block else "does not block")
    return " · ".join(said)


def hook(name: str, function: Callable[..., Any], meta: Meta) -> str:
    signature = str(inspect.signature(function)).replace("(self, ", "(").replace("'", "")
    return f"### {name}\n\n    {name}{signature}\n\n{facts(meta)}\n\n{paragraphs(function.__doc__)}\n"


def page(module: str) -> str:
    """The hooks of one module, by family in the order of the module."""
    spec = spec_class(module)
    parts = [f"# {spec.__name__}\n\n{paragraphs(import_module(f'virtkit.hookspecs.{module}').__doc__)}\n"]
    family = ""
    for name, function, meta in specified(spec):
        if meta.family != family:
            family = meta.family
            parts.append(f"## {family.capitalize()}\n")
        parts.append(hook(name, function, meta))
    return "\n".join(parts)


def index() -> str:
    rows = [
        f"| {kind} | [{module}]({module}.md) | {sum(1 for _ in specified(spec_class(module)))} |"
        for kind, modules in KINDS.items()
        for module in modules
    ]
    text = paragraphs(import_module("virtkit.hookspecs").__doc__)
    return "\n".join(["# Hooks", "", text, "", "| kind of driver | module | hooks |", "|---|---|---|", *rows, ""])


def sentences(base: type[Conformance]) -> Iterator[str]:
    """What a class of the conformance suite asserts, a line for each test."""
    for name in dir(base):
        if name.startswith("test_"):
            needs = [ability.name for flags in getattr(getattr(base, name), "needs", ()) for ability in flags]
            text = name.removeprefix("test_").replace("_", " ")
            yield f"- {text} ({', '.join(map(str, needs))})" if needs else f"- {text}"


def conformance() -> str:
    """The conformance suite: what each ability takes, and what each class asserts."""
    abilities = [
        f"| {kind.noun} | {ability.name} | {', '.join(f'`{name}`' for name in names) or 'events'} |"
        for kind in OBJECT_KINDS
        for ability, names in kind.functions.items()
    ]
    covered = {name for kind in OBJECT_KINDS for names in kind.functions.values() for name in names}
    classes = [
        f"### {base.__name__}\n\n{inspect.cleandoc(base.__doc__ or '')}\n\n" + "\n".join(sentences(base)) + "\n"
        for bases in BASES.values()
        for base in bases
    ]
    head = (
        f"# Conformance suite\n\n{len(covered)} functions have tests of their own. Of all others `BaseSupport` calls "
        "those that a driver lacks, and those that it has if the call can do no harm.\n"
    )
    table = ["## Abilities", "", "| kind | ability | functions |", "|---|---|---|", *abilities, ""]
    return "\n".join([head, *table, "## Classes", "", *classes])


def commands() -> str:
    """The commands of `virtkit`: usage, help and words of each."""
    parts = ["# Commands\n"]
    for group in GROUPS.values():
        parts.append(f"## {group.title}\n")
        for declared in map(find, group.names.split()):
            words = [f"- `--{word.name}`: {word.help}{allowed(word)}" for word in declared.words]
            parts.append(
                f"### {declared.name}\n\n    {usage(declared)}\n\n{declared.help}\n\n" + "\n".join(words) + "\n"
            )
    return "\n".join(parts)


def main() -> None:
    folder = FOLDER / "hooks"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text(index())
    for modules in KINDS.values():
        for module in modules:
            (folder / f"{module}.md").write_text(page(module))
    (FOLDER / "conformance.md").write_text(conformance())
    (FOLDER / "commands.md").write_text(commands())
    print(f"the reference of the hooks is in {folder}, that of commands and of the conformance suite beside it")


if __name__ == "__main__":
    main()
