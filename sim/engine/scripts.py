"""Touchpoints of the user's own: Python functions, called at the end of service by the SimPy engine.

A function sees the customer and the touch, and may look only; what it returns is checked, put where the model
finds it (World.script), and lived like any other touch. Each replication runs the source anew.
"""

import dataclasses
import math
import sys
import traceback
import types
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sim.engine.program import Program
from sim.engine.state import State
from sim.errors import RunError
from sim.model.keys import hash_name
from sim.model.layout import NO_PRICE, NOBODY, OK, OUTCOMES
from sim.model.luck import fate, luck
from sim.scenario.nodes import relative
from sim.scenario.scripts import Script
from sim.scenario.wrong import choice, nearest, shown

STATES = ("satisfaction", "expectation", "trust", "affective", "normative")
FADING = {
    "goodwill": "goodwill_half_life",
    "obligation": "obligation_half_life",
    "grievance": "grievance_half_life",
    "pressure": "pressure_half_life",
}  # and their half-lives
TRAITS = (
    "reactivity", "loss_aversion", "scarcity", "social_proof", "reciprocity", "price_sensitivity", "privacy_concern",
    "values", "alternatives", "switching_cost", "spend", "need_gap",
)  # fmt: skip
MAY_SAY = ("quality", "feels", "outcome", "price")


class _Looked:
    """Something that a function may look at, and not change."""

    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{self._what} can be looked at only; {name} cannot be set")

    def __getattr__(self, name: str) -> Any:
        names = [word for word in dir(type(self)) if not word.startswith("_")]
        raise AttributeError(f"{self._what} has no {name}{choice(name, names)}")


class Customer(_Looked):
    """The customer at the touch at hand. Feelings are those of this moment, before the touch."""

    __slots__ = ("_person", "_program", "_psyche", "_t")
    _what = "a customer"

    def __init__(self, person: np.void, program: Program, psyche: np.void, t: float):
        for name, value in zip(self.__slots__, (person, program, psyche, t), strict=True):
            object.__setattr__(self, name, value)

    @property
    def id(self) -> int:
        """Number of the customer."""
        return int(self._person["id"])

    @property
    def segment(self) -> str:
        """Name of the segment."""
        return self._program.segment_names[self._person["segment"]]

    @property
    def orders(self) -> int:
        """Orders so far."""
        return int(self._person["n_order"])

    @property
    def touches(self) -> int:
        """Touches so far."""
        return int(self._person["n_touch"])

    @property
    def days(self) -> float:
        """Days as a customer; of those there on day 0: since then."""
        return max(0.0, self._t - float(self._person["t_entry"]))

    @property
    def days_since_order(self) -> float:
        """Days since the last order; inf: never ordered."""
        return self._t - float(self._person["t_order"])

    @property
    def feelings(self) -> Mapping[str, float]:
        """Every emotion by its name."""
        names, rows = self._program.emotion_names, self._program.static["emotions"]
        stored = self._person["emotion"]
        return types.MappingProxyType(
            {name: self._left(stored[k], rows[k].half_life) for k, name in enumerate(names[: len(rows)])}
        )

    def _left(self, stored: float, half_life: float) -> float:
        """What time has left of a feeling."""
        return float(stored) * 0.5 ** ((self._t - float(self._person["t_feel"])) / float(half_life))


def _plain(name: str) -> property:
    return property(lambda customer: float(customer._person[name]), doc=name)


def _fading(name: str, half_life: str) -> property:
    return property(lambda c: c._left(c._person[name], c._psyche[half_life]), doc=name)


for _name in (*STATES, *TRAITS):
    setattr(Customer, _name, _plain(_name))
for _name, _half_life in FADING.items():
    setattr(Customer, _name, _fading(_name, _half_life))


class Touch(_Looked):
    """The touch at hand."""

    __slots__ = ("day", "journey", "occasion", "outcome", "step", "touchpoint", "uniform", "waited")
    _what = "a touch"

    def __init__(self, **facts: Any):
        for name, value in facts.items():
            object.__setattr__(self, name, value)


