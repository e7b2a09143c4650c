"""All limits, in the order of the page, and what is missing among them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from sim.errors import UsageError
from sim.verification.bench import Bench, Limit, Row, bound_for, judge
from sim.verification.buying import BUYING
from sim.verification.feelings import FEELINGS
from sim.verification.invariants import INVARIANTS
from sim.verification.journeys import JOURNEYS
from sim.verification.queues import QUEUES
from sim.verification.social import SOCIAL

LIMITS: tuple[Limit, ...] = (*QUEUES, *BUYING, *JOURNEYS, *FEELINGS, *SOCIAL, *INVARIANTS)
BOUND = bound_for(LIMITS)
QUICK = 0.05  # the share of the full samples that a quick look takes

SECTIONS = {
    "A1": "Queues, stages and arrivals",
    "A2": "Contracts",
    "A3": "Buying without a contract",
    "A4": "Journeys",
    "A5": "An emotion that jumps and fades",
    "A6": "Adoption and popularity",
    "A7": "What nothing may depend on",
}

NOT_COVERED = (
    (
        "Gamma-gamma order values",
        "a customer spends the same at every order: order values differ between customers only",
    ),
    (
        "BG/BB",
        "the chance to buy at an opportunity (`usually`) is one number, not a distribution over customers",
    ),
    (
        "log-likelihoods and fits (sBG, BG/NBD, Pareto/NBD on CDNOW)",
        "estimation, not simulation; nothing is fitted here. That simulated orders at the published parameters are "
        "the closed form over CDNOW's own entry days is `tests/verification/test_cdnow.py`",
    ),
    (
        "arrivals of newcomers as an MMPP",
        "streams are Poisson over a weekly calendar; the MMPP here is one of purchases",
    ),
    (
        "the mean life of 146.13 days under Markov-modulated leaving",
        "the mean of min(life, 365 d) is compared instead: the same matrix, without waiting for the last to leave",
    ),
    (
        "NBD-Dirichlet",
        "needs several brands side by side; here there is one",
    ),
    (
        "events at exactly equal times",
        "no number to tabulate: the order is tested in `tests/engine/test_shared.py`",
    ),
)


def chosen(only: str | None) -> tuple[Limit, ...]:
    """The limits of some sections, such as "A1,A5", or whose names contain a text. Raises UsageError for none."""
    words = [word.strip() for word in (only or "").split(",") if word.strip()]
    found = tuple(
        limit
        for limit in LIMITS
        if not words
        or any(word.upper() == limit.section or word.lower() in limit.name.lower() for word in words)
    )
    if not found:
        raise UsageError(
            f"no limit has a section or a name like {only!r}; sections are {', '.join(SECTIONS)}"
        )
    return found


def run(
    limits: Sequence[Limit],
    bench: Bench,
    workers: int = 1,
    progress: Callable[[float], None] | None = None,
) -> list[Row]:
    """The rows of the limits, in their order; `progress` is told the share of limits that are done."""
    rows: list[Row] = []
    with ThreadPoolExecutor(max(1, workers)) as pool:
        try:
            for k, found in enumerate(pool.map(lambda limit: judge(limit, bench), limits), start=1):
                rows += found
                if progress:
                    progress(k / len(limits))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return rows


def grouped(rows: Iterable[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Rows by section, in the order in which sections come first."""
    sections: dict[str, list[Row]] = {}
    for row in rows:
        sections.setdefault(row.section, []).append(row)
    yield from sections.items()
