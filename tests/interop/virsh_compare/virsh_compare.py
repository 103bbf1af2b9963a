#!/usr/bin/env python3
"""Run the same virsh command lines against two libvirt URIs and report where the answers differ.

Volatile values are normalised first. See README.md next to this file. Standard library only.
"""

# ruff: noqa: T201

from __future__ import annotations

import argparse
import contextlib
import difflib
import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Sequence
from typing import Any

Replacement = tuple[re.Pattern[str], str]
"""A pattern and the text that stands for what it matches."""

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(HERE, "fixtures")

SAME, FORMAT, MESSAGE, DIFF = "same", "format", "message", "diff"


class Step:
    """One line of a scenario."""

    def __init__(self, where: str, kind: str, text: str, compare: str = "full", job: str = "") -> None:
        self.where = where  # file:line
        self.kind = kind  # cmd | background | wait | sleep | shell
        self.text = text
        self.compare = compare  # full | status | none
        self.job = job

    def label(self) -> str:
        prefixes = {"background": f"&{self.job} ", "wait": f"wait {self.job}", "sleep": "sleep ", "shell": "$ "}
        return prefixes.get(self.kind, "") + self.text


class Scenario:
    """Steps that start from the initial state of the server."""

    def __init__(self, name: str, flags: set[str]) -> None:
        self.name = name
        self.flags = flags
        self.steps: list[Step] = []


def read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def load_suite(path: str) -> list[Scenario]:
    """Parse a suite file (format described in README.md)."""
    prefix = os.path.splitext(os.path.basename(path))[0]
    scenarios: list[Scenario] = []
    for number, raw in enumerate(read(path).splitlines(), 1):
        line = raw.strip()
        where = f"{os.path.basename(path)}:{number}"
        if not line or line.startswith("#"):
            continue
        if line.startswith("=="):
            match = re.match(r"==\s*([\w.-]+)\s*(?:\[([^\]]*)\])?$", line)
            if not match:
                raise SystemExit(f"{where}: malformed scenario header: {line}")
            scenarios.append(Scenario(f"{prefix}/{match.group(1)}", set((match.group(2) or "").split())))
        elif scenarios:
            scenarios[-1].steps.append(parse_step(where, line))
        else:
            raise SystemExit(f"{where}: command before the first scenario header")
    return scenarios


def parse_step(where: str, line: str) -> Step:
    background = re.match(r"&(\w+)\s+(.*)", line)
    if background:
        return Step(where, "background", background.group(2), "none", background.group(1))
    if line.startswith("wait "):
        return Step(where, "wait", "", "full", line.split()[1])
    if line.startswith("sleep "):
        return Step(where, "sleep", line.split()[1], "none")
    if line.startswith("$ "):
        return Step(where, "shell", line[2:].strip())
    if line.startswith("~ "):
        return Step(where, "cmd", line[2:].strip(), "status")
    if line.startswith("- "):
        return Step(where, "cmd", line[2:].strip(), "none")
    return Step(where, "cmd", line)


def suite_files(paths: Iterable[str]) -> list[str]:
    found: list[str] = []
    for path in paths:
        if os.path.isdir(path):
            found += sorted(os.path.join(path, n) for n in os.listdir(path) if n.endswith(".txt"))
        else:
            found.append(path)
    return found


UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.I)
MAC = re.compile(r"\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b", re.I)
STAMP = re.compile(r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\s?[+-]\d{2}:?\d{2})?")
EPOCH = re.compile(r"(?<![\d.:-])1[6-9]\d{8}(?![\d.:-])")
STATES = r"(?:running|idle|paused|in shutdown|shut off|crashed|pmsuspended|no state)"

