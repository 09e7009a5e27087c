"""Write the registers as CMSIS-SVD, which debuggers and svd2rust read."""

from xml.etree import ElementTree as Xml

from tospike.gen.driver.interface import Interface, macro_name
from tospike.hw.host.layout import ADDRESS_BITS
from tospike.hw.host.register_map import Access, HostRegister
from tospike.hw.params import WORD_BITS

_ACCESS = {
    Access.READ: "read-only",
    Access.WRITE: "write-only",
    Access.READ_WRITE: "read-write",
    Access.CLEAR: "read-write",
}


def svd(interface: Interface, *, origin: str) -> str:
    """Return the description of one peripheral, at address 0: a SoC moves it to its base address.

    Format: CMSIS-SVD 1.3.9, https://open-cmsis-pack.github.io/svd-spec.
    """
    device = Xml.Element("device", schemaVersion="1.3")
    _texts(device, name=macro_name(interface.name), version=interface.version, description=origin)
    _texts(device, addressUnitBits="8", width=str(WORD_BITS), size=str(WORD_BITS))
    _texts(device, resetValue="0x0", resetMask="0xffffffff")
    peripheral = Xml.SubElement(Xml.SubElement(device, "peripherals"), "peripheral")
    _texts(peripheral, name=macro_name(interface.name), description=f"Accelerator {interface.name}", baseAddress="0x0")
    block = Xml.SubElement(peripheral, "addressBlock")
    _texts(block, offset="0x0", size=f"0x{1 << ADDRESS_BITS:x}", usage="registers")
    interrupt = Xml.SubElement(peripheral, "interrupt")
    _texts(interrupt, name=f"{macro_name(interface.name)}_IRQ", description="done or error", value="0")
    registers = Xml.SubElement(peripheral, "registers")
    for register in interface.all_registers:
        _register(Xml.SubElement(registers, "register"), register)
    Xml.indent(device)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + Xml.tostring(device, encoding="unicode") + "\n"


def _register(element: Xml.Element, register: HostRegister) -> None:
    _texts(
        element,
        name=macro_name(register.name),
        description=register.meaning,
        addressOffset=f"0x{register.offset:03x}",
        access=_ACCESS[register.access],
        resetValue=f"0x{register.reset:08x}",
    )
    if register.access is Access.CLEAR:
        _texts(element, modifiedWriteValues="oneToClear")
    if register.is_taken:
        _texts(element, readAction="modifyExternal")
    if register.fields:
        fields = Xml.SubElement(element, "fields")
        for field in register.fields:
            of_field = Xml.SubElement(fields, "field")
            _texts(of_field, name=macro_name(field.name), description=field.meaning)
            _texts(of_field, bitOffset=str(field.low), bitWidth=str(field.width))


def _texts(element: Xml.Element, **texts: str) -> None:
    for tag, text in texts.items():
        Xml.SubElement(element, tag).text = text
