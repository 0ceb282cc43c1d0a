"""`python -m bninspect.commands.forecast.running.child FILE`: converters on models, one after another.

FILE is JSON: `memory` (bytes) and `requests`, each with converter, model, outputs, rounds (names), feeds and
made (npz files), and result (a JSON file to write).
Feeds are kept under `round/tensor`, and what the converted model gives under `round/index`. The result says
`refused` (with the reason), or which inputs are left.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from bninspect.commands.forecast.running.converted import Asked, UnknownOpError


def main(arguments: list[str]) -> int:
    """0 once the result is written, whatever the converter said."""
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "OPENCV_LOG_LEVEL": "SILENT"}
    asked = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (asked["memory"], asked["memory"]))
    for request in asked["requests"]:
        Path(request["result"]).write_text(json.dumps(_tried(request)), encoding="utf-8")
    return 0


def _tried(request: dict[str, Any]) -> dict[str, Any]:
    feeds = np.load(request["feeds"], allow_pickle=True)  # bytes of a sound or an image; our parent wrote it
    rounds = {
        name: {key.partition("/")[2]: feeds[key] for key in feeds.files if key.partition("/")[0] == name}
        for name in request["rounds"]
    }
    converter = import_module(f"bninspect.commands.forecast.running.{request['converter']}")
    stage = "convert"
    try:
        converted = converter.convert(
            Asked(
                path=request["model"],
                feeds=next(iter(rounds.values())),
                outputs=request["outputs"],
                channels_last=request["channels_last"],
            )
        )
        stage = "run"
        made = {
            f"{name}/{place}": value
            for name, given in rounds.items()
            for place, value in enumerate(converted.run(given))
        }
    except UnknownOpError as error:
        return {"refused": str(error), "stage": "evaluate"}
    except Exception as error:
        return {"refused": f"{type(error).__name__}: {error}", "stage": stage}
    np.savez(request["made"], **made)
    return {"refused": None, "inputs": sorted(converted.inputs)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
