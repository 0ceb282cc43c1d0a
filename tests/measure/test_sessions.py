"""A probe of one image opens two sessions at the most, whatever is asked of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bninspect.batchnorm import inspect
from bninspect.graph import load
from bninspect.inputs.request import Request
from bninspect.measure.facts import Question
from bninspect.measure.run import probe
from bninspect.options import Preprocess
from bninspect.run import program
from bninspect.run.session import Session
from tests.rewrite.conditionals import layer, write
from tests.support.places import FIXTURES

if TYPE_CHECKING:
    from pathlib import Path

    from bninspect.measure.facts import Probe


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Session]:
    """The sessions that were opened."""
    sessions: list[Session] = []

    def counted(*arguments: Any, **options: Any) -> Session:
        session = Session(*arguments, **options)
        sessions.append(session)
        return session

    monkeypatch.setattr(program, "Session", counted)
    return sessions


def _probe(name: str, image: str | None = None, preset: Preprocess = "raw") -> Probe:
    report = inspect(load(str(FIXTURES / name)))
    images = () if image is None else (str(FIXTURES / image),)
    request = Request(images=images, random=None if images else 1, preprocess=preset)
    return probe(report, Question(layers=report.layers), request)


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ["layers_fused_115.pb", "classic.pb", "negated.pb", "and_two.pb"])
def test_both_modes_verification_and_companions_share_a_session(name: str, opened: list[Session]) -> None:
    found = _probe(name)
    assert found.verification.state in ("verified", "impossible")
    assert found.companions is not None
    assert found.companions.outputs
    assert len(opened) == 1


@pytest.mark.tensorflow
@pytest.mark.parametrize("preset", ["raw", "auto"])
def test_every_preset_is_tried_in_the_same_session(preset: Preprocess, opened: list[Session]) -> None:
    found = _probe("layers_fused_115.pb", "image.jpg", preset)
    assert found.presets is not None
    assert found.presets.fits
    assert len(opened) == 1


@pytest.mark.tensorflow
def test_a_model_that_draws_numbers_needs_no_more(tmp_path: Path, opened: list[Session]) -> None:
    """Every part draws what it draws in its first run: both modes, the original, and the companions."""

    def build(tf: Any, x: Any) -> Any:
        training = tf.compat.v1.placeholder(tf.bool, [], name="training")
        first = layer(x, training, "first", trains_when=True)
        kept = first * tf.random.uniform(tf.shape(first)) + tf.random.normal(tf.shape(first))
        return layer(kept, training, "second", trains_when=True)

    report = inspect(load(str(write(tmp_path / "noise.pb", build))))
    found = probe(report, Question(layers=report.layers), Request(random=4))
    assert (found.verification.state, found.verification.max_abs) == ("verified", 0.0)
    assert found.companions is not None
    assert found.companions.random
    assert len(opened) == 1


@pytest.mark.tensorflow
def test_an_original_that_is_refused_opens_no_session_and_is_said(opened: list[Session]) -> None:
    found = _probe("cond_ema_115.pb")
    assert found.verification.state == "impossible"
    assert "op AssignSub (node " in str(found.verification.reason)
    assert "original/" not in str(found.verification.reason)
    assert len(opened) == 1
