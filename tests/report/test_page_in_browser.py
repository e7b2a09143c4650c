"""The report in a real browser: nothing is wrong, nothing is fetched, it fits, and axe finds no serious fault.

Needs a Chromium on this machine and ``pip install touchpoint-sim[browser]``. Screenshots of every look are left in
the folder that TOUCHPOINT_SCREENSHOTS names, to be looked at.
"""

import os
import shutil
from pathlib import Path

import pytest

import sim
from sim.experiment.closer import closer
from sim.report.page import page

pytestmark = pytest.mark.slow
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
LOOKS = [(width, scheme) for width in (1280, 390) for scheme in ("light", "dark")]
SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report with everything in it."""
    done = sim.compare(
        "coffee_shop", "coffee_shop/points_card", "coffee_shop/surprise_pastry", size=120, horizon="60 d",
        replications=3, assumptions=10, why=True,
    )  # fmt: skip
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(page(done, closer(done)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed (extra: browser)"
    )
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine (Debian: apt install chromium)")
    with playwright.sync_playwright() as started:
        running = started.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield running
        running.close()


@pytest.fixture(params=LOOKS, ids=[f"{width}-{scheme}" for width, scheme in LOOKS])
def looked(request, browser, report):
    """The page as one sees it, with all that it complained about and asked for."""
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    opened, heard, asked = context.new_page(), [], []
    opened.on("console", lambda message: heard.append(message.text))
    opened.on("pageerror", lambda error: heard.append(str(error)))
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(report.as_uri())
    if folder := os.environ.get("TOUCHPOINT_SCREENSHOTS"):
        opened.screenshot(path=Path(folder) / f"report-{width}-{scheme}.png", full_page=True)
    yield opened, heard, asked
    context.close()


def test_nothing_is_wrong_and_nothing_leaves(looked, report):
    _, heard, asked = looked
    assert heard == []
    assert asked == [report.as_uri()]


def test_it_fits(looked):
    opened, *_ = looked
    assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shown = opened.locator("svg.picture:visible")
    assert shown.count() == 7
    assert all(shown.nth(k).bounding_box()["width"] > 300 for k in range(7))
    assert opened.evaluate(
        "[...document.querySelectorAll('svg.picture')].filter(s => s.checkVisibility()).every(s => "
        "[...s.querySelectorAll('text')].every(t => t.getBoundingClientRect().height > 8))"
    )


def test_axe_finds_nothing_serious(looked):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe is not installed (extra: browser)"
    )
    opened, *_ = looked
    opened.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    found = axe.Axe().run(opened).response["violations"]
    told = [(one["id"], one["impact"], [node["target"] for node in one["nodes"]][:3]) for one in found]
    assert [one for one in told if one[1] in SERIOUS] == []


def test_the_keyboard_reaches_what_scrolls(looked):
    opened, *_ = looked
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.className") == "skip"
    opened.keyboard.press("Enter")
    assert opened.evaluate("document.activeElement.id") == "main"
    opened.keyboard.press("Tab")
    focused = "getComputedStyle(document.activeElement)"
    assert opened.evaluate("document.activeElement.className") == "scroll"
    assert opened.evaluate(f"{focused}.outlineStyle") == "solid"
    assert opened.evaluate(f"{focused}.outlineWidth") == "3px"
