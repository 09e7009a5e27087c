"""What the C driver returns, on a model of the registers: answers of all formats, and each of its results."""

import numpy as np
import pytest
from support.designs import DESIGNS
from support.native_driver import Memory, NativeDriver, build
from support.paths import EXAMPLES
from support.register_model import RegisterModel

from tospike.gen.data.datasets import load_data
from tospike.gen.driver.interface import Interface
from tospike.gen.emit.beats import input_beats, output_words, token_beats
from tospike.gen.emit.memory_init import pack
from tospike.gen.emit.random_design import random_design, random_samples
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.hw.host.layout import Register, counter_names, regions
from tospike.hw.host.register_map import ERRORS
from tospike.hw.layout import INDEX_BITS, config_writes
from tospike.sim import accelerator as golden


def interface_of(params):
    return Interface(params=params, version="0.1.0", config_hash=0x1234_5678_9ABC_DEF0, steps=None)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return build(interface_of(DESIGNS["os"][0]), tmp_path_factory.mktemp("native") / "build")


def opened(library, params, *, samples=6, **options):
    design = random_design(params, seed=3)
    x = random_samples(design, samples, seed=3)
    model = RegisterModel(interface_of(params), design, x, **options)
    driver = NativeDriver(library, interface_of(params), model)
    assert driver.open() == "OK"
    return driver, model, design, x


@pytest.mark.parametrize("example", ["digits_snn.nir", "digits_ann.onnx"])
def test_the_whole_test_set_of_the_digits(library, example):
    data = load_data("digits")
    prepared = prepare(EXAMPLES / example, data, ModelOptions())
    design, x = prepared.design, prepared.integers(data.x)
    interface = interface_of(design.params)
    driver = NativeDriver(library, interface, RegisterModel(interface, design, x))
    expected = golden.run(design, x)
    assert driver.open() == "OK" and len(x) == 449
    classes = []
    for index, sample in enumerate(x):
        result, words, chosen = driver.run((sample & 0xFF).astype(np.uint8))
        assert (result, words) == ("OK", expected.outputs[index].tolist())
        classes.append(chosen)
    assert classes == expected.predictions.tolist()
    for number, name in enumerate(counter_names(design.params)):
        counts = expected.cycles if name == "cycles" else expected.counters[name]
        assert driver.number("counter", number) == ("OK", int(counts.sum()) % (1 << 32))


@pytest.mark.parametrize("name", ["recordings", "core-spikes", "core-count", "early"])
def test_samples_of_beats(library, name):
    driver, _, design, x = opened(library, DESIGNS[name][0])
    expected = golden.run(design, x)
    for index, sample in enumerate(x):
        beats = [beat.data for beat in input_beats(design.params, sample)]
        words = (
            np.array(output_words(design.params, expected, index), dtype=np.int64).astype(np.uint32).astype(np.int32)
        )
        assert driver.run_beats(beats) == ("OK", words.tolist())
    assert driver.run_beats([]) == ("ARGUMENT", [])
    assert driver.run(bytes(64))[0] == "ARGUMENT"


def test_tokens_are_those_of_the_host_port(library):
    steps = np.zeros((2, 70), dtype=np.int64)
    steps[0, 3], steps[1, 69] = 5, -2
    value, tick, end = library.tospike_value, library.tospike_tick, library.tospike_end
    for function in (value, tick, end):
        function.restype = __import__("ctypes").c_uint32
    made = [value(3, 5), tick(), value(69, -2), tick(), end()]
    assert made == [beat.data for beat in token_beats(steps)]


def test_what_goes_wrong_has_a_result_of_its_own(library):
    params = DESIGNS["os"][0]
    driver, model, design, x = opened(library, params)
    values = (x[3] & 0xFF).astype(np.uint8)
    words = golden.run(design, x).outputs[3].tolist()
    assert driver.run(values)[:2] == ("OK", words)
    assert driver.run(values, capacity=len(words) - 1)[:2] == ("TOO_LONG", words[:-1])
    model.flag(ERRORS[2])
    assert driver.run(values)[:2] == ("FLAGGED", words)
    assert driver.number("status") == ("OK", ERRORS[2].mask)
    assert driver.call("clear") == "OK" and driver.run(values)[0] == "OK"
    assert driver.number("counter", len(counter_names(params))) == ("ARGUMENT", 0)
    model._registers.pop(Register.STATUS)
    assert driver.number("status")[0] == "BUS" and driver.run(values)[0] == "BUS"
    deaf = RegisterModel(interface_of(params), design, x, takes=lambda: False)
    silent = NativeDriver(library, interface_of(params), deaf)
    assert silent.open() == "OK" and silent.run(values)[0] == "TIMEOUT"


def test_a_design_that_is_not_the_headers_is_refused(library):
    params = DESIGNS["os"][0]
    _, model, _, _ = opened(library, params)
    model._values[Register.HASH_HIGH] ^= 1
    assert NativeDriver(library, interface_of(params), model).open() == "OTHER_DESIGN"
    model._values[Register.MAGIC] ^= 1
    assert NativeDriver(library, interface_of(params), model).open() == "NO_DEVICE"
    streamed = DESIGNS["os-streamed"][0]
    driver, _, _, x = opened(library, streamed)
    assert driver.run((x[0] & 0xFF).astype(np.uint8))[0] == "UNSUPPORTED"


def test_interrupts_are_read_and_cleared(library):
    driver, model, _, x = opened(library, DESIGNS["os"][0])
    done, error = 1, 2
    assert driver.call("enable_interrupts", error) == "OK"
    driver.run((x[2] & 0xFF).astype(np.uint8))
    assert not model.irq and driver.number("take_interrupts") == ("OK", done)
    assert driver.call("enable_interrupts", done | error) == "OK"
    model.flag(ERRORS[0])
    assert model.irq and driver.number("take_interrupts") == ("OK", error)
    assert not model.irq and driver.number("take_interrupts") == ("OK", 0)


@pytest.mark.parametrize("name", ["core-count", "ws-writable"])
def test_memories_are_written_word_by_word(library, name):
    ctypes = __import__("ctypes")
    driver, model, design, _ = opened(library, DESIGNS[name][0])
    expected = []
    for region in regions(design.params):
        words = pack(design)[region.engine][region.shape.name]
        writes = list(config_writes(region.shape, words))
        expected += [(region.number << INDEX_BITS | index, data) for index, data in writes]
        chunks = (ctypes.c_uint32 * len(writes))(*(data for _, data in writes))
        memory = Memory(region.number, region.shape.width, region.shape.depth)
        assert driver.call("load", ctypes.byref(memory), 0, chunks, len(words)) == "OK"
        assert driver.call("load", ctypes.byref(memory), 1, chunks, region.shape.depth) == "ARGUMENT"
    assert model.config == expected and len(expected) > 4
