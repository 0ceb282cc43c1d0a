"""The documents of the commands that read: graph, check, rule."""

from __future__ import annotations

from tests.pages.schemas.kinds import (
    Schema,
    document,
    flag,
    mapping,
    number,
    record,
    several,
    text,
    texts,
    whole,
)
from tests.pages.schemas.shared import (
    ALLOWED,
    FINDINGS,
    HEAD,
    MODEL,
    MODES,
    RULES_SKIPPED,
    SEVERITIES,
    STATES,
    UNRECOGNISED,
)

_DECIDING: dict[str, Schema] = {
    "source": text("The tensor that decides; null if several do, or numbers that are compared.", null=True),
    "source_op": text("Its op.", null=True),
    "default": {
        "description": "What it is if nothing is fed; null if it must be fed, or that cannot be known.",
        "type": ["boolean", "number", "null"],
    },
    "constant": flag("The value of the predicate if the file fixes it; else null.", null=True),
}


def _node(what: str) -> Schema:
    return text(f"Node that keeps {what}; null if there is none.", null=True)


def _branch(mode: str) -> Schema:
    return record(
        f"What serves {mode}; null if nothing does.",
        {
            "node": text("The node that normalizes."),
            "branch": flag("The value of the predicate that takes it; null if none does.", null=True),
        },
        null=True,
    )


def _bounds(what: str) -> Schema:
    return several(
        f"Least and largest {what} over the channels; null if no numbers are in the file.",
        {"type": ["number", "null"]},
        null=True,
    )


def _statistics(told: str) -> Schema:
    return record(
        told,
        {
            "state": text(
                "initial (as before training), stored, absent (not in the file), unread (in variables "
                "that were not read) or invalid (not finite, or a negative variance).", *STATES,
            ),
            "reason": text("Why they are absent, unread or invalid; else null.", null=True),
            "mean": _bounds("mean"),
            "variance": _bounds("variance"),
        },
    )  # fmt: skip


_LAYER = record(
    "One batch norm at one call.",
    {
        "name": text("As its author called it; unique in the document."),
        "form": text("How it is written.", "fused", "decomposed", "global", "folded"),
        "op": text("The op that normalizes."),
        "function": text("The function whose body it stands in; else null.", null=True),
        "mode": text("What it normalizes with; switched if a predicate decides when it runs.", *MODES),
        "switch": record(
            "What decides; null if nothing does.",
            {
                "predicate": text("A tensor, or in words if several conditionals make it together."),
                **_DECIDING,
                "training_when": flag(
                    "The value of the source that serves training; null without one source.", null=True
                ),
            },
            null=True,
        ),
        "training": _branch("training"),
        "inference": _branch("inference"),
        "merges": texts("The nodes where the branches meet."),
        "input": text("The tensor that is normalized."),
        "output": text("The tensor that it gives."),
        "gamma": _node("the scale"),
        "beta": _node("the offset"),
        "moving_mean": _node("the moving mean"),
        "moving_variance": _node("the moving variance"),
        "epsilon": number("Added to the variance; null if it cannot be read.", null=True),
        "momentum": number("Of moving = moving * momentum + batch * (1 - momentum), or null.", null=True),
        "data_format": text("Channels last or first, whatever the rank.", "NHWC", "NCHW", null=True),
        "channels": whole("How many; null if the file does not say.", null=True),
        "statistics": _statistics("The stored statistics; unread if several sets of them can serve."),
        "statistics_sets": several(
            "The sets of statistics that can serve inference, if there are several; else empty.",
            record(
                "One set.",
                {
                    "when": text("The condition under which it serves inference."),
                    "node": text("What normalizes with it, or hands its mean on."),
                    "moving_mean": text("The node that keeps its mean."),
                    "moving_variance": text("The node that keeps its variance."),
                    "statistics": _statistics("What it holds."),
                },
            ),
        ),
        "updates": text(
            "Of a training graph, whether a train op runs the updates of the moving statistics.",
            "run", "unused", "none", null=True,
        ),
        "idle_update_ops": texts("Updates that no train op runs."),
        "trainable": several(
            "What the optimizer may change; null if nothing trains.",
            {"enum": ["gamma", "beta", "moving_mean", "moving_variance"]}, null=True,
        ),
    },
)  # fmt: skip
_GRAPH: dict[str, Schema] = {
    "model": MODEL,
    "signatures": several(
        "Of a model with several signatures each of them; else none.",
        record(
            "One signature.",
            {
                "key": text("Its name."),
                "modes": mapping("Mode -> how many of its layers are in it.", "integer"),
                "layers": texts("Names of the layers that it runs."),
            },
        ),
    ),
    "switches": several(
        "Every source that decides a mode.",
        record("One source.", {**_DECIDING, "layers": whole("How many layers it decides.")}),
    ),
    "layers": several("In graph order.", _LAYER),
    "lookalikes": several(
        "What is never counted as batch norm.",
        record(
            "One of them.",
            {
                "name": text("Of its node."),
                "kind": text("layer_norm, group_norm, instance_norm, l2_normalize or other."),
                "reason": text("Why it is none."),
            },
        ),
    ),
    "unrecognised": UNRECOGNISED,
    "skipped": several(
        "What was left out on purpose.",
        record("One kind.", {"what": text("In words."), "count": whole("How many."), "reason": text("Why.")}),
    ),
}
_UNREAD = record(
    "A model that could not be read.",
    {
        "model": record("The file.", {"path": text("As it was found.")}),
        "error": text("Why it could not be read, in one line; then it has no other fields but the path."),
    },
)
GRAPH = document(
    "graph",
    "bninspect graph --format json",
    record("The document of one model.", {**HEAD, **_GRAPH}),
    record(
        "The document of several models.",
        {
            **HEAD,
            "models": {
                "description": "In the order of the command line.",
                "type": "array",
                "items": {"anyOf": [record("A model.", _GRAPH), _UNREAD]},
            },
        },
    ),
)
CHECK = document(
    "check",
    "bninspect check --format json",
    record(
        "What the rules say of some models.",
        {
            **HEAD,
            "models": several(
                "In the order of the command line.",
                record(
                    "One model.",
                    {
                        "path": text("As it was given or found."),
                        "layers": whole("How many batch norms it has."),
                        "modes": mapping("Mode -> how many layers are in it.", "integer"),
                        "worst": text("Of its findings that the baseline has not.", *SEVERITIES, null=True),
                        "error": text("Why it could not be judged; else null.", null=True),
                    },
                ),
            ),
            "findings": FINDINGS,
            "allowed": ALLOWED,
            "skipped": RULES_SKIPPED,
            "stale_baseline": texts("Entries of the baseline that nothing matches any more, in words."),
        },
    ),
)
RULE = document(
    "rule",
    "bninspect rule --format json",
    record(
        "Rules, by code.",
        {
            **HEAD,
            "rules": several(
                "Those that were asked for; all of them without a code.",
                record(
                    "One rule.",
                    {
                        "code": text("Such as BN101."),
                        "name": text("The bad thing."),
                        "severity": text("Of its findings, unless its page says otherwise.", *SEVERITIES),
                        "summary": text("The bad thing in half a line."),
                        "page": text("Its page in Markdown, if a code was given."),
                    },
                    optional=("page",),
                ),
            ),
        },
    ),
)
