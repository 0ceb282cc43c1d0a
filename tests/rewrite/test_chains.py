"""Chains written anew, node by node, of every layout: golden listings. `test_formulas.py` runs them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.batchnorm import Mode
from bninspect.errors import RewriteError
from bninspect.rewrite import specialize
from bninspect.rewrite.edits import Edits
from bninspect.rewrite.formulas import Chain as Nodes, kept_axes_last
from bninspect.rewrite.moments import measure
from bninspect.rewrite.prune import prune
from bninspect.rewrite.statistics.inserted import inserted
from bninspect.rewrite.statistics.mixed import mix_in
from tests.rewrite.test_formulas import Chain
from tests.support.listing import changed
from tests.support.text import graph

if TYPE_CHECKING:
    from collections.abc import Callable

    from bninspect.batchnorm import Report
    from bninspect.graph import Tensor

KINDS = {
    "channels last": Chain(shape=(4, 3, 2, 5), parameters=(5,)),
    "channels first": Chain(shape=(4, 5, 3, 2), parameters=(1, 5, 1, 1)),
    "without parameters": Chain(shape=(4, 5, 7), parameters=(1, 5, 1), scaled=False),
    "half": Chain(shape=(6, 5), parameters=(5,), dtype="half"),
    "double": Chain(shape=(6, 5), parameters=(5,), dtype="double"),
    "the last axes": Chain(shape=(6, 3, 2, 5), parameters=(2, 5)),
    "axes apart": Chain(shape=(6, 3, 2, 5), parameters=(3, 1, 5)),
}


def trained(report: Report) -> list[str]:
    """With the moments of the batch in place of stored statistics."""
    written = specialize(report, Mode.TRAINING).pruned((), report.outputs)
    return changed(written.graphdef, report.graph.graphdef)


def given(report: Report) -> list[str]:
    """With statistics that are given in place of the moments of the batch."""
    (layer,) = report.layers
    numbers = np.arange(1.0, 1.0 + (layer.channels or 5))
    return changed(inserted(report, {layer.name: (numbers, numbers + 8)}), report.graph.graphdef)


def measured(report: Report, *, mixed: bool) -> list[str]:
    """The moments of every image; or what a mixture with old statistics adds to them."""
    (layer,) = report.layers
    edits = specialize(report, Mode.TRAINING).edits
    found = measure(edits, layer.x, data_format=layer.data_format, kept_axes=layer.kept_axes)
    share = edits.add("share", "Const", (), dtype="float", value=np.asarray(0.25, np.float32))
    images = found.mean, found.variance
    wanted: tuple[Tensor, ...] = (*images, found.values)
    if mixed:
        numbers = np.arange(1.0, 1.0 + (layer.channels or 5))
        mix_in(edits, layer, images, (numbers, numbers + 8), share)
        wanted = ()
    lines = changed(prune(edits, wanted, report.outputs).graphdef, report.graph.graphdef)
    return [line for line in lines if ("/moments/" in line) is not mixed]


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_chain_is_made_of(kind: str, expected: Callable[[str, str], None]) -> None:
    serving, training = (KINDS[kind].report(mode) for mode in (Mode.INFERENCE, Mode.TRAINING))
    ways = {
        "trained": trained(serving),
        "given": given(training),
        "measured": measured(training, mixed=False),
        "mixed": measured(training, mixed=True),
    }
    lines = [line for way, found in ways.items() for line in (f"{way}:", *found, "")]
    expected(f"chain-{kind.replace(' ', '-')}.txt", "\n".join(lines))


def test_a_layer_that_does_not_say_its_number_of_channels_cannot_train() -> None:
    found = KINDS["channels last"].report(Mode.INFERENCE)
    unknown = replace(found, layers=(replace(found.layers[0], channels=None),))
    (change,) = specialize(unknown, Mode.TRAINING).changes
    assert (change.what, change.reason) == ("left", "its number of channels is unknown")


@pytest.mark.parametrize("epsilon", [None, 0.0])
def test_without_an_epsilon_none_is_added(epsilon: float | None) -> None:
    found = KINDS["double"].report(Mode.INFERENCE)
    layers = (replace(found.layers[0], epsilon=epsilon),)
    written = specialize(replace(found, layers=layers), Mode.TRAINING).pruned((), found.outputs).graphdef
    (held,) = (node for node in written.nodes if node.name.endswith("bninspect/epsilon"))
    assert (held.attr("value").array(), held.attr("dtype")) == (0.0, "double")


@pytest.mark.parametrize(
    ("kept_axes", "order"),
    [((-1,), None), ((-2, -1), None), ((-2,), [0, 1, 3, 2]), ((-3, -1), [0, 2, 1, 3]), ((-3,), [0, 2, 3, 1])],
)
def test_axes_with_statistics_of_their_own_come_last(
    kept_axes: tuple[int, ...], order: list[int] | None
) -> None:
    edits = Edits(graph("x = Placeholder(dtype=float, shape=[-1, 4, 5, 6])"))
    x = edits.graph.node("x").output()
    found = kept_axes_last(Nodes(edits, "scope", x.node), x, x, kept_axes, "float")
    if order is None:
        assert found is x
    else:
        assert found.node.inputs[0] is x
        assert found.node.inputs[1].node.bindings["value"].tolist() == order


def test_axes_of_an_unknown_number_come_last_only_if_they_do() -> None:
    edits = Edits(graph("x = Placeholder(dtype=float)"))
    x = edits.graph.node("x").output()
    assert kept_axes_last(Nodes(edits, "scope", x.node), x, x, (-2, -1), "float") is x
    with pytest.raises(RewriteError, match=r"^x:0: its number of axes is unknown$"):
        kept_axes_last(Nodes(edits, "scope", x.node), x, x, (-2,), "float")
