"""Header, SVD and table say what the register map says: each is parsed back and compared."""

import re
import shutil
import subprocess
from xml.etree import ElementTree as Xml

import pytest
from support.designs import DESIGNS

from tospike.gen.driver.files import DRIVER_HEADER, HEADER, SOURCE, driver_files, svd_path
from tospike.gen.driver.interface import Interface
from tospike.gen.driver.table import field_table, register_table
from tospike.gen.driver.weights import weights_header
from tospike.gen.emit.memory_init import pack
from tospike.gen.emit.random_design import random_design
from tospike.hw.host.register_map import Access
from tospike.hw.layout import config_writes

STRICT = ["-Wall", "-Wextra", "-Werror", "-pedantic"]
COMPILERS = [["gcc", "-std=c99"], ["g++", "-x", "c++", "-std=c++11"]]
NAMES = ["core-spikes", "os", "ws-writable", "recordings"]


def interface(name):
    return Interface(params=DESIGNS[name][0], version="1.2.3", config_hash=0xFEDC_BA98_7654_3210, steps=None)


def files(name):
    return driver_files(interface(name), origin="of a test */", licence=["a licence"])


@pytest.mark.parametrize("name", NAMES)
def test_the_header_defines_what_the_map_says(name):
    """Parsed as text, so that a macro too many shows."""
    given, prefix = interface(name), interface(name).prefix
    macros = dict(re.findall(rf"^#define {prefix}_(\w+) (.+?)u?(?: /\*.*)?$", files(name)[HEADER], re.MULTILINE))
    macros.pop("REGS_H", None)
    expected = {key: value for key, value, _ in given.sizes}
    for register in given.all_registers:
        own = register.name.upper()
        expected[own] = register.offset
        if register.is_constant:
            expected[f"{own}_VALUE"] = register.reset
        for field in register.fields:
            expected[f"{own}_{field.name.upper()}_MASK"] = field.mask
            expected[f"{own}_{field.name.upper()}_SHIFT"] = field.low
    numbers = {key: int(value, 0) for key, value in macros.items() if not value.startswith("{")}
    assert numbers == expected
    braced = {key: tuple(map(int, re.findall(r"\d+", value))) for key, value in macros.items() if value[0] == "{"}
    memories = {
        f"REGION_{r.engine}_{r.shape.name.upper()}_MEMORY": (r.number, r.shape.width, r.shape.depth)
        for r in given.regions
    }
    assert braced == {"DESIGN": given.design, **memories}
    assert bool(memories) == (name in ("core-spikes", "ws-writable"))


@pytest.mark.parametrize("compiler", COMPILERS, ids=lambda c: c[0])
def test_header_and_driver_compile_without_a_warning(tmp_path, compiler):
    if shutil.which(compiler[0]) is None:
        pytest.skip(f"{compiler[0]} is not installed")
    both = []
    for name in ("core-spikes", "os"):
        for path, text in files(name).items():
            (tmp_path / path.rpartition("/")[2]).write_text(text)
        shutil.move(tmp_path / "regs.h", tmp_path / f"{name}.h")
        prefix = interface(name).prefix
        both.append(f"const struct tospike_design {prefix.lower()} = {prefix}_DESIGN;")
        both.append(
            f"int check_{prefix.lower()}[{prefix}_OUTPUT_VALUES == {DESIGNS[name][0].output.addresses}u ? 1 : -1];"
        )
    memory = "struct tospike_memory weights = CORE_REGION_0_WEIGHTS_MEMORY;"
    includes = ['#include "core-spikes.h"', '#include "os.h"', '#include "os.h"', '#include "tospike.h"']
    (tmp_path / "two.c").write_text("\n".join([*includes, *both, memory, ""]))
    for source in ("two.c", "tospike.c"):
        subprocess.run([*compiler, *STRICT, "-c", source, "-o", "out.o"], cwd=tmp_path, check=True)


