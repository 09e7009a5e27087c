"""The table of a comparison on a stream."""

from tospike.cli.console import Table
from tospike.compare.report.numbers import significant
from tospike.compare.stream.power import Idle, Power
from tospike.compare.stream.replay import Stream
from tospike.compare.stream.run import StreamReport


def stream_table(report: StreamReport) -> Table:
    """Return a row for each rate and design: microjoules per second in each idle mode, and how soon it decides."""
    stream = report.stream
    title = (
        f"{report.workload}: uJ per second of stream ({report.technology}), {len(stream.labels)} recordings in "
        f"{stream.seconds:.3g} s, {_rate(stream)}"
    )
    answers = ("MHz", "right at end, %", "detected, %", "median, ms")
    table = Table("looks/s", "design", *(idle.value for idle in Idle), *answers, title=title)
    for rate in report.rates:
        for row in report.rows:
            if row.looks_per_second == rate:
                gated = row.powers[Idle.GATED]
                table.add_row(
                    f"{rate:g}",
                    row.design,
                    *(_energy(row.powers[idle]) for idle in Idle),
                    "-" if gated is None else f"{gated.clock_mhz:g}",
                    f"{100 * row.accuracy:.0f}",
                    f"{100 * row.decisions.detected:.0f}",
                    "-" if row.decisions.median_ms is None else f"{row.decisions.median_ms:.1f}",
                )
        table.add_section()
    return table


def _rate(stream: Stream) -> str:
    if stream.events_per_second is None:
        return f"{1e6 / stream.step_us:,.0f} values of sound per second"
    return f"{stream.events_per_second:,.0f} events per second"


def rtl_lines(report: StreamReport) -> list[str]:
    """Return a line that says which designs answered in RTL as the golden model does, and one for each other."""
    same = [name for name, found in report.rtl.items() if not found.mismatches]
    looks = max((report.rtl[name].looks for name in same), default=0)
    others = {name: found.mismatches for name, found in report.rtl.items() if name not in same}
    differs = [f"RTL of {name}: {mismatches} mismatches" for name, mismatches in others.items()]
    return [f"RTL equals golden in {looks} looks of {', '.join(same)}"][: len(same)] + differs


def _energy(power: Power | None) -> str:
    return "-" if power is None else significant(power.microjoules_per_second)


def crossover_lines(report: StreamReport) -> list[str]:
    """Return a line for each SNN, ANN and idle mode in which the SNN costs less from a rate on."""
    lines = []
    for name, rate in report.crossovers.items():
        snn, ann, idle = name.split(" | ")
        if rate is not None:
            lines.append(f"{snn} costs less than {ann} from {significant(rate)} looks per second on ({idle})")
    return lines or ["no SNN costs less than an ANN at the highest rate, at a tenth and at ten times the leakage"]
