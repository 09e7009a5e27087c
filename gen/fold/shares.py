"""What part of the time each layer of a dataflow design takes, for the fewest cycles."""

import math

from tospike.gen.fold.objective import Objective
from tospike.sim.network import Conv2d, Dense, Network, Stage


def time_shares(network: Network, objective: Objective) -> dict[str, float]:
    """Return the cycles of each layer, by its name, over those of the slowest one.

    For throughput, all layers take about the same number of cycles. For latency, ``sum(waits * cycles)`` shall be
    least for a given total of multipliers, ``sum(macs / cycles)``, where ``waits`` is the part of its cycles that a
    layer takes after the layer before it has finished: ``cycles`` is proportional to ``sqrt(macs / waits)``.

    A dense layer waits for all of its inputs. A convolution keeps up with the image, down to its last row. So
    everything up to the convolution with the most products works at the same time, and takes the same time, as if it
    were a single layer. A pool keeps up with the layer before it.
    """
    names = [stage.name for stage in network.stages]
    if objective is Objective.THROUGHPUT:
        return dict.fromkeys(names, 1.0)
    macs = [_macs(stage) for stage in network.stages]
    images = [index for index, stage in enumerate(network.stages) if isinstance(stage.synapses, Conv2d)]
    together = 0 if not images else 1 + max(images, key=lambda index: macs[index])
    times = [math.sqrt(sum(macs[:together]))] * together
    for stage, count in zip(network.stages[together:], macs[together:], strict=True):
        waits = 1 if isinstance(stage.synapses, Dense) else 1 / stage.synapses.output_shape[1]
        times.append(math.sqrt(count / waits) if count else times[-1] if times else 1.0)
    return dict(zip(names, (time / max(times) for time in times), strict=True))


def _macs(stage: Stage) -> int:
    """Return the multiplications of a layer; a pool needs no multipliers."""
    synapses = stage.synapses
    if isinstance(synapses, Dense):
        return synapses.inputs * synapses.outputs
    return synapses.outputs * synapses.weight[0].size if isinstance(synapses, Conv2d) else 0
