"""Liberty files: syntax, Boolean functions, tables, units."""

import pytest
from support.paths import GATES_LIBRARY

from tospike.hw.params import InputError
from tospike.synth.asic.boolean import truth_table
from tospike.synth.asic.liberty import parse_liberty
from tospike.synth.asic.library import Table, read_cells
from tospike.synth.asic.timing import _slack

HAND = GATES_LIBRARY.read_bytes()


def test_the_syntax():
    library = parse_liberty(
        'library ("x") { /* a } */ voltage : 1.5 ; unit (1, "pf") ;\n'
        '  cell (A) { area : 2\n values ("1, 2", \\\n "3"); when : "!A & B"; }; cell(B){} // end\n}'
    )
    assert library.args == ("x",)
    assert library.attributes == {"voltage": "1.5"}
    assert library.complex == {"unit": ("1", "pf")}
    first, second = library.of("cell")
    assert (first.args, second.args) == (("A",), ("B",))
    assert first.attributes == {"area": "2", "when": "!A & B"}
    assert first.complex == {"values": ("1, 2", "3")}
    assert first.number("area") == 2 and first.number("none", 7) == 7


@pytest.mark.parametrize("text", ["library (x) { cell (A) {", "library (x) { } rubbish ?", "", "cell (A) { }"])
def test_what_is_no_library(text):
    with pytest.raises(InputError, match="Liberty file cannot be read"):
        parse_liberty(text)


def test_what_is_no_number():
    with pytest.raises(InputError, match="cell A has area 'big', which is not a number"):
        next(parse_liberty("library (x) { cell (A) { area : big; } }").of("cell")).number("area")


@pytest.mark.parametrize(
    ("expression", "function"),
    [
        ("A", lambda a, b, c: a),
        ("!A", lambda a, b, c: not a),
        ("A'", lambda a, b, c: not a),
        ("(A B)'", lambda a, b, c: not (a and b)),
        ("A&B | C", lambda a, b, c: (a and b) or c),
        ("A + B*C", lambda a, b, c: a or (b and c)),
        ("A B + !C", lambda a, b, c: (a and b) or not c),
        ("!(A ^ B) C", lambda a, b, c: a == b and c),
        ("A ^ B & C", lambda a, b, c: (a != b) and c),
        ("(A&!B) | (!A&B)", lambda a, b, c: a != b),
        ("1", lambda a, b, c: True),
        ("A & 0", lambda a, b, c: False),
    ],
)
def test_truth_tables(expression, function):
    table = truth_table(expression, ("A", "B", "C"))
    assert [table >> row & 1 for row in range(8)] == [
        bool(function(row & 1, row >> 1 & 1, row >> 2 & 1)) for row in range(8)
    ]


@pytest.mark.parametrize("expression", ["", "A &", "(A", "A)", "D", "A @ B", "!"])
def test_what_is_no_expression(expression):
    with pytest.raises(InputError, match="not a Boolean expression"):
        truth_table(expression, ("A", "B", "C"))


def test_tables_are_bilinear():
    table = Table(slews=(0.0, 1.0), loads=(0.0, 2.0), values=((0.0, 2.0), (10.0, 14.0)))
    assert table.at(0, 0) == 0 and table.at(1, 2) == 14
    assert table.at(0.5, 1) == pytest.approx((0 + 2 + 10 + 14) / 4)
    assert table.at(0, 4) == 4, "loads go on"
    assert table.at(3, 0) == table.at(1, 0) and table.at(-1, 0) == table.at(0, 0), "transition times do not"


def test_the_cells_of_a_library():
    library = read_cells(HAND)
    assert library.voltage == 2
    assert library.cells["XOR"].outputs == {"Y": 0b0110}
    nand = library.cells["NAND"].pins["Y"]
    assert nand.delays["A"].at(0.1, 0.5) == (2.0, 2.0) == nand.delays["B"].at(0.1, 0.5)
    assert nand.energy.at(0.1, 0) == (0.5, 0.25)
    flop = library.flip_flop
    assert (flop.name, flop.inputs, flop.outputs, flop.next_state) == ("FLOP", ("D",), {"Q": 0b10}, 0b1010)
    assert library.buffer_for(0.5).name == "BUF"


def test_units_are_converted():
    text = HAND.replace(b'"1ns"', b'"10ps"').replace(b"(1, pf)", b"(10, ff)").replace(b'"1nW"', b'"1uW"')
    library = read_cells(text)
    inverter = library.cells["INV"]
    assert inverter.pins["A"].capacitance == pytest.approx(0.0001)
    assert inverter.leakage == pytest.approx(1000)
    assert inverter.pins["Y"].delays["A"].at(0, 0)[0] == pytest.approx(0.01)
    assert inverter.pins["Y"].energy.at(0, 0)[0] == pytest.approx(0.5 * 0.01), "load times voltage squared"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"nom_voltage : 2.0;", b"", "does not state its voltage"),
        (b'"1ns"', b'"fast"', "time_unit 'fast' is not a unit"),
        (b'"1, 1"', b'"one, 1"', "which is not a list of numbers"),
    ],
)
def test_what_is_missing_is_named(old, new, message):
    with pytest.raises(InputError, match=message):
        read_cells(HAND.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"), [(b'"CK"; next', b'"!CK"; next'), (b'next_state : "D"', b'next_state : "D"; clear : "A"')]
)
def test_flip_flops_that_cannot_be_simulated(old, new):
    library = read_cells(HAND.replace(old, new))
    with pytest.raises(InputError, match=r"cell FLOP (is clocked on|has an asynchronous clear)"):
        assert library.cells["FLOP"].next_state


def test_slack_of_a_report():
    assert _slack("  9.84 data required time\n       -0.5391   slack (VIOLATED)\n") == -0.5391
    assert _slack("No paths found.") is None
