"""The simulators that run Verilog."""

from dataclasses import dataclass
from enum import StrEnum

from tospike.hw.params import option, require


class Simulator(StrEnum):
    """The simulators that run the benches."""

    VERILATOR = "verilator"
    ICARUS = "icarus"


@dataclass(frozen=True, kw_only=True)
class SimulatorOptions:
    """Options of the simulation."""

    simulator: Simulator = option(Simulator.VERILATOR, "Simulator of the Verilog")


def check_simulator(name: str) -> None:
    """Refuse an unknown simulator.

    Raises
    ------
    InputError
        ``name`` is not in `Simulator`.
    """
    require(name in tuple(Simulator), f"simulator must be {' or '.join(Simulator)}, not {name!r}")
