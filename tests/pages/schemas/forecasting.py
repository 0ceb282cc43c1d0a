"""The document of what forecasts: forecast."""

from __future__ import annotations

from tests.pages.schemas.kinds import Schema, document, flag, number, record, several, text, texts
from tests.pages.schemas.shared import HEAD, MODEL, UNRECOGNISED

SERVES = ("inference", "training", "asks", "refuses", "other numbers", "unknown")


def _converters(told: str) -> Schema:
    return several(
        told,
        record(
            "One converter, in a range of versions.",
            {
                "name": text("As --for takes it."),
                "versions": text("Those that the facts were seen on, or are reported of."),
                "tested": flag("Whether the facts were seen in a run; else they are reported."),
                "serves": text("What it makes of the model as a whole.", *SERVES),
                "changes_mode": flag("Whether a layer would serve training, or another mode than the file."),
                "groups": several(
                    "Layers of which it makes the same, the gravest first.",
                    record(
                        "One group.",
                        {
                            "layers": texts("Names, in graph order."),
                            "serves": text("What becomes of these layers.", *SERVES),
                            "reason": text("Why, in a clause."),
                            "nodes": texts("What decides it in the first of the layers."),
                            "changes_mode": flag("As that of the converter, of these layers."),
                        },
                    ),
                ),
            },
        ),
    )


FORECAST = document(
    "forecast",
    "bninspect forecast --format json",
    record(
        "What converters would make of a model.",
        {
            **HEAD,
            "model": MODEL,
            "converters": _converters("In the order of the table."),
            "unrecognised": UNRECOGNISED,
            "fix": text("A command, or what does it in words; null if all serve inference.", null=True),
            "stripped": _converters(
                "The same of the model as strip writes it; empty if that is not the fix."
            ),
            "tried": several(
                "What the converters that were run made of it.",
                record(
                    "One of them.",
                    {
                        "converter": text("As --for takes it."),
                        "version": text("Of the package that was run.", null=True),
                        "serves": text("What was seen; null if it is not known.", *SERVES, null=True),
                        "reason": text("Why it refused, or why that is not known; else null.", null=True),
                        "difference": record(
                            "Mode -> greatest difference from it, as a share of the largest value; null if "
                            "nothing was run.",
                            {
                                "inference": number(
                                    "From inference mode; null if it is not finite.", null=True
                                ),
                                "training": number(
                                    "From training mode; null if it is not finite.", null=True
                                ),
                            },
                            null=True,
                            optional=("inference", "training"),
                        ),
                    },
                ),
            ),
            "skipped": several(
                "Converters that were to be run and were not.",
                record("One of them.", {"converter": text("As --for takes it."), "reason": text("Why.")}),
            ),
        },
    ),
)
