"""docs/verification.md is what `touchpoint verify` says, and every number in it can be found again."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from sim.cli import main
from sim.verification import limits, page
from sim.verification.bench import Bench, Identity, quantity
from sim.verification.limits import BOUND, LIMITS, NOT_COVERED, SECTIONS

PAGE = Path(__file__).parents[2] / "docs" / "verification.md"


def told():
    """The rows of the page: cells by column."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [dict(zip(page.HEAD, row, strict=True)) for row in rows if row[0] not in ("limit", "---")]


def test_the_page_has_every_quantity_with_its_exact_value():
    expected = [(limit.name, q.name, page.number(q.exact)) for limit in LIMITS for q in limit.quantities]
    assert [(row["limit"], row["quantity"], row["exact"]) for row in told()] == expected


def test_the_page_names_the_mistakes():
    expected = [
        "" if isinstance(q, Identity) else f"{page.number(q.wrong)} ({q.mistake})"
        for limit in LIMITS
        for q in limit.quantities
    ]
    assert [row["a mistake would give"] for row in told()] == expected


def test_everything_on_the_page_agrees_and_is_sharp():
    for row in told():
        if row["standard error"] != "0":
            assert abs(float(row["z"])) <= BOUND, row
            assert float(row["standard errors away"]) + 0.5 >= BOUND + 2.0, row
            z = (float(row["simulated"]) - float(row["exact"])) / float(row["standard error"])
            assert float(row["z"]) == pytest.approx(z, abs=0.05 + 0.12 * abs(z)), row  # Student's t, rounding


def test_the_page_says_what_it_leaves_out():
    text = PAGE.read_text(encoding="utf-8")
    assert all(f"- **{what}**: {why}." in text for what, why in NOT_COVERED)
    assert all(f"## {section} {title}" in text for section, title in SECTIONS.items())
    assert {limit.section for limit in LIMITS} == set(SECTIONS)
    for path, test in re.findall(r"`((?:sim|tests)/[\w/.-]+)(?:::(\w+))?`", text):
        assert (PAGE.parents[1] / path).exists(), path
        assert not test or f"def {test}(" in (PAGE.parents[1] / path).read_text(encoding="utf-8"), test


def test_the_page_stays_as_it_is_made():
    """Its introduction is that of the code."""
    empty = page.as_page([], Bench("compiled"))
    assert PAGE.read_text(encoding="utf-8").startswith(empty[: empty.index("0 of 0")])


# ---------------------------------------------------------------- the command
def verify(*arguments):
    return CliRunner().invoke(main, ["verify", *arguments])


def test_the_command_prints_a_table():
    done = verify("--quick", "--only", "A5,half-life,adstock", "--seed", "2")
    assert done.exit_code == 0, done.output
    assert "A5  half-life of 8 h\n  level after three half-lives" in done.stdout
    assert re.search(r"S\(90\) +0\.291118 +0\.\d+ +0\.\d+ +[+-]\d\.\d\d\n", done.stdout)
    assert "A1" not in done.stdout


def test_the_command_prints_json():
    done = verify("--quick", "--only", "half-life", "--json", "--engine", "reference")
    data = json.loads(done.stdout)
    assert (data["engine"], data["agree"], len(data["rows"])) == ("reference", True, 1)
    assert data["rows"][0]["simulated"] == 0.125


def test_the_command_fails_where_the_simulator_is_wrong(monkeypatch):
    good = next(limit for limit in LIMITS if limit.name == "NBD")
    bad = limits.Limit("A3", "bad", (quantity("E[X(39)]", 3.0),), good.observe)
    monkeypatch.setattr(limits, "LIMITS", (bad,))
    done = verify("--quick")
    assert done.exit_code == 1
    assert "<-- not the closed form" in done.stdout
    assert "0 of 1 agree" in done.stdout


@pytest.mark.parametrize("arguments", [("--only", "nonsense"), ("--only", "half-life", "--engine", "steam")])
def test_what_does_not_exist_is_said(arguments):
    done = verify("--quick", *arguments)
    assert done.exit_code == 2
    assert arguments[-1] in done.stderr
