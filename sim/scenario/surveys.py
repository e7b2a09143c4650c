"""Surveys: what a touchpoint asks its customers, and what becomes of the answers."""

from typing import Literal

from sim.scenario.quantities import Money, Share
from sim.scenario.record import Record, declared

Question = Literal["nps", "csat", "ces"]


class Asks(Record):
    """A question put to whoever meets the touchpoint."""

    question: Question = declared(
        "nps: would recommend, 0..10; csat: is satisfied, 1..5; ces: had a hard time, 1..7."
    )
    answers: Share = declared(
        "Share of those without strong feelings who answer.", 0.2, assumption="5 % .. 60 %"
    )
    about: str | None = declared("The touchpoint that the question is about; ces and learns need it.", None)
    acts_on: Share | None = declared(
        "Share of the bad answers that somebody acts on; without it nothing is promised, and nothing ignored.",
        None,
    )
    learns: Share = declared(
        "Share of its avoidable failures that `about` loses with one answer acted on per 100 customers.", 0.0
    )
    acts_cost: Money = declared("Cost of acting on one answer, in currency.", 0.0)
