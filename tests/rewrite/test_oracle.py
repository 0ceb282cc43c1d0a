"""specialize against NumPy in float64: every form, both modes, over shapes, epsilon, gamma, beta and types.

    y = (x - mean) / sqrt(variance + epsilon) * gamma + beta

The models are written node by node. Tolerances, of the largest value of y (and at least 1): float32 2e-4,
since TensorFlow sums in float32 and x may lie ten standard deviations from 0; float16 2e-2, as its steps are
1e-3 of a value and the chain rounds at every node.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from bninspect.batchnorm import Form, Mode, inspect
from bninspect.graph import load
from bninspect.graphdef.schema import message_class
from bninspect.graphdef.writer import new_node, serialized
from bninspect.rewrite import specialize
from bninspect.rewrite.moments import measure
from bninspect.run.session import Session
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Array = NDArray[Any]

pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed"),
]
TOLERANCE = {"float": 2e-4, "half": 2e-2}
NUMPY = {"float": np.float32, "half": np.float16}
FORMS = (Form.FUSED, Form.DECOMPOSED, Form.GLOBAL)
"""Those that are one layer alone; a layer folded into a convolution stands in test_scaled_weights.py."""
OTHER = {Mode.TRAINING: Mode.INFERENCE, Mode.INFERENCE: Mode.TRAINING}


@dataclass(frozen=True, kw_only=True)
class Model:
    """One layer and what it is given."""

    form: Form
    mode: Mode
    """That the file fixes."""
    shape: tuple[int, ...]
    """Channels last, unless `channels_first`."""
    epsilon: float
    dtype: str
    scaled: bool
    """Whether it has a gamma and a beta (a fused op always has)."""
    channels_first: bool
    seed: int

    @property
    def channels(self) -> int:
        return self.shape[1 if self.channels_first else -1]

    @property
    def axes(self) -> tuple[int, ...]:
        channel = 1 if self.channels_first else len(self.shape) - 1
        return tuple(axis for axis in range(len(self.shape)) if axis != channel)

    def row(self, values: Array) -> Array:
        """A value per channel, laid out to meet x."""
        return values.reshape([1, -1, *[1] * (len(self.shape) - 2)]) if self.channels_first else values

    def values(self) -> dict[str, Array]:
        """x, gamma, beta and the stored statistics."""
        generator = np.random.default_rng(self.seed)
        c = self.channels
        x = generator.normal(size=self.shape) * self.row(generator.uniform(0.5, 3, c))
        x += self.row(generator.uniform(-5, 5, c))
        found = {
            "x": x,
            "gamma": generator.uniform(0.5, 2, c),
            "beta": generator.normal(size=c),
            "moving_mean": generator.normal(size=c),
            "moving_variance": generator.uniform(0.5, 4, c),
        }
        if not self.scaled:
            found["gamma"], found["beta"] = np.ones(c), np.zeros(c)
        wide = self.dtype if self.form is not Form.FUSED else "float"
        return {key: value.astype(NUMPY[self.dtype if key == "x" else wide]) for key, value in found.items()}

    def expected(self, mode: Mode) -> Array:
        """y in float64."""
        v = {key: value.astype(np.float64) for key, value in self.values().items()}
        mean, variance = v["moving_mean"], v["moving_variance"]
        if mode is Mode.TRAINING:
            mean, variance = v["x"].mean(self.axes), v["x"].var(self.axes)
        scaled = (v["x"] - self.row(mean)) / np.sqrt(self.row(variance) + self.epsilon)
        found: Array = scaled * self.row(v["gamma"]) + self.row(v["beta"])
        return found

    def bytes(self) -> bytes:
        """The GraphDef."""
        v = self.values()
        nodes = [new_node("x", "Placeholder", (), {"dtype": self.dtype})]

        def add(name: str, op: str, *inputs: str, **attributes: Any) -> str:
            nodes.append(new_node(name, op, inputs, attributes))
            return name

        for key in ("gamma", "beta", "moving_mean", "moving_variance"):
            value = v[key] if self.form is Form.FUSED else np.ascontiguousarray(self.row(v[key]))
            if self.form is Form.GLOBAL:
                value = v[key]
            add(key, "Const", dtype=_name(value), value=value)
        if self.form is Form.FUSED:
            add(
                "bn", "FusedBatchNormV3", "x", "gamma", "beta", "moving_mean", "moving_variance",
                T=self.dtype, U="float", epsilon=self.epsilon, is_training=self.mode is Mode.TRAINING,
                data_format=b"NCHW" if self.channels_first else b"NHWC",
            )  # fmt: skip
        elif self.form is Form.GLOBAL:
            add(
                "bn", "BatchNormWithGlobalNormalization", "x", "moving_mean", "moving_variance", "beta",
                "gamma", T=self.dtype, variance_epsilon=self.epsilon, scale_after_normalization=self.scaled,
            )  # fmt: skip
        else:
            self._chain(add)
        message = message_class("GraphDef")()
        data = b"".join(_field(node.span.bytes()) for node in nodes)
        message.versions.producer = 8 if self.form is Form.GLOBAL else 175
        head: bytes = message.SerializeToString()
        return data + head

    def _chain(self, add: Any) -> None:
        """tf.nn.batch_normalization with stored statistics."""
        t = self.dtype
        add("epsilon", "Const", dtype=t, value=np.asarray(self.epsilon, NUMPY[t]))
        add("shifted", "Add", "moving_variance", "epsilon", T=t)
        scale = add("root", "Rsqrt", "shifted", T=t)
        if self.scaled:
            scale = add("scale", "Mul", "root", "gamma", T=t)
        add("scaled", "Mul", "x", scale, T=t)
        add("of_mean", "Mul", "moving_mean", scale, T=t)
        if self.scaled:
            add("offset", "Sub", "beta", "of_mean", T=t)
        else:
            add("offset", "Neg", "of_mean", T=t)
        add("bn", "Add", "scaled", "offset", T=t)


def _name(value: Array) -> str:
    return {"float32": "float", "float16": "half"}[value.dtype.name]


def _field(data: bytes) -> bytes:
    """A NodeDef as the first field of a GraphDef."""
    length, size = b"", len(data)
    while size > 0x7F:
        length, size = length + bytes((size & 0x7F | 0x80,)), size >> 7
    return b"\x0a" + length + bytes((size,)) + data


@st.composite
def models(draw: st.DrawFn) -> Model:
    form = draw(st.sampled_from(FORMS))
    batch, side, channels = draw(st.integers(1, 5)), draw(st.integers(1, 7)), draw(st.integers(1, 6))
    rank = 4 if form is not Form.DECOMPOSED else draw(st.integers(2, 5))
    # of one channel nothing tells where it stands
    first = form is Form.DECOMPOSED and rank > 2 and channels > 1 and draw(st.booleans())
    maps = [side] * (rank - 2)
    return Model(
        form=form,
        mode=draw(st.sampled_from([Mode.TRAINING, Mode.INFERENCE])) if form is Form.FUSED else Mode.INFERENCE,
        shape=(batch, channels, *maps) if first else (batch, *maps, channels),
        epsilon=draw(st.sampled_from([0.0, 1e-5, 1e-3, 0.1])) if batch * side ** (rank - 2) > 3 else 1e-3,
        dtype=draw(st.sampled_from(["float", "half"])) if form is not Form.GLOBAL else "float",
        scaled=draw(st.booleans()),
        channels_first=first,
        seed=draw(st.integers(0, 10_000)),
    )


ONE_VALUE = Model(
    form=Form.FUSED, mode=Mode.INFERENCE, shape=(1, 1, 1, 3), epsilon=1e-3, dtype="float", scaled=True,
    channels_first=False, seed=0,
)  # fmt: skip
"""One value per channel: variance 0, and y is beta."""


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(model=models())
@example(model=ONE_VALUE)
def test_both_modes_of_every_form(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "m.pb"
    path.write_bytes(model.bytes())
    report = inspect(load(str(path)))
    (layer,) = report.layers
    assert (layer.form, layer.mode) == (model.form, model.mode)
    for mode in (Mode.TRAINING, Mode.INFERENCE):
        special = specialize(report, mode)
        (change,) = special.changes
        assert change.what == ("kept" if mode is model.mode else "flipped")
        moments = measure(special.edits, layer.x, data_format=layer.data_format, dtype=model.dtype)
        pruned = special.pruned((moments.mean, moments.variance), report.outputs)
        names = [pruned.names[tensor] for tensor in (report.outputs[0], moments.mean, moments.variance)]
        with Session(serialized(pruned.graphdef)) as session:
            y, mean, variance = session.run(names, {"x:0": model.values()["x"]})
        expected = model.expected(mode)
        allowed = TOLERANCE[model.dtype] * max(1.0, float(np.abs(expected).max()))
        if model.epsilon == 0 and mode is Mode.TRAINING:
            allowed *= 10  # a small variance is then known to fewer digits
        assert np.abs(y.astype(np.float64) - expected).max() <= allowed
        x = model.values()["x"].astype(np.float64)
        per_image = tuple(axis for axis in model.axes if axis)
        assert np.allclose(mean, x.mean(per_image).reshape(mean.shape), rtol=1e-5, atol=1e-5)
        assert np.allclose(variance, x.var(per_image).reshape(mean.shape), rtol=1e-4, atol=1e-5)


def test_nchw_fused_by_its_graph_alone(tmp_path: Path) -> None:
    """The CPU has no fused kernel for NCHW, so the nodes are looked at."""
    model = Model(
        form=Form.FUSED, mode=Mode.INFERENCE, shape=(2, 3, 4, 4), epsilon=1e-3, dtype="float", scaled=True,
        channels_first=True, seed=0,
    )  # fmt: skip
    (tmp_path / "m.pb").write_bytes(model.bytes())
    report = inspect(load(str(tmp_path / "m.pb")))
    assert report.layers[0].data_format == "NCHW"
    pruned = specialize(report, Mode.TRAINING).pruned((), report.outputs)
    (node,) = [node for node in pruned.graphdef.nodes if node.op == "FusedBatchNormV3"]
    assert node.attr("is_training") is True
    assert node.attr("data_format") == b"NCHW"
    assert node.inputs[:3] == ("x", "gamma", "beta")
    assert not {"moving_mean", "moving_variance"} & {part.name for part in pruned.graphdef.nodes}


@pytest.mark.parametrize("mode", [Mode.TRAINING, Mode.INFERENCE], ids=lambda mode: mode.value)
def test_a_global_layer_that_tensorflow_refuses_is_written_anew(mode: Mode, tmp_path: Path) -> None:
    """BatchNormWithGlobalNormalization is gone since GraphDef version 9: the same model before and after."""
    values = []
    image = np.random.default_rng(0).normal(3, 2, (4, 8, 8, 3)).astype(np.float32)
    for file in ("global_stored.pb", "global_refused.pb"):
        report = inspect(load(str(FIXTURES / file)))
        pruned = specialize(report, mode).pruned((), report.outputs)
        with Session(serialized(pruned.graphdef)) as session:
            values.append(session.run([pruned.names[report.outputs[0]]], {"image:0": image})[0])
    assert np.abs(values[0] - values[1]).max() <= TOLERANCE["float"] * np.abs(values[0]).max()
    (tmp_path / "m.pb").write_bytes(serialized(pruned.graphdef))
    (layer,) = inspect(load(str(tmp_path / "m.pb"))).layers
    assert (layer.form, layer.mode) == (Form.DECOMPOSED, mode)
