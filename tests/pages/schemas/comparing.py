"""The document of diff."""

from __future__ import annotations

from tests.pages.schemas.kinds import (
    Schema,
    document,
    flag,
    number,
    record,
    several,
    text,
    texts,
    whole,
)
from tests.pages.schemas.shared import (
    ALLOWED,
    FILE,
    FINDINGS,
    HEAD,
    MODES,
    RULES_SKIPPED,
    UNRECOGNISED,
    worst,
)


def _change(what: str) -> Schema:
    return record(
        f"How far {what} moved; null if there are none.",
        {
            "nodes": texts("The nodes of NEW that keep them."),
            "moved": flag("Whether any bit differs; null if they could not be compared.", null=True),
            "values": whole("How many values were compared."),
            "relative_l2": number(
                "Size of the change over size of the values; null if there is none.", null=True
            ),
            "max_abs": number("The largest change.", null=True),
            "reason": text("Why they could not be compared; else null.", null=True),
        },
        null=True,
    )


def _side(what: str) -> Schema:
    return record(
        f"The file {what}.",
        {
            **FILE,
            "step": whole("Its global step; null if there is none.", null=True),
            "unrecognised": UNRECOGNISED,
        },
    )


DIFF = document(
    "diff",
    "bninspect diff --format json",
    record(
        "What moved from OLD to NEW.",
        {
            **HEAD,
            "old": _side("OLD"),
            "new": _side("NEW"),
            "layers": several(
                "In the graph order of NEW.",
                record(
                    "One layer in both files.",
                    {
                        "name": text("In NEW."),
                        "old_name": text("In OLD."),
                        "matched": text("How the two were found to be one.", "name", "order"),
                        "mode": text("Of the layer in NEW.", *MODES),
                        "trains": text(
                            "On what it normalizes in training; fed if a switch decides and updates run.",
                            "batch", "stored", "fed", "unknown",
                        ),
                        "channels": whole("How many; null if the file does not say.", null=True),
                        "weights": _change("the nearest weights before the layer"),
                        "gamma": _change("gamma"),
                        "beta": _change("beta"),
                        "statistics": record(
                            "How far the moving statistics moved.",
                            {
                                "moved": flag("Whether any bit differs; null if it is not known.", null=True),
                                "w": number("W over the channels, in standard deviations of OLD.", null=True),
                                "undefined": whole("Channels that have no W."),
                                "max_abs": record(
                                    "The largest change.",
                                    {
                                        "mean": number("Of a mean.", null=True),
                                        "variance": number("Of a variance.", null=True),
                                    },
                                ),
                                "worst": worst("The channel of the largest W; null if no channel has one."),
                                "reason": text("Why they could not be compared; else null.", null=True),
                            },
                        ),
                        "verdict": text("In words."),
                        "reason": text("What could not be compared; null if everything was.", null=True),
                    },
                ),
            ),
            "unmatched": several(
                "Layers of one file alone.",
                record(
                    "One layer.",
                    {
                        "side": text("Which file has it.", "old", "new"),
                        "name": text("Of the layer."),
                        "reason": text("Why the other has none."),
                    },
                ),
            ),
            "findings": FINDINGS,
            "allowed": ALLOWED,
            "skipped": RULES_SKIPPED,
        },
    ),
)  # fmt: skip
