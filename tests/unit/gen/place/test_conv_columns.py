"""How many columns an array has that nobody chose, and what they may share."""

import pytest
from support.conv_engine import Maker

from tospike.gen.place.options import PlanOptions
from tospike.gen.place.plan import plan
from tospike.hw.params import InputError
from tospike.sim.network import InputSpec, Network


def network(*, ends_in_sums, outputs=3, kernel=(2, 2)):
    """Two convolutions of 4-bit weights; the last one gives activations or sums."""
    made = Maker((1, 4, 4), weight_bits=4).conv(2, (2, 2)).conv(outputs, kernel)
    spec = InputSpec(inputs=16, format=made.act)
    return Network(name="test", input=spec, stages=tuple((made.logits() if ends_in_sums else made).stages))


def array(given, **options):
    return plan(given, PlanOptions(**options)).params.arrays[0]


@pytest.mark.parametrize(
    ("given", "cols"),
    [
        (network(ends_in_sums=True), 1),
        (network(ends_in_sums=False), 8),
        (network(ends_in_sums=True, outputs=1), 8),
        (network(ends_in_sums=True, kernel=(3, 3)), 8),
    ],
    ids=["sums", "activations", "one channel", "one position"],
)
def test_sums_of_several_channels_leave_through_one_column(given, cols):
    assert array(given).cols == cols


@pytest.mark.parametrize("cols", [{}, {"cols": 1}, {"cols": 2}])
def test_one_column_shares_no_multipliers(cols):
    """Neither the default nor an even number of columns would do: the way out is another one."""
    with pytest.raises(InputError, match=r"stage '1' sends the sums .* leave --products-per-multiplier 2 out"):
        plan(network(ends_in_sums=True), PlanOptions(products_per_multiplier=2, **cols))


def test_other_networks_share_them():
    given = network(ends_in_sums=False)
    assert array(given, products_per_multiplier=2).multipliers * 2 == array(given).multipliers
