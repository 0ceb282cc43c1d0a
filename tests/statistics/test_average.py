"""Averages run for k steps in NumPy, and what the fit says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from bninspect.statistics.average import AverageFit, Start, average_fit
from bninspect.statistics.pooling import Moments

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def truth(channels: int = 64, seed: int = 0) -> tuple[Floats, Floats]:
    """Means and variances of a layer, channels of scales from 0.1 to 10."""
    rng = np.random.default_rng(seed)
    spread = 10 ** rng.uniform(-1, 1, channels)
    return rng.normal(0, 1, channels) * spread, spread**2


def averaged(start: float, momentum: float, steps: int, noise: float, seed: int = 1) -> tuple[Floats, Floats]:
    """moving = moving * momentum + batch * (1 - momentum), step by step, on batches whose moments scatter."""
    rng = np.random.default_rng(seed)
    mu, v = truth()
    mean, variance = np.zeros_like(mu), np.full_like(v, start)
    for _ in range(steps):
        mean = mean * momentum + (mu + noise * np.sqrt(v) * rng.normal(size=mu.shape)) * (1 - momentum)
        variance = variance * momentum + v * np.exp(noise * rng.normal(size=v.shape)) * (1 - momentum)
    return mean, variance


def fitted(mean: Floats, variance: Floats, momentum: float | None = None, noise: float = 0.0) -> AverageFit:
    """Against moments of the truth, measured with some noise."""
    rng = np.random.default_rng(2)
    mu, v = truth()
    measured = Moments(
        mean=mu + noise * np.sqrt(v) * rng.normal(size=mu.shape),
        variance=v * np.exp(noise * rng.normal(size=v.shape)),
        values=1000,
    )
    fit = average_fit(mean, variance, measured, momentum)
    assert fit is not None
    return fit


@pytest.mark.parametrize(("start", "initial"), [("0/1", 1.0), ("0/0", 0.0)])
@pytest.mark.parametrize(("momentum", "steps"), [(0.99, 51), (0.9, 5), (0.999, 700), (0.99, 200), (0.9, 1)])
def test_steps_are_counted(start: Start, initial: float, momentum: float, steps: int) -> None:
    """Within 10 %, with moments of the batches and of the probe off by 0.05 standard deviations."""
    fit = fitted(*averaged(initial, momentum, steps, noise=0.05), momentum, noise=0.05)
    assert fit.start == start
    assert fit.holds
    assert fit.steps == pytest.approx(steps, rel=0.1)
    assert fit.left == pytest.approx(momentum**steps, abs=0.03)


def test_never_updated_is_no_step() -> None:
    mu, v = truth()
    fit = fitted(np.zeros_like(mu), np.ones_like(v), 0.99)
    assert (fit.start, fit.a, fit.left, fit.steps, fit.holds) == ("0/1", 0, 1, 0, True)


def test_never_updated_from_0_is_the_other_start() -> None:
    """As an ExponentialMovingAverage of tensors begins: nothing is left to tell how far it misses."""
    mu, v = truth()
    fit = fitted(np.zeros_like(mu), np.zeros_like(v), 0.99)
    assert (fit.start, fit.a, fit.left, fit.steps, fit.holds) == ("0/0", 0, 1, 0, True)


def test_without_a_momentum_there_are_no_steps() -> None:
    fit = fitted(*averaged(1.0, 0.99, 51, noise=0))
    assert fit.steps is None
    assert fit.a == pytest.approx(1 - 0.99**51)


@pytest.mark.parametrize("steps", [400, 2000])
def test_converged_does_not_hold(steps: int) -> None:
    assert not fitted(*averaged(1.0, 0.99, steps, noise=0.05), 0.99, noise=0.05).holds


def test_another_domain_is_no_unfinished_average() -> None:
    """Statistics of other data: whatever share comes out, it does not explain the gap."""
    other_mean, other_variance = truth(seed=9)
    fit = fitted(other_mean, other_variance, 0.99)
    assert not fit.holds
    assert fit.explained < 0.75


def test_one_half_updated_does_not_hold() -> None:
    """The mean was updated and the variance was not: no one share fits both."""
    mu, v = truth()
    fit = fitted(0.9 * mu, np.ones_like(v), 0.99)
    assert fit.a_mean == pytest.approx(0.9)
    assert fit.a_variance == pytest.approx(0.0, abs=1e-12)
    assert not fit.holds


def test_means_of_zero_are_left_out() -> None:
    """Nothing can be fitted to them: the variances decide."""
    variance = np.linspace(2, 5, 16)
    measured = Moments(mean=np.zeros(16), variance=variance, values=100)
    fit = average_fit(np.zeros(16), 0.4 + 0.6 * variance, measured, 0.9)
    assert fit is not None
    assert fit.a_mean is None
    assert fit.a == pytest.approx(0.6)
    assert fit.holds


def test_nothing_to_fit() -> None:
    zeros = np.zeros(4)
    assert average_fit(zeros, zeros + 1, Moments(mean=zeros, variance=zeros, values=4)) is None
    assert average_fit(zeros, zeros, Moments(mean=zeros + np.nan, variance=zeros + 1, values=4)) is None


def test_broken_channels_are_left_out() -> None:
    mean, variance = averaged(1.0, 0.99, 51, noise=0)
    mean[3], variance[5] = np.nan, np.inf
    assert fitted(mean, variance, 0.99).steps == pytest.approx(51)


@pytest.mark.parametrize("momentum", [0.0, 1.0, 1.5, -0.5])
def test_a_momentum_that_is_none_gives_no_steps(momentum: float) -> None:
    assert fitted(*averaged(1.0, 0.99, 51, noise=0), momentum).steps is None
