"""Vendors' cells against the generic circuit: each primitive for all operands, and whole engines against golden."""

import subprocess
from dataclasses import replace

import numpy as np
import pytest
from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import Out
from support.simulators import QUICK

from tospike.gen.emit.primitives import cell_models, variants, with_products
from tospike.gen.emit.verilog import convert
from tospike.gen.tools import programs as tools
from tospike.hw.array.mac import MultiplyAccumulate, MultiplyAdd
from tospike.hw.multiply import Multiplier
from tospike.hw.params import ArrayParams, Dataflow, DenseLayer, InputError, IntFormat, PrimitiveSet
from tospike.tb.gemm import bench_gemm

VENDORS = [PrimitiveSet.ECP5, PrimitiveSet.ICE40]

BENCH = """
module bench;
  reg clk = 0, rst = 1;
  wire equal, done;
  integer errors = 0;
  twins dut(.clk(clk), .rst(rst), .equal(equal), .done(done));
  always #5 clk = ~clk;
  initial #22 rst = 0;
  always @(posedge clk) if (!rst) begin
    if (equal !== 1'b1) errors = errors + 1;
    if (done) begin
      $display("errors %0d", errors);
      $finish;
    end
  end
endmodule
"""


class Twins(wiring.Component):
    """Two components get the same operands, all pairs of ``a`` and ``b``; ``equal`` compares their outputs.

    The pairs come twice, the second time half a round of 16 later, so that each meets the middle of a round of a sum.
    """

    def __init__(self, one, other, *, a, b, connect, output, matters=lambda count: C(1)):
        self._twins = (one, other)
        self._matters = matters
        self._shapes = Shape.cast(a), Shape.cast(b)
        self._connect = connect
        self._output = output
        super().__init__({"equal": Out(1), "done": Out(1)})

    def elaborate(self, platform):
        m = Module()
        a, b = (Signal(shape) for shape in self._shapes)
        count = Signal(len(a) + len(b) + 1)
        m.d.sync += count.eq(count + 1)
        m.d.comb += [Cat(a, b).eq(count[:-1] + Mux(count[-1], 8, 0)), self.done.eq(count.all())]
        outputs = []
        for name, twin in zip(("one", "other"), self._twins, strict=True):
            m.submodules[name] = twin
            m.d.comb += self._connect(twin, a, b, count)
            outputs.append(getattr(twin, self._output))
        m.d.comb += self.equal.eq((outputs[0] == outputs[1]) | ~self._matters(count))
        return m


def errors(twins, primitives, folder):
    """Differences that a simulator sees between the two, from reset to the end of the count."""
    verilog, _ = convert(twins, "twins")
    files = {"twins.v": verilog.text, "bench.v": BENCH, **cell_models([primitives])}
    for name, content in files.items():
        (folder / name).write_text(content)
    if QUICK == "icarus":
        tools.find("iverilog").run(("-g2012", "-o", "bench", *files), cwd=folder, log=folder / "log", makes=("bench",))
        command = ["vvp", "-n", "bench"]
    else:
        quiet, timed = ("-Wno-fatal", "-Wno-lint", "-Wno-style"), ("--timing", "-CFLAGS", "-std=c++20")
        options = ("--binary", *timed, *quiet, "-Mdir", "obj", "--top-module", "bench", "-o", "bench")
        tools.find("verilator").run((*options, *files), cwd=folder, log=folder / "log", makes=("obj/bench",))
        command = ["obj/bench"]
    said = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
    return int(said.split("errors ")[1].split()[0])


@pytest.mark.parametrize("act_signed", [True, False])
def test_multiplier_gives_every_product(act_signed, tmp_path):
    a, b = Shape(8, act_signed), signed(8)
    one, other = (
        Multiplier(a, b, registers=2, primitives=primitives) for primitives in (PrimitiveSet.GENERIC, PrimitiveSet.ECP5)
    )
    twins = Twins(one, other, a=a, b=b, output="product", connect=lambda twin, a, b, _: [twin.a.eq(a), twin.b.eq(b)])
    assert errors(twins, PrimitiveSet.ECP5, tmp_path) == 0


