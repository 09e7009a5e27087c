"""Write an IP-XACT component of a design's AXI wrapper, which tools of FPGA vendors import.

Format: IEEE 1685-2009 (``spirit:``), the version that Vivado reads.
"""

from collections.abc import Sequence
from xml.etree import ElementTree as Xml

from tospike.gen.driver.interface import Interface
from tospike.gen.driver.wrappers import AXI
from tospike.gen.emit.verilog import CLOCK, RESET, Port
from tospike.hw.host.layout import ADDRESS_BITS
from tospike.hw.host.ports import INTERRUPT

SPIRIT = "http://www.spiritconsortium.org/XMLSchema/SPIRIT/1685-2009"
COMPONENT = "wrappers/component.xml"
_AXI_LITE = ("xilinx.com", "interface", "aximm", "1.0")
_STREAM = ("xilinx.com", "interface", "axis", "1.0")
_SIGNALS = {"aclk": ("clock", "CLK"), "aresetn": ("reset", "RST"), INTERRUPT: ("interrupt", "INTERRUPT")}
"""The type of each port that is an interface of its own, and the name of its one signal there."""


def component(interface: Interface, ports: Sequence[Port], *, sources: Sequence[str], memories: Sequence[str]) -> str:
    """Return the component.

    Parameters
    ----------
    ports
        Of the design, clock and reset first.
    sources, memories
        Verilog files and memory files, by path in the design folder.
    """
    Xml.register_namespace("spirit", SPIRIT)
    root = _element(None, "component")
    name = f"{interface.name}_{AXI}"
    _texts(root, vendor="tospike", library="ip", name=name, version=".".join(interface.version.split(".")[:2]))
    outside = [Port(name="aclk", width=1, direction="input"), Port(name="aresetn", width=1, direction="input")]
    outside += [port for port in ports if port.name not in (CLOCK, RESET)]
    buses = _element(root, "busInterfaces")
    for bus in dict.fromkeys(port.name.rpartition("_")[0] for port in outside if port.name not in _SIGNALS):
        _bus(buses, bus, [port for port in outside if port.name.rpartition("_")[0] == bus])
    clocked = [port.name.rpartition("_")[0] for port in outside if port.name not in _SIGNALS]
    for port in outside:
        if port.name in _SIGNALS:
            _signal(buses, port, tuple(dict.fromkeys(clocked)))
    memory_map = _element(_element(root, "memoryMaps"), "memoryMap")
    _texts(memory_map, name="s_axi")
    block = _element(memory_map, "addressBlock")
    _texts(block, name="registers", baseAddress="0", range=str(1 << ADDRESS_BITS), width="32")
    for register in interface.registers:
        of_register = _element(block, "register")
        _texts(of_register, name=register.name, addressOffset=hex(register.offset), size="32")
    _model(root, name, outside)
    files = _element(_element(root, "fileSets"), "fileSet")
    _texts(files, name="sources")
    for path in (*sources, *memories):
        kind = {"fileType": "verilogSource"} if path.endswith(".v") else {"userFileType": "mem"}
        _texts(_element(files, "file"), name=f"../{path}", **kind)
    _texts(root, description=f"Accelerator {interface.name}, configuration {interface.config_hash:016x}")
    Xml.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _bus(buses: Xml.Element, name: str, ports: Sequence[Port]) -> None:
    is_lite = name == "s_axi"
    bus = _element(buses, "busInterface")
    _texts(bus, name=name)
    _reference(bus, "busType", _AXI_LITE if is_lite else _STREAM)
    rtl = (*(_AXI_LITE if is_lite else _STREAM)[:2], f"{'aximm' if is_lite else 'axis'}_rtl", "1.0")
    _reference(bus, "abstractionType", rtl)
    role = _element(bus, "master" if name.startswith("m_") else "slave")
    if is_lite:
        _element(role, "memoryMapRef").set(f"{{{SPIRIT}}}memoryMapRef", name)
    maps = _element(bus, "portMaps")
    for port in ports:
        _map(maps, port.name.rpartition("_")[2].upper(), port.name)


def _signal(buses: Xml.Element, port: Port, clocked: Sequence[str]) -> None:
    """Add the interface of one signal; ``clocked`` are the buses of the one clock and reset."""
    kind, signal = _SIGNALS[port.name]
    bus = _element(buses, "busInterface")
    _texts(bus, name=port.name)
    _reference(bus, "busType", ("xilinx.com", "signal", kind, "1.0"))
    _reference(bus, "abstractionType", ("xilinx.com", "signal", f"{kind}_rtl", "1.0"))
    _element(bus, "master" if port.direction == "output" else "slave")
    _map(_element(bus, "portMaps"), signal, port.name)
    parameters = {
        "clock": {"ASSOCIATED_BUSIF": ":".join(clocked), "ASSOCIATED_RESET": "aresetn"},
        "reset": {"POLARITY": "ACTIVE_LOW"},
        "interrupt": {"SENSITIVITY": "LEVEL_HIGH"},
    }[kind]
    listed = _element(bus, "parameters")
    for name, value in parameters.items():
        parameter = _element(listed, "parameter")
        _texts(parameter, name=name)
        given = _element(parameter, "value")
        given.text = value
        given.set(f"{{{SPIRIT}}}id", f"BUSIFPARAM_VALUE.{port.name.upper()}.{name}")


def _map(maps: Xml.Element, logical: str, physical: str) -> None:
    pair = _element(maps, "portMap")
    _texts(_element(pair, "logicalPort"), name=logical)
    _texts(_element(pair, "physicalPort"), name=physical)


def _model(root: Xml.Element, name: str, ports: Sequence[Port]) -> None:
    model = _element(root, "model")
    view = _element(_element(model, "views"), "view")
    _texts(view, name="verilog", envIdentifier="verilogSource::", language="verilog", modelName=name)
    _texts(_element(view, "fileSetRef"), localName="sources")
    listed = _element(model, "ports")
    for port in ports:
        of_port = _element(listed, "port")
        _texts(of_port, name=port.name)
        wire = _element(of_port, "wire")
        _texts(wire, direction={"input": "in", "output": "out"}[port.direction])
        if port.width > 1:
            _texts(_element(wire, "vector"), left=str(port.width - 1), right="0")


def _reference(parent: Xml.Element, tag: str, identity: Sequence[str]) -> None:
    element = _element(parent, tag)
    for key, value in zip(("vendor", "library", "name", "version"), identity, strict=True):
        element.set(f"{{{SPIRIT}}}{key}", value)


def _element(parent: Xml.Element | None, tag: str) -> Xml.Element:
    full = f"{{{SPIRIT}}}{tag}"
    return Xml.Element(full) if parent is None else Xml.SubElement(parent, full)


def _texts(element: Xml.Element, **texts: str) -> None:
    for tag, text in texts.items():
        _element(element, tag).text = text