VOLATILE = [
    (re.compile(r"^(CPU time:\s+)\S+", re.M), r"\1<N>"),
    (re.compile(r"^(Time: |last_update )\d+", re.M), r"\1<N>"),
    (re.compile(r"((?:cpu|vcpu\.\d+)\.(?:time|user|system)=)\d+"), r"\1<N>"),
    (re.compile(r"^(\s*(?:cpu|user|system)_time\s+)[\d.]+", re.M), r"\1<N>"),
    # domblkstat and domifstat: the test driver derives them from the clock
    (re.compile(r"^((?:\S+ )?(?:rd|wr|rx|tx)_[a-z]+ )\d+", re.M), r"\1<N>"),
    (re.compile(r"^(\S+ errs )\d+", re.M), r"\1<N>"),
    (re.compile(r"^([-+* ]*(?:number of [a-z ]+|error count):\s+)\d+", re.M), r"\1<N>"),
]
DOMAIN_IDS = [
    re.compile(r"(?<=^Id:)(\s+)(\d+)", re.M),
    re.compile(r"(<domain\b[^>]*\bid=['\"])(\d+)"),
    re.compile(rf"^(\s)(\d+)(?=\s+\S.*\s{STATES}\s*$)", re.M),
]


class Normaliser:
    """Replaces values that legitimately differ between two servers.

    Generated UUIDs, MAC addresses and domain ids become numbered placeholders
    in order of first appearance within a scenario, so that the relation
    between two outputs (same object, other object) is still compared.
    """

    def __init__(self, uri: str, tmp: str, literals: set[str], strict_ids: bool, extra: Sequence[Replacement]) -> None:
        self.literals = literals
        self.strict_ids = strict_ids
        self.extra = extra
        self.tables: dict[str, dict[str, int]] = {}
        self.fixed = [(uri, "<URI>"), (tmp, "<TMP>"), (FIXTURES, "<FX>")]
        socket = re.search(r"[?&]socket=([^&]+)", uri)
        if socket:
            self.fixed.append((socket.group(1), "<SOCKET>"))

    def number(self, kind: str, value: str) -> str:
        table = self.tables.setdefault(kind, {})
        return f"<{kind}#{table.setdefault(value.lower(), len(table) + 1)}>"

    def keep_or_number(self, kind: str) -> Callable[[re.Match[str]], str]:
        def replace(match: re.Match[str]) -> str:
            value: str = match.group(0)
            return value if value.lower() in self.literals else self.number(kind, value)

        return replace

    def __call__(self, text: str) -> str:
        for value, name in self.fixed:
            text = text.replace(value, name)
        for pattern, name in self.extra:
            text = pattern.sub(name, text)
        text = UUID.sub(self.keep_or_number("UUID"), text)
        text = MAC.sub(self.keep_or_number("MAC"), text)
        for pattern, name in VOLATILE:
            text = pattern.sub(name, text)
        text = STAMP.sub("<STAMP>", text)
        text = EPOCH.sub("<EPOCH>", text)
        if not self.strict_ids:
            for pattern in DOMAIN_IDS:
                text = pattern.sub(lambda m: m.group(1) + self.number("ID", m.group(2)), text)
        return tidy_tables(text)


def tidy_tables(text: str) -> str:
    """Column widths follow the widest cell, so a replaced value moves them."""
    lines = []
    for line in text.splitlines():
        if re.match(r"^\s*-{5,}\s*$", line):
            line = "-----"
        elif not line.lstrip().startswith("<"):
            line = re.sub(r"(?<=\S) {2,}", "  ", line.rstrip())
        lines.append(line.rstrip())
    return "\n".join(lines).strip("\n")


def loose(text: str) -> str:
    """A form in which layout and XML attribute order do not matter."""
    stripped = text.strip()
    if stripped.startswith("<"):
        try:
            root = ET.fromstring(stripped)
        except ET.ParseError:
            pass
        else:
            return canonical(root)
    return re.sub(r"\s+", " ", stripped)


def canonical(node: ET.Element) -> str:
    inner = [(node.text or "").strip()]
    for child in node:
        inner.append(canonical(child))
        inner.append((child.tail or "").strip())
    return f"<{node.tag} {sorted(node.attrib.items())}>{''.join(inner)}</>"