def test_a_wrong_multiplier_is_found(tmp_path):
    """The comparison itself can fail: one register more shifts the products by a cycle."""
    one, other = (
        Multiplier(4, signed(4), registers=registers, primitives=primitives)
        for registers, primitives in ((2, PrimitiveSet.GENERIC), (3, PrimitiveSet.ECP5))
    )
    twins = Twins(
        one, other, a=4, b=signed(4), output="product", connect=lambda twin, a, b, _: [twin.a.eq(a), twin.b.eq(b)]
    )
    assert errors(twins, PrimitiveSet.ECP5, tmp_path) > 100


def array(dataflow, primitives, **options):
    return ArrayParams(rows=1, cols=1, dataflow=dataflow, primitives=primitives, **options)


@pytest.mark.parametrize("primitives", VENDORS)
@pytest.mark.parametrize(
    ("act_signed", "bits", "acc_bits"), [(True, 6, 32), (False, 4, 32), (True, 4, 13), (False, 3, 8)]
)
def test_accumulator_with_all_operands(primitives, act_signed, bits, acc_bits, tmp_path):
    """Sums of 15 products; before each a product of 0, the gap that iCE40 needs. ``first`` follows its operands."""
    act = IntFormat(bits=bits, signed=act_signed)
    one, other = (
        MultiplyAccumulate(array(Dataflow.OS, chosen, act=act, weight_bits=bits, acc_bits=acc_bits))
        for chosen in (PrimitiveSet.GENERIC, primitives)
    )

    def connect(twin, a, b, count):
        idle = count[:4] == 15
        return [twin.act.eq(Mux(idle, 0, a)), twin.weight.eq(b), twin.first.eq(count[:4] == 1)]

    def matters(count):
        return (count[:4] != 3) if primitives is PrimitiveSet.ICE40 else C(1)  # the sum with the lost product

    shapes = {"a": Shape(bits, act_signed), "b": signed(bits)}
    twins = Twins(one, other, **shapes, output="acc", connect=connect, matters=matters)
    assert errors(twins, primitives, tmp_path) == 0


@pytest.mark.parametrize("primitives", VENDORS)
@pytest.mark.parametrize("act_signed", [True, False])
def test_weights_of_one_bit_with_all_operands(primitives, act_signed, tmp_path):
    """A multiplier in the vendor's cell or none at all, against a multiplier."""
    act = IntFormat(bits=8, signed=act_signed)
    options = {"act": act, "acc_bits": 20}
    one = MultiplyAccumulate(array(Dataflow.OS, PrimitiveSet.GENERIC, weight_bits=2, **options))
    other = MultiplyAccumulate(array(Dataflow.OS, primitives, weight_bits=1, **options))

    def connect(twin, a, b, count):
        idle = count[:4] == 15
        return [twin.act.eq(Mux(idle, 0, a)), twin.weight.eq(Cat(C(1, 1), b)), twin.first.eq(count[:4] == 1)]

    def matters(count):
        return (count[:4] != 3) if primitives is PrimitiveSet.ICE40 else C(1)

    twins = Twins(one, other, a=Shape(8, act_signed), b=1, output="acc", connect=connect, matters=matters)
    assert errors(twins, primitives, tmp_path) == 0


def test_weights_of_one_bit_need_no_multipliers():
    assert ArrayParams(rows=2, cols=3, weight_bits=1).multipliers == 0
    assert ArrayParams(rows=2, cols=3, weight_bits=1, primitives=PrimitiveSet.ECP5).multipliers == 0
    assert ArrayParams(rows=2, cols=3, weight_bits=1, primitives=PrimitiveSet.ICE40).multipliers == 6
    assert ArrayParams(rows=2, cols=3, weight_bits=2).multipliers == 6


@pytest.mark.parametrize("primitives", VENDORS)
def test_adder_with_all_operands(primitives, tmp_path):
    one, other = (MultiplyAdd(array(Dataflow.WS, chosen)) for chosen in (PrimitiveSet.GENERIC, primitives))

    def connect(twin, a, b, count):
        return [twin.act.eq(a), twin.weight.eq(b), twin.addend.eq((count * 0x9E3779B1)[:32].as_signed())]

    twins = Twins(one, other, a=signed(8), b=signed(8), output="total", connect=connect)
    assert errors(twins, primitives, tmp_path) == 0


