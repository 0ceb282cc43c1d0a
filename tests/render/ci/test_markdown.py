"""Markdown for a job summary or a comment: short enough, whole, and nothing in it is markup of a file's."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bninspect.commands.check.one_model import Settings, check
from bninspect.commands.check.result import CheckResult, ModelResult
from bninspect.render.ci.markdown import markdown
from tests.support.checks import HOSTILE, ORDINARY, found
from tests.support.places import FIXTURES


def shown(result: CheckResult) -> str:
    return markdown(result)


def test_the_verdicts_then_a_section_for_each_model_that_fails_or_was_not_judged() -> None:
    text = shown(ORDINARY)
    assert text.startswith("## bninspect check\n\n4 models: 1 fails, 1 not judged, 2 clean")
    assert "| <code>models/a.pb</code> | fail | 3 errors, 1 warning |\n" in text
    assert "| <code>models/lfs.pb</code> | not judged | none |\n" in text
    assert "healthy" not in text
    assert text.count("<details><summary>") == text.count("</details>") == 2
    assert "**error BN201 statistics-never-updated**" in text
    assert "```sh\nbninspect refresh MODEL -o OUT --image DIR\n```" in text
    assert "In the baseline: 1 error." in text


def test_a_hundred_models_are_less_than_64000_characters_and_sections_are_left_out_whole() -> None:
    long = "a/very/long/scope/" * 20
    every = tuple(found(f"BN{number}", message=f"{long} {number}") for number in range(201, 208))
    one = replace(check(Settings(path=str(FIXTURES / "classic.pb"))), found=every)
    models = tuple(replace(one, path=f"models/{number}.pb") for number in range(100))
    text = shown(CheckResult(models=models))
    assert len(text) < 64_000
    whole = text.count("<details>")
    assert whole == text.count("</details>")
    assert text.count("```") % 2 == 0
    assert f"the sections of {100 - whole} models.\n" in text
    assert "100 models: 100 fail" in text


@pytest.mark.parametrize("size", [1, 70_000])
def test_a_name_of_any_length_has_room(size: int) -> None:
    name = "n" * size
    one = ModelResult(path=name, modes={"training": 1}, found=(found(layer=name, message=name),))
    assert len(shown(CheckResult(models=(one,)))) < 64_000
    assert "<details>" in shown(CheckResult(models=(one,)))


def test_no_name_is_markup() -> None:
    text = shown(HOSTILE)
    outside = re.sub(r"^(`{3,}).*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert not re.search(r"<(?!/?(details|summary|code)>)", outside)
    assert "::error" not in text
    assert "](" not in outside


def test_a_fence_within_a_message_ends_nothing() -> None:
    one = ModelResult(path="m.pb", found=(found(message="x ```` y"),))
    assert "`````text\nbn\nx ```` y\n`````\n" in shown(CheckResult(models=(one,)))


@pytest.mark.parametrize(
    ("file", "arrows"),
    [
        ("classic.pb", {'n2 -->|"true"| n1', 'n2 -->|"false"| n5', 'n6 -->|"moving mean"| n5'}),
        ("const_true.pb", {'-->|"moments of the batch"|'}),
        ("fixed_training_fused_2.pb", {'-->|"moments of the batch"|'}),
    ],
)
def test_the_wiring_of_a_guilty_layer_is_drawn(file: str, arrows: set[str]) -> None:
    text = shown(CheckResult(models=(check(Settings(path=str(FIXTURES / file), deploy=True)),)))
    drawing = text.partition("```mermaid\nflowchart LR\n")[2].partition("```")[0]
    assert all(arrow in drawing for arrow in arrows)
    names = {line.split("[")[0].strip() for line in drawing.splitlines() if "[" in line}
    assert set(re.findall(r"\bn\d+\b", drawing.split("style")[0])) >= names
    assert "(training)" in drawing


def test_a_label_holds_no_syntax_of_mermaid() -> None:
    model = check(Settings(path=str(FIXTURES / "const_true.pb")))
    assert model.sketch is not None
    edge = model.sketch.edges[0]._replace(start='a"]; click b "x" <b>#end')
    hostile = replace(model, sketch=replace(model.sketch, edges=(edge,)))
    drawing = shown(CheckResult(models=(hostile,))).partition("```mermaid")[2]
    assert '["a#34;#93;#59; click b #34;x#34; #60;b#62;#35;end"]' in drawing
