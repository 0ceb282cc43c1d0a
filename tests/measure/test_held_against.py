"""Both modes held against the original, of programs that are functions: what agrees, and what differs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

from bninspect.batchnorm import Mode, inspect
from bninspect.errors import RewriteError, RunError
from bninspect.graph import load
from bninspect.inputs.inputs import Inputs
from bninspect.inputs.placeholders import Placeholder
from bninspect.measure import verify as verifying
from bninspect.measure.both_modes import MODES, both_modes
from bninspect.measure.facts import Verification
from bninspect.measure.verify import (
    HALF_TOLERANCE,
    TOLERANCE,
    _as_the_source_says,
    check,
    difference_and_allowance,
    verify,
)
from tests.measure.test_drawn import DRAWS
from tests.support import parts, reports, text
from tests.support.catching import fused
from tests.support.places import FIXTURES
from tests.support.reports import fixed_training, layer, phase, predicate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from bninspect.batchnorm import Report
    from bninspect.measure.both_modes import BothModes
    from bninspect.run.running import Running, Wish

    Array = NDArray[Any]

TRAINING, INFERENCE = MODES
REPORT = inspect(load(str(FIXTURES / "classic.pb")))
BOTH = both_modes(REPORT, lambda mode, _: mode, REPORT.outputs)
OUTPUT, LAYER, MERGE = "output:0", "bn/cond/Merge:0", "bn/cond/Merge:1"
BRANCHES = {TRAINING: 1, INFERENCE: 0}
[PLACE] = [
    Placeholder(tensor=node.output(), dtype="float", shape=None, has_default=False)
    for node in REPORT.graph
    if node.op == "Placeholder" and node.name != "training"
]


class Images:
    """Three images, each its number."""

    names: tuple[str, ...] = ("numbers",)
    recipe = None
    drawn = False
    count = 3

    def batch(self, start: int, stop: int) -> Array:
        return np.arange(start, stop, dtype=np.float32)

    def photo(self) -> None:
        return None


GIVEN = Inputs(place=PLACE, pictures=Images(), batch_size=3, preset=None, feeds={}, said={})


class Program:
    """In place of a session: (mode, name in the original) -> a value; None: it has none.

    It runs once for each time that its numbers are drawn anew.
    """

    def __init__(
        self, value: Callable[[Mode, str], Any], both: BothModes = BOTH, of: Report = REPORT
    ) -> None:
        self._value = value
        self._names = {
            both.fetch(mode, tensor): (mode, tensor.name)
            for mode in MODES
            for tensor in (*of.outputs, *both.outputs[mode].values())
        }
        self._fresh = False
        self.fed: list[Mapping[str, Any]] = []

    def anew(self) -> None:
        self._fresh = True

    def _begin(self, feeds: Mapping[str, Any]) -> None:
        assert self._fresh
        self._fresh = False
        self.fed.append(feeds)

    def values(self, wishes: Sequence[Wish], feeds: Mapping[str, Any]) -> dict[Wish, list[Array]]:
        """As the original, whose tensors stand below `original/`."""
        self._begin(feeds)
        found = {}
        for wish in wishes:
            (name,) = wish.names
            mode, tensor = cast("tuple[Mode, str]", wish.fate)
            assert name == f"original/{tensor}"
            value = self._value(mode, tensor)
            if value is not None:
                found[wish] = [np.asarray(value)]
        return found

    def run(self, names: Sequence[str], feeds: Mapping[str, Any]) -> list[Array]:
        """As both modes in one."""
        self._begin(feeds)
        return [np.asarray(self._value(*self._names[name])) for name in names]


def agreed(mode: Mode, name: str) -> Any:
    return BRANCHES[mode] if name == MERGE else [1.0, 2.0 if mode is TRAINING else 4.0]


def but(*changes: tuple[Mode, str, Any]) -> Callable[[Mode, str], Any]:
    """The original, other at these tensors."""
    other = {(mode, name): value for mode, name, value in changes}
    return lambda mode, name: other[mode, name] if (mode, name) in other else agreed(mode, name)


def held(theirs: Program, inputs: Inputs = GIVEN, mine: Program | None = None) -> Verification:
    return verify(
        REPORT,
        (BOTH, cast("Running", mine or Program(agreed))),
        (cast("Running", theirs), lambda name: f"original/{name}"),
        inputs,
    )


@pytest.mark.parametrize(
    ("original", "found"),
    [
        (but(), Verification(state="verified", max_abs=0.0)),
        (but((TRAINING, OUTPUT, [1.0, 2.0 + 2**-13])), Verification(state="verified", max_abs=2**-13)),
        (
            but((TRAINING, LAYER, [1.0, 2.0 + 2**-14]), (INFERENCE, OUTPUT, [1.0, 4.0 + 2**-15])),
            Verification(state="verified", max_abs=2**-14),
        ),
        (
            but((TRAINING, LAYER, [1.0, 2.5])),
            Verification(
                state="differs",
                max_abs=0.5,
                tensor=LAYER,
                reason=f"{LAYER} in training mode differs by 0.5 from the original",
            ),
        ),
        (
            but((INFERENCE, MERGE, 1)),
            Verification(
                state="differs",
                tensor=MERGE,
                reason=f"{MERGE} in inference mode took another branch from the original",
            ),
        ),
        (
            but((INFERENCE, MERGE, None), (TRAINING, OUTPUT, None)),
            Verification(state="verified", max_abs=0.0),
        ),
        (
            but(*((mode, name, None) for mode in MODES for name in (OUTPUT, LAYER))),
            Verification(state="impossible", reason="every output stands where nothing can be fetched"),
        ),
    ],
    ids=[
        "the same", "within the tolerance", "the largest of several", "a layer differs", "another branch",
        "what has no value", "nothing has a value",
    ],
)  # fmt: skip
def test_both_modes_against_the_original(original: Callable[[Mode, str], Any], found: Verification) -> None:
    assert held(Program(original)) == found


def test_the_original_is_fed_what_decides_and_both_copies_theirs() -> None:
    """Two images first."""
    theirs, mine = Program(agreed), Program(agreed)
    held(theirs, mine=mine)
    assert [sorted(feeds) for feeds in theirs.fed] == [[f"original/{PLACE.name}", "original/training:0"]] * 2
    assert [bool(feeds["original/training:0"]) for feeds in theirs.fed] == [True, False]
    for feeds in mine.fed:
        deciding = {name: bool(value) for name, value in feeds.items() if "training" in name}
        assert set(deciding.values()) <= {True, False}
    assert [feeds[f"original/{PLACE.name}"].tolist() for feeds in theirs.fed] == [[0.0, 1.0]] * 2


def test_a_model_that_does_not_run_on_two_images_is_held_on_the_batch() -> None:
    class Whole(Program):
        def values(self, wishes: Sequence[Wish], feeds: Mapping[str, Any]) -> dict[Wish, list[Array]]:
            if len(feeds[f"original/{PLACE.name}"]) < 3:
                raise RunError("three images, please")
            return super().values(wishes, feeds)

    theirs = Whole(agreed)
    assert held(theirs) == Verification(state="verified", max_abs=0.0)
    assert [len(feeds[f"original/{PLACE.name}"]) for feeds in theirs.fed] == [3, 3]


def test_an_original_that_does_not_run_says_why_first_or_what_it_lacks() -> None:
    class Refused(Program):
        tries = 0

        def values(self, wishes: Sequence[Wish], feeds: Mapping[str, Any]) -> dict[Wish, list[Array]]:
            self.tries += 1
            raise RunError(f"no {self.tries}")

    found = held(Refused(agreed))
    assert found == Verification(state="impossible", reason="the original does not run: no 1")
    unfed = held(Refused(agreed), Inputs(**{**FIELDS, "place": None, "pictures": None}))
    assert unfed.state == "impossible"
    assert str(unfed.reason).startswith("the original does not run: it also has to be fed ")
    assert PLACE.name.partition(":")[0] in str(unfed.reason)


FIELDS: dict[str, Any] = {"batch_size": 1, "preset": None, "feeds": {}, "said": {}}


def test_what_is_drawn_inside_functions_is_not_compared() -> None:
    found = inspect(text.graph(parts.STORED + fused() + DRAWS), outputs=("of_both", "y"))
    both = both_modes(found, lambda mode, _: mode, found.outputs)
    theirs = Program(lambda mode, name: 9.0 if name == "of_both:0" else 1.0, both, found)
    mine = Program(lambda mode, name: 1.0, both, found)
    place = "original/{}".format
    given = Inputs(place=None, pictures=None, **FIELDS)
    done = verify(found, (both, cast("Running", mine)), (cast("Running", theirs), place), given)
    assert done == Verification(state="verified", max_abs=0.0)


def test_what_decides_inside_a_function_cannot_be_fed() -> None:
    inside = reports.phase("p")
    inside.node.functions = ("body",)
    measured = cast("BothModes", SimpleNamespace(sources={inside: {}}))
    found = check(REPORT, measured, GIVEN)
    assert found == Verification(state="impossible", reason="what decides, p:0, is inside a function")


def test_each_layer_runs_as_the_source_says() -> None:
    """Fed for one mode, it may send another layer to the other; what the file fixes stays."""
    decides = predicate(phase())
    with_it, against = layer("a", decided=decides), layer("b", decided=decides, negated=True)
    fixed, other = fixed_training("c"), layer("d", mode=INFERENCE)
    constant = layer("e", decided=predicate(None, constant=True))
    layers = with_it, against, fixed, other, constant
    choice = _as_the_source_says(reports.report(*layers))
    assert [[choice(mode, one) for mode in MODES] for one in layers] == [
        [TRAINING, INFERENCE],
        [INFERENCE, TRAINING],
        [TRAINING, TRAINING],
        [INFERENCE, INFERENCE],
        [TRAINING, TRAINING],
    ]


def test_a_layer_that_other_tensors_decide_too_runs_in_either_mode() -> None:
    """What is fed in place of its predicate says nothing of it."""
    computed = phase("computed")
    one = layer(decided=predicate(None, tensor=computed, behind=computed))
    choice = _as_the_source_says(reports.report(one, asking={computed: {phase("asked"): False}}))
    assert [choice(mode, one) for mode in MODES] == [TRAINING, INFERENCE]


def test_copies_that_cannot_be_written_are_not_held_against_the_original(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*_: object) -> None:
        raise RewriteError("no way")

    monkeypatch.setattr(verifying, "both_modes", refused)
    monkeypatch.setattr(verifying, "_as_the_source_says", lambda _: lambda mode, layer: TRAINING)
    impossible = Verification(state="impossible", reason="the original does not run: no way")
    assert check(REPORT, BOTH, GIVEN) == impossible


def test_small_values_have_a_small_tolerance() -> None:
    assert (TOLERANCE, HALF_TOLERANCE) == (0.0001, 0.01)
    assert difference_and_allowance(np.array([0.5, 0.0]), np.array([0.25, 0.0])) == (0.25, 0.25 * TOLERANCE)
