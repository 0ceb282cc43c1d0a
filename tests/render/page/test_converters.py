"""What converters make of a model, on its page: after the findings, in the colours of the modes."""

from __future__ import annotations

import pytest

from bninspect.batchnorm import inspect
from bninspect.commands.check.one_model import Settings
from bninspect.commands.report.facts import PageFacts, page_facts
from bninspect.graph import load
from bninspect.rules import Case
from tests.support.page_facts import PageReader, page
from tests.support.places import FIXTURES

TITLE = "What converters make of it"


def facts(fixture: str) -> PageFacts:
    path = str(FIXTURES / fixture)
    return page_facts(Settings(path=path), Case(report=inspect(load(path))))


def section(fixture: str) -> str:
    """The section as markup."""
    _, _, rest = page(facts(fixture)).partition(f"<h2>{TITLE}</h2>")
    return rest.partition("<h2")[0]


def row(fixture: str, title: str) -> str:
    """What stands in the row of a converter."""
    [found] = [part for part in section(fixture).split("<tr>") if part.startswith(f"<td><span>{title} ")]
    return found


def test_it_stands_below_what_is_wrong() -> None:
    text = page(facts("default_true.pb"))
    assert text.index("defaults-to-training") < text.index(TITLE) < text.index("All layers")


@pytest.mark.parametrize(
    ("fixture", "title", "marked", "says"),
    [
        ("default_true.pb", "OpenVINO", True, '<b class="training">training</b>'),
        ("fixed_training_fused_2.pb", "Core ML", True, '<b class="inference">inference</b>'),
        ("classic.pb", "TFLite", False, "<b>asks at run time</b>"),
        ("classic.pb", "Core ML", False, "<b>refuses the model</b>"),
    ],
)
def test_a_converter_that_changes_the_mode_is_marked(
    fixture: str, title: str, marked: bool, says: str
) -> None:
    told = row(fixture, title)
    assert says in told
    assert ("warning" in told) is marked


def test_the_file_itself_comes_first() -> None:
    told = PageReader(section("default_true.pb")).text
    assert told.index("this file, in TensorFlow") < told.index("OpenVINO 2026")
    assert "training unless something else is fed" in told


def test_groups_of_layers_are_told_apart() -> None:
    told = PageReader(row("mixed_modes.pb", "OpenVINO")).text
    assert "training bn2 training mode is kept" in told
    assert "inference bn" in told


def test_a_model_that_all_serve_alike_is_one_line() -> None:
    told = section("fixed_inference_fused_115.pb")
    assert "OpenVINO, Core ML, TFLite, tf2onnx, OpenCV serve inference." in told
    assert told.index("<details>") < told.index("<table")


def test_the_fix_is_said_once() -> None:
    """Of default_true.pb a finding says it; no finding of a model that is fed has one."""
    command = "bninspect strip "
    assert command in page(facts("default_true.pb"))
    assert command not in section("default_true.pb")
    assert page(facts("classic.pb")).count(command) == 1
