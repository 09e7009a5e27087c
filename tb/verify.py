"""Run the cocotb test benches on a generated design."""

import contextlib
import io
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from xml.etree import ElementTree

from tospike.gen.emit.folder import read
from tospike.gen.tools import programs as tools
from tospike.gen.tools.cache import Cache, digest
from tospike.gen.tools.children import temporary_folder
from tospike.gen.tools.tool import Tool, error_summary
from tospike.hw.params import InputError, check_options, option, require
from tospike.tb.bench.runner import library_path, make_runner
from tospike.tb.simulators import SimulatorOptions
from tospike.tb.waves.save import GTKWAVE, SURFER, save_files

BENCH = "tospike.tb.bench.accelerator"
RUN = "verify"
"""Subfolder of the design for results, log and waveform. Nothing runs in it."""
RESULTS, LOG, WAVES = "results.xml", "test.log", ("dump.vcd", "dump.fst")
SAVED = tuple(f"dump{suffix}" for suffix in (GTKWAVE, SURFER))


@dataclass(frozen=True, kw_only=True)
class VerifyOptions(SimulatorOptions):
    """Options of the verification."""

    seed: int = option(0, "Seed of stimulus and stalls", low=0, high=(1 << 31) - 1)
    samples: int = option(8, "Samples of each test", low=1)
    waves: bool = option(
        False,
        f"Record a waveform in DESIGN/{RUN} (Verilator: VCD, Icarus: FST), and save files of GTKWave and Surfer",
    )
    driver: bool = option(False, "Also run the C driver on the Verilog; needs Verilator and g++")

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, kw_only=True)
class TestResult:
    """One cocotb test."""

    name: str
    passed: bool
    skipped: bool
    message: str
    seconds: float


def verify(folder: Path, options: VerifyOptions | None = None, *, cache: Cache | None = None) -> list[TestResult]:
    """Run the benches on a design folder; its subfolder ``verify`` gets results, log, waveform and its save files.

    They run in a fresh folder, without the design folder or the working directory on Python's path: their files are
    data.

    Parameters
    ----------
    folder
        The design folder.
    options
        Options of the verification.
    cache
        Cache of built simulators.

    Raises
    ------
    InputError
        The folder is not a design, or the simulator is missing or stops before the tests end.
    """
    options = options or VerifyOptions()
    simulator, waves = options.simulator, options.waves
    design = read(folder)
    kept = _folder_for_results(folder)
    tool = tools.find("verilator" if simulator == "verilator" else "iverilog")
    cache = cache or Cache()
    sources = [design.verilog, *design.models]
    text = b"".join(source.read_bytes() for source in sources)
    key = digest({"design": text, "tool": tool.release, "cocotb": metadata.version("cocotb"), "waves": waves})
    with environment(tool):
        runner = make_runner(simulator)

        def make(build: Path) -> None:
            log = build / "build.log"
            try:
                runner.build(
                    sources=[source.resolve() for source in sources],
                    hdl_toplevel=design.params.name,
                    build_dir=build,
                    build_args=["-Wno-fatal", "-Wno-lint", "-Wno-style"] if simulator == "verilator" else [],
                    timescale=("1ns", "1ps"),
                    waves=waves,
                    log_file=log,
                )
            except (SystemExit, RuntimeError) as error:
                raise InputError(f"{simulator} cannot build the design: {error} (log: {log})") from None

        build = cache.build(f"cocotb-{simulator}", key, make)
        with temporary_folder() as work:
            design.load().write_memories(work)
            with contextlib.suppress(SystemExit, RuntimeError):  # failed tests and missing results are reported below
                runner.test(
                    test_module=BENCH,
                    hdl_toplevel=design.params.name,
                    hdl_toplevel_lang="verilog",
                    build_dir=build,
                    test_dir=work,
                    results_xml=str(work / RESULTS),
                    seed=options.seed,
                    waves=waves,
                    # Icarus would write to the folder of the simulator before it was moved to the cache
                    plusargs=[f"+dumpfile_path={work / 'dump.fst'}"] if waves and simulator == "icarus" else [],
                    log_file=work / LOG,
                    timescale=("1ns", "1ps"),
                    extra_env={
                        **library_path(),
                        "TOSPIKE_DESIGN": str(folder.resolve()),
                        "TOSPIKE_SEED": str(options.seed),
                        "TOSPIKE_SAMPLES": str(options.samples),
                    },
                )
            for dumped in [work / name for name in WAVES if (work / name).exists()]:
                save_files(dumped, design.params.name, design.verilog.read_text(encoding="utf-8"))
            _bring_back(work, kept)
    log = kept / LOG
    require((kept / RESULTS).is_file(), f"{simulator} stopped before the tests ended: {_reason(log)} (log: {log})")
    found = list(read_results(kept / RESULTS))
    require(len(found) > 0, f"{simulator} ran no test (log: {log})")
    return found


def _folder_for_results(folder: Path) -> Path:
    """Create the design's subfolder `RUN`, if it does not exist, and return it."""
    kept = folder / RUN
    require(
        not kept.is_symlink() and (kept.is_dir() or not kept.exists()),
        f"{kept} is the folder for results, but is a link or a file: remove it",
    )
    try:
        kept.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot write {kept}: {error.strerror}") from None
    return kept


def _bring_back(work: Path, kept: Path) -> None:
    """Replace results, log, waveform and save files by those of a run."""
    shown = (*WAVES, *SAVED)
    for name in (RESULTS, LOG, *shown):
        try:
            if (kept / name).is_dir() and not (kept / name).is_symlink():
                raise IsADirectoryError(0, "it is a folder")
            if name not in shown or (work / name).exists():
                (kept / name).unlink(missing_ok=True)
            if (work / name).exists():
                shutil.move(work / name, kept / name)
        except OSError as error:
            raise InputError(f"cannot write {kept / name}: {error.strerror}") from None


def _reason(log: Path) -> str:
    return error_summary(log.read_text(errors="replace")) if log.is_file() else "it printed nothing"


def read_results(results: Path) -> Iterator[TestResult]:
    """Yield the tests in the result file of cocotb's runner."""
    for case in ElementTree.parse(results).getroot().iter("testcase"):
        problems = [*case.findall("failure"), *case.findall("error")]
        message = next((p.get("error_msg") or p.get("message") or p.text or "failed" for p in problems), "")
        yield TestResult(
            name=case.get("name", "?"),
            passed=not problems,
            skipped=case.find("skipped") is not None,
            message=message.strip(),
            seconds=float(case.get("time", 0)),
        )


@contextlib.contextmanager
def environment(tool: Tool) -> Iterator[None]:
    """Put a simulator on PATH for cocotb's runner."""
    before = dict(os.environ)
    folder = str(Path(tool.command[0]).parent)
    os.environ.update(tool.environment)
    os.environ["PATH"] = os.pathsep.join((folder, os.environ.get("PATH", os.defpath)))
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        os.environ.clear()
        os.environ.update(before)
