"""Compare designs on a stream: microjoules per second and the latency of decisions, by looks per second."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

from tospike.compare.energy.cost_model import Technology
from tospike.compare.stream.designs import Labels, Looks, carried_state, changed_windows, circuit, whole_windows
from tospike.compare.stream.options import StreamOptions
from tospike.compare.stream.power import CLOCKS_MHZ, Circuit, Idle, Power, cheapest, crossover
from tospike.compare.stream.replay import Decisions, Stream, decide, replay
from tospike.compare.stream.verified import Verified, verify_looks
from tospike.compare.study.workload import Workload
from tospike.gen.pipeline import Prepared, prepare
from tospike.gen.place.options import Engine
from tospike.gen.tools.cache import Cache
from tospike.hw.params import InputError, Readout
from tospike.sim.design import Design
from tospike.sim.network.stages import Decoding

LEAKAGE = (0.1, 1.0, 10.0)
"""Factors of the technology's leakage. Sources differ that much: for a bit of SRAM in SkyWater 130, 0.01 nW (technology
sky130) and 0.11 nW (the macros of VLSIDA/sky130_sram_macros). A crossover is claimed only if all factors have one."""
SPIKES = ("SNN, reset", "SNN, state carried")


@dataclass(frozen=True, kw_only=True, eq=False)
class Row:
    """A design at one rate of looks."""

    looks_per_second: float
    design: str
    state: str
    decisions: Decisions
    accuracy: float
    """Fraction of the recordings for which the answer of the look nearest to their end is right."""
    powers: Mapping[Idle, Power | None]
    """At the clock that costs least, by idle mode."""
    scaled: Mapping[tuple[Idle, float], float | None]
    """Microjoules per second by idle mode and factor of `LEAKAGE`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class StreamReport:
    """A comparison on a stream."""

    workload: str
    technology: str
    stream: Stream
    rates: tuple[float, ...]
    rows: tuple[Row, ...]
    left_out: Mapping[str, str]
    """Designs that could not be built, and why."""
    rtl: Mapping[str, Verified] = field(default_factory=dict)
    """By design: its looks in RTL. None for designs that carry state from look to look."""
    crossovers: Mapping[str, float | None] = field(default_factory=dict)
    """By ``SNN | ANN | idle mode``: looks per second from which on the SNN costs less, whatever the leakage."""

    def to_json(self) -> dict[str, object]:
        """Return the report as JSON."""
        return {
            "format": 1,
            "workload": self.workload,
            "technology": self.technology,
            "stream": {
                "recordings": len(self.stream.labels),
                "seconds": self.stream.seconds,
                "window_ms": self.stream.window * self.stream.step_us / 1000,
                "step_us": self.stream.step_us,
                "events_per_second": self.stream.events_per_second,
                "is_sound": self.stream.is_sound,
            },
            "clocks_mhz": list(CLOCKS_MHZ),
            "leakage_factors": list(LEAKAGE),
            "rows": [_row(row) for row in self.rows],
            "rtl": {name: asdict(verified) for name, verified in self.rtl.items()},
            "crossovers_looks_per_second": dict(self.crossovers),
            "left_out": dict(self.left_out),
        }


def _row(row: Row) -> dict[str, object]:
    return {
        "looks_per_second": row.looks_per_second,
        "design": row.design,
        "state": row.state,
        "detected": row.decisions.detected,
        "median_decision_ms": row.decisions.median_ms,
        "accuracy_at_the_end": row.accuracy,
        "idle": {
            idle.value: None
            if power is None
            else {
                "microjoules_per_second": {f"{factor:g}x leakage": row.scaled[idle, factor] for factor in LEAKAGE},
                "clock_mhz": power.clock_mhz,
                "busy": power.busy,
                "answer_us": power.answer_us,
            }
            for idle, power in row.powers.items()
        },
    }


