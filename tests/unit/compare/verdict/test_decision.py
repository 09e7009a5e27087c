"""The decision: its four words, what splits an undecided one, and what would turn it."""

import math
from dataclasses import replace

import pytest

from tospike.compare.verdict.decision import decide, flips
from tospike.compare.verdict.ratio import LogRatio
from tospike.hw.params import InputError


def ratio(value, low=None, high=None, over=("inputs",)):
    low, high = value if low is None else low, value if high is None else high
    return LogRatio(value=math.log(value), low=math.log(low), high=math.log(high), over=over)


@pytest.mark.parametrize(
    ("ratios", "error", "word"),
    [
        ([0.5], 0.0, "spike"),
        ([0.5, 0.9], 0.0, "spike"),
        ([0.95], 0.0, "spike"),
        ([2.0, 1.2], 0.1, "do not spike"),
        ([1.2], 0.2, "undecided"),
        ([1.0], 0.0, "tie"),
        ([0.95, 1.05], 0.0, "tie"),
        ([0.95, 1.05], 0.2, "undecided"),
        ([0.5, 2.0], 0.0, "undecided"),
    ],
)
def test_words(ratios, error, word):
    models = {f"model {number}": ratio(value) for number, value in enumerate(ratios)}
    assert decide(models, level_error=error).word == word
    swapped = {name: ratio(1 / found.ratio) for name, found in models.items()}
    opposite = {"spike": "do not spike", "do not spike": "spike"}
    assert decide(swapped, level_error=error).word == opposite.get(word, word)


def test_the_interval_is_over_all_models_and_widened():
    found = decide({"a": ratio(2, 1.5, 3), "b": ratio(4, 3.5, 4.5)}, level_error=math.log(1.2))
    assert found.interval == pytest.approx((1.25, 5.4))
    assert found.split is None


@pytest.mark.parametrize(
    ("models", "error", "axis", "ends"),
    [
        ([ratio(0.5), ratio(2.0)], 0.0, "cost model", (0.5, 2.0)),
        ([ratio(1.1, 0.8, 1.5)], 0.0, "inputs", (0.8, 1.5)),
        ([ratio(1.1, 0.8, 1.5, ("inputs", "seeds"))], 0.0, "seeds", (0.8, 1.5)),
        ([ratio(1.2)], math.log(1.5), "level error", (0.8, 1.8)),
        ([replace(ratio(1.1), prices=(-math.log(2), math.log(1.5)))], 0.01, "prices", (0.55, 1.65)),
        # none splits alone, so the widest is named
        ([ratio(1.3, 1.2, 1.4)], math.log(1.25), "level error", (1.04, 1.625)),
    ],
)
def test_what_splits(models, error, axis, ends):
    found = decide({str(number): model for number, model in enumerate(models)}, level_error=error)
    assert found.word == "undecided"
    assert found.split.axis == axis
    assert (found.split.low, found.split.high) == pytest.approx(ends)
    assert axis in flips(models[0].ratio, found)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5, "if the SNN took 2 times its energy, or the ANN 0.5 times"),
        (4.0, "if the SNN took 0.25 times its energy, or the ANN 4 times"),
        (1.0, "if the SNN took 10 % less energy"),
    ],
)
def test_what_would_turn_it(value, text):
    assert text in flips(value, decide({"a": ratio(value)}, level_error=0.0))


def test_bad_input():
    with pytest.raises(InputError, match="needs a cost model"):
        decide({}, level_error=0.0)
    with pytest.raises(InputError, match="not negative"):
        decide({"a": ratio(1)}, level_error=-0.1)


def test_what_nothing_turns_alone_is_said():
    found = decide({"a": ratio(1.3, 1.2, 1.4)}, level_error=math.log(1.25))
    assert flips(1.3, found) == "Nothing turns it alone: the level error moves the ratio most, from 1.04 to 1.62."
