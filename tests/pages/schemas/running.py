"""The documents of what runs a model: probe; and strip and refresh, as Python's `to_dict` has them."""

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
    FINDINGS,
    HEAD,
    MODEL,
    MODES,
    RULES_SKIPPED,
    SEVERITIES,
    STATES,
    VERIFICATION,
    error,
)


def _top(mode: str) -> Schema:
    return several(
        f"In {mode} mode, the largest first.",
        record(
            "One value.", {"index": whole("Its place in the row."), "value": number("The score.", null=True)}
        ),
    )


_OUTPUT = record(
    "One output in both modes.",
    {
        "name": text("Tensor."),
        "max_abs": number("Largest difference; null for whole numbers, and if it is not finite.", null=True),
        "mean_abs": number("Mean difference; null as max_abs.", null=True),
        "rms": number("Root mean square of the difference; null as max_abs.", null=True),
        "relative_l2": number(
            "Size of the difference over that of training mode; null as max_abs.", null=True
        ),
        "cosine": number("Of the angle between the modes; null if either is zero everywhere.", null=True),
        "top1_agreement": number(
            "Share of rows whose largest value stands at the same place; null if it is no row of scores.",
            null=True,
        ),
        "agreement": number("Share of whole numbers that are equal; null for real numbers.", null=True),
        "top": record(
            "The largest values of the first image; null if it is no row of scores.",
            {"training": _top("training"), "inference": _top("inference")},
            null=True,
        ),
    },
)
PROBE = document(
    "probe",
    "bninspect probe --format json",
    record(
        "Both modes of a model on the same inputs.",
        {
            **HEAD,
            "model": MODEL,
            "inputs": several(
                "What was fed as images.",
                record(
                    "One input.",
                    {
                        "name": text("Tensor."),
                        "dtype": text("As TensorFlow calls it."),
                        "shape": several("Of all batches together.", {"type": "integer"}),
                        "source": texts("Files, or how the numbers were drawn."),
                        "preprocess": text("How images were prepared; null if they were not.", null=True),
                    },
                ),
            ),
            "fed": mapping("Tensor -> what was fed by hand.", "number", "boolean", "string"),
            "verification": record("Whether both modes are the model.", VERIFICATION),
            "layers": several(
                "In graph order, unless --sort says otherwise.",
                record(
                    "One layer.",
                    {
                        "name": text("As in graph."),
                        "values": whole("Values of one channel that were measured."),
                        "images": whole("Images that were measured; 0 if what was fed is none."),
                        "own": error(
                            "With all layers before it in training mode: the error is its own. null if "
                            "nothing is stored."
                        ),
                        "deployed": error(
                            "With all layers in inference mode, as deployed: with what it inherits. null if "
                            "nothing is stored."
                        ),
                        "difference": record(
                            "Of its output between the modes; null if it has one mode alone.",
                            {
                                "max_abs": number("Largest.", null=True),
                                "rms": number("Root mean square.", null=True),
                                "relative_rms": number("Over that of training mode.", null=True),
                            },
                            null=True,
                        ),
                    },
                ),
            ),
            "guilty": texts("Layers whose own error is at least a warning, in graph order."),
            "outputs": several("How far the modes are apart at the outputs.", _OUTPUT),
            "patches": several(
                "What --patch asks for.",
                record(
                    "One piece of one tensor.",
                    {
                        "tensor": text("Its name."),
                        "slice": text("As it was asked for."),
                        "training": {
                            "description": "The numbers in training mode: nested lists, or a number."
                        },
                        "inference": {"description": "The same in inference mode."},
                    },
                ),
            ),
            "diagnosis": several(
                "What is wrong, one for each code, the most important first.",
                record(
                    "One finding.",
                    {
                        "code": text("Of the rule."),
                        "layer": text("null if it is about several, or the model.", null=True),
                        "message": text("Title and evidence as one text."),
                        "evidence": text("The numbers that say so."),
                        "command": text("As fix.", null=True),
                        "severity": text("How severe it is.", *SEVERITIES),
                        "title": text("What is wrong, as a clause."),
                        "fix": text("What fixes it; null if nothing of bninspect's does.", null=True),
                    },
                ),
            ),
            "skipped": several(
                "What was not done, or not judged.",
                record("One thing.", {"what": text("A layer, a tensor or a code."), "reason": text("Why.")}),
            ),
        },
    ),
)


