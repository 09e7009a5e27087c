"""The SNN's twin: the ANN with activations of as many bits as a neuron of the SNN can tell in all its time steps.

A neuron that spikes 0 to T times in T steps sends ceil(log2(T + 1)) bits at most. An ANN of wider activations has more
to tell, and pays for it; the twin has not (Yan et al., arXiv 2409.08290).
"""

from pathlib import Path

import numpy as np

from tospike.compare.energy.counts.yan import twin_bits
from tospike.compare.report.design import Accuracy, DesignReport
from tospike.compare.report.numbers import percent, significant
from tospike.compare.report.variations import TwinComparison
from tospike.compare.study.describe import ann_bits
from tospike.compare.study.entry import Prices, golden_entry
from tospike.compare.study.verdict import bootstrap_ratio
from tospike.gen.data.datasets import DataSet
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import Prepared, prepare
from tospike.hw.params import require
from tospike.tb.evaluate import Backend, evaluate

MAX_ACT_BITS = 8
"""The widest activations that hardware here has."""
MIN_ACT_BITS = 2


def bits_of_twin(snn: Prepared) -> int:
    """Return the bits of the twin's activations, within what hardware here can have."""
    return min(MAX_ACT_BITS, max(MIN_ACT_BITS, twin_bits(snn.network.input.steps)))


def twin_design(ann: Path, snn: Prepared, data: DataSet, options: ModelOptions, prices: Prices) -> DesignReport:
    """Return the twin's entry in the report: the ANN of that file, quantised anew; no RTL and no synthesis.

    Raises
    ------
    InputError
        This ANN cannot have such activations, for example because it was trained with quantisers of its own.
    """
    bits = bits_of_twin(snn)
    prepared = prepare(ann, data, options.but(act_bits=bits))
    _, own = ann_bits(prepared.design.params)
    require(
        own <= bits,
        f"{ann.name} was trained with activations of {own} bits, which nothing makes {bits}: give one that was not, or "
        "was trained with as many",
    )
    reference, golden = (evaluate(prepared, data, backend) for backend in (Backend.FLOAT, Backend.GOLDEN))
    assert golden.result is not None  # it is no float evaluation
    return golden_entry(prepared, data.x, golden.result, prices).report(
        name="twin",
        kind="qnn",
        accuracy=Accuracy(of_float=reference.accuracy, golden=golden.accuracy, rtl=None),
        rtl_samples=0,
        mismatches=None,
    )


def compare_twin(snn: DesignReport, twin: DesignReport, steps: int, bits: int) -> TwinComparison:
    """Return what the SNN needs of its twin's energy."""
    above, below = (np.asarray(design.counted_pj.samples) for design in (snn, twin))
    ratio, interval = float(above.mean() / below.mean()), bootstrap_ratio(above, below)
    low, high = (significant(end) for end in interval)
    sentence = (
        f"Against its twin, the ANN with {bits}-bit activations ({percent(twin.accuracy.golden)}), this SNN of "
        f"{steps} steps ({percent(snn.accuracy.golden)}) needs {significant(ratio)} times the energy "
        f"({low} to {high} over inputs)."
    )
    return TwinComparison(steps=steps, bits=bits, ratio=ratio, interval=interval, sentence=sentence)
