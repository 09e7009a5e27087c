"""A flat netlist of library cells and memories, read from the output of Yosys' ``write_json``."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tospike.gen.tools.tool import ToolError
from tospike.hw.params import InputError, require
from tospike.synth.asic.library import CellLibrary

CONSTANTS = 2
"""Nets 0 and 1 are constants; all others have numbers from this one on."""

Bits = tuple[int, ...]
"""Nets, the lowest first."""


@dataclass(frozen=True, kw_only=True)
class Gate:
    """An instance of a library cell."""

    path: str
    """Its module before flattening: ``engine_0.array``; empty for the top module."""
    cell: str
    pins: dict[str, int]
    """Net of each pin; unused outputs may be missing."""


@dataclass(frozen=True, kw_only=True)
class ReadPort:
    """A read port: data appear after a clock edge with ``enable`` 1, and persist."""

    address: Bits
    data: Bits
    enable: Bits
    transparent: tuple[int, ...]
    """Indices of the write ports whose words it reads in the cycle of the write."""


@dataclass(frozen=True, kw_only=True)
class WritePort:
    """A write port: bits with ``enable`` 1 are written at the clock edge."""

    address: Bits
    data: Bits
    enable: Bits


@dataclass(frozen=True, kw_only=True)
class Macro:
    """A memory that is not mapped to flip-flops."""

    path: str
    width: int
    words: int
    init: tuple[str, ...]
    """Initial words in binary, lowest bit first."""
    reads: tuple[ReadPort, ...]
    writes: tuple[WritePort, ...]

    @property
    def bits(self) -> int:
        """Size in bits."""
        return self.width * self.words

    @property
    def ports(self) -> tuple[ReadPort | WritePort, ...]:
        """Read ports, then write ports."""
        return (*self.reads, *self.writes)

    @property
    def driven(self) -> Bits:
        """The nets at its inputs, repeated for each pin."""
        controls = [net for port in self.ports for net in (*port.address, *port.enable)]
        return (*controls, *(net for port in self.writes for net in port.data))


@dataclass(frozen=True, kw_only=True)
class Netlist:
    """Gates in topological order: the drivers of a combinational gate precede it."""

    nets: int
    clock: int
    gates: tuple[Gate, ...]
    macros: tuple[Macro, ...]
    inputs: dict[str, Bits]
    """Ports except the clock."""
    outputs: dict[str, Bits]


def read_netlist(path: Path, *, top: str, clock: str, library: CellLibrary) -> Netlist:
    """Read the module ``top``, whose cells must be memories or cells of ``library``.

    Raises
    ------
    InputError
        A cell or memory cannot be simulated: another clock, an asynchronous read, a combinational loop.
    ToolError
        The file has an unknown format.
    """
    try:
        module = json.loads(path.read_text())["modules"][top]
        ports = {name: (port["direction"], _bits(port["bits"])) for name, port in module["ports"].items()}
        clock_net = ports[clock][1][0]
        gates, macros = [], []
        for name, cell in module["cells"].items():
            connections = {pin: _bits(bits) for pin, bits in cell["connections"].items()}
            if cell["type"] == "$mem_v2":
                macros.append(_macro(name, cell["parameters"], connections, clock_net))
            elif cell["type"] != "$scopeinfo":
                require(cell["type"] in library.cells, f"the netlist has a {cell['type']}, which is not in the library")
                pins = {pin: bits[0] for pin, bits in connections.items() if bits}
                gates.append(Gate(path=path_of(name), cell=cell["type"], pins=pins))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ToolError(f"{path} is not what `write_json` writes ({error!r}): use another Yosys") from None
    used = [net for gate in gates for net in gate.pins.values()]
    used += [net for _, bits in ports.values() for net in bits]
    used += [net for macro in macros for net in (*macro.driven, *(n for port in macro.reads for n in port.data))]
    return Netlist(
        nets=max(used, default=CONSTANTS) + 1,
        clock=clock_net,
        gates=_in_order(gates, library, clock_net),
        macros=tuple(macros),
        inputs={name: bits for name, (direction, bits) in ports.items() if direction == "input" and name != clock},
        outputs={name: bits for name, (direction, bits) in ports.items() if direction == "output"},
    )


def path_of(name: str) -> str:
    """Return the hierarchy in the name of a cell of a flattened design: ``engine_0.array`` of
    ``$flatten\\engine_0.\\array.$abc$7$g1``."""
    plain = name.replace("$flatten", "").replace("\\", "")
    return "" if plain.startswith("$") else plain.split(".$")[0]


def _bits(bits: list[int | str]) -> Bits:
    """Return Yosys' net numbers, with undefined bits as 0."""
    return tuple(bit if isinstance(bit, int) else int(bit == "1") for bit in bits)


