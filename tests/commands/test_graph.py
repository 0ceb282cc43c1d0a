"""`graph` without its command line: the model inspected, and the layers asked for."""

from __future__ import annotations

import pytest

from bninspect.commands.graph import GraphOptions, inspect_model
from bninspect.errors import SelectionError
from tests.support.places import FIXTURES

NET = str(FIXTURES / "net_mixed.pb")


def test_without_globs_all_layers_are_shown() -> None:
    result = inspect_model(NET)
    assert result.layers == result.report.layers
    assert len(result.layers) > 1


def test_a_glob_leaves_the_report_whole() -> None:
    result = inspect_model(NET)
    name = result.layers[0].name
    one = inspect_model(NET, GraphOptions(layers=(name,)))
    assert [layer.name for layer in one.layers] == [name]
    assert len(one.report.layers) == len(result.report.layers)


def test_a_glob_of_no_layer() -> None:
    with pytest.raises(SelectionError, match="nothing_here"):
        inspect_model(NET, GraphOptions(layers=("nothing_here",)))
