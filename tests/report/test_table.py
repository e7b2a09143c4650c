"""The KPI table of the terminal."""

from sim.analysis.kpis import kpis, summary
from sim.report.table import WIDTH, kpi_table


def lines_of(text):
    return {line.split()[0]: line for line in text.splitlines() if line.strip()}


def row(mean, low, high, p05, p95, unit, n=3):
    return {"mean": mean, "low": low, "high": high, "p05": p05, "p95": p95, "unit": unit, "n": n}


def test_numbers_for_people():
    table = lines_of(kpi_table({
        "retention": row(0.7213, 0.7, 0.75, 0.69, 0.76, "share"),
        "orders": row(12_345.6, 12_000.2, 12_700.0, 11_000.0, 13_000.0, "orders"),
        "profit": row(-1234.5, -2000.0, 10.0, -2500.0, 20.0, "EUR"),
    }))  # fmt: skip
    assert table["retention"].split() == [
        "retention",
        "72.1",
        "70.0",
        "..",
        "75.0",
        "69.0",
        "..",
        "76.0",
        "%",
    ]
    assert "12,346" in table["orders"]
    assert "12,000 .. 12,700" in table["orders"]
    assert "−1,234" in table["profit"] or "−1,235" in table["profit"]
    assert table["profit"].endswith("EUR")


def test_fits_the_page_without_colour(fakes):
    program = fakes.make_program(windows={"a_window_with_quite_a_long_name_that_will_not_fit": (0.0, 30.0)})
    outcomes = [fakes.busy(program, size=5_000, replication=k) for k in range(3)]
    text = kpi_table(summary([kpis(outcome, program) for outcome in outcomes], "EUR"), title="Coffee")
    assert text.startswith("Coffee\n")
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "\x1b" not in text
    assert "repeat_orders_a_window" in text


def test_one_replication_has_no_ranges(fakes):
    program = fakes.make_program()
    text = kpi_table(summary([kpis(fakes.busy(program), program)]))
    assert lines_of(text)["orders"].split()[2:4] == ["–", "–"]
    assert "One replication" in text


def test_partly_defined_is_marked_and_zeros_are_named():
    table = kpi_table({
        "orders": row(2.0, 1.0, 3.0, 1.0, 3.0, "orders"),
        "average_order_value": row(4.2, 4.0, 4.4, 4.0, 4.4, "EUR per order", n=2),
        "gifts": row(0.0, 0.0, 0.0, 0.0, 0.0, "gifts"),
    })  # fmt: skip
    assert "average_order_value*" in table
    assert "* average_order_value: has a value in 2 of 3 replications" in table
    assert "Zero throughout: gifts." in table


def test_nothing_to_show():
    assert kpi_table({}) == "no KPIs"
    assert "gifts" in kpi_table({"gifts": row(0.0, 0.0, 0.0, 0.0, 0.0, "gifts")})
