"""The validation part of a search is neither test nor training."""

import numpy as np
import pytest

from tospike.compare.search.split import split_validation
from tospike.compare.study.workload import named
from tospike.gen.options.model import ModelOptions
from tospike.hw.params import InputError


def test_digits_are_split_into_every_second_sample():
    data = named("digits", ModelOptions()).load()
    validation, test = split_validation(data, 1000)
    assert (len(validation.x), len(test.x)) == (225, 224)
    assert np.array_equal(validation.x, data.x[::2]) and np.array_equal(test.y, data.y[1::2])
    assert validation.train_x is test.train_x is data.train_x
    assert "the first 449 of these test samples is validation (225)" in test.split and "(224)" in test.split


def test_few_validation_samples_leave_the_rest_to_the_test():
    data = named("digits", ModelOptions()).load()
    validation, test = split_validation(data, 10)
    assert np.array_equal(validation.x, data.x[:20:2])
    assert np.array_equal(test.x, np.concatenate([data.x[1:20:2], data.x[20:]]))


def test_one_sample_cannot_be_split():
    with pytest.raises(InputError, match="digits has one: give --pair"):
        split_validation(named("digits", ModelOptions()).load().first(1), 10)
