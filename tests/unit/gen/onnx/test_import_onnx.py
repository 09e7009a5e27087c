import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from tospike.gen.emit.names import identifier
from tospike.gen.load import load_network
from tospike.gen.onnx.importer import import_onnx
from tospike.hw.params import InputError
from tospike.sim.network.reference import run_float

RNG = np.random.default_rng(7)
W1 = RNG.normal(size=(5, 6)).astype(np.float32)  # (outputs, inputs)
W2 = RNG.normal(size=(3, 5)).astype(np.float32)
B1 = RNG.normal(size=5).astype(np.float32)
B2 = RNG.normal(size=3).astype(np.float32)


def node(kind, inputs, output, **attributes):
    return helper.make_node(kind, inputs, [output], name=f"n_{output}", **attributes)


def build(nodes, weights, *, inputs=(("x", ("batch", 6)),), outputs=("y",)):
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        initializer=[numpy_helper.from_array(np.asarray(array), name) for name, array in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def save(tmp_path, model):
    path = tmp_path / "net.onnx"
    onnx.save(model, path)
    return path


GEMMS = build(
    [
        node("Gemm", ["x", "w1", "b1"], "h", transB=1),
        node("Relu", ["h"], "r"),
        node("Gemm", ["r", "w2", "b2"], "y", transB=1),
    ],
    {"w1": W1, "b1": B1, "w2": W2, "b2": B2},
)
SCALED = build(
    [node("Gemm", ["x", "w1", "b1"], "h", alpha=0.5, beta=2.0), node("Relu", ["h"], "y")],
    {"w1": W1.T, "b1": B1[None]},
)
SCALAR_BIAS = build([node("Gemm", ["x", "w1", "b1"], "y", transB=1)], {"w1": W1, "b1": np.float32(0.25)})
MATMULS = build(
    [
        node("Identity", ["x"], "i"),
        node("MatMul", ["i", "w1"], "m"),
        node("Add", ["b1", "m"], "h"),
        node("Relu", ["h"], "r"),
        node("MatMul", ["r", "w2"], "y"),
    ],
    {"w1": W1.T, "b1": B1, "w2": W2.T},
)
NO_RELU = build([node("MatMul", ["x", "w1"], "h"), node("MatMul", ["h", "w2"], "y")], {"w1": W1.T, "w2": W2.T})
CONSTANTS = build(
    [
        node("Constant", [], "w1", value=numpy_helper.from_array(W1.T.copy())),
        node("MatMul", ["x", "w1"], "y"),
    ],
    {},
)
IMAGE = (("x", ("batch", 1, 2, 3)),)
FLATTEN = build([node("Flatten", ["x"], "f"), node("Gemm", ["f", "w1"], "y", transB=1)], {"w1": W1}, inputs=IMAGE)
RESHAPE = build(
    [node("Reshape", ["x", "s"], "f"), node("Gemm", ["f", "w1"], "y", transB=1)],
    {"w1": W1, "s": np.array([-1, 6])},
    inputs=IMAGE,
)


@pytest.mark.parametrize(
    ("model", "stages"),
    [
        (GEMMS, 2),
        (SCALED, 1),
        (SCALAR_BIAS, 1),
        (MATMULS, 2),
        (NO_RELU, 2),
        (CONSTANTS, 1),
        (FLATTEN, 1),
        (RESHAPE, 1),
    ],
)
def test_float_results_agree_with_onnx(tmp_path, model, stages):
    network = import_onnx(save(tmp_path, model))
    assert len(network.stages) == stages and network.input.inputs == 6
    x = RNG.normal(size=(9, 6)).astype(np.float32)
    shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim][1:]
    (expected,) = ReferenceEvaluator(model).run(None, {"x": x.reshape(9, *shape)})
    np.testing.assert_allclose(run_float(network, x).outputs, expected, rtol=1e-5, atol=1e-5)


# IEEE 1800-2017, annex B
KEYWORDS = """
accept_on alias always always_comb always_ff always_latch and assert assign assume automatic before begin bind bins
binsof bit break buf bufif0 bufif1 byte case casex casez cell chandle checker class clocking cmos config const
constraint context continue cover covergroup coverpoint cross deassign default defparam design disable dist do edge
else end endcase endchecker endclass endclocking endconfig endfunction endgenerate endgroup endinterface endmodule
endpackage endprimitive endprogram endproperty endspecify endsequence endtable endtask enum event eventually expect
export extends extern final first_match for force foreach forever fork forkjoin function generate genvar global
highz0 highz1 if iff ifnone ignore_bins illegal_bins implements implies import incdir include initial inout input
inside instance int integer interconnect interface intersect join join_any join_none large let liblist library local
localparam logic longint macromodule matches medium modport module nand negedge nettype new nexttime nmos nor
noshowcancelled not notif0 notif1 null or output package packed parameter pmos posedge primitive priority program
property protected pull0 pull1 pulldown pullup pulsestyle_ondetect pulsestyle_onevent pure rand randc randcase
randsequence rcmos real realtime ref reg reject_on release repeat restrict return rnmos rpmos rtran rtranif0
rtranif1 s_always s_eventually s_nexttime s_until s_until_with scalared sequence shortint shortreal showcancelled
signed small soft solve specify specparam static string strong strong0 strong1 struct super supply0 supply1
sync_accept_on sync_reject_on table tagged task this throughout time timeprecision timeunit tran tranif0 tranif1 tri
tri0 tri1 triand trior trireg type typedef union unique unique0 unsigned until until_with untyped use uwire var
vectored virtual void wait wait_order wand weak weak0 weak1 while wildcard wire with within wor xnor xor
"""


