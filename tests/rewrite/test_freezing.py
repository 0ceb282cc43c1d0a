"""Models frozen in memory, a few lines each: what is written out, what stays a call, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.batchnorm import inspect
from bninspect.errors import RewriteError
from bninspect.graph import flatten
from bninspect.graphdef.reader import records
from bninspect.graphdef.records import SignatureDef
from bninspect.graphdef.writer import new_node
from bninspect.rewrite.freeze import frozen
from tests.support.text import graphdef

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bninspect.batchnorm import Report

TOP = """
x = Placeholder(dtype=float, shape=[-1, 8, 8, 3])
v = VariableV2(dtype=float, shape=[3])
h = VarHandleOp(dtype=float, shape=[3])
"""
FUSED = "FusedBatchNormV3(x, {0}, {0}, {0}, {0}, is_training=false, T=float, U=float)".format
FUNCTIONS = """
def takes(x, handle) -> y=s:z:0
    r = ReadVariableOp(handle, dtype=float)
    s = Add(x, r:value:0, T=float)
def holds(x) -> y=s:z:0
    h = VarHandleOp(dtype=float)
    i = VarIsInitializedOp(h:resource:0)
    s = Select(i:is_initialized:0, x, x, T=float)
def hands(x, handle) -> y=t:y:0
    t = PartitionedCall(x, handle, f=@takes)
def calls(x) -> y=t:y:0
    t = PartitionedCall(x, f=@holds)
def computes(x) -> y=r:activations:0
    r = Relu(x, T=float)
def body(x, a) -> y=bn:y:0, b=a
    bn = FusedBatchNormV3(x, a, a, a, a, is_training=false, T=float, U=float)
def cond(x, a) -> y=l:z:0
    l = Foreign(x)
"""


def report(
    lines: str, *outputs: str, values: Sequence[str] = "vh", signature: tuple[str, ...] | None = None
) -> Report:
    """What is found in these lines; the variables of these names have three values each."""
    message = graphdef(TOP + lines + FUNCTIONS)
    for function in message.library.function:
        for argument in function.signature.input_arg:
            argument.type = 20 if argument.name == "handle" else 1
    value = new_node("v", "Const", (), {"value": np.array([1, 2, 3], np.float32)}).attr("value")
    signatures = () if signature is None else (
        SignatureDef(key="serve", inputs={}, outputs={name: name for name in signature}),
    )  # fmt: skip
    record = replace(
        records(message.SerializeToString(), "text"),
        variables=dict.fromkeys(values, value),
        checkpoint="model.ckpt",
        signatures=signatures,
    )
    return inspect(flatten(record), outputs=outputs)


def ops(found: Report) -> dict[str, str]:
    return {node.name: node.op for node in found.graph if node.op not in ("Placeholder", "Const")}


WRITTEN_OUT = {
    "takes a handle": ("PartitionedCall(x, h, f=@takes)", {"call/s": "Add"}),
    "calls what takes one": ("PartitionedCall(x, h, f=@hands)", {"call/t/s": "Add"}),
    "computes": ("PartitionedCall(x, f=@computes)", {"call": "PartitionedCall"}),
}


@pytest.mark.parametrize("kind", WRITTEN_OUT)
def test_functions_that_work_with_variables_are_written_out(kind: str) -> None:
    call, expected = WRITTEN_OUT[kind]
    found = frozen(report(f"call = {call}\ntop = Add(call, v, T=float)\n"))
    assert ops(found) == {**expected, "top": "Add"}
    assert [tensor.name for tensor in found.outputs] == ["top:0"]


@pytest.mark.parametrize("function", ["holds", "calls"])
def test_a_variable_within_a_function_has_no_value(function: str) -> None:
    lines = f"call = PartitionedCall(x, f=@{function})\ntop = Add(call, v, T=float)\n"
    with pytest.raises(RewriteError, match=r"are not in the checkpoint model.ckpt: holds/h$"):
        frozen(report(lines))


LOOP = "loop = StatelessWhile(x, v, cond=@cond, body=@body)\n"


@pytest.mark.parametrize(
    ("output", "written"),
    [("loop:0", "loop:0"), ("loop:1", "loop:1"), ("top", "top:0")],
    ids=["its first result", "its second", "behind it"],
)
def test_a_while_stays_one_node(output: str, written: str) -> None:
    original = report(LOOP + "top = Neg(loop, T=float)\n", output)
    assert [layer.name for layer in original.layers] == (["bn"] if output != "loop:1" else [])
    found = frozen(original)
    assert [tensor.name for tensor in found.outputs] == [written]
    assert [layer.name for layer in found.layers] == [layer.name for layer in original.layers]


def test_what_stands_in_the_body_of_a_while_is_no_output() -> None:
    with pytest.raises(RewriteError, match=r"^body/bn:0: in the body of a While, whose variables cannot be"):
        frozen(report(LOOP, "body/bn"))


CALL = "call = PartitionedCall(x, h, f=@takes)\ntop = Neg(call, T=float)\n"


def test_the_results_of_a_call_are_served_by_a_signature_alone() -> None:
    """Without one nobody asks for it: so SavedModels restore and save."""
    found = frozen(report(CALL, signature=("call:0",)))
    assert [tensor.name for tensor in found.outputs] == ["call:0"]
    found = frozen(report(CALL, signature=("top:0", "x:0")))
    assert [tensor.name for tensor in found.outputs] == ["top:0", "x:0"]
    message = r"^text: serves nothing \(call:0 is a call that restores or saves\): write the SavedModel with"
    with pytest.raises(RewriteError, match=message):
        frozen(report(CALL, "call"))


NORMALIZES = f"""
call = PartitionedCall(x, h, f=@normalizes)
top = Identity(call, T=float)
def normalizes(x, handle) -> y=bn:y:0
    r = ReadVariableOp(handle, dtype=float)
    bn = {FUSED("r:value:0")}
