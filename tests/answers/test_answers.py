"""The answers are the kept ones; where they are not, the graph and the lines are named."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path

import pytest

from tests.answers.graphs import Recipe, kept
from tests.answers.text import page

EXPECTED = Path(__file__).with_name("expected")
MOST = 12
"""Lines of a difference that are shown."""


def file_of(fixture: str) -> Path:
    return EXPECTED / f"{fixture.replace('/', '-')}.txt"


def difference(was: str, now: str) -> str:
    """The first graph of which something else is said, what was and is, and how to make it; empty if none."""
    for before, after in zip_longest(was.split("\n\n"), now.split("\n\n"), fillvalue=""):
        if before == after:
            continue
        head = (after or before).partition("\n")[0].lstrip("# ")
        one, other = before.splitlines(), after.splitlines()
        lines = [f"- {line}" for line in one if line not in other]
        lines += [f"+ {line}" for line in other if line not in one]
        make = f"python -m tests.answers {head} -o model.pb"
        return "\n".join(
            [f"{head}: another answer than the kept one", *lines[:MOST], f"to look at it: {make}"]
        )
    return ""


@pytest.mark.parametrize(("fixture", "numbers"), kept().items(), ids=kept())
def test_what_is_said_is_what_was_said(
    fixture: str, numbers: tuple[int, ...], request: pytest.FixtureRequest
) -> None:
    path, now = file_of(fixture), page(fixture, numbers)
    if request.config.getoption("--update-expected"):
        path.write_text(now, encoding="utf-8")
    was = path.read_text(encoding="utf-8") if path.is_file() else ""
    if difference(was, now):
        pytest.fail(
            f"{difference(was, now)}\nif it is meant: pytest tests/answers --update-expected", pytrace=False
        )


def test_each_file_is_of_a_kept_fixture() -> None:
    assert sorted(EXPECTED.iterdir()) == sorted(file_of(fixture) for fixture in kept())


def test_a_recipe_makes_the_same_graph() -> None:
    recipe = Recipe("classic.pb", 3)
    assert recipe.bytes() == recipe.bytes() != Recipe("classic.pb", 0).bytes()


def test_a_difference_names_the_graph_and_its_lines() -> None:
    was = "# a.pb\nlayer bn: mode training\n\n# a.pb 7\n  layer bn: mode inference\n"
    assert difference(was, was) == ""
    assert difference(was, was.replace("inference", "switched")).splitlines() == [
        "a.pb 7: another answer than the kept one",
        "-   layer bn: mode inference",
        "+   layer bn: mode switched",
        "to look at it: python -m tests.answers a.pb 7 -o model.pb",
    ]
