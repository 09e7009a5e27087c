"""A validation part of the data, which is neither test nor training: it chooses, the test judges."""

from dataclasses import replace

import numpy as np

from tospike.gen.data.datasets import DataSet
from tospike.hw.params import require


def split_validation(data: DataSet, samples: int) -> tuple[DataSet, DataSet]:
    """Return the validation part and what is left of the test part.

    Every second sample of the test part, from its first one, is validation, up to ``samples`` of them.

    Raises
    ------
    InputError
        There are fewer than two test samples.
    """
    count = len(data.x)
    require(count >= 2, f"a search chooses and judges on different samples, but {data.name} has one: give --pair")
    last = min(2 * samples, count)
    index = np.arange(count)
    chosen = (index % 2 == 0) & (index < last)
    kept = int(np.count_nonzero(~chosen))
    said = (
        f"{data.split}; every second one of the first {last:,} of these test samples is validation ({count - kept:,}), "
        f"on which the search chooses, the others are the test ({kept:,}), on which it judges"
    )
    validation, test = (replace(data, x=data.x[part], y=data.y[part], split=said) for part in (chosen, ~chosen))
    return validation, test