@pytest.mark.parametrize("word", KEYWORDS.split())
def test_no_name_is_a_keyword(word):
    assert identifier(word) == f"n_{word}"


def test_names(tmp_path):
    network = import_onnx(save(tmp_path, GEMMS))
    assert network.name == "net" and [stage.name for stage in network.stages] == ["n_h", "n_y"]
    assert import_onnx(save(tmp_path, GEMMS), name="mine").name == "mine"
    assert identifier("my-net 2") == "my_net_2" and identifier("2bit") == "n_2bit"
    assert [identifier(word) for word in ("small", "logic", "event")] == ["n_small", "n_logic", "n_event"]  # keywords
    taken = (
        "tospike_board",
        "tospike_replay",
        "Tospike_pins",
        "cocotb_x",
        "TOP",
        "top",
        "std",
        "LUT4",
        "SB_MAC16",
        "DP16KD",
    )
    assert [identifier(word) for word in taken] == [f"n_{word}" for word in taken]
    free = ("replay", "main", "TFC_2W2A", "MNIST", "digits_ann", "startle", "delete", "namespace")
    assert [identifier(word) for word in free] == list(free)
    assert len(identifier("x" * 300)) <= 100


def gemm_with(**weights):
    return build([node("Gemm", ["x", *weights], "y", transB=1)], weights)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            build([node("Gemm", ["x", "w"], "h", transB=1), node("Sin", ["h"], "y")], {"w": W1}),
            r"node 'n_y' \(Sin\) is not supported: no layer computes it",
        ),
        (build([helper.make_node("Sigmoid", ["x"], ["y"])], {}), "there are no layers"),
        (
            build([helper.make_node("Gemm", ["x", "w"], ["y"], domain="custom")], {"w": W1}),
            r"node 'y' \(Gemm\) of domain 'custom' is not supported",
        ),
        (gemm_with(w=W2), r"node 'n_y' \(Gemm\) takes 5 values but gets 6"),
        (gemm_with(w=W1, b=B2), r"'b' of shape \(3,\) is not a vector for \(1, 5\)"),
        (gemm_with(w=W1, b=np.zeros((5, 1), np.float32)), "'b' is not a vector for 5 channels"),
        (gemm_with(w=np.where(W1 > 1, np.nan, W1)), "'w' holds NaN or infinity"),
        (gemm_with(w=np.full_like(W1, np.inf)), "'w' holds NaN or infinity"),
        (gemm_with(w=W1.astype(np.int8)), "'w' is int8, not a float tensor"),
        (gemm_with(w=W1[:0]), r"'w' has shape \(0, 6\)"),
        (gemm_with(w=W1[None, None][[0, 0]]), r"'w' has shape \(2, 1, 5, 6\), not 2 dimensions"),
        (build([node("Gemm", ["x", "w"], "y", transA=1)], {"w": W1}), "takes 5 values but gets 1"),
        (build([node("MatMul", ["w", "x"], "y")], {"w": W1}), "takes 6 values but gets 1"),
        (build([node("MatMul", ["x", "x"], "y")], {}), "multiplies two tensors that depend on the input"),
        (
            build([node("Gemm", ["x", "w"], "y", transB=1)], {"w": W1}, inputs=IMAGE),
            "takes 6 values but gets 3",
        ),
        (
            build([node("Reshape", ["x", "s"], "y")], {"s": np.array([4, 2])}),
            r"reshapes \(1, 6\) to \[4, 2\]: only another shape of its 6 values",
        ),
        (build([node("Identity", ["x"], "y")], {}), "there are no layers"),
        (
            build([node("Gemm", ["x", "w"], "y", transB=1)], {"w": W1}, inputs=(("x", (1, 6)), ("z", (1, 6)))),
            r"2 inputs \(x, z\): export a model with one input",
        ),
        (
            build([node("Gemm", ["x", "w"], "y", transB=1)], {"w": W1}, outputs=("y", "x")),
            "output 'y' is not the result of the last layer",
        ),
        (build([node("Gemm", ["x", "w"], "h", transB=1)], {"w": W1}), "output 'y' does not depend on the input"),
        (
            build([node("Gemm", ["x", "w"], "y")], {"w": W1}, inputs=(("x", ("batch", "n")),)),
            r"input 'x' has no static shape \(batch, values\) but \(batch, n\): export it with fixed sizes",
        ),
        (build([node("Gemm", ["x", "w"], "y")], {"w": W1}, inputs=(("x", ("batch",)),)), "has no static shape"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path, model, message):
    path = save(tmp_path, model)
    with pytest.raises(InputError, match=message) as caught:
        import_onnx(path)
    assert str(caught.value).startswith(f"{path}: ") and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [b"", b"this is text\nof two lines\n", GEMMS.SerializeToString()[:-40], GEMMS.SerializeToString()[:30]],
    ids=["empty", "text", "truncated", "cut short"],
)
def test_no_onnx_is_refused(tmp_path, content):
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    with pytest.raises(InputError, match="is not a readable ONNX model") as caught:
        import_onnx(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "message"), [("no.onnx", "there is no file"), ("net.pt", "cannot tell the format"), (".", "cannot tell")]
)
def test_load_network_dispatches(tmp_path, name, message):
    assert load_network(save(tmp_path, GEMMS)).outputs == 3
    with pytest.raises(InputError, match=message):
        load_network(tmp_path / name)
