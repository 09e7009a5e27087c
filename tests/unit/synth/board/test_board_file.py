"""Boards of TOML files: what they mean, and one line for each fault."""

import re

import pytest
from support.paths import EXAMPLES, ROOT

from tospike.gen.tools.cache import Cache
from tospike.hw.params import InputError
from tospike.synth.board.board_file import find_board, read_board
from tospike.synth.board.clock import clocks_from
from tospike.synth.board.pll import PllInput
from tospike.synth.board.probe import complaint, pll_input

EXAMPLE = EXAMPLES / "boards" / "colorlight-i5.toml"
ECP5_TEXT = EXAMPLE.read_text()
ICE40_TEXT = """
device = "iCE40UP5K"
package = "sg48"
clock = { pin = 20, mhz = 12 }
uart = { rx = { pin = "15", pull = "up" }, tx = 14 }
leds = { busy = { pin = 41, inverted = true }, error = 39 }
"""


def board_of(tmp_path, text, name="mine.toml"):
    path = tmp_path / name
    path.write_text(text)
    return read_board(path)


def own_clock(board):
    return clocks_from(board.part.family, board.clock_mhz, None)[0]


def test_an_ecp5_board_is_what_its_file_says():
    board = find_board(str(EXAMPLE))
    assert (board.name, board.part.name, board.clock_mhz) == ("colorlight-i5", "LFE5U-25F", 25)
    assert board.device == ("--25k", "--package", "CABGA381", "--speed", "6")
    assert board.load == "openFPGALoader --board colorlight-i5 {bitstream}"
    assert [(pin.port, pin.site, pin.is_inverted) for pin in board.pins()] == [
        ("clk", "P3", False),
        ("rx", "H18", False),
        ("tx", "J17", False),
        ("rst", "K18", True),
        ("led_busy", "U16", True),
    ]
    text = board.packer.write(board.pins(), board.clock_mhz)
    assert 'IOBUF PORT "rst" IO_TYPE=LVCMOS33 PULLMODE=UP;' in text and 'FREQUENCY PORT "clk" 25 MHZ;' in text


def test_an_ice40_board_is_what_its_file_says(tmp_path):
    board = board_of(tmp_path, ICE40_TEXT)
    assert board.name == "mine" and board.load == "as the board's maker says"
    assert board.device == ("--up5k", "--package", "sg48") and board.packer.suffix == ".bin"
    assert board.packer.write(board.pins(), 12).splitlines() == [
        "set_frequency clk 12",
        "set_io clk 20",
        "set_io -pullup yes rx 15",
        "set_io tx 14",
        "set_io led_busy 41",
        "set_io led_error 39",
    ]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('device = "LFE5U-25F"\n', "", "it lacks device: give it"),
        ("LFE5U-25F", "XC7A35T", "there is no device 'XC7A35T': choose LFE5U-12F, "),
        ("CABGA381", "BGA9", "there is no package 'BGA9': choose CABGA256, "),
        ("speed = 6", "speed = 9", "speed must be 6 or 7 or 8, not 9"),
        ("speed = 6", "spede = 6", "a board file has no 'spede': choose name, device"),
        ("mhz = 25", "", "[clock] lacks mhz"),
        ("mhz = 25", 'mhz = "fast"', "mhz of [clock] must be a number from 1 to 400, not 'fast'"),
        ("mhz = 25", "mhz = 0", "mhz of [clock] must be a number from 1 to 400, not 0"),
        ("mhz = 25", "mhz = nan", "mhz of [clock] must be a number from 1 to 400, not nan"),
        ('rx = "H18"\n', "", "[uart] rx is missing: give the name of the package's pin"),
        ('rx = "H18"', 'rx = "J17"', "[uart] tx is pin J17, as [uart] rx is: give another"),
        ('rx = "H18"', 'rx = "j17"', "[uart] tx is pin J17, as [uart] rx is: give another"),
        (
            "[uart]",
            "[uart]\nleds = 3",
            "leds stands in the table [uart]: what belongs to no table stands above the first",
        ),
        ("mhz = 25", "mhz = 25\nspeed = 7", "speed stands in the table [clock]"),
        ('rx = "H18"', "rx = true", "[uart] rx must be the name of a pin"),
        ('rx = "H18"', "rx = 'H18; rm'", "[uart] rx must be the name of a pin"),
        ('rx = "H18"', 'rx = { pin = "H18", inverted = true }', "[uart] rx cannot be inverted"),
        ("busy =", "bussy =", "[leds] has no 'bussy': choose busy, heartbeat, error"),
        ('pull = "up"', 'pull = "high"', "pull of [reset] must be up, down, none, not 'high'"),
        ("inverted = true\n", "inverted = 1\n", "inverted of [reset] must be true or false, not 1"),
        ('io-standard = "LVCMOS33"', "", "[clock] pin has no io-standard: give it, or one for all pins"),
        ("[uart]", "[serial]", "a board file has no 'serial'"),
        ("[clock]", "[clock", "is not a readable board file"),
        ('name = "colorlight-i5"', 'name = "a b"', "name must be letters, digits, dots and dashes, not 'a b'"),
    ],
)
def test_each_fault_is_one_line(tmp_path, old, new, words):
    assert ECP5_TEXT.count(old) == 1
    with pytest.raises(InputError, match=re.escape(words)) as said:
        board_of(tmp_path, ECP5_TEXT.replace(old, new))
    assert "mine.toml" in str(said.value) and "\n" not in str(said.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('package = "sg48"', 'package = "sg48"\nspeed = 6', "iCE40UP5K has no speed grades: leave speed out"),
        ('pull = "up"', 'pull = "down"', "pull of [uart] rx must be up or none: an iCE40 has no other"),
        ("error = 39", 'error = { pin = 39, io-standard = "LVDS" }', "io-standard of [leds] error is 'LVDS', which"),
    ],
)
def test_each_fault_of_an_ice40_is_one_line(tmp_path, old, new, words):
    with pytest.raises(InputError, match=re.escape(words)):
        board_of(tmp_path, ICE40_TEXT.replace(old, new))


def test_a_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(InputError, match=r"there is no file .*none\.toml: give the path of the board file"):
        find_board(str(tmp_path / "none.toml"))
    with pytest.raises(InputError, match=r"there is no board 'arty': choose ulx3s-85f, .*or give a file"):
        find_board("arty")


def test_pins_that_a_package_lacks_are_found_by_nextpnr(tmp_path):
    cache = Cache(root=tmp_path / "cache")
    good = board_of(tmp_path, ICE40_TEXT)
    assert complaint(good, own_clock(good), cache=cache) == ""
    assert pll_input(good, cache=cache) is PllInput.LOGIC
    wrong = board_of(tmp_path, ICE40_TEXT.replace("tx = 14", "tx = 99"))
    assert "99" in complaint(wrong, own_clock(wrong), cache=cache)
    package = board_of(tmp_path, ICE40_TEXT.replace("sg48", "sg99"))
    assert "sg99" in complaint(package, own_clock(package), cache=cache)


def test_the_page_shows_the_example():
    page = (ROOT / "docs" / "how-to" / "boards.md").read_text()
    assert ECP5_TEXT in page
