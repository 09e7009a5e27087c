"""Auto-size an array: find the one with the fewest cycles that fits a device."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tospike.gen.area.memories import least_blocks
from tospike.gen.area.systolic import predict
from tospike.gen.fit.fit import ANY_SOURCE, Fit, fastest, load
from tospike.gen.fit.nearest import largest_layer, refusal
from tospike.hw.params import (
    AcceleratorParams,
    ArrayParams,
    Dataflow,
    InputError,
    SystolicParams,
    WeightSource,
    ceil_div,
)
from tospike.hw.params.devices import Device
from tospike.hw.systolic.layout import col_tiles, depth_tiles, row_tiles, tile_spacing, tile_steps
from tospike.sim.systolic.timing import frame_cycles


def systolic_engine(params: AcceleratorParams) -> SystolicParams:
    """Return the engine whose array can be sized.

    Raises
    ------
    InputError
        The accelerator is not a single systolic engine.
    """
    engine = params.engines[0]
    if len(params.engines) != 1 or not isinstance(engine, SystolicParams):
        raise InputError(f"--fit sizes a systolic array, which {params.name!r} does not use: leave it out")
    return engine


def fit(
    params: SystolicParams,
    device: Device,
    *,
    sources: Sequence[WeightSource] = ANY_SOURCE,
    names: Sequence[str] = (),
) -> Fit[SystolicParams]:
    """Return the fastest engine for the layers of ``params`` that fits; the smallest if several are equally fast.

    The search covers the array's rows, columns, dataflow and products per multiplier. It skips rows and columns that
    save no tile of any layer, because they would be idle. Weights come from the first of ``sources`` with which an
    array fits. ``names`` are those of the layers, for the message.

    Raises
    ------
    InputError
        Not even the smallest array fits; the message has the numbers.
    """
    for source in sources:
        if best := _fastest(replace(params, weights=source), device):
            return best
    engines = (replace(params, array=array, weights=sources[-1]) for array in _candidates(params, device))
    closest = min(engines, key=lambda engine: load(predict(engine, device.family), device))
    weights = {
        names[index] if names else str(index): layer.inputs * layer.outputs for index, layer in enumerate(params.layers)
    }
    raise InputError(
        refusal(
            closest,
            device,
            streamed=None if WeightSource.STREAM in sources else replace(closest, weights=WeightSource.STREAM),
            fastest=_fastest,
            predict=predict,
            weights=sum(weights.values()),
            cause=largest_layer(weights),
        )
    )


def _fastest(params: SystolicParams, device: Device) -> Fit[SystolicParams] | None:
    """Return the fastest engine for the layers of ``params`` that fits, if any does."""
    weights = sum(layer.inputs * layer.outputs for layer in params.layers) * params.array.weight_bits
    if not params.streams_weights and least_blocks(weights, device.family) > device.capacity["bram"]:
        return None  # LUTs as ROMs hold less
    engines = (replace(params, array=array) for array in _candidates(params, device))
    candidates = ((_least_cycles(engine), lambda engine=engine: engine) for engine in engines)
    return fastest(candidates, device, predict=predict, cycles=frame_cycles)


def _least_cycles(params: SystolicParams) -> int:
    """Return cycles that every frame takes, quickly told: those of the array's steps, or of the beats of weights."""
    steps = 0
    for layer in params.layers:
        tiles = row_tiles(params, layer) * col_tiles(params, layer) * depth_tiles(params, layer)
        steps += (tiles - 1) * tile_spacing(params, layer) + tile_steps(params, layer)
    late = 0  # beats of the words that are not in the queue when the frame begins
    if (streamed := params.weight_stream) is not None:
        late = (streamed.words - params.weight_queue - 1) * streamed.beats_per_word
    return params.input.addresses + max(steps, late)


def _candidates(params: SystolicParams, device: Device) -> Iterator[ArrayParams]:
    most = 2 * device.capacity["dsp"] if params.array.multipliers else device.capacity["lut4"]
    cols = useful({layer.outputs for layer in params.layers})
    cols |= {col + 1 for col in cols if col % 2}  # two columns may share a multiplier
    for dataflow in device.family.dataflows:
        if dataflow is Dataflow.WS and params.array.weight_bits == 1:
            continue
        sizes = {layer.rows if dataflow is Dataflow.OS else layer.inputs for layer in params.layers}
        for rows in sorted(useful(sizes)):
            for col in sorted(cols):
                if rows * col > most:
                    break
                array = replace(params.array, dataflow=dataflow, rows=rows, cols=col, products_per_multiplier=1)
                yield array
                if array.packing_obstacle is None and device.family.shares_multipliers:
                    yield replace(array, products_per_multiplier=2)


def useful(sizes: set[int]) -> set[int]:
    """Return each array side that is the smallest for its number of tiles of one of ``sizes``."""
    largest = 256
    return {side for size in sizes for tiles in range(1, size + 1) if (side := ceil_div(size, tiles)) <= largest}
