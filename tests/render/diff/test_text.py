"""What moved between two files, for a person: at 100 and 80 columns, in a pipe, with hostile names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bninspect.commands.check.one_model import Allowance
from bninspect.commands.diff.pair import compare, compare_reports
from bninspect.render.diff.document import diff_document
from bninspect.render.diff.markdown import diff_markdown
from bninspect.render.diff.screen import render_diff
from bninspect.render.screenful import MOST_ROWS
from tests.support.catching import fused
from tests.support.checks import AWKWARD
from tests.support.drawing import coloured, drawn
from tests.support.moving import old_and_new
from tests.support.parts import STORED, UNDECIDED, report
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from collections.abc import Callable

    from bninspect.commands.diff.pair import PairResult


def text(result: PairResult, width: int | None = 100) -> str:
    return drawn(render_diff(result), width)


@pytest.fixture(scope="module")
def result() -> PairResult:
    return compare_reports(*old_and_new())


@pytest.mark.parametrize("width", [160, 100, 80])
def test_the_report(width: int, result: PairResult, expected: Callable[[str, str], None]) -> None:
    expected(f"diff-{width}.txt", text(result, width))


@pytest.mark.parametrize("width", [160, 80, 40])
def test_the_legend_names_the_columns_that_are_drawn(width: int, result: PairResult) -> None:
    drawn, _, said = text(result, width).partition("─\n")
    titles = " ".join(drawn.partition("\nlayer in ")[2].split())
    legend = " ".join(said.partition("BN501")[0].split())
    for title in ("gamma", "max abs"):
        assert (title in titles) == (f"{title}:" in legend or f"{title}," in legend)


def test_in_a_pipe_the_table_is_whole_however_wide(result: PairResult) -> None:
    shown = text(result, None).splitlines()
    (head,) = [line for line in shown if line.startswith("layer in ")]
    assert head.split()[3:] == [
        "weights",
        "gamma",
        "beta",
        "statistics",
        "max",
        "abs",
        "trains",
        "on",
        "verdict",
    ]
    (row,) = [line for line in shown if line.startswith("resnet_v1_50/block2/unit_1/bottleneck_v1/conv1 ")]
    assert row.endswith("both moved")


def test_colours_are_the_consoles_to_leave_out(result: PairResult) -> None:
    assert "\x1b[" in coloured(render_diff(result))
    assert "\x1b[" not in text(result)


def test_what_is_the_same_is_said_so() -> None:
    old, _ = old_and_new()
    shown = text(compare_reports(old, old))
    assert shown.startswith("text: nothing moved in all 6 layers\n")
    assert "BN501" not in shown


def test_places_that_could_not_be_decided_are_named_with_their_file() -> None:
    """Of which nothing was compared: a verdict that is silent on them says more than is known."""
    plain = STORED + fused() + "top = Relu(y)\n"
    undecided = STORED + UNDECIDED + fused() + "top = Add(y, undecided)\n"
    old, new = report(plain), report(undecided)
    assert "could not be decided" not in text(compare_reports(old, old), None)
    both = text(compare_reports(new, new), None)
    assert both.startswith("text: nothing moved in y; 1 place could not be decided\n")
    assert "\ncould not be decided: undecided: the statistics mix those of the batch" in both
    assert "\ncould not be decided in NEW: undecided: " in text(compare_reports(old, new), None)
    assert "\ncould not be decided in OLD: undecided: " in text(compare_reports(new, old), None)
    sides = diff_document(compare_reports(old, new))
    assert [place["node"] for place in sides["new"]["unrecognised"]] == ["undecided"]
    assert sides["old"]["unrecognised"] == []


def test_what_is_allowed_is_told() -> None:
    allowed = (Allowance(code="BN501", layer="*", reason="a test"),)
    shown = text(compare_reports(*old_and_new(), allowances=allowed))
    assert "allowed: BN501 at resnet_v1_50/block1/unit_1/bottleneck_v1/shortcut/BatchNorm (a test)" in shown
    assert "statistics-unchanged" not in shown


@pytest.mark.parametrize("width", [100, 80, 40])
def test_no_letter_moves_the_terminal(width: int, result: PairResult) -> None:
    first = result.comparison.layers[0]
    hostile = replace(first, new=replace(first.new, name=AWKWARD))
    comparison = replace(result.comparison, layers=(hostile, *result.comparison.layers[1:]))
    shown = text(replace(result, comparison=comparison), width)
    assert all(letter.isprintable() for letter in shown.replace("\n", ""))


def test_layers_that_moved_alike_are_one_row_of_a_large_model(result: PairResult) -> None:
    moves = [move for move in result.comparison.layers for _ in range(9)]
    many = replace(result, comparison=replace(result.comparison, layers=tuple(moves)))
    shown = text(many)
    assert len(shown.splitlines()) <= MOST_ROWS
    assert "--all lists the layers one by one." in shown
    assert "of 54 layers, weights alone moved in 18, statistics alone moved in 9" in " ".join(shown.split())
    listed = drawn(render_diff(many, everything=True), 100)
    assert listed.count("  weights only\n") == 18


def test_markdown_holds_nothing_that_is_obeyed(result: PairResult, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = result.comparison.new.graph
    hostile = replace(graph.graphdef, path="@team <img> [x](y) ```\n# a")
    monkeypatch.setattr(graph, "graphdef", hostile)
    said = diff_markdown(result)
    heading, verdict, *_ = [line for line in said.splitlines() if line]
    assert heading == "## bninspect diff"
    assert verdict.startswith("\\@team \\<img\\> \\[x\\](y) \\`\\`\\`\\\\n\\# a: of 6 layers")
    assert said.count("````") == 2


def test_what_moved_is_named_where_all_layers_moved_alike() -> None:
    old, new = (str(FIXTURES / "training" / "wired_115" / f"model.ckpt-{step}.meta") for step in (0, 20))
    first = text(compare(old, new), None).splitlines()[0]
    assert first == f"{new}: weights and statistics moved in bn"