@pytest.mark.parametrize("name", ["core-spikes", "ws-writable"])
def test_the_weights_are_the_words_of_the_memories(tmp_path, name):
    design = random_design(DESIGNS[name][0], seed=3)
    contents, given = pack(design), interface(name)
    text = weights_header(given, contents, name="net", origin=["of a test */"])
    arrays = re.findall(r"uint32_t (NET_REGION_\w+)\[\] = \{(.*?)\};", text, re.DOTALL)
    found = {array: [int(word, 16) for word in re.findall(r"0x(\w{8})u", words)] for array, words in arrays}
    assert found == {
        f"NET_REGION_{r.engine}_{r.shape.name.upper()}": [
            data for _, data in config_writes(r.shape, contents[r.engine][r.shape.name])
        ]
        for r in given.regions
    }
    for path, made in files(name).items():
        (tmp_path / path.rpartition("/")[2]).write_text(made)
    (tmp_path / "weights.h").write_text(text)
    load = "int load(struct tospike *d) { return tospike_load_all(d, NET_CONTENTS, NET_CONTENTS_COUNT); }"
    (tmp_path / "load.c").write_text(f'#include "weights.h"\n#include "weights.h"\n{load}\n')
    for compiler in COMPILERS:
        if shutil.which(compiler[0]):
            subprocess.run([*compiler, *STRICT, "-c", "load.c", "-o", "out.o"], cwd=tmp_path, check=True)


def test_the_driver_needs_nothing_of_a_system(tmp_path):
    """No function outside the file: no allocation, no library."""
    if shutil.which("gcc") is None or shutil.which("nm") is None:
        pytest.skip("gcc or nm is not installed")
    for path in (SOURCE, DRIVER_HEADER):
        (tmp_path / path.rpartition("/")[2]).write_text(files("os")[path])
    options = ["-std=c99", "-ffreestanding", "-fno-pic", "-O2", "-c", "tospike.c", "-o", "tospike.o"]
    subprocess.run(["gcc", *STRICT, *options], cwd=tmp_path, check=True)
    listed = subprocess.run(["nm", "-u", "tospike.o"], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert listed.stdout.split() == []


def test_the_driver_has_the_offsets_and_bits_of_the_map():
    text = files("os")[DRIVER_HEADER]
    macros = {
        name: int(value, 0) for name, value in re.findall(r"^#define TOSPIKE_(\w+) (0x\w+?)u", text, re.MULTILINE)
    }
    for register in interface("os").all_registers:
        if not register.is_counter:
            assert macros[register.name.upper()] == register.offset
            for field in register.fields:
                assert macros[f"{register.name}_{field.name}".upper()] == field.mask


@pytest.mark.parametrize("name", NAMES)
def test_the_svd_says_what_the_map_says(name):
    given = interface(name)
    root = Xml.fromstring(files(name)[svd_path(given.name)])
    found = []
    for register in root.iterfind("peripherals/peripheral/registers/register"):
        fields = [
            (f.findtext("name").lower(), int(f.findtext("bitOffset")), int(f.findtext("bitWidth")))
            for f in register.iterfind("fields/field")
        ]
        access = register.findtext("access"), register.findtext("modifiedWriteValues")
        numbers = int(register.findtext("addressOffset"), 0), int(register.findtext("resetValue"), 0)
        found.append((register.findtext("name").lower(), *numbers, access, fields))
    access = {
        Access.READ: ("read-only", None),
        Access.WRITE: ("write-only", None),
        Access.READ_WRITE: ("read-write", None),
        Access.CLEAR: ("read-write", "oneToClear"),
    }
    assert found == [
        (r.name, r.offset, r.reset, access[r.access], [(f.name, f.low, f.width) for f in r.fields])
        for r in given.all_registers
    ]
    [tags] = [[child.tag for child in root.find("peripherals/peripheral")]]
    assert tags == ["name", "description", "baseAddress", "addressBlock", "interrupt", "registers"], (
        "the schema's order"
    )


def cells(table):
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def test_the_tables_say_what_the_map_says():
    registers = interface("recordings").all_registers
    rows = [
        (int(row[0], 0), row[1], row[2], int(row[3], 0) if row[3] else None) for row in cells(register_table(registers))
    ]
    assert rows == [(r.offset, r.name, r.access, r.reset if r.access.reads else None) for r in registers]
    fields = [(row[0], row[1], row[2]) for row in cells(field_table(registers))]
    assert fields == [
        (r.name, f"{f.high}..{f.low}" if f.width > 1 else str(f.low), f.name) for r in registers for f in r.fields
    ]