@pytest.mark.parametrize("primitives", [pytest.param(VENDORS[0], marks=pytest.mark.slow), *VENDORS[1:]])
@pytest.mark.parametrize("dataflow", list(Dataflow))
def test_engine_equals_golden_model(primitives, dataflow):
    """Results and cycles of an engine of vendor's cells, ragged tiles included."""
    params = ArrayParams(rows=3, cols=2, dataflow=dataflow, primitives=primitives)
    result = bench_gemm(params, DenseLayer(rows=7, outputs=5, inputs=9), seed=1, simulator=QUICK)
    assert result["golden_match"]
    generic = replace(params, primitives=PrimitiveSet.GENERIC)
    same = bench_gemm(generic, DenseLayer(rows=7, outputs=5, inputs=9), seed=1, simulator=QUICK)
    gaps = 9 - 1 if params.gap else 0  # between nine tiles
    assert result["cycles"] == same["cycles"] + gaps


@pytest.mark.slow
@pytest.mark.parametrize(("act_bits", "weight_bits"), [(8, 4), (8, 5), (6, 6)])
def test_shared_multipliers_equal_golden_model(act_bits, weight_bits):
    params = ArrayParams(
        rows=3,
        cols=4,
        act=IntFormat(bits=act_bits, signed=True),
        weight_bits=weight_bits,
        products_per_multiplier=2,
        primitives=PrimitiveSet.ECP5,
    )
    assert bench_gemm(params, DenseLayer(rows=7, outputs=5, inputs=90), seed=1, simulator=QUICK)["golden_match"]


def test_multipliers_are_shared_where_ecp5_gains_by_it():
    narrow = ArrayParams(rows=2, cols=2, weight_bits=4)
    ecp5 = replace(narrow, primitives=PrimitiveSet.ECP5)
    assert with_products(ecp5, None).products_per_multiplier == 2
    assert with_products(ecp5, 1) == ecp5
    assert with_products(narrow, None) == narrow
    assert with_products(replace(ecp5, weight_bits=8), None).products_per_multiplier == 1
    assert with_products(narrow, 2).products_per_multiplier == 2


@pytest.mark.parametrize("dataflow", list(Dataflow))
def test_zero_gating_changes_nothing(dataflow):
    """Narrow operands, of which many are zero."""
    params = ArrayParams(
        rows=2, cols=3, dataflow=dataflow, act=IntFormat(bits=2, signed=True), weight_bits=2, zero_gating=True
    )
    result = bench_gemm(params, DenseLayer(rows=5, outputs=4, inputs=9), seed=2, simulator=QUICK)
    assert result["golden_match"]


def test_generic_arrays_have_a_variant_with_the_same_cycles():
    params = ArrayParams(rows=2, cols=2)
    assert variants(params) == {PrimitiveSet.ECP5: replace(params, primitives=PrimitiveSet.ECP5)}
    assert variants(replace(params, primitives=PrimitiveSet.ICE40)) == {}
    assert variants(replace(params, zero_gating=True)) == {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"primitives": PrimitiveSet.ECP5, "product_registers": 0},
            "product-registers must be from 1 to 3 with primitives ecp5",
        ),
        ({"primitives": PrimitiveSet.ICE40, "product_registers": 1}, "product-registers must be from 2 to 2"),
        ({"primitives": PrimitiveSet.ECP5, "zero_gating": True}, "zero-gating needs primitives generic"),
    ],
)
def test_what_a_technology_cannot_is_refused(change, message):
    with pytest.raises(InputError, match=message):
        ArrayParams(**{"rows": 2, "cols": 2, **change})


def test_cell_models_are_for_simulators():
    assert set(cell_models([PrimitiveSet.GENERIC, *VENDORS])) == {"ecp5_cells.v", "ice40_cells.v"}
    assert np.all([b"module" in text.encode() for text in cell_models(VENDORS).values()])