def gather_literals(suite_paths: Iterable[str]) -> set[str]:
    """UUIDs and MACs written down in suites and fixtures: inputs, so they must come back as they went in."""
    known: set[str] = set()
    for path in [*suite_paths, *(os.path.join(FIXTURES, n) for n in sorted(os.listdir(FIXTURES)))]:
        text = read(path)
        known |= {m.lower() for m in UUID.findall(text)} | {m.lower() for m in MAC.findall(text)}
    return known


class Outcome:
    """What became of a step: the exit status (or a word where there is none) and what was printed."""

    def __init__(self, status: int | str, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err

    def as_list(self) -> list[int | str]:
        return [self.status, self.out, self.err]


def has_transport(uri: str) -> bool:
    return bool(re.match(r"^[\w.]+\+\w+:", uri))


class Side:
    """Runs scenarios against one URI."""

    def __init__(self, uri: str, options: argparse.Namespace, literals: set[str], extra: Sequence[Replacement]) -> None:
        self.uri = uri.replace("{fx}", FIXTURES)
        self.options = options
        self.literals = literals
        self.extra = extra

    def environment(self, home: str) -> dict[str, str]:
        env = {k: v for k, v in os.environ.items() if not k.startswith(("LIBVIRT_", "VIRSH_", "XDG_", "LC_", "LANG"))}
        env.update(LC_ALL="C", TZ="UTC", HOME=home)
        return env

    def start(
        self, command: list[str], env: dict[str, str], stdin: int = subprocess.DEVNULL
    ) -> subprocess.Popen[bytes]:
        program = [self.options.virsh, "-c", self.uri, *command]
        return subprocess.Popen(program, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)

    def finish(self, process: subprocess.Popen[bytes]) -> Outcome:
        status: int | str
        try:
            out, err = process.communicate(timeout=self.options.timeout)
            status = process.returncode
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            status = "timeout"
        return Outcome(status, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))

    def probe(self) -> None:
        """Two servers that nobody reaches would otherwise agree on everything."""
        with tempfile.TemporaryDirectory(prefix="virsh-compare-") as home:
            try:
                answer = self.finish(self.start(["uri"], self.environment(home)))
            except OSError as error:
                raise SystemExit(f"cannot run {self.options.virsh}: {error}") from error
        if answer.status != 0:
            print(f"no connection to {self.uri}: {answer.err.strip() or answer.status}", file=sys.stderr)
            raise SystemExit(2)

    def run(self, scenario: Scenario, mode: str) -> list[Outcome | None]:
        """Return one normalised Outcome (or None) for each step."""
        tmp = tempfile.mkdtemp(prefix="virsh-compare-")
        os.chmod(tmp, 0o1777)  # the daemon, maybe another user, writes here
        home = os.path.join(tmp, "home")
        os.mkdir(home)
        try:
            runner = self.run_steps if mode == "steps" else self.run_batch
            results = runner(scenario, self.environment(home), tmp)
        finally:
            shutil.rmtree(tmp, ignore_errors=True)
        normalise = Normaliser(self.uri, tmp, self.literals, self.options.strict_ids, self.extra)
        return [r and Outcome(r.status, normalise(r.out), normalise(r.err)) for r in results]

    @staticmethod
    def fill(text: str, tmp: str) -> str:
        for name in set(re.findall(r"\{tx\}/([\w.-]+)", text)):
            place = os.path.join(tmp, "home", name)
            with open(place, "w", encoding="utf-8") as file:
                file.write(read(os.path.join(FIXTURES, name)).replace("{tmp}", tmp))
        return text.replace("{fx}", FIXTURES).replace("{tx}", os.path.join(tmp, "home")).replace("{tmp}", tmp)

    def shell(self, step: Step, env: dict[str, str], tmp: str) -> Outcome:
        """Do something beside virsh, in the temporary folder."""
        command = ["sh", "-c", self.fill(step.text, tmp)]
        pipe = subprocess.PIPE
        return self.finish(subprocess.Popen(command, cwd=tmp, env=env, stdout=pipe, stderr=pipe))

    def run_steps(self, scenario: Scenario, env: dict[str, str], tmp: str) -> list[Outcome | None]:
        """A process for each step: true exit codes.

        A further connection is held open so that state of the test driver outlives each step.
        """
        holder = self.start([], env, stdin=subprocess.PIPE)
        self.await_holder(holder)
        jobs: dict[str, subprocess.Popen[bytes]] = {}
        results: list[Outcome | None] = []
        try:
            for step in scenario.steps:
                if step.kind == "sleep":
                    time.sleep(float(step.text))
                    results.append(None)
                elif step.kind == "background":
                    jobs[step.job] = self.start([self.fill(step.text, tmp)], env)
                    results.append(None)
                elif step.kind == "wait":
                    results.append(self.finish(jobs.pop(step.job)))
                elif step.kind == "shell":
                    results.append(self.shell(step, env, tmp))
                else:
                    results.append(self.finish(self.start([self.fill(step.text, tmp)], env)))
        finally:
            for job in jobs.values():
                job.kill()
                job.communicate()
            self.finish(holder)  # closes its standard input: virsh quits
            time.sleep(self.options.settle)
        return results

    def await_holder(self, holder: subprocess.Popen[bytes]) -> None:
        """Wait until the holder has answered, that is, is connected."""
        assert holder.stdin
        assert holder.stdout
        with contextlib.suppress(BrokenPipeError):  # not connected: the steps will tell
            holder.stdin.write(b"uri\n")
            holder.stdin.flush()
        seen, deadline = b"", time.time() + self.options.timeout
        os.set_blocking(holder.stdout.fileno(), False)
        while time.time() < deadline and self.uri.split("?")[0].encode() not in seen:
            seen += holder.stdout.read() or b""
            if holder.poll() is not None:
                break
            time.sleep(0.01)
        os.set_blocking(holder.stdout.fileno(), True)

    def run_batch(self, scenario: Scenario, env: dict[str, str], tmp: str) -> list[Outcome | None]:
        """One process, so one connection, for the whole scenario.

        Works with in-process drivers too; a step's status is then 'error' when virsh wrote an error for it.
        """
        script = []
        for index, step in enumerate(scenario.steps):
            script += [f"echo @@{index}@@", f"echo --err @@{index}@@"]
            if step.kind == "cmd":
                script.append(self.fill(step.text, tmp))
        whole = self.finish(self.start(["\n".join(script)], env))
        time.sleep(self.options.settle)
        outs = split_marked(whole.out, r"^@@(\d+)@@\n\n?")
        errs = split_marked(whole.err, r"^error: @@(\d+)@@\n")
        results: list[Outcome | None] = []
        for index, step in enumerate(scenario.steps):
            if step.kind != "cmd":
                results.append(None)
            elif index not in outs:  # virsh gave up before this step
                results.append(Outcome("not run", whole.out, whole.err))
            else:
                err = errs.get(index, "")
                results.append(Outcome("error" if re.search(r"^error: ", err, re.M) else 0, outs[index], err))
        return results