"""


@pytest.mark.parametrize(("output", "written"), [("normalizes/bn:1", "call/bn:1"), ("top", "top:0")])
def test_a_layer_within_a_call_keeps_its_name(output: str, written: str) -> None:
    original = report(NORMALIZES, output)
    found = frozen(original)
    assert [tensor.name for tensor in found.outputs] == [written]
    assert [layer.name for layer in found.layers] == [layer.name for layer in original.layers] == ["bn"]


@pytest.mark.parametrize(
    ("count", "names"), [(1, "w0"), (5, "w0, w1, w2, w3, w4"), (6, "w0, w1, w2, w3, w4, ...")]
)
def test_variables_that_the_outputs_need_and_no_checkpoint_has(count: int, names: str) -> None:
    lines = "".join(f"w{n} = VariableV2(dtype=float, shape=[3])\n" for n in reversed(range(count)))
    lines += "".join(f"a{n} = Add({f'a{n - 1}' if n else 'v'}, w{n}, T=float)\n" for n in range(count))
    with pytest.raises(RewriteError) as refused:
        frozen(report(lines))
    reason = "variables that the outputs need are not in the checkpoint model.ckpt"
    assert str(refused.value) == f"text: {reason}: {names}"


@pytest.mark.parametrize("op", ["HashTableV2", "MutableHashTableOfTensors", "AnonymousHashTable"])
def test_a_table_is_filled_when_a_model_is_loaded(op: str) -> None:
    lines = f"table = {op}()\nids = LookupTableFindV2(table, x)\nworded = Add(v, ids, T=float)\n"
    lines += "top = Add(v, x, T=float)\n"
    with pytest.raises(RewriteError, match=rf"^the outputs need the lookup table table \({op}\), which is"):
        frozen(report(lines, "worded"))
    assert ops(frozen(report(lines, "top"))) == {"top": "Add"}


def test_a_read_that_cannot_be_frozen_is_refused_where_the_outputs_need_it() -> None:
    lines = "foreign = ResourceForeign(h, dtype=float)\ntop = Add(v, x, T=float)\n"
    with pytest.raises(RewriteError, match=r"^ResourceForeign foreign reads the variable h in a way that"):
        frozen(report(lines, "foreign"))
    assert ops(frozen(report(lines, "top"))) == {"top": "Add"}


TRAINING = """
none = Const([])
g = Const([1.5, 2.0, 0.5])
m = VariableV2(dtype=float, shape=[3])
s = VariableV2(dtype=float, shape=[3])
rate = Const(0.25)
bn = FusedBatchNormV3(x, g, g, none, none, T=float, U=float)
gap_m = Sub(m, bn:1, T=float)
step_m = Mul(gap_m, rate, T=float)
move_m = AssignSub(m, step_m, T=float)
gap_s = Sub(s, bn:2, T=float)
step_s = Mul(gap_s, rate, T=float)
move_s = AssignSub(s, step_s, T=float)
top = Mul(bn, v, T=float)
"""


@pytest.mark.parametrize(
    ("values", "places"),
    [("vms", ("m:0", "s:0")), ("v", None), ("vm", None), ("vs", None)],
    ids=["both", "neither", "the mean", "the variance"],
)
def test_moving_statistics_that_only_updates_lead_to_stay_known(
    values: str, places: tuple[str, str] | None
) -> None:
    """If the checkpoint has both; with what only a training graph tells."""
    original = report(TRAINING, "top", values=values)
    (before,), (layer,) = original.layers, frozen(original).layers
    moving = layer.moving
    assert (None if moving is None else (moving.mean.name, moving.variance.name)) == places
    assert (layer.statistics.values is None) is (places is None)
    assert (before.momentum, layer.momentum) == (0.75, 0.75)
    assert (layer.updates, layer.trainable, layer.mode) == (before.updates, before.trainable, before.mode)


def test_a_layer_that_keeps_no_statistics_and_a_range_that_is_learned() -> None:
    """A range is what it was before the update that a training graph reads."""
    lines = "none = Const([])\ng = Const([1.5, 2.0, 0.5])\nlow = Const(-1.0)\nseen = Const(2.0)\n"
    lines += "most = VariableV2(dtype=float, shape=[])\nlearn = Assign(most, seen, T=float)\n"
    lines += "bn = FusedBatchNormV3(x, g, v, none, none, T=float, U=float)\n"
    lines += "top = FakeQuantWithMinMaxVars(bn, low, learn)\n"
    found = frozen(report(lines, "top", values=("v", "most")))
    assert ops(found) == {"bn": "FusedBatchNormV3", "top": "FakeQuantWithMinMaxVars"}
    assert [tensor.node.name for tensor in found.graph.node("top").inputs] == ["bn", "low", "most"]
    assert [(layer.name, layer.moving) for layer in found.layers] == [("bn", None)]


def test_a_model_without_variables_is_itself() -> None:
    original = report("top = Neg(x, T=float)\n")
    nodes = tuple(node for node in original.graph.graphdef.nodes if node.name in ("x", "top"))
    found = inspect(flatten(replace(original.graph.graphdef, nodes=nodes, variables=None)))
    assert frozen(found) is found