def _macro(name: str, parameters: Mapping[str, str], pins: Mapping[str, Bits], clock: int) -> Macro:
    def number(key: str) -> int:
        return int(parameters[key].replace("x", "0") or "0", 2)

    width, words, reads, writes = (number(key) for key in ("WIDTH", "SIZE", "RD_PORTS", "WR_PORTS"))
    path = name.replace("\\", "")
    clocked = number("RD_CLK_ENABLE") == (1 << reads) - 1 and number("WR_CLK_ENABLE") == (1 << writes) - 1
    rising = number("RD_CLK_POLARITY") == (1 << reads) - 1 and number("WR_CLK_POLARITY") == (1 << writes) - 1
    require(
        clocked and rising and set(pins["RD_CLK"]) | set(pins["WR_CLK"]) <= {clock},
        f"memory {path} has a port that does not follow the design's clock: gates cannot be simulated",
    )
    require(
        not any(pins["RD_ARST"]) and not any(pins["RD_SRST"]) and number("OFFSET") == 0,
        f"memory {path} has read registers with a reset: gates cannot be simulated",
    )
    address_bits = number("ABITS")
    init = parameters["INIT"].replace("x", "0")[::-1].ljust(width * words, "0")
    mask = number("RD_TRANSPARENCY_MASK")

    def port(side: str, n: int) -> tuple[Bits, Bits]:
        return (
            pins[f"{side}_ADDR"][n * address_bits : (n + 1) * address_bits],
            pins[f"{side}_DATA"][n * width : (n + 1) * width],
        )

    return Macro(
        path=path,
        width=width,
        words=words,
        init=tuple(init[n * width : (n + 1) * width] for n in range(words)),
        reads=tuple(
            ReadPort(
                address=port("RD", n)[0],
                data=port("RD", n)[1],
                enable=(pins["RD_EN"][n],),
                transparent=tuple(w for w in range(writes) if mask >> (n * writes + w) & 1),
            )
            for n in range(reads)
        ),
        writes=tuple(
            WritePort(
                address=port("WR", n)[0],
                data=port("WR", n)[1],
                enable=pins["WR_EN"][n * width : (n + 1) * width],
            )
            for n in range(writes)
        ),
    )


def _in_order(gates: list[Gate], library: CellLibrary, clock: int) -> tuple[Gate, ...]:
    """Return the flip-flops first, then the gates in topological order."""
    ordered, rest = [], []
    for gate in gates:
        flip_flop = library.cells[gate.cell].flip_flop
        if flip_flop is None:
            rest.append(gate)
            continue
        require(
            gate.pins[flip_flop.clock] == clock,
            f"a {gate.cell} in {gate.path or 'the top module'} is not clocked by the design's clock itself",
        )
        ordered.append(gate)
    outputs = [{gate.pins[pin] for pin in library.cells[gate.cell].outputs if pin in gate.pins} for gate in rest]
    unknown = set().union(*outputs)
    followers: dict[int, list[int]] = {}
    missing = []
    for number, gate in enumerate(rest):
        needs = {gate.pins[pin] for pin in library.cells[gate.cell].inputs} & unknown
        missing.append(len(needs))
        for net in needs:
            followers.setdefault(net, []).append(number)
    ready = [number for number, count in enumerate(missing) if count == 0]
    while ready:
        number = ready.pop()
        ordered.append(rest[number])
        for follower in (f for net in outputs[number] for f in followers.get(net, ())):
            missing[follower] -= 1
            if missing[follower] == 0:
                ready.append(follower)
    if len(ordered) != len(gates):
        stuck = next(gate for gate, count in zip(rest, missing, strict=True) if count)
        raise InputError(f"gates of {stuck.path or 'the top module'} form a loop without a flip-flop")
    return tuple(ordered)
