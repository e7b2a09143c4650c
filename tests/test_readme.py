"""What the README shows is run as it stands there."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

ROOT = Path(__file__).parents[1]
COMPARE, OPTIMISE = ROOT / "docs" / "compare.md", ROOT / "docs" / "optimise.md"
PAGES = [ROOT / "README.md", *sorted((ROOT / "scenarios").glob("*/README.md")), COMPARE, OPTIMISE]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )


def commands(page: Path) -> list[str]:
    lines = [line for block in blocks(page, "console") for line in block.splitlines()]
    return [line.removeprefix(".venv/bin/") for line in lines if "touchpoint " in line]


ALL = [pytest.param(line, id=line[:60]) for page in PAGES for line in commands(page)]


@pytest.mark.parametrize("line", ALL)
def test_commands_of_the_readmes_are_understood(line, tmp_path, monkeypatch):
    """Every command runs; simulations in small, since it is the words that are tested here."""
    from sim.cli import main

    monkeypatch.chdir(ROOT)
    words = shlex.split(line.split(" > ")[0])[1:]
    words = [
        path for word in words for path in (map(str, sorted(ROOT.glob(word))) if "*" in word else [word])
    ]
    words = _in_a_place_of_its_own(words, tmp_path)
    if words[0] == "run":
        words += ["--replications", "1", "--no-log", "--out", str(tmp_path / "run"), "--horizon", "3 d"]
        words += [] if "cdnow" in line else ["--size", "30"]
    if words[0] == "compare":
        small = ["--size", "30", "--horizon", "3 d", "--no-pictures", "--out", str(tmp_path / "compare")]
        words += [*small, *(["--most", "10"] if "--precision" in words else ["--replications", "2"])]
    if words[0] == "optimise":
        words += [
            "--size",
            "20",
            "--horizon",
            "5 d",
            "--runs",
            "80",
            "--no-pictures",
            "--out",
            str(tmp_path / "best"),
        ]
        words = (
            words[: words.index("--subject-to")] + words[words.index("--subject-to") + 2 :]
        )  # too few to keep any
    if "--assumptions" in words:
        words[words.index("--assumptions") + 1] = "10"
    if words[0] == "story":
        words += ["--size", "30"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output


def _in_a_place_of_its_own(words, folder):
    """A shop that the README makes and what it writes go where the test is."""
    if words[0] == "new":
        return ["new", str(folder / words[1]), "--yes"]
    if "my_shop" in words:
        from sim.first.answers import answers
        from sim.first.starter import write

        write(answers("My shop", {}), folder / "my_shop")
    written = {k + 1 for k, word in enumerate(words) if word in ("--report", "--picture")}
    return [
        str(folder / Path(word).name) if word == "my_shop" or k in written else word
        for k, word in enumerate(words)
    ]


def test_the_python_of_the_readme_runs(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    for block in blocks(ROOT / "README.md", "python"):
        exec(block, {})
    assert "retention" in capsys.readouterr().out


def test_the_python_of_the_pages_runs(monkeypatch):
    monkeypatch.chdir(ROOT)
    for block in blocks(COMPARE, "python"):
        names: dict = {}
        exec(block, names)
        assert len(names["done"].differences) > 20
        assert "page" not in names or names["page"].exists()


def test_the_python_of_the_page_on_optimising_runs(monkeypatch):
    monkeypatch.chdir(ROOT)
    (block,) = blocks(OPTIMISE, "python")
    names: dict = {}
    exec(block, names)
    assert set(names["done"].levers) == {"loyalty.card.head_start", "loyalty.card.reward.worth"}
    assert len(names["done"].trials) > 20 and "profit" in names["done"].retest.index.get_level_values("kpi")


def test_the_scenario_of_the_readme_runs(tmp_path):
    import sim

    (block,) = blocks(ROOT / "README.md", "yaml")
    path = tmp_path / "kiosk.yaml"
    path.write_text(block, encoding="utf-8")
    run = sim.run(path, replications=1, log=False)
    assert run.kpis.loc["orders", "mean"] > 0


def test_links_of_the_pages_lead_somewhere():
    for page in {*PAGES, *(ROOT / "docs").glob("*.md")}:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("name", ["scenario", "design"])
def test_the_schemas_that_ship_are_those_of_the_code(name):
    import json

    from sim.scenario.json_schema import design_schema, json_schema

    shipped = json.loads((ROOT / "scenarios" / f"{name}.schema.json").read_text(encoding="utf-8"))
    assert shipped == (json_schema() if name == "scenario" else design_schema())
