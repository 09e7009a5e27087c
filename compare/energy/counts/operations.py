"""The energy model of this hardware: every operation of the golden model, priced by a technology."""

from tospike.compare.energy.activity import EngineActivity, Memories, Widths
from tospike.compare.energy.counts.model import EnergyModel, Terms
from tospike.compare.energy.technology import Technology, load_technology


def operation_prices(technology: Technology, widths: Widths, memories: Memories) -> dict[str, float]:
    """Return the picojoules of one operation of each name.

    A threshold comparison is an addition, and so is the reset after a spike. A spike is written to a queue and read
    from it. A synaptic operation is an addition, because a spike needs no multiplier.
    """
    add = technology.addition(widths.state_bits)
    state = technology.access(widths.state_bits, memories.state_bits)
    activation = technology.access(widths.act_bits, memories.activation_bits)
    queue = 2 * technology.access(widths.event_bits, memories.activation_bits)
    return {
        "mac": technology.multiplication(widths.act_bits, widths.weight_bits) + add,
        "requantize": technology.multiplication(widths.state_bits, widths.multiplier_bits),
        "compare": technology.addition(widths.act_bits),
        "sop": add,
        "bias_add": add,
        "neuron_update": technology.leak(widths.state_bits, widths.leak) + add,
        "spike": add + queue,
        "weight_read": technology.access(widths.weight_bits, memories.weight_bits),
        "bias_read": technology.access(widths.state_bits, memories.bias_bits),
        "multiplier_read": technology.access(widths.multiplier_bits, memories.bias_bits),
        "table_read": technology.access(widths.act_bits, memories.table_bits),
        "state_read": state,
        "state_write": state,
        "activation_read": activation,
        "activation_write": activation,
    }


def operation_model(technology: Technology, *, source: str) -> EnergyModel:
    """Return the model that charges counts times `operation_prices`, with each engine's widths and memories."""

    def charge(engine: EngineActivity) -> Terms:
        prices = operation_prices(technology, engine.widths, engine.memories)
        return {name: values * prices[name] for name, values in engine.counts().items() if name in prices}

    constants = {name: c for name, c in technology.describe().items() if c.unit.startswith("pJ")}
    return EnergyModel(name=technology.name, source=source, constants=constants, charge=charge)


HOROWITZ_45 = operation_model(
    load_technology("horowitz45"),
    source="M. Horowitz, Computing's energy problem, ISSCC 2014: integer arithmetic and SRAM, this hardware's counts",
)
"""Integer arithmetic and SRAM at 45 nm."""
