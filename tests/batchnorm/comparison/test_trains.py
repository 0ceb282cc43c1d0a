"""What a layer normalizes with while its model is trained, by the file that is a training graph."""

from __future__ import annotations

import pytest

from bninspect.batchnorm.comparison.comparison import Trains, diff
from tests.batchnorm.comparison.test_verdicts import FIXED, KEPT, MADE, only, with_values
from tests.support.catching import fused
from tests.support.parts import EMPTY, PHASE, fused_cond

TRAINED = (
    "rate = Const(0.1)\ngradient = Mul(kernel, kernel)\n"
    "learn = ApplyGradientDescent(kernel, rate, gradient{})\n"
)
NOT_RUN = TRAINED.format("") + "head = Relu(y)\n"
UPDATES = "".join(
    f"{name}_gap = Sub({name}, y_train:{port})\n{name}_step = Mul({name}_gap, rate)\n"
    f"{name}_update = AssignSub({name}, {name}_step)\n"
    for port, name in ((1, "mean"), (2, "variance"))
)
RUN = TRAINED.format(", ^mean_update, ^variance_update") + UPDATES + "head = Relu(y)\n"
SWITCHED = MADE + PHASE + fused_cond("phase", x="made")
BATCH = MADE + EMPTY + fused(x="made", mean="none", variance="none", training=True)
TRAINS = {
    "inference, and a train op": (FIXED + NOT_RUN, FIXED, Trains.STORED),
    "switched, and updates that are run": (SWITCHED + RUN, SWITCHED, Trains.FED),
    "switched, and updates that are not run": (SWITCHED + NOT_RUN + UPDATES, SWITCHED, Trains.BATCH),
    "switched, and a train op": (SWITCHED + NOT_RUN, SWITCHED, Trains.BATCH),
    "training, and a train op": (BATCH + NOT_RUN, BATCH, Trains.BATCH),
    "training, and updates that are run": (BATCH + RUN.replace("y_train:", "y:"), BATCH, Trains.BATCH),
    "training, and no train op": (BATCH, BATCH, Trains.BATCH),
    "inference, and no train op": (FIXED, FIXED, Trains.UNKNOWN),
    "switched, and no train op": (SWITCHED, SWITCHED, Trains.BATCH),
    "inference in one, switched in the other": (FIXED, SWITCHED, Trains.BATCH),
}


@pytest.mark.parametrize("case", TRAINS)
def test_what_a_layer_normalizes_with_in_training(case: str) -> None:
    one, other, trains = TRAINS[case]
    for pair in ((one, other), (other, one)):
        found = diff(*(with_values(KEPT, text) for text in pair))
        assert only(found).trains is trains


def test_new_before_old_says_what_a_layer_trains_with() -> None:
    fixed, switched = with_values(KEPT, FIXED + NOT_RUN), with_values(KEPT, SWITCHED + RUN)
    assert only(diff(fixed, switched)).trains is Trains.FED
    assert only(diff(switched, fixed)).trains is Trains.STORED
