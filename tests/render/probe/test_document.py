"""What JSON says of outputs: classes by agreement, scores with their largest values, null for the rest."""

from __future__ import annotations

from dataclasses import replace

from bninspect.measure.facts import OutputDifference
from bninspect.render.probe.document import probe_document
from bninspect.statistics.distance import Ranked, Rankings
from tests.support.probes import diagnosis, net, output, probe


def test_what_is_not_measured_of_an_output_is_null() -> None:
    top = Rankings((Ranked(7, 0.9), Ranked(3, 0.1)), (Ranked(3, 0.6), Ranked(7, 0.4)))
    classes = OutputDifference(name="classes:0", difference=None, agreement=0.75)
    found = probe(*net(), outputs=(classes, replace(output(0.1, 1.0), top=top)))
    labels, scores = probe_document(found, diagnosis(found))["outputs"]
    assert labels == {
        "name": "classes:0",
        **dict.fromkeys(("max_abs", "mean_abs", "rms", "relative_l2", "cosine", "top1_agreement")),
        "agreement": 0.75,
        "top": None,
    }
    assert scores["agreement"] is None
    assert scores["top"] == {
        "training": [{"index": 7, "value": 0.9}, {"index": 3, "value": 0.1}],
        "inference": [{"index": 3, "value": 0.6}, {"index": 7, "value": 0.4}],
    }
