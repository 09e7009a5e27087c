"""Write the files that make a design folder usable without tospike: README, Makefile, test bench, lint and synthesis
scripts."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import jinja2

from tospike.gen.driver.files import DRIVER_HEADER, HEADER, SOURCE, WEIGHTS_HEADER, driver_files, svd_path
from tospike.gen.driver.interface import Interface
from tospike.gen.driver.ipxact import COMPONENT
from tospike.gen.driver.soc import LITEX
from tospike.gen.driver.table import field_table, register_table
from tospike.gen.driver.wrappers import WRAPPERS
from tospike.gen.emit.beat_guide import input_example, input_guide, output_example, output_guide
from tospike.gen.emit.memory_files import MEMORIES
from tospike.gen.emit.vectors import CONFIGURATION, EXPECTED, INPUTS, OUTPUTS, TEST, WEIGHTS, Vectors
from tospike.gen.emit.verilog_files import LICENCE, SIMULATION
from tospike.gen.place.streaming import stream_cost
from tospike.gen.tools.fpga import FPGA_TOOLS
from tospike.hw.params import PRIMITIVES, PrimitiveSet
from tospike.hw.params.devices import DEVICES, Device

README, MAKEFILE, BENCH, COCOTB = "README.md", "Makefile", f"{TEST}/test_design.py", f"{TEST}/cocotb.mk"
LINT, SYNTHESIS = "lint.vlt", "synth.ys"

PLAIN_FLOW = (
    "This plain flow reaches a slower clock than `tospike synth`, which also moves the registers after block RAMs into "
    "them and reports area by engine. `python -m benchmarks.plain_flow` in tospike's repository measures the "
    "difference on its example networks."
)


SCRIPT_DEVICE = "ecp5-85k"
"""Device for which the folder's scripts synthesise, unless the design has another family's primitives."""
_ROUTE = ("--seed", "1", "--router", "router1", "--lpf-allow-unconstrained", "--json", "netlist.json")


def script_device(primitives: PrimitiveSet) -> Device:
    """Return the device for which a folder's scripts synthesise a design with these primitives."""
    fitting = (device for device in DEVICES.values() if device.family.primitives is primitives)
    return next(fitting, DEVICES[SCRIPT_DEVICE])


def script_command(device: Device) -> str:
    """Return the Yosys command of a folder's script."""
    return FPGA_TOOLS[device.family.name].synthesis(device, own_cells=True)


def script_route(device: Device) -> str:
    """Return the nextpnr options that follow a folder's script; none if the ports outnumber the pins."""
    if device.name != SCRIPT_DEVICE:
        return ""
    return " ".join((*device.nextpnr(speed=device.default_speed), *_ROUTE))


@dataclass(frozen=True, kw_only=True)
class Host:
    """The additional contents of a design with a host port."""

    interface: Interface
    vectors: Vectors


def stand_alone_files(
    manifest: Mapping[str, Any],
    *,
    files: Mapping[str, str],
    origin: str,
    meanings: Mapping[str, str],
    host: Host | None = None,
) -> dict[str, str]:
    """Return the contents by path.

    Parameters
    ----------
    manifest
        The entries of `tospike.gen.emit.verilog_files.describe_verilog`, and ``config_hash``.
    files
        The other files of the folder.
    origin
        A line on what the design was generated from.
    meanings
        A description of each port, by name.
    """
    top = str(manifest["top"])
    variants = {PrimitiveSet(name): path for name, path in manifest["verilog"].items()}
    sources = {primitives: [path, *_models(primitives, files)] for primitives, path in variants.items()}
    main = next(iter(variants))
    device = script_device(main)
    values: dict[str, Any] = {
        "top": top,
        "version": manifest["tospike"],
        "config_hash": manifest["config_hash"],
        "about": origin,
        "memories": MEMORIES,
        "reads_memories": any(path.startswith(f"{MEMORIES}/") for path in files),
        "models": sorted(path for path in files if path.startswith(f"{SIMULATION}/")),
        "sources": sources[main],
        "variants": list(sources.values()),
        "source": variants.get(device.family.primitives, variants[main]),
        "device": f"an {device.title}",
        "command": script_command(device),
        "nextpnr": FPGA_TOOLS[device.family.name].nextpnr,
        "nextpnr_line": script_route(device),
        "plain_flow": PLAIN_FLOW,
        "ports": [{**port, "meaning": meanings.get(port["name"], "")} for port in manifest["ports"]],
        "host": host,
    }
    names = {MAKEFILE: "Makefile.j2", LINT: "lint.vlt.j2", SYNTHESIS: "synth.ys.j2"}
    made = {path: _render(name, values) for path, name in names.items()}
    if host is not None:
        values |= _host_values(host)
        made |= host.vectors.files()
        made |= {path: _render(name, values) for path, name in ((COCOTB, "cocotb.mk.j2"), (BENCH, "test_design.py.j2"))}
        made |= driver_files(host.interface, origin=origin, licence=LICENCE)
    values["contents"] = _contents({*files, *made}, variants, svd_path(top))
    return {**made, README: _render("README.md.j2", values)}


