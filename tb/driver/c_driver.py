"""Run a design's C driver, compiled for this computer, against the design's Verilog.

The driver is written anew from the design's parameters, because nothing in a folder is run.
"""

import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tospike.gen.driver.files import DRIVER_HEADER, HEADER, SOURCE, driver_files
from tospike.gen.emit.beats import input_beats, output_words
from tospike.gen.emit.folder import DesignFolder, read
from tospike.gen.emit.memory_init import pack
from tospike.gen.emit.random_design import random_design, random_samples
from tospike.gen.place.placer import MemoryInit
from tospike.gen.tools import programs as tools
from tospike.gen.tools.cache import Cache, digest
from tospike.gen.tools.children import temporary_folder
from tospike.hw.host.layout import counter_names
from tospike.hw.host.register_map import INTERRUPT_STATUS
from tospike.hw.layout import config_writes
from tospike.hw.params import WORD_BITS, AcceleratorParams, HostOutput, require
from tospike.sim import accelerator as golden
from tospike.sim.network import Array
from tospike.sim.result import Result
from tospike.tb.board.on_board import differing_counters
from tospike.tb.verify import TestResult, VerifyOptions

PORT = Path(__file__).with_name("axi_port.cpp")
"""The bus functions, on the Verilated ports."""
DONE = INTERRUPT_STATUS.field("done").mask


@dataclass(frozen=True, kw_only=True)
class DriverRun:
    """What the C driver returned."""

    results: list[int]
    """``enum tospike_result`` of each sample."""
    interrupts: list[int]
    """INTERRUPT_STATUS after each sample; -1 if the port irq contradicted it."""
    classes: list[int]
    words: list[list[int]]
    """The answer of each sample, signed."""
    counters: dict[str, int]
    """After all samples."""


def run_c_driver(
    folder: DesignFolder,
    x: Array,
    *,
    contents: Sequence[MemoryInit] | None = None,
    seed: int = 0,
    cache: Cache | None = None,
) -> DriverRun:
    """Run samples.

    Parameters
    ----------
    x
        (N, ...) integers as the golden model takes them.
    contents
        Memory contents that the driver writes first, if the design is writable.
    seed
        Of the pauses on the ports.

    Raises
    ------
    InputError
        A tool is missing, or the driver cannot open the design.
    """
    program = _program(folder, cache or Cache())
    lines = [*_loads(folder, contents or ()), *(_line(folder, sample) for sample in x)]
    with temporary_folder() as work:
        folder.load().write_memories(work)
        ran = subprocess.run(
            [program, str(seed)], cwd=work, input="\n".join(lines), capture_output=True, text=True, check=False
        )
    answers = ran.stdout.splitlines()
    require(
        ran.returncode == 0 and len(answers) == len(x) + 1,
        f"the C driver of {folder.path} stopped with status {ran.returncode}: {(answers or [ran.stderr])[-1]}",
    )
    rows = [[int(number) for number in line.split()] for line in answers]
    return DriverRun(
        results=[row[0] for row in rows[:-1]],
        interrupts=[row[1] for row in rows[:-1]],
        classes=[row[2] for row in rows[:-1]],
        words=[row[4:] for row in rows[:-1]],
        counters=dict(zip(counter_names(folder.params), rows[-1], strict=True)),
    )


def verify_c_driver(path: Path, options: VerifyOptions) -> TestResult:
    """Compare answers, interrupts and counters of a design folder's C driver with the golden model.

    Raises
    ------
    InputError
        The folder is no design, its streams are not the driver's, or a tool is missing or fails.
    """
    start = time.monotonic()
    folder = read(path)
    design = folder.design or random_design(folder.params, seed=options.seed)
    samples = random_samples(design, options.samples, seed=options.seed)
    contents = None if folder.design else pack(design)
    found = run_c_driver(folder, samples, contents=contents, seed=options.seed)
    message = _difference(folder.params, found, golden.run(design, samples))
    seconds = time.monotonic() - start
    return TestResult(name="c_driver", passed=not message, skipped=False, message=message, seconds=seconds)


def _difference(params: AcceleratorParams, found: DriverRun, expected: Result) -> str:
    """Return in words the first difference between a driver and the golden model; nothing if there is none."""
    for index, (result, interrupt, words) in enumerate(zip(found.results, found.interrupts, found.words, strict=True)):
        if result or interrupt != DONE:
            return f"sample {index}: result {result}, interrupts {interrupt}"
        if words != [_signed(word) for word in output_words(params, expected, index)]:
            return f"sample {index}: {words} is not the golden model's answer"
        if params.host_output is not HostOutput.TOKENS and found.classes[index] != expected.predictions[index]:
            return f"sample {index}: class {found.classes[index]}, not {expected.predictions[index]}"
    wrong = differing_counters(found.counters, expected)
    return f"counter {wrong[0]} is {found.counters[wrong[0]]}, not the golden model's" if wrong else ""


def _signed(word: int) -> int:
    return (word & 0xFFFF_FFFF ^ 1 << WORD_BITS - 1) - (1 << WORD_BITS - 1)


def _loads(folder: DesignFolder, contents: Sequence[MemoryInit]) -> Iterator[str]:
    """Yield the order to write each memory."""
    for region in folder.interface.regions if contents else ():
        shape = region.shape
        words = contents[region.engine][shape.name]
        chunks = [data for _, data in config_writes(shape, words)]
        head = (region.number, shape.width, shape.depth, len(words))
        yield " ".join(["load", str(4 + len(chunks)), *(f"{number:x}" for number in (*head, *chunks))])


def _line(folder: DesignFolder, sample: Array) -> str:
    """Return a sample as values if the driver packs them, else as beats."""
    if folder.interface.takes_bytes:
        numbers = (np.asarray(sample, dtype=np.int64).ravel() & 0xFF).tolist()
        kind = "values"
    else:
        numbers = [beat.data for beat in input_beats(folder.params, sample)]
        kind = "beats"
    return " ".join([kind, str(len(numbers)), *(f"{number:x}" for number in numbers)])


def _program(folder: DesignFolder, cache: Cache) -> Path:
    """Return the simulator with the driver in it; build it if it is not cached."""
    params = folder.params
    require(
        params.input_beat_bits == params.output_beat_bits == 32 and params.weight_stream is None,
        f"{params.name} has streams wider than 32 bits, or streams its weights, which the C driver does not: leave "
        "--host-bits or --weights stream out",
    )
    verilator = tools.find("verilator")
    for needed in ("g++", "make", "perl"):
        tools.find(needed)
    driver = driver_files(folder.interface, origin="", licence=())
    sources = {Path(name).name: driver[name] for name in (HEADER, DRIVER_HEADER, SOURCE)}
    sources |= {PORT.name: PORT.read_text(), "design.v": folder.load().text}
    sources |= {path.name: path.read_text() for path in folder.models}
    flags = f"-O1 -I.. -DDESIGN={folder.interface.prefix}_DESIGN"
    args = (
        *("--cc", "--exe", "--build", "-O3", "-Wno-fatal", "-Wno-lint", "-Wno-style", "-CFLAGS", flags),
        *("--top-module", params.name, "--prefix", "Vdesign", "-Mdir", "obj", "-o", "driver"),
        *(name for name in sources if not name.endswith(".h")),
    )

    def make(work: Path) -> None:
        for name, text in sources.items():
            (work / name).write_text(text)
        verilator.run(args, cwd=work, log=work / "build.log", makes=("obj/driver",))

    key = digest({**sources, "tool": verilator.release, "args": repr(args)})
    return cache.build("c-driver", key, make) / "obj" / "driver"
