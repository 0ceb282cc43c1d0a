"""The allow-list: what is on it, and that nothing runs around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bninspect.errors import RunError
from bninspect.graphdef import read
from bninspect.graphdef.reader import records
from bninspect.graphdef.writer import serialized
from bninspect.run.needed import needed
from bninspect.run.pure_ops import PURE_OPS
from bninspect.run.safety import check
from bninspect.run.session import Session
from tests.support.pictures import graph_bytes, tensorflow
from tests.support.text import graphdef

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_STATEFUL_NAMES = """
    Assert Case CheckNumerics CheckNumericsV2 DeepCopy Empty If Multinomial ParameterizedTruncatedNormal
    RandomCrop RandomGamma RandomPoisson RandomPoissonV2 RandomShuffle RandomStandardNormal RandomUniform
    RandomUniformInt SampleDistortedBoundingBox SampleDistortedBoundingBoxV2 Stack StackCloseV2 StackPopV2
    StackPushV2 StackV2 StatefulPartitionedCall StatelessRandomGetAlg TensorArray TensorArrayCloseV3
    TensorArrayConcatV3 TensorArrayGatherV3 TensorArrayReadV3 TensorArrayScatterV3 TensorArraySizeV3
    TensorArraySplitV3 TensorArrayV2 TensorArrayV3 TensorArrayWriteV3 TruncatedNormal While
"""
"""Ops that TensorFlow calls stateful and that only compute: their state lives in one run or is a seed."""

_FORBIDDEN_NAMES = """
    ReadFile WriteFile MatchingFiles ImmutableConst RestoreV2 SaveV2 PyFunc PyFuncStateless EagerPyFunc Print
    PrintV2 LogString DebugIdentity DebugIdentityV2 TFRecordDataset IteratorGetNext OneShotIterator Abort
    VarHandleOp ReadVariableOp VariableV2 AssignVariableOp RemoteCall RpcCall Send Recv _Send _Recv LMDBReader
    WriteSummary MergeSummary TextLineReaderV2 WholeFileReaderV2 QueueDequeueV2 FIFOQueueV2 HashTableV2
    LookupTableFindV2 XlaLaunch InitializeTableFromTextFileV2 SymbolicGradient BatchFunction MapDefun
    DumpTensor
"""


def test_nothing_forbidden_is_on_the_list() -> None:
    assert PURE_OPS.isdisjoint(_FORBIDDEN_NAMES.split())


@pytest.mark.tensorflow
def test_the_list_agrees_with_tensorflows_registry() -> None:
    tensorflow()
    from tensorflow.python.framework import op_def_registry

    known = {name: op_def_registry.get(name) for name in PURE_OPS}
    stateful = {name for name, definition in known.items() if definition and definition.is_stateful}
    assert stateful.difference(_STATEFUL_NAMES.split()) == set()


def _refused(path: Path, build: Callable[[Any], None], *fetches: str) -> str:
    """What is said of a graph; it must be refused."""
    path.write_bytes(graph_bytes(build))
    with pytest.raises(RunError) as error:
        check(needed(read(str(path)), fetches))
    return str(error.value)


@pytest.mark.tensorflow
def test_a_refusal_names_the_op_the_node_and_the_way_through(tmp_path: Path) -> None:
    def build(tf: Any) -> None:
        tf.identity(tf.io.read_file("/etc/hostname", name="spy"), name="out")

    told = _refused(tmp_path / "m.pb", build, "out:0")
    assert "op ReadFile (node spy)" in told
    assert "it reads or writes a file" in told
    assert "--allow-op ReadFile" in told
    check(needed(read(str(tmp_path / "m.pb")), ["out"]), ["ReadFile"])


@pytest.mark.tensorflow
def test_control_inputs_run_too(tmp_path: Path) -> None:
    def build(tf: Any) -> None:
        with tf.control_dependencies([tf.io.write_file("/nowhere/x", "x", name="write")]):
            tf.constant(1.0, name="out")

    assert "op WriteFile (node write)" in _refused(tmp_path / "m.pb", build, "out:0")


@pytest.mark.tensorflow
def test_functions_run_too_at_any_depth(tmp_path: Path) -> None:
    def build(tf: Any) -> None:
        def spy(name: Any) -> Any:
            return tf.strings.length(tf.io.read_file(name))

        def choose(name: Any) -> Any:
            inner = tf.function(spy, autograph=False)
            return tf.cond(tf.strings.length(name) > 3, lambda: inner(name), lambda: tf.constant(0))

        outer = tf.function(choose, autograph=False)
        tf.identity(outer(tf.compat.v1.placeholder(tf.string, [], name="name")), name="out")

    assert "op ReadFile" in _refused(tmp_path / "m.pb", build, "out:0")


@pytest.mark.tensorflow
def test_what_the_fetches_do_not_need_is_not_run_and_not_refused(tmp_path: Path) -> None:
    def build(tf: Any) -> None:
        unused = tf.function(lambda name: tf.io.read_file(name), autograph=False)
        tf.io.write_file("/nowhere/x", unused(tf.constant("/etc/hostname")), name="write")
        tf.constant(1.0, name="out")

    (tmp_path / "m.pb").write_bytes(graph_bytes(build))
    program = needed(read(str(tmp_path / "m.pb")), ["out:0"])
    check(program)
    assert ([node.name for node in program.nodes], program.functions) == (["out"], {})
    with Session(serialized(program)) as session:
        assert session.run(["out:0"], {}) == [1.0]


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("name", "call"), [("ReadFile", "ReadFile(x)"), ("MatMul", "PartitionedCall(x, f=@MatMul)")]
)
def test_a_function_named_like_an_op_is_refused(name: str, call: str) -> None:
    """Which of the two runs is up to TensorFlow, and the allow-list has seen the function alone."""
    text = f"""
x = Const([1.0])
out = {call}
def {name}(a) -> y=same:output:0
    same = Identity(a, T=float)
"""
    program = needed(records(graphdef(text).SerializeToString(), "text"), ["out"])
    with pytest.raises(RunError, match=f"function {name} of this file is not run"):
        check(program)
    own = records(graphdef(text.replace(name, "my_own")).SerializeToString(), "text")
    check(needed(own, ["out"]))