def split_marked(text: str, pattern: str) -> dict[int, str]:
    pieces = re.split(pattern, text, flags=re.M)
    return {int(pieces[i]): pieces[i + 1] for i in range(1, len(pieces) - 1, 2)}


def judge(step: Step, a: Outcome | None, b: Outcome | None) -> str | None:
    if step.compare == "none" or a is None or b is None:
        return None
    if a.status != b.status:
        return DIFF
    if step.compare == "status":
        return SAME
    if a.out == b.out and a.err == b.err:
        return SAME
    if loose(a.out) != loose(b.out):
        return DIFF
    if loose(a.err) != loose(b.err):
        return MESSAGE
    return FORMAT


def show_difference(a: Outcome, b: Outcome, limit: int) -> str:
    lines = []
    if a.status != b.status:
        lines.append(f"      status: A={a.status} B={b.status}")
    for name, left, right in (("stdout", a.out, b.out), ("stderr", a.err, b.err)):
        if left != right:
            both = left.splitlines(), right.splitlines()
            diff = list(difflib.unified_diff(*both, f"A {name}", f"B {name}", lineterm="", n=1))
            lines += ["      " + line for line in diff[:limit]]
            if len(diff) > limit:
                lines.append(f"      ... {len(diff) - limit} more lines")
    return "\n".join(lines)


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "uris",
        nargs="*",
        metavar="URI",
        help="A (the reference) and B (the one under test); only B with --golden, "
        "only A with --record; '{fx}' in it is the fixtures folder",
    )
    parser.add_argument(
        "-s", "--suite", action="append", default=[], help="file or folder (suites/test-default); repeatable"
    )
    parser.add_argument(
        "-k", "--only", action="append", default=[], metavar="GLOB", help="only scenarios of such names; repeatable"
    )
    parser.add_argument(
        "-m",
        "--mode",
        choices=("auto", "steps", "batch"),
        default="auto",
        help="steps: a virsh process for each command; batch: one for each scenario; "
        "auto (default): steps when every URI names a transport",
    )
    parser.add_argument("--record", metavar="FILE", help="write the answers of A, compare nothing")
    parser.add_argument("--golden", metavar="FILE", help="compare B with answers recorded before")
    parser.add_argument("--virsh", default="virsh", help="virsh program (default: from PATH)")
    parser.add_argument("--timeout", type=float, default=30, help="seconds for one virsh process")
    parser.add_argument(
        "--settle", type=float, default=0.15, help="pause after a scenario, so that the server drops its state"
    )
    parser.add_argument("--strict-ids", action="store_true", help="compare domain ids as they are")
    parser.add_argument(
        "--sub", action="append", default=[], metavar="REGEX=>TEXT", help="a replacement before all others; repeatable"
    )
    parser.add_argument(
        "--tolerate", choices=(FORMAT, MESSAGE), default=None, help="such differences and lesser ones are no failure"
    )
    parser.add_argument("--json", metavar="FILE", help="write every verdict and answer there")
    parser.add_argument("--limit", type=int, default=25, help="diff lines shown for each stream")
    parser.add_argument("-l", "--list", action="store_true", help="list scenarios and stop")
    parser.add_argument("-v", "--verbose", action="store_true", help="name equal steps too")
    parser.add_argument("-q", "--quiet", action="store_true", help="print the summary only")
    options = parser.parse_args(argv)
    wanted = 0 if options.list else 1 if options.record or options.golden else 2
    if options.record and options.golden:
        parser.error("--record and --golden exclude each other")
    if len(options.uris) != wanted and not options.list:
        parser.error(f"{wanted} URI(s) needed, {len(options.uris)} given")
    return options