# ---------------------------------------------------------------- calling them
class Scripts:
    """The functions of one program, ready to be called in one replication."""

    def __init__(self, program: Program, state: State):
        self.program, self.state = program, state
        self.scripts = program.scripts
        self.functions = {touchpoint: load(script) for touchpoint, script in self.scripts.items()}

    def call(self, i: int, now: float, outcome: int, waited: float) -> None:
        """Customer i's touch for which he asked ends: if a function is to say how, and it came about, ask that."""
        if not self.functions:
            return
        node = self.state["pool"][self.state["people"][i]["asking"]]
        touchpoint = int(self.state["steps"][node["step"]]["touchpoint"])
        if touchpoint not in self.functions:
            return
        said = self.state["script"][0]
        said.quality, said.outcome, said.price, said.impulses = math.nan, NOBODY, NOBODY, 0.0
        if outcome == OK:
            self.listen(said, i, touchpoint, node, now, waited)

    def listen(
        self, said: np.record, i: int, touchpoint: int, node: np.void, now: float, waited: float
    ) -> None:
        """Call the function, and keep what it says."""
        script, function, program = self.scripts[touchpoint], self.functions[touchpoint], self.program
        person = self.state["people"][i]
        customer = Customer(person, program, self.state["psyche"][0], now)
        name = program.step_names[node["step"]]
        journey, _, step = name.partition(".")
        touch = Touch(
            day=now,
            touchpoint=program.touchpoint_names[touchpoint],
            journey=journey,
            step=step,
            occasion=program.stream_names[node["stream"]],
            outcome=OUTCOMES[fate(self.state.world, i, now)],
            waited=waited,
            uniform=partial(self.uniform, i, name),
        )
        met = f"customer {customer.id}, day {now:.4g}"
        try:
            answer = function(customer, touch)
        except (Exception, SystemExit) as error:
            raise RunError(f"{blamed(script, error)} ({met})") from None
        try:
            write(said, answer, program, touchpoint)
        except Nonsense as nonsense:
            line = function.__code__.co_firstlineno
            raise RunError(f"{_file(script)}:{line}: {script.function} returned {nonsense} ({met})") from None

    def uniform(self, i: int, step: str, name: str) -> float:
        """A uniform in (0, 1) of this name: the same for this customer and touch under every strategy."""
        if not isinstance(name, str):
            raise TypeError(f"uniform: expected a name such as 'mood', got {shown(name)}")
        return float(luck(self.state.world, i, np.int64(hash_name(step, "python", name))))


def load(script: Script) -> Callable[[Customer, Touch], Any]:
    """The function of a script, from its source. Raises RunError where the file cannot be run."""
    module = types.ModuleType(f"_{Path(script.file).stem}_{script.digest}")
    module.__file__ = script.file
    sys.modules[module.__name__] = module  # where dataclasses look up the module they stand in
    try:
        exec(compile(script.source, script.file, "exec"), module.__dict__)
    except (Exception, SystemExit) as error:
        raise RunError(blamed(script, error)) from None
    return module.__dict__[script.function]


def blamed(script: Script, error: BaseException) -> str:
    """Where in the user's file an exception came from, and what it says."""
    frames = traceback.extract_tb(error.__traceback__)
    line = next((f.lineno for f in reversed(frames) if f.filename == script.file), 1)
    text = str(error).split("\n")[0]
    return f"{_file(script)}:{line}: {type(error).__name__}{': ' if text else ''}{text}"


def _file(script: Script) -> str:
    return relative(Path(script.file))


# ---------------------------------------------------------------- what they say
class Nonsense(ValueError):
    """A function returned what it may not."""


def write(said: np.record, answer: Any, program: Program, touchpoint: int) -> None:
    """Put what a function returned where the model finds it. Raises Nonsense."""
    if dataclasses.is_dataclass(answer) and not isinstance(answer, type):
        answer = {field.name: getattr(answer, field.name) for field in dataclasses.fields(answer)}
    if answer is None:
        return
    if not isinstance(answer, Mapping):
        raise Nonsense(f"{shown(answer)}; expected nothing or {{{', '.join(MAY_SAY)}}}")
    for key, value in answer.items():
        if key not in MAY_SAY:
            raise Nonsense(
                f"the key {shown(key)}{nearest(key, MAY_SAY) or '; expected ' + ', '.join(MAY_SAY)}"
            )
        if value is not None:
            _WRITERS[key](said, value, program, touchpoint)


def _quality(said: np.record, value: Any, program: Program, touchpoint: int) -> None:
    said.quality = _number(value, "quality", -1.0, 1.0)


def _price(said: np.record, value: Any, program: Program, touchpoint: int) -> None:
    if program.static["touchpoints"][touchpoint].price_kind == NO_PRICE:
        raise Nonsense("a price, but the touchpoint sells nothing; say what it sells in the scenario file")
    said.price = round(100.0 * _number(value, "price", 0.0, 1e7))


def _outcome(said: np.record, value: Any, program: Program, touchpoint: int) -> None:
    if value not in OUTCOMES[:2]:
        raise Nonsense(f"the outcome {shown(value)}; expected {' or '.join(OUTCOMES[:2])}")
    said.outcome = OUTCOMES.index(value)


def _feels(said: np.record, value: Any, program: Program, touchpoint: int) -> None:
    if not isinstance(value, Mapping):
        raise Nonsense(f"feels {shown(value)}; expected emotions and their impulses")
    emotions, names = program.scenario.psychology.emotions, program.emotion_names
    for name, impulse in value.items():
        if name not in emotions:
            raise Nonsense(f"the emotion {shown(name)}{choice(name, emotions)}")
        reach = 1.0 if emotions[name].range == "bounded" else math.inf
        said.impulses[names.index(name)] = _number(impulse, name, -reach, reach)


def _number(value: Any, name: str, low: float, high: float) -> float:
    try:
        number = math.nan if isinstance(value, str | bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not (math.isfinite(number) and low <= number <= high):
        bounds = f" from {low:g} to {high:g}" if math.isfinite(high) else ""
        raise Nonsense(f"{name} {shown(value)}; expected a number{bounds}")
    return number


_WRITERS = {"quality": _quality, "feels": _feels, "outcome": _outcome, "price": _price}
