"""What a probe leaves out and why, what it feeds, what draws. No model is run."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from bninspect.batchnorm import Mode
from bninspect.batchnorm.layer import State, Statistics
from bninspect.errors import Absent, InputError, RunError
from bninspect.inputs.inputs import Inputs
from bninspect.inputs.placeholders import Placeholder
from bninspect.measure import left_out
from bninspect.measure.both_modes import BothModes, both_modes
from bninspect.measure.facts import InputFact, ProbedLayer, Question
from bninspect.measure.outputs import patched_tensors, random_node
from bninspect.measure.passes import Passes
from tests.support import parts
from tests.support.measuring import off_by
from tests.support.reports import layer, node, phase, tensor

TRAINING, INFERENCE = Mode.TRAINING, Mode.INFERENCE


def changed(**ways: tuple[str, str]) -> BothModes:
    """Both modes, of which is known what was done to each layer in each copy."""
    changes = {
        mode: {name: SimpleNamespace(what=way[side], reason=f"odd {side}") for name, way in ways.items()}
        for side, mode in enumerate((TRAINING, INFERENCE))
    }
    return made(changes=changes)


def made(**fields: Any) -> BothModes:
    """Both modes, with these fields alone."""
    nothing: dict[str, Any] = {one.name: {} for one in dataclasses.fields(BothModes)}
    return BothModes(**{**nothing, **fields})


@pytest.mark.parametrize(
    ("ways", "reason"),
    [
        (("branch", "kept"), None),
        (("left", "kept"), "no training mode: odd 0"),
        (("kept", "left"), "no inference mode: odd 1"),
    ],
)
def test_a_layer_of_one_mode_says_which_it_has_not(ways: tuple[str, str], reason: str | None) -> None:
    assert changed(bn=ways).one_mode_alone("bn") == reason


@pytest.mark.parametrize(
    ("ways", "any_has_both"),
    [
        ({"a": ("branch", "branch")}, True),
        ({"a": ("left", "kept")}, False),
        ({"a": ("kept", "left")}, False),
        ({"a": ("left", "kept"), "b": ("kept", "left")}, False),
        ({"a": ("left", "kept"), "b": ("flipped", "kept")}, True),
    ],
    ids=["both", "no training", "no inference", "each lacks one", "one of two has both"],
)
def test_whether_the_copies_differ(ways: dict[str, tuple[str, str]], any_has_both: bool) -> None:
    assert changed(**ways).differ is any_has_both


@pytest.mark.parametrize(
    ("unmeasured", "lost", "reason"),
    [
        ({}, {}, None),
        ({"bn": "in a loop"}, {}, "in a loop"),
        ({"other": "in a loop"}, {}, None),
        ({}, {("training", "bn"): "dead"}, None),
        ({}, {("inference", "bn"): "dead"}, None),
        ({}, {("training", "bn"): "dead", ("inference", "bn"): "gone"}, "dead"),
    ],
    ids=["measured", "no moments", "those of another", "no training", "no inference", "neither"],
)
def test_why_nothing_was_measured(unmeasured: Any, lost: Any, reason: str | None) -> None:
    passes = Passes([], (), {})
    passes.lost.update(lost)
    assert left_out.unmeasured(layer("bn"), made(unmeasured=unmeasured), passes) == reason


UNKNOWN = Statistics(state=State.ABSENT, reason="they are nowhere")


def probed(*, off: float | None, statistics: Statistics | None = None, **changes: Any) -> ProbedLayer:
    """A layer whose own error is this, or that has none."""
    bn = layer("bn") if statistics is None else layer("bn", statistics=statistics)
    facts = {"layer": bn, "values": 9, "images": 1, "own": off_by(off), "deployed": None, "difference": None}
    return ProbedLayer(**{**facts, **changes})


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (probed(off=0.5, statistics=UNKNOWN), None),
        (probed(off=0.5, single=True), None),
        (probed(off=None), None),
        (probed(off=None, statistics=UNKNOWN, own=None), None),
        (probed(off=None, statistics=UNKNOWN, training="left"), None),
        (probed(off=None, statistics=UNKNOWN), "its stored statistics are unknown, they are nowhere"),
        (probed(off=None, single=True), "training mode has one value per channel in a batch, here or before"),
        (probed(off=None, single=True, statistics=UNKNOWN), "training mode has one value per channel in a"),
    ],
    ids=[
        "judged", "judged all the same", "no reason is known", "not measured", "of one mode",
        "nothing is stored", "of one value", "of one value, and nothing is stored",
    ],
)  # fmt: skip
def test_a_layer_without_an_own_error_says_why(one: ProbedLayer, reason: str | None) -> None:
    found = left_out.without_own_error([one])
    if reason is None:
        assert found == []
    else:
        [skip] = found
        assert skip.what == "bn"
        assert skip.reason.startswith(f"no own error: {reason}")


@pytest.mark.parametrize(
    ("held", "fed"),
    [(["training"], {"training:0": False}), (["other"], {})],
    ids=["others read it", "nothing else reads it"],
)
def test_what_the_other_readers_of_a_source_are_fed(held: list[str], fed: dict[str, bool]) -> None:
    both = made(
        graphdef=SimpleNamespace(nodes=[node(name) for name in held]),
        sources={phase(): {TRAINING: True, INFERENCE: False}},
    )
    assert both.fed_for_others() == fed


A, B = layer("a"), layer("b")
OTHER = tensor("other")


@pytest.mark.parametrize(
    ("question", "chosen"),
    [
        (Question(layers=(A, B)), ()),
        (Question(layers=(A, B), patched=(OTHER,)), ()),
        (Question(layers=(), patch="0", patched=(OTHER,)), ()),
        (Question(layers=(A, B), patch="0"), (A.output,)),
        (Question(layers=(A, B), patch="0", patched=(OTHER, B.output)), (OTHER, B.output)),
    ],
    ids=["not asked", "no slice", "no layers", "of the first layer", "of these"],
)
def test_the_tensors_whose_patch_is_wanted(question: Question, chosen: tuple[Any, ...]) -> None:
    assert patched_tensors(question, {B.x.node}) == chosen


def test_a_patch_that_cannot_be_had_is_refused() -> None:
    question = Question(layers=(A, B), patch="0", patched=(OTHER,))
    with pytest.raises(InputError, match="'x' is no index"):
        patched_tensors(replace(question, patch="x"), set())
    with pytest.raises(RunError, match="--patch of other:0: it stands in a loop, where it has many values"):
        patched_tensors(question, {OTHER.node})


DRAWN = """
sizes = Const([3])
unread = RandomUniform(sizes, T=int32, dtype=float)
first = RandomUniform(sizes, T=int32, dtype=float)
second = RandomStandardNormal(sizes, T=int32, dtype=float)
noise = Add(first, second, T=float)
"""


@pytest.mark.parametrize(
    ("last", "drawn"),
    [("Add(y, noise, T=float)", "first"), ("Add(y, second, T=float)", "second"), ("Relu(y, T=float)", None)],
)
def test_the_first_node_that_draws_on_the_way_to_what_is_compared(last: str, drawn: str | None) -> None:
    lines = parts.BATCH + DRAWN + parts.fused_cond("phase", "y") + f"out = {last}\n"
    found = parts.report(parts.PHASE + lines.replace("_train)", "_train, T=float)"))
    outputs = [found.graph.node("out").output()]
    both = both_modes(found, lambda mode, _: mode, outputs)
    assert random_node(found.graph, both) == drawn


def test_every_input_is_named_with_what_was_fed() -> None:
    """How pixels were prepared is a fact of the images alone."""
    photos = SimpleNamespace(names=("a.png", "b.png"), drawn=False)
    other = SimpleNamespace(names=("random, seed 0",), drawn=True)
    places = [
        Placeholder(tensor=tensor(name), dtype=dtype, shape=None, has_default=False)
        for name, dtype in (("image", "half"), ("label", "string"), ("nothing", "int64"))
    ]
    given = Inputs(
        place=places[0], pictures=cast("Any", photos), batch_size=2, preset="tf", feeds={}, said={},
        columns=((places[1], cast("Any", other)), (places[2], cast("Any", other))),
    )  # fmt: skip
    shapes = {"image:0": (2, 4, 4, 3), "label:0": (2,)}
    fact = InputFact(
        name="label:0", dtype="string", shape=(2,), source=("random, seed 0",), preset=None, drawn=True
    )
    passes = Passes([], (), {})
    passes.shapes.update(shapes)
    assert passes.input_facts(given) == (
        InputFact(
            name="image:0", dtype=np.dtype(np.float16).name, shape=(2, 4, 4, 3), source=("a.png", "b.png"),
            preset="tf",
        ),
        fact,
        replace(fact, name="nothing:0", dtype="int64", shape=()),
    )  # fmt: skip


def test_a_layer_of_one_mode_is_skipped_once() -> None:
    """Why it has one mode is said rather than why nothing was measured."""
    found = parts.report(
        parts.STORED + parts.EMPTY + "y = FusedBatchNormV3(x, gamma, beta, none, none, T=float)\n"
    )
    [one] = found.layers
    assert one.mode is TRAINING
    both = both_modes(found, lambda mode, _: mode, found.outputs, found.layers)
    reason = both.one_mode_alone(one.name)
    assert reason is not None
    passes = Passes([], (), {})
    passes.lost.update({("training", one.name): "dead", ("inference", one.name): "dead"})
    assert left_out.without_both_modes(found.layers, both, passes) == [Absent(what=one.name, reason=reason)]
