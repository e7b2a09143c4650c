"""The tool that shows where two engines part must name the right event, and the right value."""

import dataclasses

import numpy as np
import pytest
from click.testing import CliRunner

import sim.engine.engines
from sim.engine import lower
from sim.experiment.parting import Recording, compare, part, record, unequal
from sim.report.parting import parting
from sim.scenario import load


@pytest.fixture(scope="session")
def business(tmp_path_factory):
    """A program and what one engine made of it."""
    path = tmp_path_factory.mktemp("business") / "desk.yaml"
    path.write_text(DESK, encoding="utf-8")
    program = lower(load(path))
    return program, record(program, "reference", seed=1, replication=1)


DESK = """\
name: Desk
horizon: 20 d
warm_up: 0
population: {size: 30, site: 10}
customers: {needs: {mean: 1 per day}, leaves: {mean: 1 per year}, reconsiders: 1 per 5 d, spends: 5}
staff: {clerk: {servers: 1}}
signals: {stars: {kind: reviews}}
touchpoints:
  order: {sells: {price: own_spend}, staff: {pool: clerk, service: 1 h, patience: 2 h}, writes: stars}
  leaflet: {cost: 1}
journeys:
  visit:
    starts_on: {need: {becomes: order, usually: 80 %}}
    steps: {order: {next: end}}
campaigns:
  spring: {picks: {every: 5 d}, sends: {touchpoint: leaflet}}
"""


def copied(recording, engine="compiled"):
    """A recording of its own, to be doctored."""
    arrays = {
        field.name: value.copy()
        for field in dataclasses.fields(recording.outcome)
        if isinstance(value := getattr(recording.outcome, field.name), np.ndarray)
    }
    return Recording(engine, recording.rows.copy(), dataclasses.replace(recording.outcome, **arrays))


def flip(array, place):
    """The last bit of one value."""
    array[place] = np.nextafter(array[place], np.inf, dtype=array.dtype)


def test_what_is_the_same_does_not_part(business):
    program, recording = business
    assert len(recording.rows) > 500
    assert compare(copied(recording), recording, program) is None


@pytest.mark.parametrize("field", ["t", "wait", "trust", "chance"])
@pytest.mark.parametrize("row", [0, 7, 300, -1])
def test_the_last_bit_of_one_value_is_found(business, field, row):
    program, recording = business
    other = copied(recording)
    flip(other.rows[field], row)
    found = compare(other, recording, program)
    assert found.event.fields == (field,)
    assert found.event.same == row % len(recording.rows)
    assert [event[field] for event in found.event.rows] == [
        other.rows[field][row],
        recording.rows[field][row],
    ]
    assert found.event.customer == recording.rows["customer"][row]
    assert (found.person, found.elsewhere) == ((), ())


def test_of_several_differences_the_first_is_named(business):
    program, recording = business
    other = copied(recording)
    for row in (400, 20, 90):
        flip(other.rows["loyalty"], row)
    assert compare(other, recording, program).event.same == 20


@pytest.mark.parametrize("which", [0, 1])
def test_an_event_that_one_of_them_lacks_is_named(business, which):
    program, recording = business
    other = copied(recording)
    other = Recording("compiled", np.delete(other.rows, 50), other.outcome)
    pair = (other, recording) if which == 0 else (recording, other)
    event = compare(*pair, program).event
    missing = recording.rows[50]
    assert event.same == 50
    assert event.customer == missing["customer"]
    assert event.rows[1 - which].tolist() == missing.tolist()
    assert event.rows[which] is None or event.rows[which]["seq"] == missing["seq"] + 1


def test_a_log_that_ends_early_parts_at_its_end(business):
    program, recording = business
    other = Recording("compiled", recording.rows[:-1], recording.outcome)
    event = compare(other, recording, program).event
    assert event.same == len(recording.rows) - 1
    assert event.rows[0] is None
    assert event.rows[1].tolist() == recording.rows[-1].tolist()


def test_the_rows_before_it_are_the_same_customers(business):
    program, recording = business
    other = copied(recording)
    flip(other.rows["valence"], 500)
    event = compare(other, recording, program).event
    earlier = recording.rows[:500][recording.rows[:500]["customer"] == event.customer]
    assert event.before.tolist() == earlier[-5:].tolist()


OUTCOME = {
    "people": (lambda o: flip(o.people["trust"], 4), "people, customer 4, trust"),
    "an emotion": (lambda o: flip(o.people["emotion"][:, 2], 4), "people, customer 4, emotion"),
    "daily": (lambda o: np.add.at(o.daily, (3, 0, 5), 1), "daily, day 3, everyone, touches"),
    "touches": (lambda o: np.add.at(o.touches, (0, 1, 0), 1), "touches, everyone, leaflet, ok"),
    "felt": (lambda o: np.add.at(o.felt, (0, 2), 1), "felt, order, mood after"),
    "staff": (lambda o: flip(o.staff["queue"], 2), "staff, clerk at site 2, queue"),
    "signals": (lambda o: flip(o.signals["value"], 3), "signals, stars on day 3.0, value"),
    "campaigns": (lambda o: np.add.at(o.campaigns["spent"], 0, 1), "campaigns, spring, spent"),
}


