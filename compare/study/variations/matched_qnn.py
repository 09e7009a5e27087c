"""The bit-matched QNN: the ANN with activations as wide as the spike count of one of the SNN's neurons.

A neuron that spikes 0 to T times in T steps conveys at most ceil(log2(T + 1)) bits. An ANN with wider activations
conveys more information and pays for it; the QNN does not (Yan et al., arXiv 2409.08290).
"""

from pathlib import Path

import numpy as np

from tospike.compare.energy.counts.yan import matching_bits
from tospike.compare.report.design import Accuracy, DesignReport
from tospike.compare.report.numbers import percent, significant
from tospike.compare.report.variations import MatchedQnnComparison
from tospike.compare.study.entry import Prices, golden_entry
from tospike.compare.study.layers import ann_bits
from tospike.compare.verdict.ratio import energy_ratio
from tospike.gen.data.datasets import DataSet
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import Prepared, prepare
from tospike.hw.params import require
from tospike.tb.evaluate import evaluate
from tospike.tb.inference import Backend

MAX_ACT_BITS = 8
"""The widest activations that the hardware supports."""
MIN_ACT_BITS = 2


def matched_act_bits(snn: Prepared) -> int:
    """Return the bits of the QNN's activations, within what the hardware supports."""
    return min(MAX_ACT_BITS, max(MIN_ACT_BITS, matching_bits(snn.network.input.steps)))


def matched_qnn_design(ann: Path, snn: Prepared, data: DataSet, options: ModelOptions, prices: Prices) -> DesignReport:
    """Quantise the ANN to the QNN and return its entry in the report, without RTL and synthesis.

    Raises
    ------
    InputError
        The ANN cannot have such activations, for example because its quantisers were trained.
    """
    bits = matched_act_bits(snn)
    prepared = prepare(ann, data, options.but(act_bits=bits))
    _, own = ann_bits(prepared.design.params)
    require(
        own <= bits,
        f"{ann.name} was trained with {own}-bit activations, which cannot become {bits}-bit ones: give an ANN trained "
        f"without quantisers, or with {bits} bits",
    )
    reference, golden = (evaluate(prepared, data, backend) for backend in (Backend.FLOAT, Backend.GOLDEN))
    return golden_entry(prepared, data.x, golden, prices).report(
        name="matched",
        kind="qnn",
        accuracy=Accuracy(of_float=reference.accuracy, golden=golden.accuracy, rtl=None),
        rtl_samples=0,
        mismatches=None,
    )


def compare_matched_qnn(snn: DesignReport, qnn: DesignReport, steps: int, bits: int) -> MatchedQnnComparison:
    """Return the SNN's energy over that of its bit-matched QNN."""
    found = energy_ratio(*(np.array([design.counters_pj.samples]) for design in (qnn, snn)))
    low, high = (significant(end) for end in found.interval)
    sentence = (
        f"Against its bit-matched QNN, the ANN with {bits}-bit activations ({percent(qnn.accuracy.golden)}), this "
        f"SNN of {steps} steps ({percent(snn.accuracy.golden)}) needs {significant(found.ratio)} times the energy "
        f"({low} to {high} over inputs)."
    )
    return MatchedQnnComparison(steps=steps, bits=bits, ratio=found.ratio, interval=found.interval, sentence=sentence)
