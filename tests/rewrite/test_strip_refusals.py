"""strip: models that it refuses, and what it leaves of the functions of one; without TensorFlow."""

from __future__ import annotations

import pytest

from bninspect.batchnorm import Mode, inspect
from bninspect.errors import RewriteError
from bninspect.graph import flatten
from bninspect.graphdef.reader import records
from bninspect.rewrite import strip as rewriting
from bninspect.rewrite.specialize import LayerChange, Specialization, specialize
from bninspect.rewrite.strip import require_layers, rewritable, strip
from tests.support.parts import EMPTY, PHASE, STORED, UNDECIDED, fused_cond, report
from tests.support.text import graph, graphdef

TYPES = "T=float, U=float"
SERVING = f"served = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false, {TYPES})\n"
ABSENT = "stored statistics are not in the file"
HINT = "; bninspect refresh with --strip estimates them from images"
OPEN = "what undecided is could not be decided"
MIXED = "the statistics mix those of the batch with stored ones (variance:0)"


def training(name: str, x: str = "x") -> str:
    return f"{name} = FusedBatchNormV3({x}, gamma, beta, none, none, {TYPES})\n"


def top(name: str) -> str:
    return f"top = Identity({name}, T=float)\n"


REFUSED = {
    "one layer": (
        STORED + EMPTY + training("bn") + top("bn"),
        f"bn cannot run in inference mode: its {ABSENT}{HINT}",
    ),
    "both": (
        STORED + EMPTY + training("a") + training("b", "a") + top("b"),
        f"both layers (a, b) cannot run in inference mode: their {ABSENT}{HINT}",
    ),
    "one of two": (
        STORED + EMPTY + SERVING + training("bn", "served") + top("bn"),
        f"bn cannot run in inference mode: its {ABSENT}{HINT}",
    ),
    "undecided": (
        STORED + SERVING + UNDECIDED + "top = Add(served, undecided, T=float)\n",
        f"{OPEN} ({MIXED}); its mode stays open",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_layer_that_cannot_serve_is_named(kind: str) -> None:
    text, message = REFUSED[kind]
    with pytest.raises(RewriteError) as refused:
        strip(report(text))
    assert str(refused.value) == message


def test_no_hint_where_refresh_has_no_place_or_the_mode_is_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same reason, of layers that no images help."""

    def left(given: object, mode: Mode, *, everything: bool) -> Specialization:
        made = specialize(found, mode, everything=everything)
        change = LayerChange(layer=made.changes[0].layer, mode=mode, what="left", reason="it is so")
        return Specialization(edits=made.edits, changes=(change, *made.changes[1:]))

    found = report(STORED + EMPTY + training("a") + training("b", "a") + top("b"))
    monkeypatch.setattr(rewriting, "specialize", left)
    for mode, hint in ((Mode.TRAINING, False), (Mode.INFERENCE, True)):
        with pytest.raises(RewriteError, match=f"cannot run in {mode.value} mode: ") as refused:
            strip(found, mode)
        assert str(refused.value).endswith(HINT) is hint
    monkeypatch.setattr(rewriting, "find_slots", lambda given, *, create: ((), ()))
    with pytest.raises(RewriteError) as refused:
        strip(found)
    assert HINT not in str(refused.value)


def test_a_layer_that_would_run_in_the_other_mode_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(given: object, mode: Mode, *, everything: bool) -> object:
        return specialize(found, Mode.TRAINING, everything=everything)

    found = report(STORED + PHASE + fused_cond("phase", "bn") + top("bn"))
    monkeypatch.setattr(rewriting, "specialize", wrong)
    with pytest.raises(RewriteError) as refused:
        strip(found)
    assert str(refused.value) == "bn_train would still not run in inference mode; nothing was written"
    assert [layer.mode for layer in strip(found, Mode.TRAINING).written.layers] == [Mode.TRAINING]


def gradient(is_training: bool) -> str:
    """What a visualization (Grad-CAM) was frozen with: the gradient of a layer beside its output."""
    flag = str(is_training).lower()
    return (
        STORED
        + f"bn = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training={flag}, {TYPES})\n"
        + "dy = Placeholder(dtype=float)\n"
        + f"back = FusedBatchNormGradV3(dy, x, gamma, bn:3, bn:4, bn:5, is_training={flag}, {TYPES})\n"
        + "top = Add(back, bn, T=float)\n"
    )


@pytest.mark.parametrize("mode", [Mode.INFERENCE, Mode.TRAINING])
def test_a_gradient_that_would_stay_of_the_other_mode_is_refused(mode: Mode) -> None:
    other = Mode.TRAINING if mode is Mode.INFERENCE else Mode.INFERENCE
    with pytest.raises(RewriteError) as refused:
        strip(inspect(graph(gradient(other is Mode.TRAINING)), outputs=("top",)), mode)
    assert str(refused.value) == (
        f"the outputs need a gradient in {other.value} mode (back): choose outputs without it with --output; "
        "nothing was written"
    )
    same = inspect(graph(gradient(mode is Mode.TRAINING)), outputs=("top",))
    assert len(strip(same, mode).written.layers) == 1


@pytest.mark.parametrize("mode", [Mode.INFERENCE, Mode.TRAINING])
def test_moments_of_the_batch_that_are_an_output_are_refused(mode: Mode) -> None:
    """In the other mode the op gives the stored ones there."""
    flag = str(mode is Mode.INFERENCE).lower()
    text = f"bn = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training={flag}, {TYPES})\n"
    found = report(STORED + text + top("bn") + "mean_of_it = Identity(bn:1, T=float)\n")
    with pytest.raises(RewriteError) as refused:
        strip(found, mode)
    assert str(refused.value) == (
        "the outputs need the moments of the batch (bn): choose outputs without it with --output; "
        "nothing was written"
    )
    assert strip(inspect(found.graph, outputs=("top",)), mode).written.layers[0].mode is mode


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (STORED + top("x"), "text: no batch norm to strip"),
        (STORED + UNDECIDED, f"text: {OPEN}: {MIXED}"),
        (STORED + SERVING, None),
    ],
    ids=["none", "undecided", "one"],
)
def test_without_a_layer_there_is_nothing_to_do(text: str, message: str | None) -> None:
    if message is None:
        require_layers(report(text), "strip")
        return
    with pytest.raises(RewriteError) as refused:
        require_layers(report(text), "strip")
    assert str(refused.value) == message


CALLED = STORED + (
    """
call = PartitionedCall(x, gamma, beta, mean, variance, f=@net)
rest = PartitionedCall(call, f=@other)
top = Identity(rest, T=float)
def net(x, gamma, beta, mean, variance) -> y=bn:y:0
    bn = FusedBatchNormV3(x, gamma, beta, mean, variance, is_training=false, T=float, U=float)
def other(x) -> y=r:activations:0
    r = Relu(x, T=float)
def idle(x) -> y=r:activations:0
    r = Relu(x, T=float)
"""
)


def test_only_calls_that_hold_layers_are_written_out() -> None:
    found = report(CALLED)
    written = rewritable(found, Mode.TRAINING)
    assert [layer.name for layer in written.layers] == [layer.name for layer in found.layers]
    ops = {node.name: node.op for node in written.graph}
    assert ops["call/bn"] == "FusedBatchNormV3"
    assert ops["rest"] == "PartitionedCall"


@pytest.mark.parametrize("mode", [Mode.TRAINING, Mode.INFERENCE])
def test_functions_that_the_graph_still_calls_stay(mode: Mode) -> None:
    stripped = strip(report(CALLED), mode)
    nodes = {node.name: node.inputs for node in stripped.pruned.graphdef.nodes}
    assert [*stripped.pruned.graphdef.functions] == ["other"]
    assert nodes["rest"] == ("call/bn",)
    assert nodes["call/bn"][:3] == ("x", "gamma", "beta")
    assert ("mean" in nodes) is (mode is Mode.INFERENCE)
    assert [layer.mode for layer in stripped.written.layers] == [mode]
    assert (stripped.mode, [change.name for change in stripped.changes]) == (mode, ["bn"])


@pytest.mark.parametrize("mode", [Mode.TRAINING, Mode.INFERENCE])
def test_the_output_may_be_a_call_that_is_written_out(mode: Mode) -> None:
    found = report(CALLED[: CALLED.index("rest =")] + CALLED[CALLED.index("def net") :])
    assert [tensor.name for tensor in found.outputs] == ["call:0"]
    stripped = strip(found, mode)
    assert [layer.mode for layer in stripped.written.layers] == [mode]
    assert [tensor.name for tensor in stripped.written.outputs] == ["call:0"]


def test_where_a_tensor_stands_in_the_new_graph() -> None:
    found = report(STORED + PHASE + fused_cond("phase", "bn") + top("bn"))
    stripped = strip(found)
    graph = stripped.report.graph
    assert {name: stripped.place(graph.node(name).output()) for name in ("x", "bn", "top", "bn_train")} == {
        "x": "x:0",
        "bn": "bn_infer:0",
        "top": "top:0",
        "bn_train": None,
    }
    assert stripped.place(graph.node("bn_infer").output(1)) == "bn_infer:1"


def test_a_model_without_functions_is_taken_as_it_is() -> None:
    found = report(STORED + SERVING)
    assert rewritable(found, Mode.TRAINING) is found
    assert strip(found).report is found


@pytest.mark.parametrize(
    ("count", "names"), [(1, "bn0"), (5, "bn0, bn1, bn2, bn3, bn4"), (6, "bn0, bn1, bn2, bn3, bn4, ...")]
)
def test_layers_in_the_body_of_a_while_keep_their_mode(count: int, names: str) -> None:
    lines, x = [], "x"
    for number in range(count):
        types = f"is_training=false, {TYPES}"
        lines.append(f"    bn{number} = FusedBatchNormV3({x}, gamma, beta, mean, variance, {types})\n")
        x = f"bn{number}:y:0"
    body = "def body(x, gamma, beta, mean, variance)"
    text = STORED + (
        "loop = StatelessWhile(x, gamma, beta, mean, variance, cond=@cond, body=@body)\n"
        "top = Neg(loop, T=float)\ndef cond(x, a, b, c, d) -> y=l:z:0\n    l = Foreign(x)\n"
        f"{body} -> y={x}, a=gamma, b=beta, c=mean, d=variance\n{''.join(lines)}"
    )
    found = report(text)
    assert len(found.layers) == count
    with pytest.raises(RewriteError) as refused:
        strip(found, Mode.TRAINING)
    message = f"{names}: in the body of a While, which cannot be taken apart; nothing was written"
    assert str(refused.value) == message
    assert [change.what for change in strip(found).changes] == ["kept"] * count


def test_a_predicate_that_is_fed_by_the_layer_it_switches_is_refused_in_words() -> None:
    """Only a damaged file has such a ring, and a constant that reads x."""
    lines = (
        EMPTY
        + "x = Placeholder(dtype=float)\nphase = Placeholder(b, dtype=bool, shape=[])\ngamma = Const([1.0])\n"
        + "beta = Const([1.0])\nmean = Const([1.0])\nvariance = Const([1.0])\nat = Const(0)\n"
        + "sw = Switch(x, phase, T=float)\nparts = Split(sw:1, at, num_split=2)\n"
        + training("a", "parts")
        + training("b", "parts:1")
        + SERVING.replace("(x", "(sw")
        + "c = ConcatV2(a, b, at, N=2)\ny = Merge(served, variance, T=float)\n"
    )
    message = graphdef(lines)
    next(node for node in message.node if node.name == "variance").input.append("x")
    found = inspect(flatten(records(message.SerializeToString(), "text")))
    with pytest.raises(RewriteError, match=r"\(b, served\) cannot run in inference mode"):
        strip(found)
