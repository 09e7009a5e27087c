"""Import ONNX models as float networks: convolutions, dense layers, pools, residual additions, trained quantisers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx

from tospike.gen.emit.names import identifier
from tospike.gen.files.reading import reading
from tospike.gen.front_end import behind, stated_front_end
from tospike.gen.onnx.answers import is_answer, read_answers
from tospike.gen.onnx.context import ImportContext
from tospike.gen.onnx.file import read_model
from tospike.gen.onnx.functions import with_functions
from tospike.gen.onnx.graph import STANDARD, Constant, Graph, attributes, label
from tospike.gen.onnx.operators.table import OF_DOMAIN, lookup
from tospike.hw.params import InputError, require
from tospike.sim.network import Network

QUANTIZERS = ("QuantizeLinear", "DequantizeLinear")
"""Not folded even if their inputs are constant: the importer keeps the grid of weights."""


def import_onnx(path: str | Path, *, name: str | None = None) -> Network:
    """Import an ANN.

    Parameters
    ----------
    path
        An ONNX file: one input of static size, with a batch or without, nodes of `tospike.gen.onnx.operators.table`,
        float weights in initializers, Constant nodes or weight quantisers. Conv, Gemm, MatMul, pools and the addition
        of two branches become stages; per-channel arithmetic, batch normalisation, activations and quantisers are
        folded into the stage before them, or become depthwise stages if something else takes its values.
    name
        Name of the network; by default derived from the file's name.

    Returns
    -------
    A float network of :class:`tospike.sim.network.Activation` stages; trained quantisers are its grids, and what the
    file computes from the outputs of the last layer is its ``answers``.

    Raises
    ------
    InputError
        The file is not an ONNX model, or contains something unsupported; the message names the node.
    """
    file = Path(path)
    with reading(file, "ONNX model", "export it again"):
        model = read_model(file)
        known = name or identifier(file.stem)
        try:
            return _network(with_functions(Graph(proto=model)), known)
        except InputError:
            unbatched = with_functions(Graph(proto=model, is_batched=False))
            if unbatched.is_batched:
                raise
            try:  # the first axis of the input may not be the batch
                return _network(unbatched, known)
            except InputError:
                pass
            raise


def _network(graph: Graph, name: str) -> Network:
    context = ImportContext(graph=graph)
    for node in graph.nodes:
        _step(context, node)
    for output in graph.outputs:
        _settle(context, output)
    answers = read_answers(context)
    last = len(context.builder.drafts) - 1
    taken = {source for draft in context.builder.drafts for source in draft.sources} | {last}
    for index, draft in enumerate(context.builder.drafts):
        require(index in taken, f"nothing uses the output of node {draft.name!r}: export the network without it")
    network = context.builder.network(name)
    whole = graph.dims if graph.batch == 1 else ()
    spec = replace(network.input, time_bins=graph.time_bins, shape=graph.sample, whole_shape=whole)
    return behind(replace(network, input=spec, answers=answers), stated_front_end(graph.metadata))


def _settle(context: ImportContext, output: str) -> None:
    """Let a stage do what is left to do to an output of the network."""
    if output in context.tensors:
        context.tensors[output] = context.builder.settled(output, context.tensors[output])


def _step(context: ImportContext, node: onnx.NodeProto) -> None:
    name, graph = label(node), context.graph
    if is_answer(context, node):
        return
    standard, handler = node.domain in STANDARD, lookup(node)
    if standard and node.op_type == "Shape" and node.input[0] in context.tensors:
        sizes = list(context.tensors[node.input[0]].shape)
        if graph.batch > 1 and sizes:
            sizes[0] = graph.batch
        options = attributes(node)
        sizes = sizes[int(options.get("start", 0)) : int(options["end"]) if "end" in options else None]
        graph.constants[node.output[0]] = Constant(value=np.array(sizes, dtype=np.int64))
    elif standard and graph.is_constant(node) and node.op_type not in QUANTIZERS:
        graph.fold(node)
    elif handler is None:
        domain = "" if node.domain in OF_DOMAIN else f" of domain {node.domain!r}"
        raise InputError(f"{name}{domain} is not supported: no layer computes it; docs/reference/onnx.md says what is")
    else:
        try:
            handler(context, node, name, attributes(node))
        except (IndexError, KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            if isinstance(error, InputError):
                raise
            detail = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
            raise InputError(f"{name} lacks an input or attribute, or has an invalid one ({detail})") from error
