"""What of a probe shares a session, and what stands apart: where one opens, and where it is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bninspect.batchnorm import inspect
from bninspect.errors import RewriteError, RunError
from bninspect.graph import load
from bninspect.measure.both_modes import both_modes
from bninspect.measure.facts import Question, Verification
from bninspect.measure.sharing import experiment as setting, together as sharing
from bninspect.measure.sharing.together import Original, together
from bninspect.measure.verify import Check
from bninspect.run.program import Program
from tests.support.measuring import NOTHING
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from collections.abc import Callable

REPORT = inspect(load(str(FIXTURES / "classic.pb")))
MODES = both_modes(REPORT, lambda mode, _: mode, REPORT.outputs).cut(())
SERVED = both_modes(REPORT, lambda mode, _: mode, [REPORT.layers[0].x]).cut(())
ORIGINAL = Original(graphdef=REPORT.graph.graphdef, fetched=("output:0",), fed=frozenset({"training:0"}))


class Opened:
    """In place of what runs: whether it is open, and how often its numbers were drawn anew."""

    every: list[Opened]
    refused: Callable[[int], bool]
    """Number of a try, from 1 -> whether it is refused."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.is_open = False
        self.drawn = 0
        self.every.append(self)

    def open(self) -> None:
        if type(self).refused(len(self.every)):
            raise RunError(f"refused {len(self.every)}")
        self.is_open = True

    def close(self) -> None:
        self.is_open = False

    def anew(self) -> None:
        self.drawn += 1

    def __enter__(self) -> Opened:
        self.is_open = True
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@pytest.fixture(autouse=True)
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every one that was made."""
    Opened.every = []
    Opened.refused = lambda number: False
    monkeypatch.setattr(sharing, "Running", Opened)
    return Opened.every


def names(one: Any) -> set[str]:
    return {node.name for node in one.program.graphdef.nodes}


def test_all_of_it_shares_a_session(opened: list[Any]) -> None:
    """The original has names of its own where it is another than the copies."""
    with together({"modes": MODES, "served": SERVED, "checked": MODES}, ORIGINAL, ("Print",)) as found:
        one: Any = opened[0]
        assert len(opened) == 1
        assert one.is_open
        assert one.program.allowed == {"Print"}
        assert {id(running) for _, running in found.parts.values()} == {id(one)}
        assert found.parts["modes"] == found.parts["checked"]
        assert found.parts["modes"][0] is MODES
        assert found.original is not None
        running, place = found.original
        assert running is opened[0]
        assert place("bn/cond/Merge:0") == "original/bn/cond/Merge:0"
        assert place("training:0") == "original/training:0"  # each copy is fed its own
        wanted = {place("output:0"), *MODES.fetched, *found.parts["served"][0].fetched}
        assert {name.partition(":")[0] for name in wanted} <= names(one)
        assert one.program.originals["original/bn/cond/Merge"] == "bn/cond/Merge"
        assert set(MODES.originals.items()) <= set(one.program.originals.items())
    assert not one.is_open


def test_the_original_is_fed_where_it_says(opened: list[Any]) -> None:
    """What stands before such a tensor does not run."""
    read = "bn/gamma/read"
    fed = Original(graphdef=ORIGINAL.graphdef, fetched=ORIGINAL.fetched, fed=ORIGINAL.fed | {f"{read}:0"})
    for original in (fed, ORIGINAL):
        with together({"modes": MODES}, original, ()):
            pass
    found = [{node.name: node.op for node in one.program.graphdef.nodes} for one in opened]
    assert [ops[f"original/{read}"] for ops in found] == ["Placeholder", "Identity"]


def test_without_an_original_there_is_none_beside(opened: list[Any]) -> None:
    with together({"modes": MODES, "served": SERVED}, None, ()) as found:
        assert found.original is None
    assert len(opened) == 1


def test_an_original_that_is_refused_stands_apart(opened: list[Any]) -> None:
    Opened.refused = lambda number: number == 1
    with together({"modes": MODES, "served": SERVED}, ORIGINAL, ("Print",)) as found:
        refused, parts, original = opened
        assert (refused.is_open, parts.is_open, original.is_open) == (False, True, True)
        assert {id(running) for _, running in found.parts.values()} == {id(parts)}
        assert found.original is not None
        assert found.original[0] is original
        assert found.original[1]("output:0") == "output:0"
        assert original.program.allowed == {"Print"}
        assert not any(name.startswith("original/") for name in names(parts))
    assert not any(one.is_open for one in opened)


def test_an_original_that_knows_how_often_it_drew_is_not_tried_together(
    opened: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Program, "keeps_state", property(lambda self: True))
    with together({"modes": MODES, "served": SERVED}, ORIGINAL, ()) as found:
        parts, original = opened
        assert found.parts["served"][1] is found.parts["modes"][1] is parts
        assert found.original is not None
        assert found.original[0] is original


def test_parts_that_are_refused_together_run_apart(opened: list[Any]) -> None:
    Opened.refused = lambda number: number <= 2
    with together({"modes": MODES, "served": SERVED}, ORIGINAL, ("Print",)) as found:
        _, _, modes, served, original = opened
        assert found.parts == {"modes": (MODES, modes), "served": (SERVED, served)}
        assert found.original is not None
        assert found.original[0] is original
        assert all(one.program.allowed == {"Print"} for one in opened)
    assert not any(one.is_open for one in opened)


@pytest.mark.parametrize(
    ("parts", "original", "tries"),
    [
        ({"modes": MODES, "served": SERVED}, ORIGINAL, 3),
        ({"modes": MODES, "served": SERVED}, None, 2),
        ({"modes": MODES, "served": MODES}, ORIGINAL, 2),
        ({"modes": MODES}, None, 1),
    ],
)
def test_what_has_to_run_and_is_refused_says_why_at_last(
    parts: dict[str, object], original: Original | None, tries: int
) -> None:
    Opened.refused = lambda number: True
    with pytest.raises(RunError, match=f"refused {tries}"), together(parts, original, ()):  # type: ignore[arg-type]
        pass


@pytest.mark.parametrize("verify", [True, False])
def test_a_probe_has_both_modes_their_check_and_the_model_as_it_serves(
    verify: bool, opened: list[Any]
) -> None:
    question = Question(layers=REPORT.layers, verify=verify, allowed=("Print",))
    with setting.experiment(REPORT, question, MODES, NOTHING, REPORT.outputs) as lab:
        one: Any = opened[0]
        assert len(opened) == 1
        assert lab.running is opened[0]
        assert one.program.allowed == {"Print"}
        assert lab.refusal is None
        assert isinstance(lab.check, Check) is verify
        assert (lab.together.original is not None) is verify
        assert sorted(lab.together.parts) == (["checked"] if verify else []) + ["modes", "served"]
        if not verify:
            assert lab.verify(NOTHING) == Verification(state="impossible", reason="it was not asked for")
        assert callable(lab.served(REPORT.layers[0].mode))
        assert one.drawn == 1


def test_both_modes_are_held_against_the_original_that_stands_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []
    found = Verification(state="verified", max_abs=0.25)

    def verified(*given: object) -> Verification:
        asked.append(given)
        return found

    monkeypatch.setattr(setting, "verify", verified)
    with setting.experiment(REPORT, Question(layers=REPORT.layers), MODES, NOTHING, REPORT.outputs) as lab:
        assert lab.verify(NOTHING) is found
        assert asked == [(REPORT, lab.together.parts["checked"], lab.together.original, NOTHING)]


def test_a_model_that_cannot_be_written_as_it_serves_says_so_when_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*_: object) -> None:
        raise RewriteError("no way to serve")

    monkeypatch.setattr(setting, "as_served", refused)
    question = Question(layers=REPORT.layers, verify=False)
    with setting.experiment(REPORT, question, MODES, NOTHING, REPORT.outputs) as lab:
        assert sorted(lab.together.parts) == ["modes"]
        with pytest.raises(RewriteError, match="no way to serve"):
            lab.served(REPORT.layers[0].mode)
