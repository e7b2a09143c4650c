"""A folder that bears its name is complete; one that is not leaves nothing behind."""

import json
import os
from pathlib import Path

import pytest

from sim.errors import RunError, UsageError
from sim.experiment.folder import (
    copy_inputs,
    default_place,
    input_places,
    new_folder,
    place_of,
    write_json,
)


def test_it_gets_its_name_when_everything_is_in_it(tmp_path):
    place = tmp_path / "deep" / "run"
    with new_folder(place) as folder:
        assert not place.exists()
        assert folder.parent == place.parent
        (folder / "a.txt").write_text("a")
    assert [path.name for path in place.iterdir()] == ["a.txt"]
    assert [path.name for path in place.parent.iterdir()] == ["run"]


def test_an_empty_folder_may_be_there_already(tmp_path):
    (tmp_path / "run").mkdir()
    with new_folder(tmp_path / "run") as folder:
        (folder / "a.txt").write_text("a")
    assert (tmp_path / "run" / "a.txt").is_file()


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError])
def test_a_run_that_breaks_off_leaves_nothing(tmp_path, error):
    with pytest.raises(error), new_folder(tmp_path / "run") as folder:
        (folder / "a.txt").write_text("a")
        raise error
    assert list(tmp_path.iterdir()) == []


def test_a_full_place_is_refused_and_untouched(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="run: exists and is not empty"), new_folder(tmp_path / "run"):
        raise AssertionError("never gets here")
    assert (tmp_path / "run" / "mine.txt").read_text() == "mine"


def test_a_file_is_refused(tmp_path):
    (tmp_path / "run").write_text("mine")
    with pytest.raises(UsageError, match="is a file"), new_folder(tmp_path / "run"):
        raise AssertionError("never gets here")


def test_a_place_that_cannot_be_made_is_one_clear_message(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(UsageError, match="cannot be written: Not a directory"),
        new_folder(tmp_path / "file" / "run"),
    ):
        raise AssertionError("never gets here")


def test_a_disk_that_fails_midway_is_a_run_error(tmp_path):
    with pytest.raises(RunError, match=r"cannot write .*run: No space left"), new_folder(tmp_path / "run"):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_a_place_taken_while_the_run_went_on_is_not_overwritten(tmp_path):
    place = tmp_path / "run"
    with pytest.raises(RunError, match="cannot write"), new_folder(place):
        place.mkdir()
        (place / "mine.txt").write_text("mine")
    assert (place / "mine.txt").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_default_names_say_business_scenario_and_hash_and_never_clash(tmp_path):
    source = Path("coffee_shop/surprise_gift.yaml")
    first = default_place(tmp_path, source, "Surprise", "0123456789abcdef")
    assert first.name.startswith("coffee_shop-surprise_gift-2") and first.name.endswith("Z-01234567")
    with new_folder(first, numbered=True) as one, new_folder(first, numbered=True) as two:
        assert [place_of(folder) for folder in (one, two)] == [first, Path(f"{first}-2")]
    assert sorted(tmp_path.iterdir()) == [first, Path(f"{first}-2")]


def test_of_two_runs_at_once_the_second_is_told_before_it_begins(tmp_path):
    with new_folder(tmp_path / "run") as folder:
        with pytest.raises(UsageError, match="another run is writing it"), new_folder(tmp_path / "run"):
            raise AssertionError("never gets here")
        (folder / "a.txt").write_text("a")
    assert (tmp_path / "run" / "a.txt").is_file()


@pytest.mark.parametrize("name", ["x" * 300, "a\0b"])
def test_a_name_that_no_disk_takes_is_refused(tmp_path, name):
    with pytest.raises(UsageError, match="cannot be written"), new_folder(tmp_path / name):
        raise AssertionError("never gets here")


@pytest.mark.parametrize("name", ["", "."])
def test_a_folder_without_a_name_is_refused(name):
    with pytest.raises(UsageError, match="is no name for a new folder"), new_folder(Path(name)):
        raise AssertionError("never gets here")


def test_a_scenario_without_a_file_is_named_after_its_name(tmp_path):
    assert default_place(tmp_path, None, "A / B: é", "00000000").name.startswith("A___B__é-2")


def test_inputs_keep_how_they_lie_to_each_other(tmp_path):
    files = [
        tmp_path / name for name in ("shop/strategies/gift.yaml", "shop/baseline.yaml", "data/spends.csv")
    ]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(file.name)
    target = tmp_path / "run"
    places = input_places([*files, files[0]])
    copy_inputs(places, target)
    assert [str(places[file]) for file in files] == [
        "inputs/shop/strategies/gift.yaml", "inputs/shop/baseline.yaml", "inputs/data/spends.csv",
    ]  # fmt: skip
    assert all((target / place).read_text() == source.name for source, place in places.items())


def test_a_lone_scenario_keeps_the_name_of_its_folder():
    assert input_places([Path("/a/coffee_shop/baseline.yaml")]) == {
        Path("/a/coffee_shop/baseline.yaml"): Path("inputs/coffee_shop/baseline.yaml")
    }


def test_json_is_written_whole_or_not_at_all(tmp_path):
    write_json(tmp_path / "manifest.json", {"a": "é"})
    assert json.loads((tmp_path / "manifest.json").read_text("utf-8")) == {"a": "é"}
    assert os.listdir(tmp_path) == ["manifest.json"]