@pytest.mark.parametrize(("change", "where"), OUTCOME.values(), ids=OUTCOME.keys())
def test_what_differs_beside_the_log_is_named(business, change, where):
    program, recording = business
    other = copied(recording)
    change(other.outcome)
    found = compare(other, recording, program)
    assert found.event is None
    assert [difference.where for difference in found.elsewhere] == [where]
    assert where in parting(found, program)


def test_single_numbers_are_compared_too(business):
    program, recording = business
    outcome = dataclasses.replace(recording.outcome, events=1, hazard_lost=0.5)
    found = compare(Recording("compiled", recording.rows, outcome), recording, program)
    assert [difference.where for difference in found.elsewhere] == ["events", "hazard_lost"]


def test_places_in_an_engines_own_pool_do_not_count(business):
    """Where a pending step lies is the engine's business; whether there is one is not."""
    program, recording = business
    other = copied(recording)
    other.outcome.people["pending"][:2] = 3, 4
    waiting = copied(recording)
    waiting.outcome.people["pending"][:2] = 5, -1
    found = compare(other, waiting, program)
    assert [difference.where for difference in found.elsewhere] == ["people, customer 1, pending"]


def test_bits_are_compared_not_values():
    ones, zeros = np.array([np.nan, 0.0, 1.0]), np.array([np.nan, -0.0, 1.0])
    assert unequal(ones, zeros).tolist() == [False, True, False]
    assert unequal(np.zeros((0, 3)), np.zeros((0, 3))).shape == (0, 3)


# ---------------------------------------------------------------- in words
def test_both_states_are_shown_to_the_last_bit(business):
    program, recording = business
    other = copied(recording)
    row = next(k for k in range(300, 400) if recording.rows["touchpoint"][k] == 0)
    flip(other.rows["trust"], row)
    flip(other.outcome.people["trust"], int(recording.rows["customer"][row]))
    text = parting(compare(other, recording, program), program)
    values = [str(rows["trust"][row]) for rows in (other.rows, recording.rows)]
    (line,) = [line for line in text.splitlines() if line.endswith("<-- differs")]
    assert line.split()[:3] == ["trust", *values]
    assert f"day {recording.rows['t'][row].item()!r}, customer {recording.rows['customer'][row]}, " in text
    assert "visit.order" in text
    trust = str(other.outcome.people["trust"][recording.rows["customer"][row]])
    assert f"  trust: {trust} (compiled)" in text


def test_two_seeds_part_and_can_be_told(business):
    program, recording = business
    other = record(program, "reference", seed=2, replication=1)
    found = compare(other, recording, program)
    assert found.event.same < 60  # all thirty messages of day 0 are the same
    assert len(found.elsewhere) > 30
    assert "more differences" in parting(found, program)


# ---------------------------------------------------------------- the command
@pytest.fixture
def shop(tmp_path):
    path = tmp_path / "desk.yaml"
    path.write_text(DESK, encoding="utf-8")
    return str(path)


def agree(*words):
    from sim.cli import main

    return CliRunner().invoke(main, ["agree", *words])


def test_the_command_says_that_both_engines_agree(shop):
    done = agree(shop, "--size", "12", "--horizon", "9", "--set", "staff.clerk.servers=2")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("identical: ")


@pytest.fixture
def astray(monkeypatch):
    """A compiled engine that is wrong in the last bit of one value."""
    simulate = sim.engine.engines.simulate

    def wrong(program, *, engine, log, **options):
        pieces = []
        outcome = simulate(program, engine=engine, log=pieces.append, **options)
        rows = np.concatenate(pieces)
        if engine == "compiled":
            place = np.flatnonzero((rows["customer"] == 3) & (rows["seq"] == 4))
            flip(rows["expectation"], place)
        log(rows)
        return outcome

    monkeypatch.setattr(sim.engine.engines, "simulate", wrong)


def test_the_command_shows_where_they_part(shop, astray):
    done = agree(shop)
    assert done.exit_code == 1
    assert "customer 3, row 4 of this customer" in done.stdout
    assert [line.split()[0] for line in done.stdout.splitlines() if "<-- differs" in line] == ["expectation"]


def test_python_finds_it_too(business, astray):
    program, _ = business
    event = part(program, seed=1, replication=1).event
    assert (event.customer, event.rows[0]["seq"], event.fields) == (3, 4, ("expectation",))


def test_the_command_refuses_what_is_not_right(shop):
    assert agree(shop, "--set", "horizon=never").exit_code == 2
