"""The forecast for a person: the fix is on the screen however narrow it is, and no option that is none."""

from __future__ import annotations

import pytest

from bninspect.commands.forecast.forecasting import forecast_model
from bninspect.render.forecast.screen import render_forecast
from bninspect.render.screenful import MOST_ROWS
from tests.support.drawing import drawn
from tests.support.places import FIXTURES

NAMES = ("cond_nets.pb", "frozen_backbone.pb", "mixed_modes.pb", "cases/map_fn_fused.pb", "default_true.pb")


@pytest.mark.parametrize("width", [100, 80, 60])
@pytest.mark.parametrize("name", NAMES)
def test_the_fix_is_on_the_screen(name: str, width: int) -> None:
    result = forecast_model(str(FIXTURES / name))
    lines = drawn(render_forecast(result), width).splitlines()
    assert len(lines) <= MOST_ROWS
    assert result.fix is not None
    assert f"fix: {result.fix}" in " ".join(" ".join(lines).split())
    assert "--all" not in " ".join(lines)


def test_reasons_that_find_no_room_in_the_table_are_said_once_below_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(FIXTURES)  # a long path takes rows of the screen
    result = forecast_model("mixed_modes.pb")
    shown = " ".join(drawn(render_forecast(result), 60).split())
    assert "OpenVINO, Core ML, TFLite, tf2onnx, OpenCV: inference mode is kept" in shown
    assert "converter serves layers ─" in shown


@pytest.mark.parametrize("width", [100, 60, 40])
def test_no_line_of_the_table_is_wider_than_the_terminal(width: int) -> None:
    result = forecast_model(str(FIXTURES / "mixed_modes.pb"))
    lines = drawn(render_forecast(result), width).splitlines()
    assert all(len(line) <= width for line in lines if not line.startswith("fix: "))
