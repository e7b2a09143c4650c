"""One person in two worlds, side by side: what is the same once, what differs twice and marked."""

from types import SimpleNamespace

import pytest

from sim.model.layout import CAMPAIGNS, LEAVE, LEAVING, LEFT, RECONSIDERED
from sim.report.side_story import side_by_side
from sim.report.story_pictures import draw_story, story_frame

ORDER, COFFEE = 1, 2
FELT = {"valence": 0.3, "mood_before": 0.0, "mood_after": 0.2, "satisfaction": 0.21, "trust": 0.52}
NAMES = ("Today", "Gifts")


@pytest.fixture
def lives(fakes):
    program = fakes.make_program()
    visits = [
        {"t": 1.0 + k, "index": k, "touchpoint": ORDER, "order": k + 1, "revenue": 420, **FELT}
        for k in range(4)
    ]
    gift = {"t": 3.2, "stream": CAMPAIGNS, "touchpoint": COFFEE, **(FELT | {"mood_after": 0.6})}
    gone = {"t": 5.0, "stream": LEAVE, "kind": LEAVING, "outcome": RECONSIDERED, "chance": 0.05}
    first, second = (fakes.nobody(program, 1)[0] for _ in range(2))
    first["status"], first["t_left"], first["reason"] = LEFT, 5.0, RECONSIDERED
    return tuple(
        SimpleNamespace(rows=fakes.log(rows), person=person, program=program)
        for rows, person in (([*visits, gone], first), ([*visits[:3], gift, visits[3]], second))
    )


def test_two_columns(lives):
    text = side_by_side(lives, NAMES, width=100)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    assert any(line.startswith("TODAY") and line.endswith("│ GIFTS") for line in lines)
    assert "= day 1 (Tue) to day 2 (Wed): the same in both, 2 touches, 2 orders worth 8.40 EUR" in lines
    assert lines.index("≠ day 3 (Thu)") < lines.index("≠ day 5 (Sat)")
    gift = next(line for line in lines if "reached by surprise gift" in line)
    assert gift.startswith("– ") and gift.index("│") < gift.index("reached")
    assert "  = 00:00 a need came up: order" in lines
    left = next(line for line in lines if "thought again" in line)
    assert left.index("thought again") < left.index("│")
    assert "mood +0.20" in text and "mood +0.60" in text
    assert "Left after 5" in text and "Still a customer" in text


def test_where_there_is_no_room_one_stands_below_the_other(lives):
    lines = side_by_side(lives, NAMES, width=50).splitlines()
    assert max(map(len, lines)) <= 50
    assert "A TODAY" in lines and "B GIFTS" in lines and not any("│" in line for line in lines)
    assert any(line.startswith("B ") and "surprise gift" in line for line in lines)


def test_what_is_the_same_is_said_to_be(lives):
    text = side_by_side((lives[0], lives[0]), NAMES)
    assert "The same happens in both, event by event." in text and "≠" not in text


def test_only_feelings_differ(lives, fakes):
    other = SimpleNamespace(**vars(lives[0]) | {"rows": lives[0].rows.copy()})
    other.rows["satisfaction"] = 0.4
    text = side_by_side((lives[0], other), NAMES)
    assert "≠" not in text and "satisfaction +0.21" in text and "satisfaction +0.40" in text


def test_long_lives_are_abridged_unless_all_is_asked_for(fakes):
    program = fakes.make_program()
    rows = [
        {"t": 1.0 + k, "index": k, "touchpoint": ORDER, "order": k + 1, "revenue": 500} for k in range(60)
    ]
    worse = [row | {"outcome": 1} for row in rows]
    pair = tuple(
        SimpleNamespace(rows=fakes.log(told), person=fakes.nobody(program, 1)[0], program=program)
        for told in (rows, worse)
    )
    text = side_by_side(pair, NAMES, width=160)
    assert text.count("≠") == 20 and "… day 13 (Sun) to day 52 (Thu), 40 days like these:" in text
    assert "40 orders worth 200.00 EUR, 40 went badly" in text
    assert side_by_side(pair, NAMES, full=True).count("≠") == 60


def test_the_picture_has_both_lives(lives):
    frame = story_frame(lives, NAMES)
    assert frame.groupby("world").size().to_dict() == {"Today": 8, "Gifts": 10}
    after = frame[(frame["world"] == "Gifts") & (frame["moment"] == "after")]
    assert after["mood"].tolist() == pytest.approx([0.2, 0.2, 0.2, 0.6, 0.2])
    figure = draw_story(frame, lives)
    words = " ".join(text.get_text() for text in figure.texts)
    assert "Customer 0 left after 5 days (Today), is still" in words.replace("\n", " ")
    assert draw_story(story_frame(lives[:1], NAMES[:1]), lives[:1]).axes


def test_nothing_happened(fakes):
    program = fakes.make_program()
    nobody = SimpleNamespace(rows=fakes.log([]), person=fakes.nobody(program, 1)[0], program=program)
    text = side_by_side((nobody, nobody), NAMES)
    assert "Nothing happened to this customer in the run." in text
    assert draw_story(story_frame([nobody], NAMES[:1]), [nobody]).texts


def test_the_command(kiosk, cheaper, tmp_path):
    from click.testing import CliRunner

    from sim.cli import main

    words = ["story", str(kiosk), "--customer", "1", "--against", str(cheaper), "--picture"]
    done = CliRunner().invoke(main, [*words, str(tmp_path / "one.png")], env={"COLUMNS": "80"})
    assert done.exit_code == 0, done.output
    assert "KIOSK" in done.output and "│ CHEAPER PAPERS" in done.output
    assert all((tmp_path / f"one.{kind}").stat().st_size for kind in ("png", "svg", "csv"))
    done = CliRunner().invoke(main, ["story", str(kiosk), "--customer", "1", "--against", str(kiosk)])
    assert done.exit_code == 2 and "cannot be compared with itself" in done.output
