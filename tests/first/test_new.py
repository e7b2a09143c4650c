"""The first hour: whatever is answered, the files run; whatever makes no sense is said in a sentence."""

import itertools

import pytest
from click.testing import CliRunner

import sim
from sim.cli import main
from sim.errors import UsageError
from sim.experiment.parting import agreement
from sim.first.answers import CHANNELS, answers
from sim.first.starter import files, place_of, tame, title_of, write


def new(*words):
    return CliRunner().invoke(main, ["new", *map(str, words)])


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_writes_two_files_that_are_right_and_says_what_comes_next(here):
    done = new("my_shop", "--yes")
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in here.iterdir()) == ["my_shop"]
    assert sorted(path.name for path in (here / "my_shop").iterdir()) == ["baseline.yaml", "thank_you.yaml"]
    commands = [line.split() for line in done.output.splitlines() if line.startswith("  touchpoint ")]
    assert [words[1] for words in commands] == ["run", "compare", "story"]
    assert CliRunner().invoke(main, ["check", "my_shop", "my_shop/thank_you.yaml"]).exit_code == 0
    small = ["--size", "30", "--replications", "2", "--horizon", "5 d", "--no-pictures", "--out", "out"]
    assert CliRunner().invoke(main, [*commands[1][1:], *small]).exit_code == 0
    assert (here / "my_shop.html").exists()


GRID = list(
    itertools.product(
        ("10", "1000", "1_000_000"), ("0.05", "2", "60"), ("5", "99 %"), ("yes", "no"), ("shop", "web")
    )
)


@pytest.mark.parametrize(("customers", "purchases", "keeps", "staff", "channels"), GRID)
def test_all_answers_make_a_scenario(customers, purchases, keeps, staff, channels, tmp_path):
    told = {
        "customers": customers,
        "purchases": purchases,
        "keeps": keeps,
        "staff": staff,
        "channels": channels,
    }
    for path in write(answers("Any", told), tmp_path / "any"):
        scenario = sim.load(path)
        assert scenario.assumed
    assert scenario.population.size == int(customers.replace("_", ""))
    assert bool(scenario.staff) == (staff == "yes")


@pytest.mark.parametrize("channel", CHANNELS)
def test_they_buy_where_the_first_channel_is(channel, tmp_path):
    others = ",".join(name for name in CHANNELS if name != channel)
    baseline, _ = write(answers("Any", {"channels": f"{channel}, {others}"}), tmp_path / "any")
    assert sim.load(baseline).touchpoints["buy"].channel == channel


@pytest.mark.parametrize("staff", ["yes", "no"])
def test_engines_agree(staff, tmp_path):
    for path in write(answers("Any", {"staff": staff}), tmp_path / "any"):
        _, found, counts = agreement(path, size=30, horizon="30 d")
        assert found is None and counts[0] > 50


def test_what_was_stated_is_what_is_simulated(tmp_path):
    baseline, _ = write(answers("Any", {"keeps": "80", "purchases": "4"}), tmp_path / "any")
    kpis = sim.run(baseline, replications=8, log=False).kpis["mean"]
    assert kpis["retention"] == pytest.approx(0.80, abs=0.03)
    assert kpis["orders_per_customer_year"] == pytest.approx(48, rel=0.08)
    assert kpis["abandonment"] < 0.05


@pytest.mark.parametrize(
    "title",
    [
        'He said "no"',
        "a: b # c",
        "{x} & [y]",
        "'",
        "- dash",
        "\\n",
        "100 %",
        "<script>",
        "名前",
        "{{ 7 * 7 }}",
    ],
)
def test_names_are_quoted(title, tmp_path):
    baseline, strategy = write(answers(title, {}), tmp_path / "any")
    assert sim.load(baseline).name == title
    assert sim.load(strategy).name == "Small thank-you"


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("my shop!", "my_shop"), ("../../etc", "etc"), ("a<b>:c", "a_b_c"), ("Café", "Café"), ("x" * 300, "x" * 60),
        ("..", ""), ("///", ""), ("!!", ""), ("-rf", "rf"), ("con\x00\n", "con"),
    ],
)  # fmt: skip
def test_folders_have_tame_names(said, found):
    from pathlib import Path

    assert tame(Path(said).name) == found


def test_nothing_is_overwritten(here):
    (here / "mine").mkdir()
    (here / "mine" / "thesis.txt").write_text("years", encoding="utf-8")
    (here / "file").write_text("years", encoding="utf-8")
    (here / "link").symlink_to(here / "nowhere")
    for name in ("mine", "file", "link", "mine/"):
        done = new(name, "--yes")
        assert done.exit_code == 2 and "nothing is overwritten" in done.output, done.output
    assert len(list(here.iterdir())) == 3


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["--customers", "1e9"],
            "--customers: expected a number from 10 to 1,000,000 such as 1000, got '1e9'",
        ),
        (["--customers", "10.5"], "--customers: expected a whole number, got '10.5'"),
        (["--customers", "9" * 400], "--customers: expected a number from 10"),
        (["--purchases", "0"], "--purchases: expected a number from 0.05 to 60 such as 2, got '0'"),
        (["--purchases", "nan"], "--purchases: expected a number"),
        (["--keeps", "100 %"], "--keeps: expected a number from 5 to 99 such as \"70 %\", got '100 %'"),
        (["--spend", "-3"], "--spend: expected a number"),
        (["--spend", "3 %"], "--spend: expected a number"),
        (["--currency", "<b>"], "--currency: expected three letters such as EUR, got '<b>'"),
        (["--channels", "shp"], "--channels: there is no channel 'shp'; did you mean shop?"),
        (["--channels", "pigeon"], "--channels: there is no channel 'pigeon'; there are shop, web"),
        (["--channels", ","], "--channels: expected some of shop, web"),
        (["--title", " "], "--title: expected 1 to 60 characters"),
        (["--title", "a\x07b"], "--title: expected 1 to 60 characters"),
    ],
)
def test_bad_answers_get_one_clear_error(words, told, here):
    done = new("my_shop", "--yes", *words)
    assert done.exit_code == 2 and done.output.startswith(told), done.output
    assert len(done.output.splitlines()) == 1
    assert not list(here.iterdir())


@pytest.mark.parametrize(
    ("name", "told"),
    [("!!", "is no name for a folder"), ("no/where", "there is no folder no"), ("", "no name")],
)
def test_bad_places_get_one_clear_error(name, told, here):
    done = new(name, "--yes")
    assert done.exit_code == 2 and told in done.output and len(done.output.splitlines()) == 1


def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    from pathlib import Path

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(UsageError, match="cannot be written: No space left"):
        write(answers("Any", {}), tmp_path / "any")
    assert not list(tmp_path.iterdir())


def test_a_terminal_is_asked_and_asked_again(here, monkeypatch):
    from sim.cli import new

    given = iter(["500", "0", "3", "80", "12", "chf", "web", "maybe", "no"])
    monkeypatch.setattr(new.click, "prompt", lambda *_, **__: next(given))
    said = {}
    new._ask(said)
    assert said == {
        "customers": "500", "purchases": "3", "keeps": "80", "spend": "12", "currency": "chf", "channels": "web",
        "staff": "no",
    }  # fmt: skip


def test_the_name_is_that_of_the_folder(here):
    assert title_of(place_of("my_corner-shop")) == "My corner shop"
    assert 'name: "My corner shop"' in files(answers("My corner shop", {}))["baseline.yaml"]