class Report:
    """What was found so far; prints it as it comes."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.counts = {SAME: 0, FORMAT: 0, MESSAGE: 0, DIFF: 0}
        self.steps: list[dict[str, Any]] = []
        self.scenarios = 0
        self.clean = 0

    def add(self, scenario: Scenario, first: list[Outcome | None], last: list[Outcome | None]) -> None:
        """Compare the answers of both sides."""
        verdicts = [judge(*answers) for answers in zip(scenario.steps, first, last, strict=True)]
        bad = sum(verdict not in (None, SAME) for verdict in verdicts)
        self.scenarios += 1
        self.clean += not bad
        if not self.options.quiet:
            differ = f", {bad} differ" if bad else ""
            print(f"{'DIFF' if bad else 'ok  '} {scenario.name} ({len(verdicts)} steps{differ})", flush=True)
        for step, a, b, verdict in zip(scenario.steps, first, last, verdicts, strict=True):
            if verdict is not None and a is not None and b is not None:
                self.add_step(scenario, step, a, b, verdict)

    def add_step(self, scenario: Scenario, step: Step, a: Outcome, b: Outcome, verdict: str) -> None:
        self.counts[verdict] += 1
        where = {"scenario": scenario.name, "where": step.where, "command": step.label()}
        self.steps.append({**where, "verdict": verdict, "a": a.as_list(), "b": b.as_list()})
        if self.options.quiet or (verdict == SAME and not self.options.verbose):
            return
        print(f"   {verdict:<8} {step.label()}  ({step.where})")
        if verdict != SAME:
            print(show_difference(a, b, self.options.limit))

    def end(self, mode: str) -> int:
        """Write the file and the summary that were asked for; the exit code."""
        if self.options.json:
            write_json(
                self.options.json,
                {"mode": mode, "uris": self.options.uris, "counts": self.counts, "steps": self.steps},
            )
        total = sum(self.counts.values())
        print(
            f"{mode} mode: {self.scenarios} scenarios, {self.clean} without difference; "
            f"{total} steps compared: {self.counts[SAME]} same, {self.counts[FORMAT]} differ in layout only, "
            f"{self.counts[MESSAGE]} in error text only, {self.counts[DIFF]} otherwise"
        )
        if not total:
            print("nothing was compared")
            return 2
        tolerated = {None: [], FORMAT: [FORMAT], MESSAGE: [FORMAT, MESSAGE]}[self.options.tolerate]
        return int(any(count for verdict, count in self.counts.items() if verdict not in [SAME, *tolerated]))


def write_json(path: str, content: dict[str, Any]) -> None:
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
        file.write("\n")


def replacements(rules: Iterable[str]) -> list[Replacement]:
    """The rules of --sub."""
    extra = []
    for rule in rules:
        pattern, arrow, text = rule.partition("=>")
        if not arrow:
            raise SystemExit(f"--sub needs REGEX=>TEXT: {rule}")
        extra.append((re.compile(pattern, re.M), text))
    return extra


def show_list(scenarios: list[Scenario]) -> int:
    for scenario in scenarios:
        print(f"{scenario.name:<40} {len(scenario.steps):3d} steps {' '.join(sorted(scenario.flags))}".rstrip())
    return 0


def record(path: str, mode: str, side: Side, scenarios: list[Scenario]) -> int:
    """Write the answers of one side."""
    answers = {s.name: [r and r.as_list() for r in side.run(s, mode)] for s in scenarios}
    write_json(path, {"mode": mode, "answers": answers})
    print(f"recorded {len(answers)} scenarios ({mode} mode) in {path}")
    return 0


def recorded(scenario: Scenario, answers: dict[str, list[Any]]) -> list[Outcome | None]:
    """The answers of a golden file to a scenario."""
    outcomes = [answer and Outcome(*answer) for answer in answers[scenario.name]]
    if len(outcomes) != len(scenario.steps):
        raise SystemExit(f"{scenario.name}: the golden file was made from other steps")
    return outcomes


def main(argv: Sequence[str] | None = None) -> int:
    options = parse_arguments(argv)
    paths = suite_files(options.suite or [os.path.join(HERE, "suites", "test-default")])
    scenarios = [
        s
        for p in paths
        for s in load_suite(p)
        if not options.only or any(fnmatch.fnmatch(s.name, g) for g in options.only)
    ]
    if options.list:
        return show_list(scenarios)
    golden = json.loads(read(options.golden)) if options.golden else None
    mode = options.mode
    if mode == "auto":
        steps = all(has_transport(u) for u in options.uris)
        mode = golden["mode"] if golden else "steps" if steps else "batch"
    literals, extra = gather_literals(paths), replacements(options.sub)
    sides = [Side(u, options, literals, extra) for u in options.uris]
    for side in sides:
        side.probe()
    possible = [s for s in scenarios if mode == "steps" or "steps" not in s.flags]
    if options.record:
        return record(options.record, mode, sides[0], possible)
    if golden:
        possible = [s for s in possible if s.name in golden["answers"]]
    report = Report(options)
    for scenario in possible:
        last = sides[-1].run(scenario, mode)
        report.add(scenario, recorded(scenario, golden["answers"]) if golden else sides[0].run(scenario, mode), last)
    skipped = [s.name for s in scenarios if s not in possible]
    if skipped and not options.quiet:
        print(f"skipped (not possible in {mode} mode or not in the golden file): {', '.join(skipped)}")
    return report.end(mode)


if __name__ == "__main__":
    sys.exit(main())
