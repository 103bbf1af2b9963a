"""Commands on the memory of domains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtkit.enums import DomainMemoryModFlags, DomainMemoryStatTags
from virtkit_cli.command import Arguments, argument, command, option
from virtkit_cli.objects import DOMAIN, find_domain
from virtkit_cli.values import kib, number
from virtkit_cli.words import IMPACT

if TYPE_CHECKING:
    from virtkit_cli.session import Session

SIZE = argument("size", "in KiB, or with a unit", kib)


@command(DOMAIN.word, SIZE, *IMPACT)
def setmem(session: Session, args: Arguments) -> None:
    """Change how much memory a domain has."""
    find_domain(session, args).set_memory(args.size, args.flags)
    session.out.done(memory=args.size)


@command(DOMAIN.word, SIZE, *IMPACT)
def setmaxmem(session: Session, args: Arguments) -> None:
    """Change how much memory a domain can have."""
    find_domain(session, args).set_memory(args.size, args.flags | DomainMemoryModFlags.MAXIMUM)
    session.out.done(memory=args.size)


@command(DOMAIN.word, option("period", "have the guest tell every so many seconds; 0 is never", number), *IMPACT)
def dommemstat(session: Session, args: Arguments) -> None:
    """Show how a guest uses its memory, in KiB; or choose how often it tells."""
    domain = find_domain(session, args)
    if args.period is not None:
        domain.set_memory_stats_period(args.period, args.flags)
        session.out.done(period=args.period)
        return
    stats = {DomainMemoryStatTags(tag): value for tag, value in domain.memory_stats().items()}
    first = DomainMemoryStatTags.ACTUAL_BALLOON
    ordered = sorted(stats.items(), key=lambda entry: entry[0] is not first)
    session.out.pairs({"actual" if tag is first else tag.name.lower(): value for tag, value in ordered}, "{} {}")


MODES = ("page-sampling", "dirty-bitmap", "dirty-ring")


@command(
    DOMAIN.word,
    option("seconds", "how long to measure, 1 to 60", number, default=1),
    option("mode", "how to measure", choices=MODES, default=MODES[0]),
)
def domdirtyrate_calc(session: Session, args: Arguments) -> None:
    """Measure how fast a guest writes memory; `domstats --dirtyrate` shows the result."""
    from virtkit.enums import DomainDirtyRateCalcFlags

    domain = find_domain(session, args)
    domain.start_dirty_rate_calc(args.seconds, DomainDirtyRateCalcFlags[args.mode.upper().replace("-", "_")])
    session.out.done(f"Start to calculate domain's memory dirty rate successfully for {args.seconds} s")
