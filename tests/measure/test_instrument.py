"""The types of what is measured: by the nodes that state them, nearest first."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from bninspect.errors import RewriteError
from bninspect.measure.instrument import GapNames, dtype_at, gap_nodes, x_dtype
from tests.support.reports import tensor

if TYPE_CHECKING:
    from bninspect.batchnorm import BatchNorm
    from bninspect.batchnorm.site import Site
    from bninspect.graph import Tensor

HALF, DOUBLE, FLOAT = (tensor(name, "Relu", T=name) for name in ("half", "double", "float"))
ODD = tensor("odd", "NoSuchOp")


def site(node: Tensor, x: Tensor) -> Site:
    return cast("Site", SimpleNamespace(node=node.node, x=x))


@pytest.mark.parametrize(
    ("node", "x", "dtype"),
    [
        (HALF, DOUBLE, "half"),
        (tensor("bn", "NoSuchOp", T="half"), DOUBLE, "half"),
        (ODD, DOUBLE, "double"),
    ],
    ids=["of a known op", "of any op", "by x"],
)
def test_x_is_of_the_type_that_its_node_states_or_of_its_own(node: Tensor, x: Tensor, dtype: str) -> None:
    assert x_dtype(site(node, x)) == dtype


def test_x_of_an_unknown_type_is_refused() -> None:
    with pytest.raises(RewriteError):
        x_dtype(site(ODD, ODD))


def layer(output: Tensor, **branches: Tensor) -> BatchNorm:
    """A layer that gives this, and whose branches are of these nodes."""
    facts: dict[str, Any] = dict.fromkeys(("training", "inference", "untaken"))
    facts |= {name: SimpleNamespace(site=site(node, ODD)) for name, node in branches.items()}
    return cast("BatchNorm", SimpleNamespace(output=output, **facts))


@pytest.mark.parametrize(
    ("one", "dtype"),
    [
        (layer(FLOAT, training=HALF), "float"),
        (layer(ODD, training=HALF, inference=DOUBLE, untaken=DOUBLE), "half"),
        (layer(ODD, inference=HALF, untaken=DOUBLE), "half"),
        (layer(ODD, untaken=HALF), "half"),
        (layer(tensor("odd", "NoSuchOp", dtype="half")), "half"),
    ],
    ids=[
        "as its output says",
        "as its training",
        "as its inference",
        "as what is not taken",
        "as any node says",
    ],
)
def test_an_output_is_of_the_type_that_the_nearest_node_states(one: BatchNorm, dtype: str) -> None:
    assert dtype_at(one) == dtype


@pytest.mark.parametrize("dtype", ["half", "bfloat16", "float", "double"])
def test_a_gap_is_taken_in_single_precision_at_least(dtype: str) -> None:
    wide = dtype if dtype == "double" else "float"
    nodes = {node.name: node for node in gap_nodes("gap", "t:0", "i:1", dtype)}
    narrow = dtype in ("half", "bfloat16")
    t, i = ("gap/t", "gap/i") if narrow else ("t", "i:1")
    assert ("gap/t" in nodes, "gap/i" in nodes) == (narrow, narrow)
    if narrow:
        assert (nodes["gap/t"].inputs, nodes["gap/i"].inputs) == (("t",), ("i:1",))
        assert {(nodes[name].attr("SrcT"), nodes[name].attr("DstT")) for name in (t, i)} == {(dtype, "float")}
    assert {name: (node.op, node.inputs) for name, node in nodes.items() if name not in (t, i)} == {
        "gap/flat": ("Const", ("^t",)),
        "gap/axis": ("Const", ("^t",)),
        "gap/apart": ("Sub", (i, t)),
        "gap/row": ("Reshape", ("gap/apart", "gap/flat")),
        "gap/highest": ("Max", ("gap/row", "gap/axis")),
        "gap/lowest": ("Min", ("gap/row", "gap/axis")),
        "gap/squares": ("L2Loss", ("gap/apart",)),
        "gap/norm": ("L2Loss", (t,)),
        "gap/size": ("Size", (t,)),
    }
    assert {nodes[f"gap/{name}"].attr("T") for name in ("apart", "row", "squares", "norm", "size")} == {wide}
    values = {name: nodes[f"gap/{name}"].attr("value").numbers().tolist() for name in ("flat", "axis")}
    assert values == {"flat": [-1], "axis": [0]}
    assert [nodes[f"gap/{name}"].attr("keep_dims") for name in ("highest", "lowest")] == [False, False]
    assert {name.partition(":")[0] for name in GapNames.under("gap")} <= nodes.keys()
