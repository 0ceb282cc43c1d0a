"""Layers written anew, against their formula in NumPy in float64, in every layout and type.

    y = (x - mean) / sqrt(variance + epsilon) * gamma + beta

Four ways lead to it: statistics that are given (`inserted`), those of the batch (`specialize`), those of the
file (`specialize` of a training graph) and a mixture of both (`mix_in`). Tolerances, of the largest value of
y (and at least 1): float64 1e-12, float32 1e-5; in float16, which the file rounds x and y to, 2e-3.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bninspect.batchnorm import Mode, inspect
from bninspect.errors import RewriteError
from bninspect.graph import flatten
from bninspect.graphdef.writer import new_node, serialized
from bninspect.rewrite import specialize
from bninspect.rewrite.edits import Edits
from bninspect.rewrite.formulas import empty_statistics, layout
from bninspect.rewrite.moments import measure
from bninspect.rewrite.statistics.inserted import inserted
from bninspect.rewrite.statistics.mixed import mix_in
from bninspect.run.session import Session
from tests.support.catching import fused
from tests.support.parts import STORED, only_layer
from tests.support.reports import tensor
from tests.support.text import graph

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bninspect.batchnorm import Report
    from bninspect.graphdef import GraphDef

    Array = NDArray[Any]

NUMPY = {"half": np.float16, "float": np.float32, "double": np.float64}
TOLERANCE = {"half": 2e-3, "float": 1e-5, "double": 1e-12}
EPSILON = 0.01


@dataclass(frozen=True, kw_only=True)
class Chain:
    """A decomposed layer, as a file holds it."""

    shape: tuple[int, ...]
    """Of x; its batch is left open in the file."""
    parameters: tuple[int, ...]
    """The shape of gamma, beta and what is stored: as long as x has sizes of its own for them."""
    dtype: str = "float"
    scaled: bool = True
    """Whether it has a gamma and a beta."""

    @property
    def axes(self) -> tuple[int, ...]:
        """The axes of x that have no statistics of their own."""
        laid_out = (1,) * (len(self.shape) - len(self.parameters)) + self.parameters
        return tuple(axis for axis, size in enumerate(laid_out) if size == 1)

    def values(self) -> dict[str, Array]:
        draw = np.random.default_rng(5)
        found = {
            "x": draw.normal(1, 2, self.shape),
            "gamma": draw.uniform(0.5, 2, self.parameters),
            "beta": draw.normal(size=self.parameters),
            "mean": draw.normal(size=self.parameters),
            "variance": draw.uniform(0.5, 4, self.parameters),
        }
        return {key: value.astype(NUMPY[self.dtype]) for key, value in found.items()}

    def batch(self) -> tuple[Array, Array]:
        """Mean and variance of x, in float64, in the shape of the parameters."""
        x = self.values()["x"].astype(np.float64)
        return x.mean(self.axes).reshape(self.parameters), x.var(self.axes).reshape(self.parameters)

    def expected(self, mean: Array, variance: Array) -> Array:
        """y in float64, with statistics in the shape of the parameters."""
        v = {key: value.astype(np.float64) for key, value in self.values().items()}
        y: Array = (v["x"] - mean) / np.sqrt(variance + EPSILON)
        return y * v["gamma"] + v["beta"] if self.scaled else y

    def report(self, mode: Mode) -> Report:
        """The file, which fixes the mode; in training mode it holds no statistics."""
        t, v = self.dtype, self.values()
        record = graph(f"x = Placeholder(dtype={t}, shape={[-1, *self.shape[1:]]})").graphdef
        nodes = list(record.nodes)

        def add(name: str, op: str, *inputs: str, **attributes: Any) -> None:
            nodes.append(new_node(name, op, inputs, attributes))

        kept = ("gamma", "beta") if self.scaled else ()
        for key in kept if mode is Mode.TRAINING else (*kept, "mean", "variance"):
            add(key, "Const", dtype=t, value=v[key])
        add("epsilon", "Const", dtype=t, value=np.asarray(EPSILON, NUMPY[t]))
        if mode is Mode.TRAINING:
            add("axes", "Const", dtype="int32", value=np.array(self.axes, np.int32))
            keep = {"T": t, "Tidx": "int32", "keep_dims": True}
            add("mean", "Mean", "x", "axes", **keep)
            add("squares", "SquaredDifference", "x", "mean", T=t)
            add("variance", "Mean", "squares", "axes", **keep)
        add("shifted", "Add", "variance", "epsilon", T=t)
        add("root", "Rsqrt", "shifted", T=t)
        add("centred", "Sub", "x", "mean", T=t)
        add("normalized", "Mul", "centred", "root", T=t)
        last = "normalized"
        if self.scaled:
            add("scaled", "Mul", last, "gamma", T=t)
            add("offset", "Add", "scaled", "beta", T=t)
            last = "offset"
        add("y", "Identity", last, T=t)
        return inspect(flatten(replace(record, nodes=tuple(nodes))))

    def check(self, written: GraphDef, output: str, mean: Array, variance: Array) -> None:
        """The graph gives what the formula gives, in the type of the layer."""
        with Session(serialized(written)) as session:
            (y,) = session.run([output], {"x:0": self.values()["x"]})
        expected = self.expected(mean, variance)
        assert y.dtype == NUMPY[self.dtype]
        largest = max(1.0, float(np.abs(expected).max()))
        np.testing.assert_allclose(y, expected, rtol=0, atol=TOLERANCE[self.dtype] * largest)


CHAINS = [
    Chain(shape=(6, 5), parameters=(5,)),
    Chain(shape=(4, 3, 2, 5), parameters=(5,)),
    Chain(shape=(4, 3, 2, 5), parameters=(5,), dtype="double"),
    Chain(shape=(4, 3, 2, 5), parameters=(5,), dtype="half"),
    Chain(shape=(4, 3, 2, 5), parameters=(5,), scaled=False),
    Chain(shape=(4, 5, 7), parameters=(1, 5, 1)),
    Chain(shape=(4, 5, 3, 2), parameters=(1, 5, 1, 1), dtype="double"),
    Chain(shape=(4, 5, 3, 2), parameters=(1, 5, 1, 1), dtype="half"),
    Chain(shape=(4, 5, 3, 2), parameters=(1, 5, 1, 1), scaled=False),
    Chain(shape=(3, 2, 2, 3, 2), parameters=(1, 2, 1, 1, 1)),
    Chain(shape=(6, 3, 2, 5), parameters=(2, 5)),
    Chain(shape=(6, 3, 2, 5), parameters=(3, 2, 5), dtype="double"),
    Chain(shape=(6, 3, 2, 5), parameters=(3, 1, 5)),
]


def _named(chain: Chain) -> str:
    return f"{chain.shape} {chain.parameters} {chain.dtype}{'' if chain.scaled else ' alone'}"


@pytest.mark.tensorflow
@pytest.mark.parametrize("chain", CHAINS, ids=_named)
def test_with_statistics_that_are_given(chain: Chain) -> None:
    report = chain.report(Mode.TRAINING)
    (layer,) = report.layers
    mean, variance = (chain.values()[key].astype(np.float64) for key in ("mean", "variance"))
    written = inserted(report, {layer.name: (mean.reshape(-1), variance.reshape(-1))})
    (after,) = inspect(flatten(written)).layers
    assert after.mode is Mode.INFERENCE
    chain.check(written, "y:0", mean, variance)


@pytest.mark.tensorflow
@pytest.mark.parametrize("chain", CHAINS, ids=_named)
def test_with_those_of_the_batch(chain: Chain) -> None:
    report = chain.report(Mode.INFERENCE)
    special = specialize(report, Mode.TRAINING)
    assert [change.what for change in special.changes] == ["flipped"]
    written = special.pruned((), report.outputs).graphdef
    (after,) = inspect(flatten(written)).layers
    assert after.mode is Mode.TRAINING
    chain.check(written, "y:0", *chain.batch())


@pytest.mark.tensorflow
@pytest.mark.parametrize("chain", CHAINS, ids=_named)
@pytest.mark.parametrize("mode", [Mode.TRAINING, Mode.INFERENCE], ids=["trains", "serves"])
def test_with_a_mixture_of_old_and_batch(chain: Chain, mode: Mode) -> None:
    """A quarter of the old ones."""
    report = chain.report(mode)
    (layer,) = report.layers
    special = specialize(report, Mode.TRAINING)
    found = measure(
        special.edits, layer.x, data_format=layer.data_format, dtype=chain.dtype, kept_axes=layer.kept_axes
    )
    share = special.edits.add("share", "Const", (), dtype="float", value=np.asarray(0.25, np.float32))
    old = [chain.values()[key].astype(np.float64) for key in ("mean", "variance")]
    mix_in(
        special.edits, layer, (found.mean, found.variance), (old[0].reshape(-1), old[1].reshape(-1)), share
    )
    written = special.pruned((), report.outputs).graphdef
    mean, variance = (0.25 * before + 0.75 * now for before, now in zip(old, chain.batch(), strict=True))
    chain.check(written, "y:0", mean, variance)


@pytest.mark.parametrize("chain", CHAINS, ids=_named)
@pytest.mark.parametrize("many", [False, True], ids=["any", "counted"])
@pytest.mark.parametrize("mode", [Mode.TRAINING, Mode.INFERENCE], ids=["trains", "serves"])
def test_the_layout_of_statistics_is_that_of_the_parameters(chain: Chain, many: bool, mode: Mode) -> None:
    """-1 stands for as many as there are; several axes of their own have them all written out."""
    (layer,) = chain.report(mode).layers
    channels = prod(chain.parameters)
    written = [size if size != channels or many or layer.kept_axes else -1 for size in chain.parameters]
    assert layout(layer, channels if many else -1) == tuple(written)


SEVERAL = Chain(shape=(6, 3, 2, 5), parameters=(2, 5))


@pytest.mark.parametrize(
    ("chain", "mode", "changes", "channels", "reason"),
    [
        (SEVERAL, Mode.TRAINING, {}, 9, "the layout of its statistics of several axes is unknown"),
        (SEVERAL, Mode.TRAINING, {"gamma": None, "beta": None}, 10, "the layout of its statistics"),
        (
            CHAINS[6],
            Mode.INFERENCE,
            {"x": tensor("unknown", "Placeholder")},
            5,
            "the number of axes of its x",
        ),
    ],
    ids=["of another size", "no parameter", "x of any rank"],
)
def test_a_layout_that_cannot_be_told(
    chain: Chain, mode: Mode, changes: dict[str, Any], channels: int, reason: str
) -> None:
    (layer,) = chain.report(mode).layers
    with pytest.raises(RewriteError, match=rf"^{layer.name}: {reason}"):
        layout(replace(layer, **changes), channels)


def test_one_of_two_parameters_is_enough_to_tell_the_layout() -> None:
    (layer,) = SEVERAL.report(Mode.TRAINING).layers
    assert layout(replace(layer, gamma=None), 10) == (2, 5)
    assert layout(replace(layer, beta=None), 10) == (2, 5)
    unknown = tensor("unknown", "Placeholder")  # of any shape
    assert layout(replace(layer, gamma=unknown), 10) == (2, 5)
    with pytest.raises(RewriteError, match="the layout of its statistics of several axes is unknown"):
        layout(replace(layer, gamma=unknown, beta=None), 10)


@pytest.mark.parametrize("dtype", ["float", "double"])
def test_a_fused_op_in_training_mode_gets_statistics_without_a_value(dtype: str) -> None:
    (branch,) = only_layer(STORED + fused()).wiring.branches
    edits = Edits(graph(STORED + fused()))
    for constant in empty_statistics(edits, branch.site, dtype):
        value = constant.node.attr("value")
        assert (value.shape, value.dtype) == ((0,), NUMPY[dtype])
