"""The activation that the most spikes of a neuron represent, from calibration data."""

import numpy as np
from numpy.typing import NDArray

from tospike.hw.params import require
from tospike.sim.network import Activation, Stage


def represented_activation(stage: Stage, activations: NDArray[np.float64], percentile: float) -> float:
    """Return the percentile of a float stage's positive ``activations``, or where it clips them.

    Raises
    ------
    InputError
        All activations are 0.
    """
    positive = activations[activations > 0]
    require(
        positive.size > 0,
        f"stage {stage.name!r} is 0 for all calibration samples: give data like the network's training data",
    )
    largest = float(np.percentile(positive, percentile))
    assert isinstance(stage.neuron, Activation)
    return min(largest, stage.neuron.maximum or largest)
