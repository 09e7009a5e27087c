"""The table of a comparison on a stream."""

from tospike.cli.console import Table
from tospike.compare.report.numbers import significant
from tospike.compare.stream.power import Idle, Power
from tospike.compare.stream.run import StreamReport


def stream_table(report: StreamReport) -> Table:
    """Return a row for each rate and design: microjoules per second in each idle mode, and how soon it decides."""
    stream = report.stream
    title = (
        f"{report.workload}: uJ per second of stream ({report.technology}), {len(stream.labels)} recordings in "
        f"{stream.seconds:.3g} s, {stream.events_per_second:,.0f} events per second"
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
