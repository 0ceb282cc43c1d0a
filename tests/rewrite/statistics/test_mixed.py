"""A layer that normalizes with a mixture of old statistics and the batch's: what is written, node by node."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.batchnorm import Mode
from bninspect.errors import RewriteError
from bninspect.rewrite import specialize
from bninspect.rewrite.edits import Edits
from bninspect.rewrite.moments import measure
from bninspect.rewrite.statistics.inserted import inserted
from bninspect.rewrite.statistics.mixed import mix_in
from tests.support.fixtures import with_loops
from tests.support.listing import changed

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    "name",
    ["layers_fused_2.pb", "half.pb", "layers_decomposed_2.pb", "half_decomposed.pb", "nchw_decomposed.pb"],
)
def test_what_a_mixture_is_made_of(name: str, expected: Callable[[str, str], None]) -> None:
    report = with_loops(name)
    special = specialize(report, Mode.TRAINING)
    (layer,) = report.layers
    site = layer.nearest(Mode.TRAINING).site
    found = measure(special.edits, site.x, data_format=site.data_format)
    share = special.edits.add("share", "Const", (), dtype="float", value=np.asarray(0.25, np.float32))
    old = np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0])
    mix_in(special.edits, layer, (found.mean, found.variance), old, share)
    lines = changed(special.pruned((), report.outputs).graphdef, report.graph.graphdef)
    expected(f"mixed-{name}.txt", "\n".join(line for line in lines if "/moments/" not in line) + "\n")


@pytest.mark.parametrize(
    "name", ["fixed_training_decomposed_2.pb", "global_moments.pb", "cases/quantized_training.pb"]
)
def test_what_new_statistics_are_put_into(name: str, expected: Callable[[str, str], None]) -> None:
    """Of layers that hold none: a chain, the op of 2015, and one that is folded into a convolution."""
    report = with_loops(name)
    layer = report.layers[0]
    channels = layer.channels or 3
    numbers = np.arange(1.0, channels + 1), np.arange(4.0, channels + 4)
    written = inserted(report, {layer.name: numbers, "another": numbers})
    lines = changed(written, report.graph.graphdef)
    expected(f"inserted-{name.rpartition('/')[2]}.txt", "\n".join(lines) + "\n")


@pytest.mark.parametrize("epsilon", [None, 0.0])
@pytest.mark.parametrize("name", ["fixed_training_decomposed_2.pb", "cases/quantized_training.pb"])
def test_a_layer_without_epsilon_gets_none(name: str, epsilon: float | None) -> None:
    report = with_loops(name)
    layer = replace(report.layers[0], epsilon=epsilon)
    numbers = np.ones(layer.channels or 3), np.ones(layer.channels or 3)
    written = inserted(replace(report, layers=(layer,)), {layer.name: numbers})
    (held,) = (node for node in written.nodes if "bninspect" in node.name and node.name.endswith("/epsilon"))
    assert held.attr("value").array() == 0.0


def test_a_layer_that_is_folded_into_weights_keeps_no_mixture() -> None:
    report = with_loops("cases/quantized_training.pb")
    layer, numbers = report.layers[0], np.ones(4)
    edits = Edits(report.graph)
    images = layer.sites[0].mean, layer.sites[0].variance
    share = edits.add("share", "Const", (), dtype="float", value=np.asarray(0.25, np.float32))
    with pytest.raises(RewriteError, match=r"^its statistics are folded into weights$"):
        mix_in(edits, layer, images, (numbers, numbers), share)
