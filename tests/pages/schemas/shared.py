"""What the documents have in common: the head, a model, a finding, how far statistics are off."""

from __future__ import annotations

from tests.pages.schemas.kinds import Schema, flag, number, record, several, text, texts, whole

SEVERITIES = ("error", "warning", "note")
VERDICTS = ("fine", "note", "warning", "error", "inconclusive")
MODES = ("switched", "training", "inference")
STATES = ("initial", "stored", "absent", "unread", "invalid")

HEAD: dict[str, Schema] = {
    "schema_version": {
        "description": "Grows if a field changes its meaning or goes away; fields may be added at any time.",
        "const": 1,
    },
    "tool": record(
        "The program that wrote the document.",
        {"name": text("bninspect"), "version": text("Of bninspect.")},
    ),
}

FILE: dict[str, Schema] = {
    "path": text("As it was given; `-` for standard input."),
    "format": text(
        "graphdef, metagraph or savedmodel, with -text behind it for protobuf text; keras (.keras) or "
        "keras-h5 (.h5)."
    ),
    "bytes": whole("Of the file."),
    "nodes": whole("Of the graph in the file, calls of functions not written out."),
    "functions": whole("Of the library in the file."),
    "producer": whole("Version of the GraphDef; null if the file has none.", null=True),
    "checkpoint": text("The prefix whose values were read; null if there is none.", null=True),
    "outputs": texts("Tensors, `node:index`; only what they depend on counts."),
}
MODEL = record("The file that was read.", FILE)

UNRECOGNISED = several(
    "What may be batch norm and could not be decided.",
    record(
        "One place.",
        {
            "node": text("Its node."),
            "reason": text("Why it could not be decided."),
            "fix": text("How to have it read; null if no other file would say more.", null=True),
        },
    ),
)

FINDINGS = several(
    "What is wrong, by model, code and graph order.",
    record(
        "One finding.",
        {
            "model": text("Path."),
            "code": text("Of the rule, such as BN101."),
            "name": text("Of the rule: the bad thing."),
            "severity": text("How severe it is.", *SEVERITIES),
            "layer": text("Name of the layer; null if it is about the model.", null=True),
            "node": text("The node to look at; null if there is no one node.", null=True),
            "message": text("Title and evidence as one text."),
            "remedy": text("As fix.", null=True),
            "title": text("What is wrong, as a clause."),
            "evidence": text("The numbers that say so."),
            "fix": text(
                "The command or the code that fixes it; null if nothing of bninspect's does.", null=True
            ),
            "fingerprint": text(
                "By which CI knows it again: of the code and the node, 32 hexadecimal digits."
            ),
            "baseline": flag("Whether the baseline has it."),
        },
    ),
)
ALLOWED = several(
    "What the configuration allows.",
    record(
        "One allowance that was used.",
        {
            "model": text("Path."),
            "code": text("Of the rule."),
            "layer": text("Name of the layer, or *."),
            "reason": text("As the configuration gives it."),
        },
    ),
)
RULES_SKIPPED = several(
    "Rules that could not judge, or not all of a model.",
    record(
        "One rule in one model.",
        {"model": text("Path."), "code": text("Of the rule."), "reason": text("Why it could not.")},
    ),
)


def worst(told: str) -> Schema:
    """A channel and its errors."""
    return record(
        told,
        {
            "channel": whole("Its index."),
            "d": number("Error of the mean, in standard deviations; null if it is not finite.", null=True),
            "r": number("Measured over stored standard deviation; null if it is not finite.", null=True),
            "w": number("sqrt(d^2 + (r - 1)^2); null if it is not finite.", null=True),
        },
        null=True,
    )


def error(told: str, *, null: bool = True) -> Schema:
    """How far stored statistics are off."""
    return record(
        told,
        {
            "score": number(
                "S, in standard deviations: W over the channels; null if it was not measured.", null=True
            ),
            "score_error": number("Standard error of the score; null without a score.", null=True),
            "verdict": text(
                "null if random numbers were fed, or nothing was measured.", *VERDICTS, null=True
            ),
            "worst": worst("The channel of the largest W; null if no channel has one."),
        },
        null=null,
    )


VERIFICATION: dict[str, Schema] = {
    "state": text(
        "Whether the result agrees with the original model, fed by its own predicate.",
        "verified", "differs", "impossible",
    ),
    "max_abs": number("The largest difference of any tensor compared; null if nothing was.", null=True),
    "reason": text("Why it is impossible, or what differs; else null.", null=True),
}  # fmt: skip
