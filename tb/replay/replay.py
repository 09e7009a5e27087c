"""Run a generated design on many samples at the full speed of the simulator, without Python in the loop.

The bench is `replay.sv`; a simulator is built once per design and cached, and runs once for each processor, each time
with a part of the samples.
"""

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from tospike.gen.emit.beats import answer_words, beat_lines, input_beats, weight_lines
from tospike.gen.emit.primitives import cell_models, technology_of
from tospike.gen.emit.verilog import Verilog
from tospike.gen.tools import programs as tools
from tospike.gen.tools.cache import Cache, digest
from tospike.gen.tools.children import started, temporary_folder
from tospike.gen.tools.tool import error_summary
from tospike.hw.host.layout import counter_names
from tospike.hw.params import AcceleratorParams, InputError, require
from tospike.sim.network import Array
from tospike.sim.network.output_order import as_network
from tospike.tb.simulators import check_simulator

BENCH = Path(__file__).with_name("replay.sv")
CLOCK = Path(__file__).with_name("replay.cpp")
TOP = "tospike_replay"
"""The bench's module; no design's name starts like this."""
LEAST_SAMPLES = 8
"""Samples for which another simulator is worth its start; and in each, samples follow one another."""
COUNTER_RANGE = 1 << 32
"""The hardware's counters count modulo this."""


@dataclass(frozen=True, kw_only=True)
class Replay:
    """Results of the hardware."""

    outputs: Array
    """(N, words of a frame) int64, in the network's order."""
    cycles: Array
    """(N,) int64: latency of each sample, alone in the pipeline; or, of samples back to back, the cycles from the
    first beat of the first one."""
    counters: dict[str, int]
    """Totals over all samples, read through AXI4-Lite at the end."""


def replay(
    verilog: Verilog,
    params: AcceleratorParams,
    x: Array,
    *,
    weights: Sequence[int] = (),
    stream: bool = False,
    limit: int = 10_000_000,
    simulator: str = "verilator",
    cache: Cache | None = None,
    progress: Callable[[int], None] | None = None,
) -> Replay:
    """Run samples through the generated Verilog.

    Parameters
    ----------
    verilog
        The design.
    params
        Its parameters.
    x
        (N, inputs) integers in the input format, or (N, steps, inputs) spikes.
    weights
        Beats of a frame's weights, for a design with streamed weights.
    stream
        Send the samples back to back, in one simulator; otherwise one at a time.
    limit
        Most cycles of a sample, see `patience`.
    simulator
        ``verilator`` or ``icarus``.
    cache
        Cache of built simulators.
    progress
        Called from time to time with the number of finished samples.

    Raises
    ------
    InputError
        The simulator is missing or fails, or the design does not answer.
    """
    check_simulator(simulator)
    models = cell_models([technology_of(params)]).values()
    streamed = params.weight_stream
    macros = {
        "DUT": params.name,
        "INPUT_BITS": str(params.input_beat_bits),
        "OUTPUT_BITS": str(params.output_beat_bits),
        **({"WEIGHT_BEATS": str(len(weights)), "WEIGHT_BITS": str(streamed.beat_bits)} if streamed else {}),
    }
    command = _simulator("".join([verilog.text, *models]), macros, simulator, cache or Cache())
    names = counter_names(params)
    parts = sample_parts(len(x), 1 if stream else processors())
    with temporary_folder() as work:
        verilog.write_memories(work)
        (work / "weights.hex").write_text(weight_lines(params, weights))
        results = [work / f"results_{number}.txt" for number in range(len(parts))]
        with ExitStack() as stack:
            running = []
            for number, part in enumerate(parts):
                beats = work / f"beats_{number}.hex"
                sent = (beat for sample in x[part] for beat in input_beats(params, sample))
                beats.write_text(beat_lines(sent, params.input_beat_bits))
                files = [f"+beats={beats.name}", f"+results={results[number].name}"]
                options = [*files, f"+counters={len(names)}", f"+stream={int(stream)}", f"+limit={limit}"]
                running.append(stack.enter_context(started([*command, *options], cwd=work)))
            for process, found in zip(running, results, strict=True):
                output = _wait(process, results, progress)
                require(
                    process.returncode == 0 and found.is_file(),
                    f"{simulator} stopped with status {process.returncode}: "
                    f"{error_summary(output.decode(errors='replace'))}",
                )
        replays = [
            parse_results(found.read_text(), params, part.stop - part.start, names, first=part.start)
            for found, part in zip(results, parts, strict=True)
        ]
        return Replay(
            outputs=np.concatenate([one.outputs for one in replays]),
            cycles=np.concatenate([one.cycles for one in replays]),
            counters={name: sum(one.counters[name] for one in replays) % COUNTER_RANGE for name in names},
        )


