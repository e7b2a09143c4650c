"""Pictures: drawn for every kind of run, saved to the byte, words and labels in their place."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from sim.report import pictures
from sim.report.style import spread


def draw_all(outcomes, program):
    return {name: p.draw(p.frame(outcomes, program), program) for name, p in pictures.PICTURES.items()}


def headline(figure):
    return figure.texts[0].get_text().replace("\n", " ")


def kinds(fakes):
    """Programs and outcomes at the edges of what can be drawn."""
    usual = fakes.make_program()
    many = tuple((f"touchpoint_number_{k}", k * 7 // 40) for k in range(40))
    forty = fakes.make_program(touchpoints=many, touchpoint_stage=tuple(stage for _, stage in many))
    single = fakes.make_program(
        touchpoints=(("order", 2),), touchpoint_stage=(2,), segment_names=("everyone",)
    )
    contract = fakes.make_program(contractual=True)
    yield "several", usual, [fakes.busy(usual, replication=k, size=120) for k in range(3)]
    yield "one replication", usual, [fakes.busy(usual)]
    yield "forty touchpoints", forty, [fakes.busy(forty)]
    yield "one touchpoint", single, [fakes.busy(single)]
    yield "no orders", contract, [fakes.busy(contract, order_rate=0.0)]
    yield "staggered", usual, [fakes.busy(usual, staggered=True)]
    yield "retention 1", usual, [fakes.blank(usual, fakes.nobody(usual, 20))]
    yield "nobody", usual, [fakes.blank(usual, fakes.nobody(usual, 0))]
    for horizon in (0.5, 10.0, 1825.0):
        program = fakes.make_program(horizon=horizon)
        yield f"{horizon} days", program, [fakes.busy(program, size=100, replication=k) for k in range(2)]


def test_everything_can_be_drawn_without_words_off_the_page(fakes):
    for kind, program, outcomes in kinds(fakes):
        for name, figure in draw_all(outcomes, program).items():
            assert isinstance(figure, Figure)
            assert headline(figure), (kind, name)
            figure.canvas.draw()
            width = figure.bbox.width
            for text in figure.findobj(matplotlib.text.Text):
                if text.get_text() and text.get_visible():
                    box = text.get_window_extent()
                    assert box.x0 >= -1, (kind, name, text.get_text())
                    assert box.x1 <= width + 1, (kind, name, text.get_text())


def test_headlines_say_what_is_seen(fakes):
    program = fakes.make_program()
    said = {name: headline(figure) for name, figure in draw_all([fakes.busy(program)], program).items()}
    assert said["retention"].endswith("of the customers of day 0 are still there after 12 months")
    assert said["orders_and_revenue"].startswith("Orders fall from")
    assert said["emotional_balance"] == "Use feels best, support worst"
    assert said["funnel"].startswith("A customer meets order")


def test_nothing_happened(fakes):
    program = fakes.make_program()
    said = {
        name: headline(figure)
        for name, figure in draw_all([fakes.blank(program, fakes.nobody(program, 0))], program).items()
    }
    assert said["retention"] == said["cohorts"] == "Nobody was a customer in this run"
    assert said["orders_and_revenue"] == "Nothing was ordered in this run"
    assert said["funnel"] == said["emotional_balance"] == "Nobody met a touchpoint in this run"


def test_lines_are_the_frame(fakes):
    program = fakes.make_program()
    frame = pictures.PICTURES["retention"].frame([fakes.busy(program)], program)
    lines = pictures.draw_retention(frame, program).axes[0].lines
    assert np.array_equal(lines[0].get_ydata(), frame["alive"])
    assert np.array_equal(lines[1].get_ydata(), frame["active"])


def test_same_bytes_twice_and_no_trace_of_the_clock(fakes, tmp_path):
    program = fakes.make_program()
    outcomes = [fakes.busy(program, replication=k) for k in range(2)]
    first = pictures.write(outcomes, program, tmp_path / "a")
    with matplotlib.rc_context({"font.size": 30, "svg.hashsalt": "other"}):
        second = pictures.write(outcomes, program, tmp_path / "b")
    assert len(first) == 15
    assert [path.name for path in first] == [path.name for path in second]
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name
    assert "<dc:date>" not in (tmp_path / "a" / "funnel.svg").read_text("utf-8")


def test_drawing_leaves_the_callers_settings_alone(fakes):
    program = fakes.make_program()
    before = dict(matplotlib.rcParams)
    draw_all([fakes.busy(program)], program)
    assert dict(matplotlib.rcParams) == before


def test_csv_holds_the_numbers(fakes, tmp_path):
    program = fakes.make_program()
    frame = pictures.PICTURES["funnel"].frame([fakes.busy(program)], program)
    *_, path = pictures.save(pictures.draw_funnel(frame, program), tmp_path, "funnel", frame)
    pd.testing.assert_frame_equal(pd.read_csv(path), frame, rtol=1e-9, check_dtype=False)


def test_visitors_get_no_retention_picture(fakes, tmp_path):
    program = fakes.make_program(one_shot=True)
    paths = pictures.write([fakes.busy(program, staggered=True)], program, tmp_path)
    assert {path.stem for path in paths} == {"orders_and_revenue", "emotional_balance", "funnel"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [([0.5, 0.2], [0.5, 0.2]), ([0.5, 0.5], [0.5, 0.6]), ([1.0, 0.98], [1.0, 0.9]), ([0.0, 0.0], [0.0, 0.1])],
)
def test_labels_keep_their_distance(values, expected):
    assert spread(values, 0.1, 0.0, 1.0) == pytest.approx(expected)


def test_names_in_any_script_are_written_without_a_warning(fakes, tmp_path, recwarn):
    program = fakes.make_program(touchpoints=(("珈琲", 2),), touchpoint_stage=(2,))
    pictures.write([fakes.busy(program, size=50)], program, tmp_path)
    assert not [str(warning.message) for warning in recwarn]


def test_a_cohort_of_day_0_stays_one_where_active_is_blank(fakes):
    program = fakes.make_program()
    people = fakes.nobody(program, 20)
    people["founding"][10:], people["t_entry"][10:] = 0, 5.0
    frame = pictures.curves([fakes.blank(program, people)], program)
    assert frame["active"].isna().all()
    assert "of the customers of day 0" in headline(pictures.draw_retention(frame, program))