def _verification(told: str) -> Schema:
    return record(
        told,
        {
            **VERIFICATION,
            "rounds": texts("Values of what decides under which both were compared; none if it was one."),
            "layer_by_layer": flag("Whether each layer was compared where its own value is fed."),
        },
        null=True,
    )


STRIP = document(
    "strip",
    "bninspect.strip(...).to_dict()",
    record(
        "A model that was written with one mode only.",
        {
            **HEAD,
            "model": MODEL,
            "written": record(
                "The new file.",
                {
                    "path": text("`-` for standard output."),
                    "bytes": whole("Of the file."),
                    "nodes": whole("Of its graph."),
                    "outputs": texts("What its outputs are called."),
                },
            ),
            "mode": text("What every layer serves now.", "inference", "training"),
            "verification": _verification("Whether it gives what the original gives; null if not asked."),
            "layers": several(
                "What was done to each layer.",
                record(
                    "One layer.",
                    {
                        "name": text("In the original."),
                        "mode": text("In the original.", *MODES),
                        "change": text(
                            "branch (one was taken), flipped (its mode changed), kept (it had the mode) or "
                            "left (it never runs in the mode, and is not written).",
                            "branch", "flipped", "kept", "left",
                        ),
                        "statistics": text("State of its statistics, as in graph.", *STATES),
                    },
                ),
            ),
        },
    ),
)  # fmt: skip
REFRESH = document(
    "refresh",
    "bninspect.refresh(...).to_dict()",
    record(
        "A model that was written with other statistics.",
        {
            **HEAD,
            "model": MODEL,
            "written": record("The new file.", {"path": text("Its path."), "bytes": whole("Of the file.")}),
            "measured": record(
                "What the new statistics are taken over.",
                {
                    "images": whole("How many; 0 if what was fed is none."),
                    "batch_size": whole("Images of one batch."),
                    "parts": whole("How many parts were merged; 0 if images were run."),
                    "prepared": mapping("How images became what was fed.", "string"),
                },
            ),
            "certainty": record(
                "How far the choice of images is expected to leave the statistics off those of all images.",
                {
                    "standard_error": number(
                        "The largest of a layer, in its standard deviations; null if it is not known.",
                        null=True,
                    ),
                    "layer": text("Which layer that is.", null=True),
                    "curve": several(
                        "After 1, 2, 4, ... batches, and after all.",
                        record(
                            "After so many images.",
                            {"images": whole("How many."), "standard_error": number("As above.")},
                        ),
                    ),
                },
            ),
            "mix": number("Share of the old statistics that was kept."),
            "stripped": flag("Whether the result serves inference only."),
            "verification": _verification("Of the stripped model; null if it was not stripped."),
            "layers": several(
                "The layers that were refreshed, in graph order.",
                record(
                    "One layer.",
                    {
                        "name": text("In the original."),
                        "channels": whole("How many; null if the file does not say.", null=True),
                        "values": whole("Values of one channel that were measured."),
                        "before": error("The old statistics; null if there were none."),
                        "after": error("The new ones, all layers in training mode; null if not run."),
                        "deployed": error("The new ones, all layers in inference mode; null if not run."),
                        "shared_with": texts("Layers with the same statistics, pooled with its own."),
                        "made": flag("Whether constants were made for it."),
                        "note": text("Why, if the file has some already; else null.", null=True),
                    },
                ),
            ),
            "left": several(
                "The layers that were not.",
                record("One layer.", {"layer": text("Its name."), "reason": text("Why.")}),
            ),
            "images_checked": whole("Images that the result was run on; 0 if it was not run."),
            "findings": FINDINGS,
            "skipped": RULES_SKIPPED,
        },
    ),
)