def compare_stream(
    workload: Workload,
    options: StreamOptions,
    technology: Technology,
    progress: Callable[[str, str], None],
    *,
    rtl_looks: int | None = None,
    cache: Cache | None = None,
) -> StreamReport:
    """Replay test samples of a workload, and price what each design does.

    Parameters
    ----------
    workload
        Networks and data.
    options
        How the stream is looked at.
    technology
        Prices.
    progress
        Called with a design and what is done with it.
    rtl_looks
        Looks that designs without state also take in RTL; ``None``: none.
    cache
        Of compiled simulators.

    Raises
    ------
    InputError
        The data are neither spike trains nor sound, the length of a step is unknown, no design can be built, or a
        simulator is missing or fails.
    """
    data = workload.load()
    stream = replay(data, options.recordings, options.step_of(data))
    rows: list[Row] = []
    rtl: dict[str, Verified] = {}
    left_out: dict[str, str] = {}
    for name, (build, look, carries) in _designs(workload).items():
        try:
            progress(name, "prepare")
            prepared = build()
            for rate in options.rates:
                progress(name, f"{rate:g} looks per second")
                at = stream.looks(rate)
                looks = look(prepared, stream, at, technology)
                cost = circuit(technology, prepared.design.params, looks.counters, carries=carries)
                rows.append(_price(name, rate, stream, at, looks, cost, options.latency_ms * 1000))
        except InputError as error:
            left_out[name] = str(error)
            rows = [row for row in rows if row.design != name]
            continue
        if rtl_looks and not carries:
            progress(name, "RTL")
            rtl[name] = verify_looks(prepared, stream, stream.looks(options.rates[0]), rtl_looks, cache or Cache())
    if not rows:
        raise InputError(f"{workload.name}: no design can look at the stream: {next(iter(left_out.values()))}")
    return StreamReport(
        workload=workload.name,
        technology=technology.name,
        stream=stream,
        rates=options.rates,
        rows=tuple(rows),
        left_out=left_out,
        rtl=rtl,
        crossovers=_crossovers(options.rates, rows),
    )


Build = Callable[[], Prepared]
Look = Callable[[Prepared, Stream, Labels, Technology], Looks]


def _designs(workload: Workload) -> Mapping[str, tuple[Build, Look, bool]]:
    """Return, by name: what builds a design, how it looks at a stream, whether it carries state from look to look."""
    data = workload.load()
    ann = workload.options.of_kind(spiking=False)

    def build(engine: Engine) -> Build:
        return lambda: prepare(workload.ann, data, ann.but(engine=engine))

    def snn() -> Prepared:
        return prepare(_snn(workload), data, workload.options.of_kind(spiking=True))

    def counting() -> Prepared:
        prepared = snn()
        if data.sample_rate is not None:
            raise InputError("its cochlea begins each window at rest, so that nothing is carried")
        _check_counts(prepared.design)
        return prepared

    whole = cache(build(Engine.SYSTOLIC))

    def changed(*given: Any) -> Looks:
        return changed_windows(*given, same=whole())

    return {
        "array": (whole, whole_windows, False),
        "event ANN": (build(Engine.EVENT), whole_windows, False),
        "delta ANN": (build(Engine.DELTA), changed, True),
        SPIKES[0]: (snn, whole_windows, False),
        SPIKES[1]: (counting, carried_state, True),
    }


def _check_counts(design: Design) -> None:
    """Require that spikes counted in any window are an answer as the network's own."""
    network, engines = design.network, design.params.engines
    if getattr(engines[-1], "readout", None) is Readout.MEMBRANE:
        raise InputError("its answer is a membrane, which only the end of a sample reads")
    if network.decoding is not Decoding.LARGEST:
        found, needed = network.decoding, Decoding.LARGEST
        raise InputError(f"--decoding {found} decides by sample, but a look counts spikes: give --decoding {needed}")
    for engine in engines:
        if getattr(getattr(engine, "neuron", None), "firing", None) is not None:
            raise InputError("its neurons fire in a phase at the end of a sample, which a stream does not have")


def _snn(workload: Workload) -> Path:
    if workload.snn is None:
        raise InputError(f"{workload.name} has no SNN: give --snn")
    return workload.snn


def _price(name: str, rate: float, stream: Stream, at: Labels, looks: Looks, cost: Circuit, within_us: float) -> Row:
    powers = {idle: cheapest(looks.load, cost, idle, within_us=within_us) for idle in Idle}
    scaled = {
        (idle, factor): None
        if (found := cheapest(looks.load, cost, idle, within_us=within_us, leakage=factor)) is None
        else found.microjoules_per_second
        for idle, factor in product(Idle, LEAKAGE)
    }
    fastest = min((power.answer_us for power in powers.values() if power), default=within_us)
    return Row(
        looks_per_second=rate,
        design=name,
        state=looks.state,
        decisions=decide(stream, at, looks.answers, fastest),
        accuracy=stream.accuracy(at, looks.answers),
        powers=powers,
        scaled=scaled,
    )


def _crossovers(rates: tuple[float, ...], rows: list[Row]) -> dict[str, float | None]:
    """Return the crossovers that hold for all factors of leakage: the highest of their rates."""
    names = dict.fromkeys(row.design for row in rows)
    found: dict[str, float | None] = {}
    for snn, ann, idle in product(names, names, Idle):
        if snn not in SPIKES or ann in SPIKES:
            continue
        ends = [
            crossover(rates, *([r.scaled[idle, factor] for r in rows if r.design == name] for name in (snn, ann)))
            for factor in LEAKAGE
        ]
        known = [end for end in ends if end is not None]
        found[f"{snn} | {ann} | {idle.value}"] = max(known) if len(known) == len(ends) else None
    return found
