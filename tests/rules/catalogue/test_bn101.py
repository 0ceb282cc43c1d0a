"""BN101 training-mode-baked-in."""

from __future__ import annotations

from dataclasses import replace

from bninspect.batchnorm import State, inspect
from bninspect.batchnorm.layer import Statistics
from bninspect.batchnorm.stored import NOT_IN_CHECKPOINT
from bninspect.graph import Graph
from bninspect.graph.graph import Signature
from bninspect.rules import Case, judge, select
from bninspect.rules.facts.training import NOT_SERVED
from tests.support.catching import caught, checkpointed, found, fused, not_run, of_checkpoint, of_fixture
from tests.support.parts import BATCH, EMPTY, IMAGE, PHASE, STORED, fused_cond, report

TRUE = "phase = Const(true)\n"


def test_catches_a_fused_op_with_its_statistics_wired_in() -> None:
    finding = caught("BN101", STORED + fused(training=True))
    assert (finding.layer, finding.node) == ("y", "y")
    assert finding.remedy == "bninspect strip text -o text.serving.pb"


def test_catches_a_constant_predicate() -> None:
    finding = caught("BN101", STORED + TRUE + fused_cond("phase"))
    assert finding.node == "y_train"
    assert finding.message.endswith("y_pred_id:0 is a constant")


def test_catches_the_default_of_is_training() -> None:
    assert found("BN101", STORED + "y = FusedBatchNormV3(x, gamma, beta, mean, variance)\n")


def test_strip_is_the_remedy_where_an_assignment_ties_statistics_to_a_chain() -> None:
    for finding in of_fixture("BN101", "keras3_training_assign.pb"):
        assert (finding.remedy or "").startswith("bninspect strip ")


def test_data_are_the_remedy_where_the_checkpoint_has_lost_the_statistics() -> None:
    """The model is stripped with them: it would go on training."""
    whole = report(STORED + fused(training=True))
    lost = Statistics(state=State.UNREAD, reason=NOT_IN_CHECKPOINT)
    layer = replace(whole.layers[0], statistics=lost)
    (finding,) = judge(Case(report=replace(whole, layers=(layer,))), select(["BN101"])).findings
    assert finding.remedy == "bninspect refresh text --image DIR --strip -o text.serving.pb"


def test_does_not_catch_inference() -> None:
    assert not found("BN101", STORED + fused())


def test_does_not_catch_a_switch() -> None:
    """Both branches of one conditional: one of them trains, and is not always taken."""
    assert not found("BN101", STORED + PHASE + fused_cond("phase"))


def test_does_not_catch_what_has_lost_its_statistics() -> None:
    """That is BN102."""
    text = "y = FusedBatchNormV3(x, gamma, beta, none, none)\n"
    assert not found("BN101", STORED + EMPTY + text)


def test_does_not_catch_a_layer_beside_the_outputs() -> None:
    assert not of_fixture("BN101", "unused_layer.pb")


def test_does_not_catch_lookalikes() -> None:
    for file in ("layer_norm.pb", "group_norm_fused.pb", "instance_norm.pb", "contrib_instance_norm.pb"):
        assert not of_fixture("BN101", file)


def test_does_not_catch_moments_of_something_else() -> None:
    assert not found("BN101", IMAGE + BATCH.removeprefix(IMAGE) + "y = Relu(batch_mean)\n")


def test_does_not_catch_a_training_graph_and_says_so() -> None:
    """Training mode is right there; whoever ships it as it is says --deploy."""
    case = checkpointed("wired_115")
    assert not of_checkpoint("BN101", "wired_115")
    assert not_run("BN101", case) == [NOT_SERVED]
    assert not_run("BN102", case) == [NOT_SERVED]
    (finding,) = of_checkpoint("BN101", "wired_115", deploy=True)
    assert finding.layer == "bn"
    assert not not_run("BN101", checkpointed("wired_115", deploy=True))


def test_a_training_graph_without_baked_layers_is_judged() -> None:
    for name in ("switched_115", "inference_115"):
        assert not not_run("BN101", checkpointed(name))


def test_catches_a_training_graph_with_a_signature() -> None:
    """What is served is then told by the file itself."""
    case = checkpointed("wired_115")
    graph = case.report.graph
    serving = Signature(key="serving_default", inputs={}, outputs={"y": case.report.outputs[0]})
    exported = Graph(graph.nodes, graphdef=graph.graphdef, signatures=(serving,))
    told = judge(Case(report=inspect(exported)), select(["BN101"]))
    assert [finding.layer for finding in told.findings] == ["bn"]
    assert not told.not_run
