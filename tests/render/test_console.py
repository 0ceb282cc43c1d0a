"""Where lines are drawn: as wide as the terminal, in a pipe as wide as they are."""

from __future__ import annotations

import io

import pytest

from bninspect.render.console import Screen, standard_output
from bninspect.render.line import Line
from bninspect.render.table import Cell, Column, Table, name_column
from bninspect.render.tree import Tree
from tests.support.drawing import coloured, drawn

LONG = "one two three four five six seven eight nine ten eleven twelve thirteen"
COMMAND = "bninspect strip some/folder/model.pb -o some/folder/model.serving.pb --output logits"


@pytest.mark.parametrize(("columns", "width"), [("", None), ("72", 72), ("x", None), ("7", 40)])
def test_the_width_of_a_pipe(columns: str, width: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr("sys.stdout", io.StringIO())
    assert standard_output().room.width == width


def test_a_line_folds_in_a_terminal_and_not_in_a_pipe() -> None:
    assert drawn([Line(LONG)], None) == f"{LONG}\n"
    assert drawn([Line(LONG, indent=2)], 40) == (
        "  one two three four five six seven\n    eight nine ten eleven twelve\n    thirteen\n"
    )


def test_a_command_is_never_broken() -> None:
    assert drawn([Line(COMMAND, indent=2, label="fix: ", whole=True)], 40) == f"  fix: {COMMAND}\n"


def test_the_tone_of_a_label_is_not_that_of_the_text() -> None:
    assert coloured([Line("text", "warning", label="label: ")]) == "\x1b[33mlabel: \x1b[0mtext\n"


def test_a_table_takes_the_richest_layout_that_fits() -> None:
    names = name_column(["net/a/bn", "net/long_name/bn"])
    more = Column("more", (Cell("x" * 50), Cell("y")))
    channels = Column("channels", (Cell("8"), Cell("16")), right=True)
    table = Table([names, more, channels], [names, channels])
    lean = [
        "layer in net/.../bn  channels",
        "─────────────────────────────",
        "a                           8",
        "long_name                  16",
    ]
    assert drawn([table], 40).splitlines() == lean
    assert "x" * 50 in drawn([table], 100)
    assert "x" * 50 in drawn([table], None)


def test_names_fold_where_no_layout_fits_the_widest_first() -> None:
    columns = [
        Column("name", (Cell("a/long/name/of/a/layer"),), folds=True),
        Column("number", (Cell("1" * 24),), right=True),
    ]
    assert drawn([Table(columns, titled=False)], 40).splitlines() == [
        "a/long/name/    " + "1" * 24,
        " of/a/layer",
    ]


def test_a_tree_keeps_its_rules_where_a_line_folds() -> None:
    tree = Tree("root", (Tree("one two three four five six seven eight", (Tree("leaf"),)), Tree("last")))
    assert drawn([tree], 40).splitlines() == [
        "root",
        "├── one two three four five six seven",
        "│   │   eight",
        "│   └── leaf",
        "└── last",
    ]


def test_signs_where_there_are_no_rules() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    cell = Cell("█▌", ascii="##")
    Screen(stream, 40).write([Tree("root", (Tree("leaf"),)), Table([Column("bar", (cell,))])])
    stream.flush()
    shown = stream.buffer.getvalue().decode("ascii")
    assert shown.splitlines() == ["root", "`-- leaf", "bar", "---", "##"]
