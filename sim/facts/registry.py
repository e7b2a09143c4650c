"""All facts, in their order, and how they are run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from sim.errors import UsageError
from sim.facts.asking import ASKING
from sim.facts.buying import BUYING_FACTS
from sim.facts.cards import CARDS
from sim.facts.commitments import COMMITMENTS
from sim.facts.episodes import EPISODES
from sim.facts.fact import Fact, NeedsData, Result
from sim.facts.feelings import FEELINGS
from sim.facts.friends import FRIENDS
from sim.facts.lab import Lab
from sim.facts.mailing import MAILING
from sim.facts.offers import OFFERS
from sim.facts.service import SERVICE
from sim.facts.triggers import TRIGGERS
from sim.facts.winning_back import WINNING_BACK

FACTS: tuple[Fact, ...] = tuple(
    sorted(
        (
            *COMMITMENTS,
            *FEELINGS,
            *EPISODES,
            *BUYING_FACTS,
            *TRIGGERS,
            *MAILING,
            *SERVICE,
            *CARDS,
            *OFFERS,
            *WINNING_BACK,
            *ASKING,
            *FRIENDS,
        ),
        key=lambda fact: fact.id,
    )
)


def chosen(only: str | None) -> tuple[Fact, ...]:
    """The facts of some numbers, such as "3,8", or whose names contain a text. Raises UsageError for none."""
    words = [word.strip().lower() for word in (only or "").split(",") if word.strip()]
    for word in words:
        if not any(_meant(fact, word) for fact in FACTS):
            raise UsageError(f"no fact has the number or the name {word!r}; numbers are 1 to {len(FACTS)}")
    return tuple(fact for fact in FACTS if not words or any(_meant(fact, word) for word in words))


def _meant(fact: Fact, word: str) -> bool:
    return word == str(fact.id) if word.isdigit() else word in fact.name.lower()


def run(
    facts: Sequence[Fact],
    lab: Lab,
    workers: int = 1,
    progress: Callable[[float], None] | None = None,
) -> list[Result]:
    """What the experiments of the facts find, in order; `progress` is told the share that is done."""
    results: list[Result] = []
    with ThreadPoolExecutor(max(1, workers)) as pool:
        try:
            for result in pool.map(lambda fact: judge(fact, lab), facts):
                results.append(result)
                if progress:
                    progress(len(results) / len(facts))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return results


def judge(fact: Fact, lab: Lab) -> Result:
    """Run the experiment of one fact."""
    if fact.measure is None:
        return Result(fact, None, "not built yet")
    try:
        return Result(fact, fact.measure(lab.for_fact(fact.id, fact.switches)))
    except NeedsData as needs:
        return Result(fact, None, str(needs))
