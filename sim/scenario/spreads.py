"""How a distribution is written: how a quantity differs between people, or from one time to the next.

A bare quantity is a constant; ``{mean, cv}`` and ``{mean, sd}`` mean the natural family of the quantity
(gamma for rates, durations and other numbers that are not negative, lognormal for money, beta for shares
and intensities, clipped normal for scores); a family by name, such as
``{weibull: {shape: 1.5, scale: 3 d}}``, is itself. Every parameter carries the units of its quantity.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from pydantic_core import core_schema

from sim.scenario.columns import Reading, read_column
from sim.scenario.distributions import Dist, constant, from_moments
from sim.scenario.quantities import NOT_NEGATIVE, POSITIVE, Quantity
from sim.scenario.wrong import Wrong, nearest, shown

# What a parameter is written as
VALUE = "value"  # like the quantity itself
SCALE = "scale"  # like the quantity, and above 0
SD = "sd"  # like the quantity, as a difference
INVERSE = "inverse"  # like one over the quantity
SHAPE = "shape"  # a number above 0
CV = "cv"  # a number of at least 0


@dataclass(frozen=True)
class Form:
    """One set of parameters that a family may be written with, and what makes its Dist of them."""

    kinds: Mapping[str, str]
    build: Callable[..., Dist]


def _direct(family: str, **kinds: str) -> Form:
    """The parameters are those of the Dist."""
    return Form(kinds, lambda quantity, *params: Dist(family, params))


def _by_cv(family: str) -> Form:
    return Form(
        {"mean": VALUE, "cv": CV},
        lambda q, mean, cv: from_moments(family, mean, cv * abs(mean), q.low, q.high),
    )


def _by_sd(family: str) -> Form:
    return Form({"mean": VALUE, "sd": SD}, lambda q, mean, sd: from_moments(family, mean, sd, q.low, q.high))


def _gamma_by_rate(quantity: Quantity, shape: float, rate: float) -> Dist:
    return Dist("gamma", (shape, 1 / rate))


def _lognormal_by_median(quantity: Quantity, median: float, sigma: float) -> Dist:
    return Dist("lognormal", (math.log(median), sigma))


FORMS: dict[str, tuple[Form, ...]] = {
    "constant": (_direct("constant", value=VALUE),),
    "uniform": (_direct("uniform", low=VALUE, high=VALUE),),
    "exponential": (_direct("exponential", mean=SCALE),),
    "gamma": (
        _direct("gamma", shape=SHAPE, scale=SCALE),
        _by_cv("gamma"),
        _by_sd("gamma"),
        Form({"shape": SHAPE, "rate": INVERSE}, _gamma_by_rate),
    ),
    "lognormal": (
        _by_cv("lognormal"),
        _by_sd("lognormal"),
        Form({"median": SCALE, "sigma": SHAPE}, _lognormal_by_median),
    ),
    "weibull": (_direct("weibull", shape=SHAPE, scale=SCALE),),
    "beta": (_direct("beta", alpha=SHAPE, beta=SHAPE), _by_cv("beta"), _by_sd("beta")),
    "triangular": (_direct("triangular", low=VALUE, mode=VALUE, high=VALUE),),
    "clipped_normal": (_by_sd("clipped_normal"), _by_cv("clipped_normal")),
}
FAMILIES = (*FORMS, "empirical")
MOMENTS = {"mean": VALUE, "cv": CV, "sd": SD}
KEYS = (*MOMENTS, *FAMILIES)


@dataclass(frozen=True)
class DistOf:
    """Pydantic metadata: a field that holds a distribution of one quantity."""

    quantity: Quantity

    def parse(self, value: Any, reading: Reading | None = None) -> Dist:
        """The :class:`Dist` that a scenario's value stands for. Raises :class:`Wrong`."""
        if not isinstance(value, Mapping):
            return constant(self.quantity.parse(value))
        family = next((key for key in value if key in FAMILIES), None)
        if family is None:
            return self._natural(value)
        try:
            return self._named(family, _alone(value, family), reading)
        except Wrong as wrong:
            raise wrong.under(family) from None

    def _natural(self, node: Mapping[str, Any]) -> Dist:
        """``{mean, cv}`` or ``{mean, sd}`` in the quantity's own family."""
        for key in node:
            if key not in MOMENTS:
                raise Wrong(f"unknown key{nearest(key, KEYS)}", (key,), key=True)
        if "mean" not in node:
            raise Wrong("expected a mean beside cv or sd")
        if "cv" in node and "sd" in node:
            raise Wrong("expected cv or sd, not both", ("sd",), key=True)
        form = _by_sd if "sd" in node else _by_cv
        return self._built(form(self.quantity.family), {"cv": 0, **node} if "sd" not in node else node)

    def _named(self, family: str, node: Any, reading: Reading | None) -> Dist:
        """A family by name."""
        if family == "empirical":
            return self._checked(Dist(family, (), tuple(sorted(read_column(node, self.quantity, reading)))))
        if family == "constant" and not isinstance(node, Mapping):
            node = {"value": node}
        if family == "beta" and self.quantity.family != "beta" and self.quantity.unit:
            raise Wrong("a beta distribution lies between 0 and 1 and has no unit: use gamma or lognormal")
        return self._checked(self._built(_form(family, node), node))

    def _built(self, form: Form, node: Mapping[str, Any]) -> Dist:
        numbers = {key: self._number(key, kind, node[key]) for key, kind in form.kinds.items()}
        for first, second in pairwise(key for key in ("low", "mode", "high") if key in numbers):
            if numbers[first] > numbers[second]:
                raise Wrong(f"expected {first} to be at most {second}", (first,))
        return _finite(lambda: form.build(self.quantity, *numbers.values()))

    def _number(self, key: str, kind: str, value: Any) -> float:
        try:
            return float(self.parameter(kind).parse(value))
        except Wrong as wrong:
            raise wrong.under(key) from None

    def parameter(self, kind: str) -> Quantity:
        """The quantity that a kind of parameter is written as."""
        if kind == INVERSE:
            return self.quantity.inverse or POSITIVE
        if kind == SCALE:
            return replace(
                self.quantity, expected=f"{self.quantity.expected}, above 0", low=0, above=True, words={}
            )
        if kind == SD:
            return NOT_NEGATIVE if self.quantity.low < 0 else replace(self.quantity, words={}, above=False)
        return {VALUE: self.quantity, SHAPE: POSITIVE, CV: NOT_NEGATIVE}[kind]

    def _checked(self, dist: Dist) -> Dist:
        """A family that a user chose must keep within the quantity's bounds."""
        low, high = dist.support
        if low < self.quantity.low or high > self.quantity.high:
            raise Wrong(f"gives values from {low:g} to {high:g}; expected {self.quantity.expected}")
        return constant(low) if low == high else dist

    def validate(self, value: Any, info: Any) -> Dist:
        """For pydantic: ``info.context`` is the :class:`Reading` under way."""
        return self.parse(value, info.context)

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.with_info_plain_validator_function(self.validate)


def _alone(node: Mapping[str, Any], family: str) -> Any:
    for key in node:
        if key != family:
            raise Wrong(f"{key} cannot stand beside it")
    return node[family]


def _form(family: str, node: Any) -> Form:
    """The form whose parameters these are."""
    if not isinstance(node, Mapping):
        raise Wrong(f"expected {_forms_text(family)}, got {shown(node)}")
    for form in FORMS[family]:
        if set(form.kinds) == set(node):
            return form
    known = {key: None for form in FORMS[family] for key in form.kinds}
    for key in node:
        if key not in known:
            hint = nearest(key, known) or f"; expected {_forms_text(family)}"
            raise Wrong(f"unknown key{hint}", (key,), key=True)
    raise Wrong(f"expected {_forms_text(family)}")


def _forms_text(family: str) -> str:
    return " or ".join("{" + ", ".join(form.kinds) + "}" for form in FORMS[family])


def _finite(build: Callable[[], Dist]) -> Dist:
    """Parameters that under- or overflow are refused rather than passed on."""
    try:
        dist = build()
        if all(map(math.isfinite, (*dist.params[:2], dist.mean))):
            return dist
    except (OverflowError, ZeroDivisionError):
        pass
    raise Wrong("these parameters are too extreme to compute with")
