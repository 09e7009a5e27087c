"""The verdict in one sentence, for citation."""

from collections.abc import Mapping, Sequence

from tospike.compare.energy.levels import Level
from tospike.compare.report.design import DesignReport
from tospike.compare.report.numbers import percent, significant
from tospike.compare.report.ratios import area_ratio, latency_ratio
from tospike.compare.report.verdict import PlatformVerdict

_ADVICE = {"spike": "spike", "do not spike": "do not spike", "tie": "a tie", "undecided": "undecided"}
DYNAMIC = ", dynamic"
"""At the end of a cost model that leaves out static power."""
_LEVELS = {Level.COUNTERS: "RTL counters", Level.GATES: "gates"}


def verdict_sentence(
    workload: str,
    ann: DesignReport,
    snn: DesignReport,
    verdict: PlatformVerdict,
    *,
    over: Sequence[str],
    uncertain_prices: bool,
    mismatches: int,
) -> str:
    """Return the verdict in one sentence.

    Parameters
    ----------
    workload
        Its name.
    ann, snn
        The designs.
    verdict
        The verdict on the platform that decides.
    over
        What the interval of each cost model is over.
    uncertain_prices
        Whether the interval is also over ranges of prices.
    mismatches
        Outputs in which RTL and golden models differ.
    """
    start = f"On {workload}, {_ADVICE[verdict.decision]}"
    if mismatches:
        return f"{start}: RTL and golden model disagree on {mismatches} outputs, so no figure here can be trusted."
    pair = "" if "seeds" in over else ", for this pair of networks"
    axes = [*over, "prices"] if uncertain_prices else over
    return f"{start}: {_premise(verdict)}{_energy(verdict, axes)}{_others(ann, snn)}{pair}."


def _premise(verdict: PlatformVerdict) -> str:
    accuracy = verdict.accuracy
    reached = f"ANN {percent(accuracy.ann)}, SNN {percent(accuracy.snn)}"
    cheaper = "SNN" if verdict.ratio < 1 else "ANN"
    if not accuracy.comparable:
        most = 100 * -accuracy.bound
        return (
            f"the {cheaper} needs less energy but may be up to {most:.1f} points less accurate, more than "
            f"{100 * accuracy.margin:.0f} ({reached}), so the interval includes one that is as accurate; the "
        )
    gained = accuracy.snn - accuracy.ann if cheaper == "SNN" else accuracy.ann - accuracy.snn
    if gained > accuracy.margin:
        return f"with {100 * gained:.1f} points more accuracy as well ({reached}), the {cheaper} is ahead; the "
    return f"at comparable accuracy ({reached}) the "


def _energy(verdict: PlatformVerdict, over: Sequence[str]) -> str:
    axes = [*over, *(["cost models"] if len(verdict.intervals) > 1 else [])]
    axes += [] if verdict.accuracy.comparable else ["accuracy"]
    axes += [f"the error of {_LEVELS[verdict.level]}"] if verdict.level_error else []
    span = f"{significant(verdict.interval[0])} to {significant(verdict.interval[1])}"
    listed = " and ".join(filter(None, [", ".join(axes[:-1]), axes[-1]]))
    model = next(iter(verdict.intervals))
    return (
        f"SNN needs {significant(verdict.ratio)} times the ANN's energy per inference "
        f"({_LEVELS[verdict.level]}, {model}; {span} over {listed})"
    )


def _others(ann: DesignReport, snn: DesignReport) -> str:
    ratio, unit = latency_ratio(ann, snn)
    text = f", {significant(ratio)} times its {'latency' if unit == 'us' else 'cycles'}"
    area = area_ratio(ann, snn)
    if area is None:
        return text + " (area was not measured)"
    return f"{text} and {significant(area[0])} times its {area[1]}"


def fpga_sentence(verdict: PlatformVerdict, calibrations: Mapping[str, str]) -> str:
    """Return the verdict on FPGAs in one sentence, beside the one on standard cells."""
    low, high = (significant(end) for end in verdict.interval)
    models = ", ".join(f"{name} {significant(ratio)}" for name, ratio in verdict.by_technology.items())
    models = models.replace(DYNAMIC, " without static power")
    axis = f" on the {verdict.split.axis}" if verdict.split else ""
    return (
        f"On an FPGA, {_ADVICE[verdict.decision]}{axis}: {models}; {low} to {high} over all of these, with the "
        f"uncertainty of their prices, {_calibrated(calibrations)}."
    )


def _calibrated(calibrations: Mapping[str, str]) -> str:
    if not calibrations:
        return "which are not calibrated"
    return f"of which these are measured: {'; '.join(f'{name}, {how}' for name, how in calibrations.items())}"
