"""The golden cochlea against scipy's filters, logarithms and plain loops."""

import math

import numpy as np
import pytest
from scipy import signal
from support.cochlea import cochlea

from tospike.hw.params import CochleaCode, Compression, InputError, IntFormat
from tospike.sim.cochlea.design import FilterBank
from tospike.sim.cochlea.golden import channel_sums, hear, levels
from tospike.sim.cochlea.hearing import heard, sound_of
from tospike.sim.compiled.cochlea import compiled_sums


def polynomials(params, channel):
    """Numerator and denominator of a section, with its rounded coefficients."""
    rotation, damping = params.rotations[channel] / params.unit, params.dampings[channel] / params.unit
    return np.array([damping, 0, -damping]), np.array([1, -2 * rotation, 1 - 2 * damping])


def magnitude(impulse_response):
    return np.abs(impulse_response).sum()


def outputs(params, sound):
    """(samples, channels) outputs of the last sections, in units of the sound, from the rectified ones of a sound and
    its negative."""
    frames = sound.reshape(1, params.steps, params.hop)
    return (channel_sums(params, frames) - channel_sums(params, -frames))[0] / 2**params.guard_bits


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
@pytest.mark.parametrize("sections", [1, 2, 3])
def test_error_against_float_filters_is_bounded(rate, sections):
    params = cochlea(7, rate=rate, sections=sections, bits=18, guard_bits=12, hop=1, steps=600)
    rng = np.random.default_rng(rate + sections)
    sound = np.rint(np.convolve(rng.normal(size=600), np.ones(5), "same") * 2000).astype(int)
    got = outputs(params, sound)
    for channel in range(7):
        b, a = polynomials(params, channel)
        expected, bound = sound.astype(float), 0.0
        impulse = np.eye(1, 600)[0]
        response = magnitude(signal.lfilter(b, a, impulse))
        for _ in range(sections):
            expected = signal.lfilter(b, a, expected)
            # each output is rounded by less than a unit, which only the poles filter
            bound = bound * response + magnitude(signal.lfilter([1], a, impulse)) / 2**params.guard_bits
        assert np.abs(got[:, channel] - expected).max() <= bound
        assert np.abs(expected).max() > 3 * bound  # the bound tells something


@pytest.mark.parametrize(("rate", "bits"), [(8000, 16), (16000, 16), (48000, 20)])
def test_frequency_response(rate, bits):
    bank = FilterBank(channels=16, sample_rate=rate, low_hz=100, high_hz=0.4 * rate)
    params = cochlea(16, rate=rate, bits=bits)
    rotations, dampings = bank.coefficients(bits)
    for channel, (centre, width) in enumerate(zip(bank.centres, bank.bandwidths, strict=True)):
        rotation, damping = rotations[channel] / params.unit, dampings[channel] / params.unit
        a = [1, -2 * rotation, 1 - 2 * damping]
        hertz = np.linspace(max(1, centre - 2 * width), min(rate / 2, centre + 2 * width), 4001)
        _, response = signal.freqz([damping, 0, -damping], a, worN=hertz, fs=rate)
        gain = np.abs(response)
        assert abs(hertz[np.argmax(gain)] / centre - 1) < 0.01
        assert gain.max() == pytest.approx(1, abs=1e-4)  # exactly 1, whatever the rounding
        passes = hertz[gain > math.sqrt(0.5)]
        assert (passes[-1] - passes[0]) / width == pytest.approx(1, rel=0.05)


def test_cascades_have_the_bandwidth_of_the_ear():
    """The equivalent rectangular bandwidth of all sections together: the area under the power response."""
    for sections in (1, 2, 4):
        bank = FilterBank(channels=5, sections=sections, sample_rate=48000, low_hz=1000, high_hz=4000)
        for centre, width in zip(bank.centres, bank.bandwidths, strict=True):
            slope = math.tan(math.pi * width / 48000)
            damping = slope / (1 + slope)
            a = [1, -2 * math.cos(2 * math.pi * centre / 48000) * (1 - damping), 1 - 2 * damping]
            hertz, response = signal.freqz([damping, 0, -damping], a, worN=1 << 16, fs=48000)
            area = np.trapezoid(np.abs(response) ** (2 * sections), hertz)
            assert area / (24.7 * (4.37e-3 * centre + 1)) == pytest.approx(1, rel=0.1)


