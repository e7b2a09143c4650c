"""Writing the files of a first scenario: a baseline and one strategy, commented, ready to run."""

from __future__ import annotations

import json
import math
import os
import shutil
import unicodedata
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from sim.errors import UsageError
from sim.first.answers import LONGEST, Answers

FILES = {"baseline.yaml": "baseline.yaml.j2", "thank_you.yaml": "thank_you.yaml.j2"}
MONTH = 365.0 / 12
A_DAY = 100.0  # purchases that one site is made for
OPEN, SERVICE, BUSY = 9.0, 5.0, 0.6  # hours a day; minutes a purchase; share of the time that staff serve


def place_of(name: str) -> Path:
    """The folder meant, its last part made fit for every system. Raises UsageError where none can be."""
    path = Path(name)
    folder = tame(path.name)
    if not folder:
        raise UsageError(
            f"{name!r}: is no name for a folder; use letters, digits and underscores, such as my_shop"
        )
    place = path.with_name(folder)
    if not place.parent.is_dir():
        raise UsageError(f"{name}: there is no folder {place.parent} to put it in")
    if place.exists() or place.is_symlink():
        raise UsageError(f"{place}: exists; nothing is overwritten, so take another name")
    return place


def tame(text: str) -> str:
    """The text as a folder name: letters, digits, dash and underscore."""
    plain = unicodedata.normalize("NFC", text)
    kept = "".join(sign if sign.isalnum() or sign in "_-" else "_" for sign in plain)
    return "_".join(part for part in kept.split("_") if part)[:LONGEST].strip("-_")


def title_of(place: Path) -> str:
    """``my_shop`` as a name for people: ``My shop``."""
    words = place.name.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def write(answers: Answers, place: Path) -> list[Path]:
    """Write the scenario's files into a new folder, whole or not at all; returns their paths."""
    partial = place.with_name(f".{place.name}.partial-{os.getpid()}")
    texts = files(answers)
    try:
        partial.mkdir()
        for name, text in texts.items():
            (partial / name).write_text(text, encoding="utf-8", newline="\n")
        partial.rename(place)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise UsageError(f"{place}: cannot be written: {error.strerror or error}") from error
    return [place / name for name in texts]


def files(answers: Answers) -> dict[str, str]:
    """What the files say, by name."""
    environment = Environment(
        loader=PackageLoader("sim.first"),
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["quoted"] = lambda text: json.dumps(text, ensure_ascii=False)
    facts = {**asdict(answers), **_derived(answers)}
    return {name: environment.get_template(template).render(facts) for name, template in FILES.items()}


def _derived(answers: Answers) -> dict[str, Any]:
    """What follows from the answers."""
    site = min(answers.customers, max(20, round(A_DAY * MONTH / answers.purchases, -1)))
    load = site * answers.purchases / MONTH * SERVICE / 60.0 / OPEN
    first = answers.channels[0]
    looks = [channel for channel in answers.channels if channel in ("web", "app")]
    helps = [channel for channel in answers.channels if channel in ("phone", "email")]
    return {
        "place": first,
        "site": int(site),
        "servers": max(1, math.ceil(load / BUSY)),
        "leaves": _plain(100.0 * (1.0 - answers.keeps)),
        "kept": _plain(100.0 * answers.keeps),
        "purchases": _plain(answers.purchases),
        "spend": _plain(answers.spend),
        "looks": looks[0] if looks else "",
        "helps": helps[0] if helps else first,
        "active": _active(answers.purchases),
        "gift_cost": _plain(0.04 * answers.spend),
        "gift_worth": _plain(0.1 * answers.spend),
        "fix_cost": _plain(0.1 * answers.spend),
    }


def _active(purchases: float) -> int:
    """Days within which nearly everybody who is still there buys."""
    return max(30, 5 * round(3.0 * MONTH / purchases / 5.0))


def _plain(value: float) -> str:
    """A number as YAML has it: at most four significant decimals."""
    return f"{value:.4g}" if value < 1000 else f"{value:.0f}"
