"""OpenVINO: its reader of frozen graphs and its CPU plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bninspect.commands.forecast.running.converted import Converted, RefusedError, node_of

if TYPE_CHECKING:
    from bninspect.commands.forecast.running.converted import Array, Asked, Feeds


def convert(asked: Asked) -> Converted:
    """The model compiled for the CPU. Raises what OpenVINO raises."""
    import openvino

    core = openvino.Core()
    # As `openvino.convert_model`, which sends telemetry besides.
    compiled = core.compile_model(core.read_model(asked.path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    places = {node_of(name): number for number, port in enumerate(compiled.inputs) for name in port.names}
    given = [_output(compiled, name) for name in asked.outputs]

    def run(values: Feeds) -> list[Array]:
        made = compiled({
            places[node_of(name)]: value for name, value in values.items() if node_of(name) in places
        })  # fmt: skip
        return [made[port] for port in given]

    return Converted(run, frozenset(places))


def _output(compiled: Any, name: str) -> Any:
    """The output of this name. Raises RefusedError if it has none."""
    for port in compiled.outputs:
        if {name, node_of(name)} & set(port.names) or node_of(name) == port.node.get_friendly_name():
            return port
    if len(compiled.outputs) == 1:
        return compiled.outputs[0]
    raise RefusedError(f"no output {name} in what it made")