def test_a_tone_is_heard_in_its_channel():
    bank = FilterBank(channels=24)
    rotations, dampings = bank.coefficients(16)
    params = cochlea(24, bits=16, hop=100, steps=4)
    assert (params.rotations, params.dampings) != (rotations, dampings)  # another range
    for channel in (2, 11, 21):
        low, high = 150, 3200
        centre = FilterBank(channels=24, low_hz=low, high_hz=high).centres[channel]
        tone = np.rint(8000 * np.sin(2 * np.pi * centre / 8000 * np.arange(400))).astype(int)
        assert np.argmax(channel_sums(params, tone.reshape(1, 4, 100))[0, -1]) == channel


def test_silence_follows_sound():
    """No limit cycle keeps a section going: the sound dies away to exactly nothing, in all channels."""
    for rate in (8000, 48000):
        params = cochlea(16, rate=rate, bits=18, hop=rate // 20, steps=8)
        rng = np.random.default_rng(1)
        sound = np.zeros((3, 8, rate // 20), int)
        sound[:, 0] = rng.integers(-32768, 32768, (3, rate // 20))
        found = channel_sums(params, sound)
        assert found[:, 0].min() > 0 and not found[:, -1].any()
    assert not channel_sums(params, np.zeros((2, 8, rate // 20), int)).any()


def test_saturation_is_explicit():
    """A square wave at a channel's centre exceeds full scale, by up to 4 / pi: there it stays without headroom."""
    square = np.where(np.arange(2000) % 53 < 27, 32767, -32768).reshape(1, 2000, 1)
    knobs = {"sections": 1, "hop": 1, "steps": 2000, "guard_bits": 2}
    wide = channel_sums(cochlea(1, **knobs), square)
    assert 32767 * 4 * 1.2 < wide.max() < 32767 * 4 * 1.3
    narrow = cochlea(1, headroom_bits=0, **knobs)
    assert channel_sums(narrow, square).max() == narrow.section.max == 2**17 - 1


@pytest.mark.parametrize("rate", [8000, 48000])
def test_no_sound_exceeds_the_headroom(rate):
    params = cochlea(16, rate=rate, bits=16)
    for channel in range(16):
        b, a = polynomials(params, channel)
        assert magnitude(signal.lfilter(b, a, np.eye(1, rate)[0])) < 2


@pytest.mark.parametrize("compression", Compression)
@pytest.mark.parametrize("fraction_bits", [0, 1, 3, 6])
def test_levels_are_logarithms(compression, fraction_bits):
    knobs = {"compression": compression, "fraction_bits": fraction_bits, "level_bits": 8}
    params = cochlea(1, **knobs)
    step = 2.0**-fraction_bits
    heard = np.unique(np.concatenate([np.arange(1, 3000), np.logspace(3, 6.7, 999).astype(int)]))
    found = levels(params, heard)
    in_range = found < 255
    error = found * step - np.log2(heard)
    # a step for the truncated index, half for the table; Mitchell's logarithm is up to 0.0861 lower
    low = -1.45 * step - (0.0861 if compression is Compression.SHIFT else 0.5 * step)
    assert (error[in_range] <= 0.5 * step + 1e-9).all() and (error[in_range] >= low).all()
    assert (np.diff(found) >= 0).all() and levels(params, np.zeros(1, int)).tolist() == [0]
    floored = cochlea(1, floor=17, **(knobs | {"level_bits": 4}))
    assert (levels(floored, heard) == np.clip(found - 17, 0, 15)).all()


def test_compiled_sums_are_the_same():
    for params in (cochlea(5, hop=9), cochlea(1, sections=1, hop=1, steps=1), cochlea(64, sections=4, headroom_bits=0)):
        rng = np.random.default_rng(params.channels)
        sound = rng.integers(-32768, 32768, (3, params.steps, params.hop))
        assert (compiled_sums(params, sound) == channel_sums(params, sound)).all()


def plain_lif(level, threshold, leak_shift):
    membrane, spikes = 0, []
    for x in level:
        membrane += x - (membrane >> leak_shift if leak_shift else 0)
        spikes.append(int(membrane > threshold))
        membrane = min(membrane - threshold * spikes[-1], threshold)
    return spikes


@pytest.mark.parametrize("leak_shift", [0, 1, 4])
@pytest.mark.parametrize("threshold", [1, 50, 200])
def test_codes(threshold, leak_shift):
    sound = np.random.default_rng(threshold).integers(-9000, 9000, (2, 30, 5)) * np.arange(30)[:, None] // 30
    level = hear(cochlea(3, steps=30, hop=5), sound).reshape(2, 30, 3)
    spikes = hear(cochlea(3, steps=30, hop=5, code=CochleaCode.LIF, threshold=threshold, leak_shift=leak_shift), sound)
    changes = hear(cochlea(3, steps=30, hop=5, code=CochleaCode.DELTA, threshold=min(threshold, 20)), sound)
    for sample, channel in np.ndindex(2, 3):
        train = level[sample, :, channel].tolist()
        assert spikes[sample, :, channel].tolist() == plain_lif(train, threshold, leak_shift)
        last, expected = 0, []
        for x in train:
            sends = abs(x - last) > min(threshold, 20)
            expected.append((1 if x > last else -1) if sends else 0)
            last = x if sends else last
        assert changes[sample, :, channel].tolist() == expected
    assert spikes.any() and changes.any()


def test_samples_are_heard_once():
    params = cochlea(3, code=CochleaCode.LIF, threshold=30)
    x = np.random.default_rng(5).uniform(-1, 1, (6, 12)).astype(np.float32)
    expected = hear(params, sound_of(params, x))
    assert (heard(params, x[:4]) == expected[:4]).all()
    assert (heard(params, x[::-1]) == expected[::-1]).all()
    assert heard(params, x[:0]).shape == (0, 3, 3)
    assert sound_of(params, np.array([[1.0, -1.0, 0.5] * 4])).reshape(-1)[:3].tolist() == [32767, -32768, 16384]
    with pytest.raises(InputError, match=r"hears samples of 12 values, not of shape \(11,\)"):
        heard(params, x[:, 1:])


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"multipliers": 4}, "cochlea multipliers must be an integer from 1 to 3, not 4"),
        ({"hop": 0}, "hop must be"),
        ({"guard_bits": 13}, "guard-bits must be"),
        ({"threshold": 1}, "levels have neither threshold nor leak"),
        ({"code": CochleaCode.LIF}, "cochlea threshold must be an integer from 1"),
        ({"code": CochleaCode.DELTA, "threshold": 255}, "cochlea threshold must be an integer from 0 to 254"),
        ({"code": CochleaCode.DELTA, "threshold": 2, "leak_shift": 1}, "changes have no leak"),
        ({"code": CochleaCode.LIF, "threshold": 2, "sparse": True}, "sparse and sent are for levels"),
        ({"sent": IntFormat(bits=8, signed=True)}, "levels of 8 bits do not fit"),
        ({"floor": 10_000}, "floor must be"),
        ({"bits": 6, "rate": 48000}, "channel 0 of the cochlea is not stable, or silent, with 6-bit"),
        ({"payload": IntFormat(bits=8, signed=False)}, "sound has signed samples of 8 to 16 bits"),
    ],
)
def test_what_cannot_be_built_is_refused(knobs, message):
    with pytest.raises(InputError, match=message):
        cochlea(3, **knobs)


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"high_hz": 4000}, r"below half the sample rate \(4000 Hz\): not 100 to 4000 Hz"),
        ({"low_hz": 0}, "a cochlea hears from low to high"),
        ({"channels": 65}, "cochlea channels must be"),
        ({"width": 0}, "cochlea width 0 must be above 0"),
        ({"width": 9}, "too wide for 8000 samples per second"),
    ],
)
def test_banks_that_cannot_be_are_refused(knobs, message):
    with pytest.raises(InputError, match=message):
        FilterBank(**knobs).coefficients(16)