def _models(primitives: PrimitiveSet, files: Mapping[str, str]) -> list[str]:
    name = f"{SIMULATION}/{primitives.value}_cells.v"
    return [name] if name in files else []


def _host_values(host: Host) -> dict[str, Any]:
    params, vectors = host.interface.params, host.vectors
    return {
        "vectors": vectors.summary(),
        "register_table": register_table(host.interface.registers),
        "field_table": field_table(host.interface.registers),
        "regions": host.interface.regions,
        "input_guide": input_guide(params),
        "output_guide": output_guide(params),
        "example": vectors.example,
        "input_example": input_example(params, vectors.inputs[vectors.example]),
        "output_example": output_example(params, vectors.outputs(vectors.example)),
        "streamed": params.weight_stream,
        "stream_cost": stream_cost(params),
        "weights_file": WEIGHTS,
    }


def _contents(paths: set[str], variants: Mapping[PrimitiveSet, str], svd: str) -> list[tuple[str, str]]:
    """Describe each file, in the order in which a reader needs it."""
    designs = {
        path: "the whole design as Verilog"
        + (f", with {PRIMITIVES[primitives].title} multipliers" if PRIMITIVES[primitives].is_vendors else "")
        for primitives, path in variants.items()
    }
    what = {
        **designs,
        f"{MEMORIES}/": "memory contents for `$readmemh`: one word per line, from address 0",
        f"{SIMULATION}/": "models of vendor cells, for simulators only",
        MAKEFILE: ("`make`: the test bench; " if BENCH in paths else "") + "`make lint`, `make synth`",
        BENCH: "the cocotb test bench",
        f"{INPUTS}`, `{OUTPUTS}": "samples and outputs, one beat per line: TLAST, then the data in hexadecimal",
        EXPECTED: "cycles and counters of each sample",
        CONFIGURATION: "the writes with which the bench fills the memories",
        WEIGHTS: "beats of the weights, the same for each frame",
        HEADER: "registers and sizes of this design, for C and C++",
        f"{DRIVER_HEADER}`, `{SOURCE}": "a driver in C99, the same for every design",
        WEIGHTS_HEADER: "the network's weights, for the driver to write",
        svd: "the registers in CMSIS-SVD, for debuggers and svd2rust",
        f"{WRAPPERS}/": "the design behind AXI with aclk and aresetn, AXI4-Lite alone, Wishbone and SPI",
        COMPONENT: "the AXI wrapper in IP-XACT, for tools of FPGA vendors",
        LITEX: "a LiteX module",
        SYNTHESIS: "a Yosys script",
        LINT: "lint warnings of Verilator that are waived, and why",
        "network.json": "the quantised network, as tospike reads it",
        "manifest.json": "parameters, choices, ports, registers, versions, digests",
    }

    def is_there(name: str) -> bool:
        first = name.partition("`")[0]
        return name == "manifest.json" or any(path == first or path.startswith(first) for path in paths)

    return [(name, text) for name, text in what.items() if is_there(name)]


def _render(name: str, values: Mapping[str, Any]) -> str:
    """Render a template of this package."""
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    source = (resources.files("tospike.gen.emit") / "templates" / name).read_text(encoding="utf-8")
    return environment.from_string(source).render(values)
