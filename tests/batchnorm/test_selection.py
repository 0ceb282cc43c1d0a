"""`--layer`: globs, names as the table shows them, and pasted names of nodes and tensors."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bninspect.batchnorm.selection import select
from bninspect.errors import SelectionError
from tests.support.reports import layer, phase, predicate, resnet, tensor

LAYERS = resnet(predicate(phase("phase_train")))
CONV1 = "resnet_v1_50/conv1/BatchNorm"


def chosen(*globs: str) -> list[str]:
    return [one.name for one in select(LAYERS, globs)]


def test_without_a_glob_it_is_all_of_them() -> None:
    assert len(chosen()) == 53


@pytest.mark.parametrize(
    "glob",
    [
        CONV1,
        "resnet_v1_50/conv1/*",
        "conv1/BatchNorm",
        f"{CONV1}/cond/FusedBatchNormV3",
        f"{CONV1}/cond/FusedBatchNormV3_1:0",
        f"{CONV1}/cond/Merge",
        f"{CONV1}/cond/Merge:0",
        f"^{CONV1}/cond/Merge",
        f"{CONV1}/moving_mean",
        f"{CONV1}/gamma:0",
    ],
)
def test_one_layer_by_any_of_its_names(glob: str) -> None:
    assert chosen(glob) == [CONV1]


def test_a_glob_reaches_over_scopes() -> None:
    assert len(chosen("*/block1/*")) == 10
    assert len(chosen("block1/*")) == 10
    assert len(chosen("*/shortcut/*", "*/unit_1/*/shortcut/*")) == 4


def test_a_glob_that_matches_layers_is_not_one_of_nodes() -> None:
    """`add_1` is a node of every layer of Keras 3, and `*_1` the name of one layer."""
    found = [
        replace(one, name=name, output=tensor(f"{name}/add_1"))
        for one, name in zip(LAYERS, ("bn", "bn_1"), strict=False)
    ]
    assert [one.name for one in select(found, ["*_1"])] == ["bn_1"]
    assert len(select(found, ["*/add_1"])) == 2


def test_layers_stand_in_the_order_of_the_graph() -> None:
    assert chosen("block2/unit_1/*/conv1/*", "conv1/*") == [
        CONV1,
        "resnet_v1_50/block2/unit_1/bottleneck_v1/conv1/BatchNorm",
    ]


def test_nothing_matched_gives_the_closest_names() -> None:
    with pytest.raises(
        SelectionError, match=r"--layer resnet_v1_50/conv/BatchNorm matches none of the 53 layers"
    ):
        chosen("resnet_v1_50/conv/BatchNorm")
    with pytest.raises(SelectionError, match=f"the closest: {CONV1}, "):
        chosen("resnet_v1_50/conv/BatchNorm")


def test_a_scope_is_told_how_to_be_a_glob() -> None:
    with pytest.raises(SelectionError, match=r"resnet_v1_50/block1/\* matches 10$"):
        chosen("resnet_v1_50/block1")


def test_each_glob_has_to_match() -> None:
    with pytest.raises(SelectionError, match="--layer nothing"):
        chosen("conv1/*", "nothing")


def test_no_layers_to_choose_from() -> None:
    with pytest.raises(SelectionError, match="there is no batch-norm layer in this model"):
        select([], ["x"])
    assert select([layer()], ["bn"]) != ()


def test_a_pasted_name_with_brackets_is_no_glob() -> None:
    odd = [replace(one, output=tensor(f"tower[{index}]/y")) for index, one in enumerate(LAYERS[:3])]
    assert [one.name for one in select(odd, ["tower[1]/y:0"])] == [LAYERS[1].name]
    assert len(select(odd, ["tower?[01]?/y"])) == 2


def test_a_name_with_brackets_is_that_name() -> None:
    found = [replace(LAYERS[0], name=name, output=tensor(f"{name}/y")) for name in ("bn[1]", "bn1")]
    assert [one.name for one in select(found, ["bn[1]"])] == ["bn[1]"]


def test_a_name_is_no_node_of_another_layer() -> None:
    first, second = replace(LAYERS[0], name="bn"), replace(LAYERS[1], name="net", output=tensor("bn"))
    assert [one.name for one in select([first, second], ["bn"])] == ["bn"]


def test_by_a_merge_that_is_not_the_output_and_by_another_port() -> None:
    moved = replace(LAYERS[0], output=tensor("behind")._replace(port=1), gamma=None)
    chosen = [select([moved, LAYERS[1]], [glob]) for glob in (f"{CONV1}/cond/Merge", "behind:1", "behind")]
    assert chosen == [(moved,)] * 3


def test_three_names_are_shown() -> None:
    with pytest.raises(SelectionError, match=r"the closest: [^,]+, [^,]+, [^,]+$"):
        chosen("conv")
