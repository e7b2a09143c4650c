"""The report: one page that needs nothing else, tells no script a name, and can be read by everybody."""

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from click.testing import CliRunner

import sim
from sim.cli import main
from sim.experiment.closer import closer
from sim.report.page import page, write

HOSTILE = '<script>alert(1)</script> & "quoted" $x_1$ $'
WORSE = "</title></svg><img src=x onerror=alert(2)>"
SHOP = """\
name: NAME
horizon: 60 d
warm_up: 0
population: {size: 200}
customers: {leaves: {mean: 90 % per year}, spends: {mean: 3}}
segments:
  often: {share: 60 %, needs: {mean: 3 per week}}
  seldom: {share: rest, needs: {mean: 1 per week}}
touchpoints:
  buy:
    stage: purchase
    quality: 0.2
    feels: {joy: 0.2}
    sells: {price: own_spend}
    fails: {chance: 10 %, severity: 0.5}
  enjoy: {stage: use, quality: 0.4}
journeys: {visit: {starts_on: {need: {becomes: buy, usually: 80 %}}, steps: {buy: {next: enjoy}, enjoy: {next: end}}}}
psychology: {effect_on: {leaving: 1.5}}
assumed: {psychology.effect_on.leaving: 0.4 .. 1.6}
"""
ONCE = """\
name: Once
horizon: 5 d
enters: {stream: {rate: 20 per day}}
touchpoints: {buy: {stage: purchase, quality: 0.2, sells: {price: 5}}}
journeys: {visit: {starts_on: {entry: {becomes: buy}}, steps: {buy: {next: end}}}}
"""
KINDER = (
    "extends: baseline.yaml\nname: NAME\ntouchpoints: {buy: {quality: 0.9, cost: 0.1, feels: {joy: 0.6}}}\n"
)


