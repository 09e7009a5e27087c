"""Quantise a float network to an integer network."""

import numpy as np
from numpy.typing import ArrayLike

from tospike.gen.quantize.ann import quantize_ann
from tospike.gen.quantize.options import QuantizeOptions
from tospike.gen.quantize.result import Quantized
from tospike.gen.quantize.snn import quantize_snn
from tospike.hw.params import InputError, ceil_div, require
from tospike.sim.network import Network


def quantize(network: Network, calibration: ArrayLike, options: QuantizeOptions | None = None) -> Quantized:
    """Quantise a float network.

    Parameters
    ----------
    network
        A float network.
    calibration
        (N, ...) samples of the training data, as the network takes them: they determine scales and state widths.
    options
        By default those of :class:`QuantizeOptions`.

    Raises
    ------
    InputError
        The calibration data do not fit the network, or a number does not fit its format: an accumulator, a
        multiplier, a threshold, a bias.
    """
    chosen = options or QuantizeOptions()
    samples = np.asarray(calibration)
    require(len(samples) >= 1, "quantisation needs calibration samples: give data with a training part")
    require(bool(np.isfinite(samples).all()), "the calibration samples hold NaN or infinity")
    samples = samples[:: ceil_div(len(samples), chosen.calibration_samples)]
    network.require_one_kind()
    run = quantize_snn if network.is_spiking else quantize_ann
    try:
        with np.errstate(invalid="raise", over="raise", divide="raise"):
            integers, reports = run(network, samples, chosen)
    except FloatingPointError as error:
        raise InputError(
            f"network {network.name!r} holds numbers that floating point cannot scale ({error}): train or export it "
            "again with weights, biases and data of moderate size"
        ) from None
    return Quantized(network=integers, options=chosen, stages=reports)
