"""The R x C systolic array of processing elements, output- or weight-stationary."""

from functools import reduce
from operator import or_

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.arithmetic import shape_of
from tospike.hw.array.packing import pair_weights
from tospike.hw.array.pair import OutputStationaryPair
from tospike.hw.array.pe import OutputStationaryElement, WeightStationaryElement
from tospike.hw.delay import delayed
from tospike.hw.params import ArrayParams, Dataflow


def row_layout(params: ArrayParams) -> data.StructLayout:
    """Return the input layout of a row: an activation and the flags that travel with it."""
    return data.StructLayout({"act": shape_of(params.act), "first": 1, "emit": 1})


class SystolicArray(wiring.Component):
    """``rows`` x ``cols`` multiply-accumulators in lockstep. One step of operands per cycle, no stalls.

    Step s enters row r in cycle s + r and column c in cycle s + c: the caller *skews* the operands
    (:class:`tospike.hw.delay.Skew`). If pairs of columns share multipliers, read c // 2 for c.

    *Output-stationary*: in step k, row r takes A[r, k] and column c takes B[k, c]; element (r, c) accumulates their
    products. ``first`` marks k = 0, ``emit`` the last k. The sum of element (r, c) leaves at the bottom of column c,
    row 0 first, ``latency + r + c`` cycles after its ``emit`` step. The wavefront completes one element per column and
    cycle, so results need no shadow registers, and the next tile may follow immediately (after ``params.gap`` idle
    steps), as long as successive ``emit`` are at least ``rows`` steps apart. An idle step has activations of 0.

    *Weight-stationary*: element (r, c) holds B[r, c]. In step s, row r takes A[s, r]; the dot product of step s leaves
    column c ``latency + c`` cycles later if ``emit`` was set. The wavefront of a step with ``first`` activates the
    loaded weights. Loading takes ``rows`` cycles: in cycle j column c takes B[rows - 1 - j, c] (skewed) while
    ``load[r]`` is j >= r (not skewed). It may start in the cycle in which the previous weights' ``first`` step enters,
    and must be complete when the next ``first`` step enters.

    Members
    -------
    rows : In(ArrayLayout(row_layout(params), params.rows))
        Activations and flags, from the left.
    cols : In(ArrayLayout(shape_of(params.weight), params.cols))
        Weights, from the top.
    load : In(params.rows)
        Weight-stationary only.
    results : Out(ArrayLayout(signed(acc_bits), params.cols))
        At the bottom of each column.
    valid : Out(params.cols)
        Which of ``results`` are valid in this cycle.
    """

    def __init__(self, params: ArrayParams):
        self._params = params
        members = {
            "rows": In(data.ArrayLayout(row_layout(params), params.rows)),
            "cols": In(data.ArrayLayout(shape_of(params.weight), params.cols)),
            "results": Out(data.ArrayLayout(shape_of(params.acc), params.cols)),
            "valid": Out(params.cols),
        }
        if params.dataflow is Dataflow.WS:
            members["load"] = In(params.rows)
        super().__init__(members)

    @property
    def latency(self) -> int:
        """Cycles from an ``emit`` step at row 0 to its result at column 0."""
        return self._params.latency

    def elaborate(self, platform):
        m = Module()
        if self._params.products_per_multiplier == 2:
            self._output_stationary_pairs(m)
        elif self._params.dataflow is Dataflow.OS:
            self._output_stationary(m)
        else:
            self._weight_stationary(m)
        return m

    def _output_stationary(self, m):
        params = self._params
        weights = list(self.cols)
        columns = [[] for _ in range(params.cols)]
        for row in range(params.rows):
            act, first, emit = self.rows[row].act, self.rows[row].first, self.rows[row].emit
            for col in range(params.cols):
                element = OutputStationaryElement(params)
                m.submodules[f"pe_{row}_{col}"] = element
                m.d.comb += [
                    element.act_i.eq(act),
                    element.first_i.eq(first),
                    element.emit_i.eq(emit),
                    element.weight_i.eq(weights[col]),
                ]
                act, first, emit = element.act_o, element.first_o, element.emit_o
                weights[col] = element.weight_o
                columns[col].append((element.done, element.acc))
        self._drain_columns(m, columns)

    def _output_stationary_pairs(self, m):
        params = self._params
        pairs = [pair_weights(params, self.cols[col], self.cols[col + 1]) for col in range(0, params.cols, 2)]
        columns = [[] for _ in range(params.cols)]
        for row in range(params.rows):
            act, first, emit = self.rows[row].act, self.rows[row].first, self.rows[row].emit
            for number, pair in enumerate(pairs):
                element = OutputStationaryPair(params)
                m.submodules[f"pe_{row}_{2 * number}"] = element
                m.d.comb += [
                    element.act_i.eq(act),
                    element.first_i.eq(first),
                    element.emit_i.eq(emit),
                    Value.cast(element.pair_i).eq(pair),
                ]
                act, first, emit = element.act_o, element.first_o, element.emit_o
                pairs[number] = Value.cast(element.pair_o)
                for side in range(2):
                    columns[2 * number + side].append((element.done[side], element.acc[side]))
        self._drain_columns(m, columns)

    def _drain_columns(self, m, columns):
        for col, elements in enumerate(columns):
            result, valid = _drain(m, elements, name=f"column_{col}")
            m.d.comb += [self.results[col].eq(result), self.valid[col].eq(valid)]

    def _weight_stationary(self, m):
        params = self._params
        weights = list(self.cols)
        psums = [C(0, shape_of(params.acc))] * params.cols
        for row in range(params.rows):
            act, swap, load = self.rows[row].act, self.rows[row].first, self.load[row]
            for col in range(params.cols):
                element = WeightStationaryElement(params)
                m.submodules[f"pe_{row}_{col}"] = element
                m.d.comb += [
                    element.act_i.eq(act),
                    element.swap_i.eq(swap),
                    element.load_i.eq(load),
                    element.weight_i.eq(weights[col]),
                    element.psum_i.eq(psums[col]),
                ]
                act, swap, load = element.act_o, element.swap_o, element.load_o
                weights[col], psums[col] = element.weight_o, element.psum_o
        # a result is complete when it includes the last row's product
        valid = delayed(m, self.rows[-1].emit, params.mac_latency, name="valid")
        for col in range(params.cols):
            m.d.comb += [self.results[col].eq(psums[col]), self.valid[col].eq(valid)]
            valid = delayed(m, valid, 1, name=f"valid_{col}")


def _drain(m: Module, elements, *, name: str) -> tuple[Value, Value]:
    """Return the ``acc`` whose ``done`` is set, at most one of ``elements`` (done, acc), and whether one is set.

    A pipelined AND-OR multiplexer: its first level merges two elements, each further level four groups, with a register
    after each level. So a single 4-input LUT lies between registers, and no net spans the array.
    """
    shape = elements[0][1].shape()
    total = [(acc & done).as_signed() for done, acc in elements]
    found = [done[0] for done, _ in elements]
    fan_in, stage = 2, 0
    while stage == 0 or len(total) > 1:
        stage += 1
        for group in range(0, len(total), fan_in):
            joined = Signal(shape, name=f"{name}_result_{stage}_{group}", reset_less=True)
            some = Signal(name=f"{name}_valid_{stage}_{group}")
            m.d.sync += [
                joined.eq(reduce(or_, total[group : group + fan_in])),
                some.eq(reduce(or_, found[group : group + fan_in])),
            ]
            total[group], found[group] = joined, some
        total, found, fan_in = total[::fan_in], found[::fan_in], 4
    return total[0], found[0]
