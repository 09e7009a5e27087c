"""The sequencer of array steps: a loop nest over the channels and taps of a tile, tiles, and passes."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from tospike.hw.conv.descriptor import descriptor_layout
from tospike.hw.conv.loops import LoopNest
from tospike.hw.params import ConvParams

LOOPS = ("channels", "taps_x", "taps_y", "tiles_x", "tiles_y", "passes")
"""The loops, innermost first."""

ENDS = data.StructLayout({"tap": 1, "row": 1, "tile": 1, "band": 1, "pass": 1, "layer": 1})
"""Loops that end with a step: the channels of a tap, a row of taps, a tile, a row of tiles, a pass, the layer."""


class StepSequencer(wiring.Component):
    """Issue one step per cycle; tiles follow one another after ``layer.idle`` cycles.

    The last step of a tile waits for a free slot of the result buffer. If weights are streamed in, the first tile of
    those that read the same words waits for each of them.

    Members
    -------
    start : In(1)
        Begin a layer. ``layer`` is constant from here on; the first step is in the next cycle.
    free : In(1)
        A slot of the result buffer is free.
    busy : Out(1)
        Steps are being issued.
    commit : Out(1)
        The step takes the free slot.
    step : Out(1)
        A step is issued.
    first : Out(1)
        It is the first of a tile.
    ends : Out(ENDS)
        The loops that end with it.
    arrived : In(1)
        Streamed weights: a word has arrived that no step has taken.
    takes : Out(1)
        Streamed weights: the step takes it.
    last_use : Out(1)
        Streamed weights: no tile after this one reads its words.
    """

    def __init__(self, params: ConvParams):
        self._params = params
        streamed = {"arrived": In(1), "takes": Out(1), "last_use": Out(1)} if params.streams_weights else {}
        super().__init__(
            {
                "layer": In(descriptor_layout(params)),
                "start": In(1),
                "free": In(1),
                "busy": Out(1),
                "commit": Out(1),
                "step": Out(1),
                "first": Out(1),
                "ends": Out(ENDS),
                **streamed,
            }
        )

    def elaborate(self, platform):
        m = Module()
        layer = self.layer
        m.submodules.loops = loops = LoopNest([len(layer[name]) for name in LOOPS])
        pausing = Signal()
        pause = Signal.like(layer.idle)
        go = self.busy & ~pausing & (~self.ends.tile | self.free)
        if self._params.streams_weights:
            go &= self._has_weights(m, loops)
        m.d.comb += [
            *(getattr(loops, f"last_{level}").eq(layer[name]) for level, name in enumerate(LOOPS)),
            loops.start.eq(self.start),
            loops.step.eq(self.step),
            Value.cast(self.ends).eq(loops.ends),
            self.step.eq(go),
            self.commit.eq(self.step & self.ends.tile),
        ]
        with m.If(self.start):
            m.d.sync += [self.busy.eq(1), self.first.eq(1), pausing.eq(0)]
        with m.Elif(self.step):
            m.d.sync += [
                self.first.eq(self.ends.tile),
                pausing.eq(self.ends.tile & layer.idle.any()),
                pause.eq(layer.idle),
                self.busy.eq(~self.ends.layer),
            ]
        with m.Elif(pausing):
            m.d.sync += [pause.eq(pause - 1), pausing.eq(pause != 1)]
        return m

    def _has_weights(self, m: Module, loops: LoopNest) -> Value:
        """Return whether the weights of the step are there."""
        in_last_column, in_last_row, in_last_pass = (loops.lasts[LOOPS.index(name)] for name in LOOPS[3:])
        fresh = Signal()  # the tile is the first to read its weights
        m.d.comb += [
            self.takes.eq(self.step & fresh),
            self.last_use.eq(in_last_column & in_last_row & (in_last_pass | ~self.layer.weight_rewind)),
        ]
        with m.If(self.start):
            m.d.sync += fresh.eq(1)
        with m.Elif(self.step & self.ends.tile):
            m.d.sync += fresh.eq(self.last_use)
        return ~fresh | self.arrived