class Seen(HTMLParser):
    """Tags with their attributes, in order, and the text of the page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)

    def all(self, *names):
        return [attrs for tag, attrs in self.tags if tag in names]

    def order(self, *names):
        return [tag for tag, _ in self.tags if tag in names]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")

    def named(text, name):
        return text.replace("NAME", "'" + name.replace("'", "''") + "'")

    (folder / "baseline.yaml").write_text(named(SHOP, HOSTILE), encoding="utf-8")
    (folder / "kinder.yaml").write_text(named(KINDER, WORSE), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def done(files):
    return sim.compare(files / "baseline.yaml", files / "kinder.yaml", replications=4)


@pytest.fixture(scope="module")
def text(done):
    return page(done, closer(done))


@pytest.fixture(scope="module")
def seen(text):
    return Seen(text)


def test_names_stay_names(text, seen):
    assert not seen.all("script", "img", "iframe", "object", "link")
    assert not [
        name for attrs in seen.all(*{tag for tag, _ in seen.tags}) for name in attrs if name.startswith("on")
    ]
    assert "&lt;script&gt;" in text and "<script" not in text
    told = "".join(seen.text)
    assert HOSTILE in told and WORSE in told


def test_nothing_is_fetched(text, seen):
    for attrs in seen.all(*{tag for tag, _ in seen.tags}):
        assert "src" not in attrs and attrs.get("href", "#").startswith("#")
    assert not re.findall(r"@import|url\((?!#)", text)
    policy = next(attrs["content"] for attrs in seen.all("meta") if "http-equiv" in attrs)
    assert policy.startswith("default-src 'none'")


def test_whoever_hears_the_page_finds_the_way(seen):
    (html,) = seen.all("html")
    assert html["lang"] == "en"
    for landmark in ("header", "nav", "main", "footer", "h1"):
        assert len(seen.all(landmark)) == 1
    levels = [int(tag[1]) for tag in seen.order("h1", "h2", "h3", "h4")]
    assert levels[0] == 1 and all(b - a <= 1 for a, b in pairwise(levels))
    assert len(seen.all("table")) == len(seen.all("caption")) >= 6
    assert all(attrs.get("scope") in ("row", "col") for attrs in seen.all("th"))
    assert all(
        attrs.get("tabindex") == "0" for attrs in seen.all("div", "pre") if attrs.get("role") == "region"
    )


def test_pictures_are_told_and_every_id_is_one(seen):
    ids = [attrs["id"] for _, attrs in seen.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    pictures = seen.all("svg")
    assert len(pictures) == 10  # five in two widths
    for attrs in pictures:
        assert attrs["role"] == "img"
        assert all(name in ids for name in attrs["aria-labelledby"].split())
    referred = [attrs["href"][1:] for _, attrs in seen.tags if "href" in attrs]
    assert all(name in ids for name in referred)


def test_colours_follow_light_and_dark(text):
    body = text[text.index("<main") :]
    assert not re.findall(r"#(?:222222|5f5f5f|ffffff|0072b2)\b", body)
    used = set(re.findall(r"var\(--([\w-]+)\)", body))
    assert used <= set(re.findall(r"--([\w-]+):", text))


def test_every_part_is_there_and_what_was_not_asked_for_is_not(text):
    for key in (
        "ranking", "retention", "frontier", "kpis", "journey", "feelings", "segments", "cohorts", "limits", "repeat",
    ):  # fmt: skip
        assert f'<section id="{key}"' in text
    assert '<section id="why"' not in text and '<section id="draws"' not in text
    assert "Trust the deltas, not the levels." in text
    assert "psychology.effect_on.leaving" in text and "0.4  to  1.6" in text.replace(
        "0.4 to 1.6", "0.4  to  1.6"
    )


def test_the_answer_is_the_one_of_the_terminal(done, text):
    from markupsafe import escape

    from sim.report.comparison import headline

    assert str(escape(headline(done))) in text


def test_the_same_comparison_gives_the_same_page(done, text):
    assert page(done, closer(done)) == text


def test_reasons_and_draws_appear_where_they_were_asked_for(files):
    done = sim.compare(
        files / "baseline.yaml", files / "kinder.yaml", replications=3, size=60, assumptions=10, why=True
    )
    text = page(done, closer(done))
    assert '<section id="why"' in text and '<section id="draws"' in text
    seen = Seen(text)
    lead = next(k for k, (tag, attrs) in enumerate(seen.tags) if attrs.get("class") == "lead")
    assert lead and re.search(r"is the best in [\d<> .]+ % of the draws", "".join(seen.text))
    ids = [attrs["id"] for _, attrs in seen.tags if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_pictures_of_the_report_are_kept_with_their_numbers(done, tmp_path):
    path = write(done, closer(done), tmp_path)
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    for name in ("journey", "emotional_balance", "cohorts", "cohorts_best"):
        for ending in ("png", "svg", "csv"):
            assert (tmp_path / "pictures" / f"{name}.{ending}").stat().st_size > 100


def test_one_shot_visitors_have_a_report_too(tmp_path):
    (tmp_path / "baseline.yaml").write_text(ONCE, encoding="utf-8")
    (tmp_path / "kinder.yaml").write_text(KINDER.replace("NAME", "kinder"), encoding="utf-8")
    done = sim.compare(tmp_path, replications=3, metric="orders")
    text = page(done, closer(done))
    assert '<section id="kpis"' in text and '<section id="retention"' not in text


def test_reasons_where_there_is_nothing_to_explain(files, tmp_path):
    """A strategy that changes nothing has no pieces, and a shop without customers keeps none."""
    (tmp_path / "baseline.yaml").write_text(SHOP.replace("NAME", "shop"), encoding="utf-8")
    (tmp_path / "same.yaml").write_text("extends: baseline.yaml\nname: same\n", encoding="utf-8")
    done = sim.compare(tmp_path, replications=2, size=20, why=True)
    done.save(tmp_path / "same", also=lambda done, folder: write(done, closer(done), folder))
    assert '<section id="why"' in (tmp_path / "same" / "report.html").read_text(encoding="utf-8")
    nobody = sim.compare(
        files / "baseline.yaml", files / "kinder.yaml", replications=2, size=0, metric="profit", why=True
    )
    assert nobody.why.measures == ("profit", "orders")
    assert '<section id="why"' in page(nobody, closer(nobody))


def test_one_segment_is_everybody_and_told_once(tmp_path):
    text = SHOP.replace("NAME", "shop").replace("  seldom: {share: rest, needs: {mean: 1 per week}}\n", "")
    (tmp_path / "baseline.yaml").write_text(text.replace("60 %, needs", "100 %, needs"), encoding="utf-8")
    (tmp_path / "kinder.yaml").write_text(KINDER.replace("NAME", "kinder"), encoding="utf-8")
    done = sim.compare(tmp_path, replications=2, size=20)
    assert '<section id="segments"' not in page(done, closer(done))


def test_a_segment_in_which_nobody_flipped_is_not_called_identical(files):
    done = sim.compare(files / "baseline.yaml", files / "kinder.yaml", replications=2, size=10, horizon="9 d")
    rows = done.segments.xs("retention", level="kpi")
    assert (rows["difference"] == 0.0).any()
    assert (rows["difference_high"] > rows["difference_low"]).all()


# ---------------------------------------------------------------- the command
def compare(files, *words):
    small = ["--replications", "2", "--size", "40", "--horizon", "10 d", "--no-pictures", "--quiet"]
    return CliRunner().invoke(main, ["compare", str(files), *small, *map(str, words)])


def test_the_command_writes_the_page_and_replaces_its_own(files, tmp_path):
    report = tmp_path / "report.html"
    for number in (1, 2):
        done = compare(files, "--out", tmp_path / f"out{number}", "--report", report)
        assert done.exit_code == 0, done.output
        assert report.read_bytes() == (tmp_path / f"out{number}" / "report.html").read_bytes()
    assert not list(tmp_path.glob(".*partial*"))


def test_what_is_not_a_report_is_left_alone(files, tmp_path):
    thesis = tmp_path / "thesis.html"
    thesis.write_text("<html>years of work", encoding="utf-8")
    for report, words in (
        (thesis, "exists and is no report"),
        (tmp_path, "is a folder"),
        (tmp_path / "nowhere" / "report.html", "there is no folder"),
    ):
        done = compare(files, "--out", tmp_path / "out", "--report", report)
        assert done.exit_code == 2 and words in done.output and "Traceback" not in done.output
        assert not (tmp_path / "out").exists()
    assert thesis.read_text(encoding="utf-8") == "<html>years of work"