def processors() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def sample_parts(samples: int, most: int) -> list[slice]:
    """Return up to ``most`` consecutive parts of about the same size, of at least `LEAST_SAMPLES` unless there is only
    one."""
    count = max(1, min(most, samples // LEAST_SAMPLES))
    ends = [samples * number // count for number in range(count + 1)]
    return [slice(start, stop) for start, stop in pairwise(ends)]


def _wait(process: subprocess.Popen[bytes], results: Sequence[Path], progress: Callable[[int], None] | None) -> bytes:
    """Return the output of a simulator when it has ended; meanwhile, report how many samples all of them finished."""
    while True:
        try:
            return process.communicate(timeout=0.5)[0]
        except subprocess.TimeoutExpired:
            if progress:
                progress(sum(file.read_text().count("cycles") for file in results if file.is_file()))


def patience(cycles: Array, weights: Sequence[int] = ()) -> int:
    """Return a timeout in cycles: several times the golden model's (N,) ``cycles``, with time to load ``weights``."""
    return 4 * (int(cycles.max()) + len(weights)) + 10_000


@dataclass(frozen=True, kw_only=True)
class BenchOutput:
    """Output of a bench."""

    words: list[list[int]]
    """Beats of each sample, unsigned."""
    cycles: list[int]
    counters: dict[str, int]


def parse_output(text: str, name: str, samples: int, counters: tuple[str, ...], *, first: int = 0) -> BenchOutput:
    """Parse the output of `replay.sv` for the design ``name``, which begins with sample ``first``.

    Raises
    ------
    InputError
        The design did not answer every sample.
    """
    words: list[list[int]] = [[]]
    cycles: list[int] = []
    counted: list[int] = []
    for line in text.split("\n")[:-1]:
        kind, _, number = line.rpartition(" ")
        if line == "timeout":
            raise InputError(f"the simulated design {name} does not answer: sample {first + len(cycles)} timed out")
        if kind == "cycles":
            cycles.append(int(number))
            words.append([])
        elif kind == "counter":
            counted.append(int(number))
        else:
            words[-1].append(int(number, 16))
    require(
        len(cycles) == samples and len(counted) == len(counters) and not words[-1],
        f"the simulated design {name} gave {sum(map(len, words))} words for {len(cycles)} of {samples} samples",
    )
    return BenchOutput(words=words[:-1], cycles=cycles, counters=dict(zip(counters, counted, strict=True)))


def parse_results(
    text: str, params: AcceleratorParams, samples: int, names: tuple[str, ...], *, first: int = 0
) -> Replay:
    """Parse the output for a design with a fixed number of words per sample, which begins with sample ``first``.

    Raises
    ------
    InputError
        The design did not answer every sample with this number of words.
    """
    found = parse_output(text, params.name, samples, names, first=first)
    answers = [answer_words(params, beats) for beats in found.words]
    require(
        all(len(words) == params.output_words for words in answers),
        f"the simulated design {params.name} gave {sum(map(len, answers))} words for {samples} samples, not "
        f"{params.output_words} for each",
    )
    outputs = np.array(answers, dtype=np.uint32).astype(np.int32).astype(np.int64)
    outputs = outputs.reshape(samples, params.output_words)
    return Replay(
        outputs=outputs if params.sends_class else as_network(params, outputs),
        cycles=np.array(found.cycles, dtype=np.int64),
        counters=found.counters,
    )


def _simulator(verilog: str, defines: Mapping[str, str], simulator: str, cache: Cache) -> list[str]:
    """Return the command that runs the bench on this design; build it if it is not cached."""
    args: tuple[str, ...]
    if simulator == "icarus":
        compiler, runner = tools.find("iverilog"), ["vvp", "-n"]
        binary = "replay.vvp"
        macros = [f"-D{name}={value}" for name, value in defines.items()]
        args = ("-g2012", *macros, "-s", TOP, "-o", binary, BENCH.name, "design.v")
    else:
        compiler, runner = tools.find("verilator"), []
        for needed in ("g++", "make", "perl"):  # by Verilator: report a missing one first
            tools.find(needed)
        binary = "obj/replay"
        # -O2 compiles a third longer, and the simulator is no faster
        args = (
            *("--cc", "--exe", "--build", "-O3", "--x-assign", "fast", "-Wno-fatal", "-Wno-lint", "-Wno-style"),
            *("-CFLAGS", "-O1", "--top-module", TOP, "--prefix", "Vreplay", "-Mdir", "obj", "-o", "replay"),
            *(f"+define+{name}={value}" for name, value in defines.items()),
            *(BENCH.name, "design.v", CLOCK.name),
        )

    def make(folder: Path) -> None:
        for source in (BENCH, CLOCK):
            (folder / source.name).write_bytes(source.read_bytes())
        (folder / "design.v").write_text(verilog)
        compiler.run(args, cwd=folder, log=folder / "build.log", makes=(binary,))

    key = digest(
        {
            "bench": BENCH.read_bytes(),
            "clock": CLOCK.read_bytes(),
            "design": verilog,
            "tool": compiler.release,
            "args": " ".join(args),
        }
    )
    return [*runner, str(cache.build("replay", key, make) / binary)]
