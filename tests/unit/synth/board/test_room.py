"""What does not fit a board is told before any tool runs, with the nearest that does."""

import re

import pytest
from support.paths import EXAMPLES

from tospike.gen.area.design import predicted_area
from tospike.gen.data.datasets import load_data
from tospike.gen.emit.folder import generate
from tospike.gen.emit.random_design import random_design
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.gen.tools.cache import Cache
from tospike.hw.params import AcceleratorParams, InputError
from tospike.hw.params.devices import ECP5, ICE40
from tospike.synth.board import room
from tospike.synth.board.bitstream import build_bitstream
from tospike.synth.board.board_file import find_board
from tospike.synth.board.boards import BOARDS
from tospike.synth.board.options import BuildOptions
from tospike.synth.board.room import SERIAL, require_room


@pytest.fixture(scope="module")
def digits():
    return load_data("digits")


@pytest.fixture(scope="module")
def snn(digits):
    """The digits SNN with 8 lanes."""
    return prepare(EXAMPLES / "digits_snn.nir", digits, ModelOptions()).design.params


@pytest.fixture(scope="module")
def ann(digits):
    """The digits ANN on an array of 1 x 8."""
    return prepare(EXAMPLES / "digits_ann.onnx", digits, ModelOptions()).design.params


def test_a_design_that_cannot_be_placed_is_refused_with_lanes_and_a_board_that_can(snn, digits):
    with pytest.raises(InputError, match=r"needs about 5,\d\d\d logic cells of 5,280 .*give `--lanes 4` when") as said:
        require_room(find_board("icebreaker"), snn)
    board = re.search(r"--board ([\w-]+)", str(said.value))[1]
    require_room(find_board(board), snn)
    fewer = prepare(EXAMPLES / "digits_snn.nir", digits, ModelOptions(lanes=4)).design.params
    require_room(find_board("icebreaker"), fewer)


def test_an_array_is_refused_with_one_that_fits(ann, digits):
    with pytest.raises(InputError, match=r"10 dsp of 8 .*give `--rows 1 --cols 4` when .* or --board ulx3s-\d\df"):
        require_room(find_board("icebreaker"), ann)
    smaller = prepare(EXAMPLES / "digits_ann.onnx", digits, ModelOptions(cols=4)).design.params
    require_room(find_board("icebreaker"), smaller)


def test_all_that_is_lacking_is_named(snn):
    with pytest.raises(InputError, match=r"about 3,\d+ lut4 of 1,280, 3,\d+ ff of 1,280, 5,\d+ logic cells"):
        require_room(find_board("icestick"), snn)


def test_what_nothing_holds_is_refused_so(snn, monkeypatch):
    for name in list(BOARDS):
        if name != "icestick":
            monkeypatch.delitem(BOARDS, name)
    with pytest.raises(InputError, match="no board holds it: give a smaller network, or --try-anyway"):
        require_room(find_board("icestick"), snn)


def test_a_design_that_nothing_predicts_is_let_through(snn, monkeypatch):
    monkeypatch.setattr(room, "predicted_area", lambda params, family: None)
    room.require_room(find_board("icestick"), snn)


def test_every_family_has_the_area_of_its_serial_port():
    assert set(SERIAL) == {board.part.family.name for board in BOARDS.values()}


def test_the_tools_do_not_run(tmp_path, snn):
    params = AcceleratorParams(name="large", engines=snn.engines, host_input=snn.host_input)
    generate(tmp_path / "design", kind="network", params=params, design=random_design(params, seed=1), choices={})
    cache = Cache(root=tmp_path / "cache")
    with pytest.raises(InputError, match="the design does not fit icebreaker"):
        build_bitstream(tmp_path / "design", BuildOptions(board="icebreaker"), cache=cache)
    assert not cache.root.exists()


@pytest.mark.parametrize(
    ("family", "measured"),
    [(ECP5, {"lut4": 4097, "ff": 3496, "bram": 6}), (ICE40, {"lut4": 3734, "ff": 3726, "bram": 12})],
)
def test_the_prediction_is_near_to_what_synthesis_counted(snn, family, measured):
    """For the digits SNN with its serial port, by Yosys 0.66."""
    area, line = predicted_area(snn, family), SERIAL[family.name]
    for name, count in measured.items():
        assert getattr(area, name) + getattr(line, name) == pytest.approx(count, rel=0.15)
