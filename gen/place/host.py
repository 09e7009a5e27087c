"""Choose the formats in which a host sends samples and receives results."""

from typing import Any

from tospike.gen.dead_neurons import unused_inputs
from tospike.gen.place.options import PlanOptions
from tospike.hw.params import HostEventParams, HostInput, HostOutput, Readout, require
from tospike.sim.network import Decoding, Network


def host_side(network: Network, options: PlanOptions) -> dict[str, Any]:
    """Return the knobs of `AcceleratorParams` that concern the host."""
    output = _output(network, options)
    if not network.is_spiking:
        return {"host_output": output, "host_bits": options.host_bits, "unused_inputs": unused_inputs(network)}
    steps, unit = network.input.steps, options.event_bin
    return {
        "host_input": _input(network, options),
        "host_output": output,
        "host_events": None if unit is None else HostEventParams(time_bin=unit, steps=steps),
        "decision_steps": steps if network.decoding is Decoding.EARLY else None,
        "unused_inputs": unused_inputs(network),
    }


def _input(network: Network, options: PlanOptions) -> HostInput:
    if network.input.encoding is not None or network.input.front_end is not None:
        return HostInput.DENSE
    return HostInput.TOKENS if options.event_bin is None else HostInput.EVENTS


def _output(network: Network, options: PlanOptions) -> HostOutput:
    if network.decoding is not Decoding.LARGEST:
        decoding = network.decoding.value
        require(not options.argmax, f"--decoding {decoding} already sends the class: leave --argmax out")
        return HostOutput(decoding)
    if options.argmax:
        require(network.outputs > 1, "a single output decides by its sign, not as the largest: leave --argmax out")
        return HostOutput.ARGMAX
    return HostOutput.TOKENS if network.readout is Readout.SPIKES else HostOutput.DENSE
