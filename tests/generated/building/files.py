"""One seed as files: SEED.pb, SEED.json (what it is, which layer trains when), SEED.npz (the numbers)."""

import itertools
import json
import os
import sys
import traceback
from typing import Any, Dict, List, Optional

import numpy as np

from tests.generated.building import designs, values
from tests.generated.building.designs import of_seed
from tests.generated.building.net import Net
from tests.generated.building.oracle import Oracle, by_variable, mode_of
from tests.generated.building.tensorflow1 import VERSION, imports, new_graph, session, tf

Facts = Dict[str, Any]


def build(first: int, count: int, folder: str) -> int:
    """Writes so many seeds, and the images they are fed; the number of those that could not be built."""
    values.write_images(os.path.join(folder, "images"))
    broken = 0
    for seed in range(first, first + count):
        try:
            write(seed, folder)
        except Exception:
            broken += 1
            print("seed %d (%s) was not built:" % (seed, of_seed(seed)), file=sys.stderr)
            traceback.print_exc()
    return broken


def write(seed: int, folder: str) -> None:
    """Writes the three files of a seed."""
    of_two = not VERSION.startswith("1.")
    functions = of_two and values.draws(seed, "functions").uniform() < 0.2
    resources = of_two and (functions or values.draws(seed, "resources").uniform() < 0.5)
    oracle = Oracle(seed, functions, resources)
    with new_graph(functions, resources) as graph:
        net = designs.build(seed, "file")
        with session(graph) as running:
            variables = by_variable(net, oracle.statistics)
            values.assign(running, seed, variables)
            held = running.run({variable.op.name: variable for variable in tf.global_variables()})
            names = [output.op.name for output in net.outputs]
            definition = tf.graph_util.convert_variables_to_constants(running, graph.as_graph_def(), names)
            imported = imports(definition)
            if isinstance(imported, str):
                combinations = _combinations(seed, net, running, held, oracle, variables)
    if not isinstance(imported, str):
        with session(imported) as running:
            combinations = _combinations(seed, net, running, held, oracle, None)
        definition = _transformed(seed, net, definition)
    path = os.path.join(folder, "%04d" % seed)
    with open(path + ".pb", "wb") as file:
        file.write(definition.SerializeToString(deterministic=True))
    fed = values.batches(seed, net)
    feeds = {"feed/" + name: np.concatenate([batch[name] for batch in fed]) for name in fed[0]}
    reason = imported if isinstance(imported, str) else None
    kept = {node.name for node in definition.node}
    absent = [at for at, norm in enumerate(net.norms) if not {norm.mean, norm.variance} <= kept]
    numbers: Facts = dict(oracle.arrays(absent), **feeds)
    np.savez(path + ".npz", **numbers)
    facts = _facts(seed, net, reason, combinations, kept)
    facts.update(functions=functions, resources=resources)
    with open(path + ".json", "w") as file:
        json.dump(facts, file, indent=1)


def _transformed(seed: int, net: Net, definition: Any) -> Any:
    """Of one network in six what TensorFlow's own transform leaves of it, which takes Identities out; unless
    TensorFlow refuses that.
    """
    if values.draws(seed, "transform").uniform() > 1 / 6:
        return definition
    names = [output.op.name for output in net.outputs]
    fewer = tf.graph_util.remove_training_nodes(definition, protected_nodes=names)
    if isinstance(imports(fewer), str):
        return definition
    net.note("without identities")
    return fewer


def _facts(seed: int, net: Net, reason: Optional[str], combinations: Any, kept: Any) -> Facts:
    return {
        "seed": seed,
        "design": of_seed(seed),
        "tensorflow": VERSION,
        "notes": net.notes,
        "refused": reason,
        "images": values.takes_images(net),
        "inputs": sorted(net.inputs),
        "sources": net.sources,
        "outputs": [output.name for output in net.outputs],
        "combinations": combinations,
        "norms": [
            {
                "scope": norm.scope,
                "kind": norm.kind,
                "x": norm.x.name,
                "y": norm.y.name,
                "mean": norm.mean,
                "variance": norm.variance,
                "gamma": norm.gamma,
                "beta": norm.beta,
                "epsilon": norm.epsilon,
                "channels": norm.x.get_shape().as_list()[norm.axis],
                "loop": norm.loop,
                "stored": {norm.mean, norm.variance} <= kept,
            }
            for norm in net.norms
        ],
    }


def _combinations(
    seed: int, net: Net, running: Any, held: Facts, oracle: Any, variables: Optional[Facts]
) -> List[Facts]:
    """For every combination of values of what decides: which batch norm trains, and whether images mix.

    `variables`: the statistics, set anew before each run where running changes them.
    """
    found = []
    sources = sorted(net.sources)
    batch = {name + ":0": value for name, value in values.batches(seed, net)[0].items()}
    mixed = {name: np.concatenate([value[:1], value[:0:-1] * 0.5]) for name, value in batch.items()}
    outputs = [output.name for output in net.outputs]
    seen = [(at, norm) for at, norm in enumerate(net.norms) if not norm.loop]
    ends = [(norm.x.name, norm.y.name) for _, norm in seen]
    standing = {operation.name for operation in running.graph.get_operations()}
    for chosen in itertools.product(*(net.sources[name] for name in sources)):
        # What decides nothing that the outputs need was left out when the graph was frozen.
        fed = {name + ":0": value for name, value in zip(sources, chosen) if name in standing}
        if variables is not None:
            values.assign(running, seed, variables)
        given, pairs = running.run([outputs, ends], dict(batch, **fed))
        modes: List[Optional[bool]] = [None] * len(net.norms)
        for (at, norm), (x, y) in zip(seen, pairs):
            gamma = 1.0 if norm.gamma is None else held[norm.gamma]
            beta = 0.0 if norm.beta is None else held[norm.beta]
            modes[at] = mode_of(norm, x, y, gamma, beta, oracle.statistics[at])
        if variables is not None:
            values.assign(running, seed, variables)
        others = running.run(outputs, dict(mixed, **fed))
        mixes = any(
            np.abs(one[0] - other[0]).max() > 1e-4 * (1e-3 + np.abs(one[0]).max())
            for one, other in zip(given, others)
        )
        found.append({"feed": dict(zip(sources, chosen)), "training": modes, "mixes": bool(mixes)})
    return found
