"""From readings of power to the calibration of prices: what was put in comes out."""

import numpy as np
import pytest
from support.paths import EXAMPLES

from tospike.compare.energy.calibration import Calibration, Interval, Measurement, calibrated, read_calibration
from tospike.compare.energy.counters.energy import counter_energy
from tospike.compare.energy.technology import load_technology
from tospike.compare.power.calibrate import Modelled, dynamic, idle, measure, model_energy
from tospike.compare.power.options import PowerOptions
from tospike.compare.study.options import StudyOptions
from tospike.gen.data.datasets import load_data
from tospike.gen.options.model import ModelOptions
from tospike.gen.pipeline import prepare
from tospike.hw.params import InputError, options_given
from tospike.sim.accelerator import run
from tospike.tb.power.phases import Phase
from tospike.tb.power.readings import Readings

ICE40 = load_technology("ice40")
DYNAMIC = Interval(ratio=1.3, low=1.2, high=1.5)
ONE = Measurement(design="a", configuration="1", meter="INA219, 0.1 ohm", samples=9, seconds=2.5, dynamic=DYNAMIC)


def board(joules, *, idle_watts=0.01, drift=0.0, noise=0.0, rounds=4, rate=1000, seed=1):
    """Phases of a second, and readings of a board that needs so many joules for each of ``rate`` samples a second."""
    count = 2 * rounds + 1
    phases = [Phase(begin=2.0 * n, end=2.0 * n + 1, samples=rate * (n % 2)) for n in range(count)]
    seconds = np.arange(0, 2 * count, 0.01)
    runs = (seconds // 2).astype(int) % 2 == 1
    watts = idle_watts + drift * seconds + runs * joules * rate
    return phases, Readings(seconds=seconds, watts=watts + np.random.default_rng(seed).normal(0, noise, len(watts)))


def test_energy_above_idle_whatever_the_drift():
    found = measure(*board(5e-6, drift=1e-4))
    np.testing.assert_allclose(found.joules, 5e-6, rtol=1e-9)
    assert found.samples == 4000 and found.seconds == pytest.approx(4)
    interval = dynamic(found, Modelled(above_idle_pj=4e6, idle_pj=1, static_mw=1), accuracy=0.02)
    assert interval.ratio == pytest.approx(1.25)
    assert (interval.low, interval.high) == pytest.approx((1.25 / 1.02, 1.25 / 0.98), rel=1e-6)


def test_the_interval_covers_the_truth_under_noise():
    modelled = Modelled(above_idle_pj=5e6, idle_pj=1, static_mw=1)
    boards = (board(5e-6, noise=0.002, seed=seed) for seed in range(200))
    found = [dynamic(measure(*each), modelled, accuracy=0) for each in boards]
    assert np.mean([each.low < 1 < each.high for each in found]) > 0.88


def test_what_is_lost_in_noise_is_said_to_be():
    with pytest.raises(InputError, match="is lost in the noise"):
        dynamic(measure(*board(1e-9, noise=0.02)), Modelled(above_idle_pj=1e3, idle_pj=1, static_mw=1), accuracy=0)


def test_idle_power_is_static_power_and_clock():
    modelled = Modelled(above_idle_pj=1, idle_pj=100, static_mw=0.8)
    found = idle(measure(*board(1e-6, idle_watts=0.004)), modelled, 0.0, clock_mhz=12)
    assert found.ratio == pytest.approx(4 / (0.8 + 1.2))


@pytest.mark.parametrize("wrong", [(0, 1), (1, 0, 1, 0, 1), (0, 1, 0), (0, 0, 0, 0, 0), (0, 1, 0, 1)])
def test_phases_alternate(wrong):
    _, readings = board(1e-6)
    phases = [Phase(begin=2.0 * n, end=2.0 * n + 1, samples=samples) for n, samples in enumerate(wrong)]
    with pytest.raises(InputError, match="idle and running in turn"):
        measure(phases, readings)


@pytest.mark.parametrize("order", [[0, 3, 2, 1, 4], [2, 1, 0, 3, 4], [0, 1, 0, 3, 4]])
def test_phases_follow_each_other(order):
    phases, readings = board(1e-6, rounds=2)
    with pytest.raises(InputError, match="phases must follow each other"):
        measure([phases[number] for number in order], readings)


def test_phases_do_not_overlap():
    phases, readings = board(1e-6, rounds=2)
    phases[1] = Phase(begin=0.9, end=3, samples=5)
    with pytest.raises(InputError, match="phases must follow each other"):
        measure(phases, readings)


def test_the_model_is_the_prices_of_work_alone():
    """Energy of an inference without static power, less that of as many idle cycles."""
    data = load_data("digits").first(3)
    prepared = prepare(EXAMPLES / "digits_snn.nir", data, ModelOptions())
    x = prepared.integers(data.x)
    found = model_energy(ICE40, prepared.design, x)
    result = run(prepared.design, x)
    energy = counter_energy(ICE40, prepared.design.params, result.counters, result.cycles)
    assert 0 < found.above_idle_pj < float((energy.total - energy.static).mean())
    assert found.above_idle_pj + found.idle_pj * result.cycles.mean() == pytest.approx(
        float((energy.total - energy.static).mean())
    )


def test_the_file_is_read_as_it_was_written(tmp_path):
    second = Measurement(
        **{**vars(ONE), "configuration": "2", "idle": Interval(ratio=0.9, low=0.8, high=1.0), "meter": 'log "x"'}
    )
    made = Calibration(technology="ice40", measurements=(ONE,)).with_measurement(second)
    (tmp_path / "a.toml").write_text(made.to_toml())
    assert read_calibration(tmp_path / "a.toml") == made
    again = Measurement(**{**vars(ONE), "samples": 10})
    assert made.with_measurement(again).measurements == (second, again)


def test_prices_are_those_that_were_measured():
    found = calibrated(ICE40, Calibration(technology="ice40", measurements=(ONE,)))
    assert found.dsp.pj == pytest.approx(1.3 * ICE40.dsp.pj)
    assert found.addition(8) == pytest.approx(1.3 * ICE40.addition(8))
    assert found.devices == ICE40.devices and found.register.pj_per_cycle == ICE40.register.pj_per_cycle
    assert "uncalibrated" not in found.description and "a on INA219" in found.description
    corners = found.corners()
    assert {round(each.dsp.pj / ICE40.dsp.pj, 9) for each in corners} == {1.2, 1.5}
    spread = {round(each.devices.static_mw[0] / ICE40.devices.static_mw[0], 9) for each in corners}
    assert spread == {round(1 / 1.5, 9), 1.5}, "what was not measured keeps its factor"


def test_a_measured_idle_power_replaces_its_factors_too():
    one = Measurement(**{**vars(ONE), "idle": Interval(ratio=0.9, low=0.8, high=1.0)})
    found = calibrated(ICE40, Calibration(technology="ice40", measurements=(one,)))
    assert found.devices.static_mw[0] == pytest.approx(0.9 * ICE40.devices.static_mw[0])
    ends = {round(each.devices.clock_pj[0] / ICE40.devices.clock_pj[0], 9) for each in found.corners()}
    assert ends == {0.8, 1.0} and len(found.corners()) == 4


def test_several_measurements_span_their_ends():
    other = Measurement(**{**vars(ONE), "configuration": "2", "dynamic": Interval(ratio=0.8, low=0.7, high=0.9)})
    found = Calibration(technology="ice40", measurements=(ONE, other)).dynamic
    assert (found.low, found.high) == (0.7, 1.5) and found.ratio == pytest.approx((1.3 * 0.8) ** 0.5)


def test_a_study_takes_the_calibration(tmp_path):
    (tmp_path / "a.toml").write_text(Calibration(technology="ice40", measurements=(ONE,)).to_toml())
    options = options_given(StudyOptions, {"calibration": tmp_path / "a.toml"})
    by_name = {each.name: each for each in options.technologies}
    assert by_name["ice40"].dsp.pj == pytest.approx(1.3 * ICE40.dsp.pj)
    assert by_name["ecp5"] == load_technology("ecp5")
    assert "calibrated with a on INA219, 0.1 ohm: measured over modelled 1.3 (1.2 to 1.5)" in str(options.measured)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("technology = 3\nmeasurement = []\n", "technology is a name"),
        ('technology = "ice40"\n', "it lacks the key 'measurement'"),
        ('technology = "ice40"\nmeasurement = []\n', "needs a measurement"),
        ("measurement = []\n", "it lacks the key 'technology'"),
        ('technology = "ice40"\nmeasurement = []\nmore = 1\n', "it has an unknown key 'more'"),
        ('technology = "ice40"\nmeasurement = 3\n', r"write \[\[measurement\]\]"),
        ('technology = "ice40"\nmeasurement = [3]\n', r"write \[\[measurement\]\]"),
        ("[", "calibration in TOML"),
    ],
)
def test_a_file_that_is_no_calibration(text, message, tmp_path):
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_calibration(tmp_path / "a.toml")
    assert "a.toml" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("samples = 9", "samples = -5", "samples must be a whole number from 1"),
        ("samples = 9", "samples = true", "samples must be a whole number from 1"),
        ("samples = 9", f"samples = {10**400}", "not a huge number"),
        ("samples = 9\n", "", r"lacks the key 'samples': it has design.*dynamic, and idle may be there"),
        ("samples = 9\n", "samples = 9\nfoo = 1\n", r"an unknown key 'foo': it has design.*, and idle may be there"),
        ("seconds = 2.5", "seconds = nan", "seconds must be a positive number"),
        ("seconds = 2.5", "seconds = -1", "seconds must be a positive number"),
        ("seconds = 2.5", f"seconds = {10**400}", "not a huge number"),
        ('design = "a"', r'design = "a\nb"', "design is a name"),
        ('design = "a"', "design = 3", "design is a name"),
        ('meter = "INA219', r'meter = "\u0007', "meter is a name"),
        ("[1.3, 1.2, 1.5]", f"[1.3, 1.2, {10**400}]", "a measured ratio needs"),
        ("[1.3, 1.2, 1.5]", "[1.3, 1.2, 1e300]", "is beyond 1/1000 to 1000"),
        ("[1.3, 1.2, 1.5]", "[1.3, 1e-300, 1.5]", "is beyond 1/1000 to 1000"),
        ("[1.3, 1.2, 1.5]", "[1.3, 1.2, 1.5]\nidle = 3", "idle: an interval is"),
    ],
)
def test_a_measurement_that_cannot_be(old, new, message, tmp_path):
    good = Calibration(technology="ice40", measurements=(ONE,)).to_toml()
    assert old in good
    (tmp_path / "a.toml").write_text(good.replace(old, new))
    with pytest.raises(InputError, match=message) as caught:
        read_calibration(tmp_path / "a.toml")
    assert "a.toml: measurement 1" in str(caught.value) and len(str(caught.value)) < 300


def test_a_file_that_is_no_text(tmp_path):
    (tmp_path / "a.toml").write_bytes(b'technology = "\xb5"\n')
    with pytest.raises(InputError, match=r"a\.toml is not a readable calibration"):
        read_calibration(tmp_path / "a.toml")


@pytest.mark.parametrize("name", ["a.csv", "\U0001f600 \u00b5 \"'\\.csv", "two\nlines", "\x7f\udcff"])
def test_whatever_the_log_is_called_the_file_can_be_read(name, tmp_path):
    meter = PowerOptions(log=tmp_path / name).meter_name
    for seconds in (1e-9, 2, 1e14):
        made = Calibration(
            technology="ice40", measurements=(Measurement(**{**vars(ONE), "meter": meter, "seconds": seconds}),)
        )
        (tmp_path / "a.toml").write_text(made.to_toml(), encoding="utf-8")
        assert read_calibration(tmp_path / "a.toml") == made


def test_ratios_that_cannot_be(tmp_path):
    good = Calibration(technology="ice40", measurements=(ONE,)).to_toml()
    for wrong in ("[1.3, 1.4, 1.5]", "[0.0, 0.0, 1.0]", "[1.3, 1.2]", "[1.3, 1.2, inf]", "1.3"):
        (tmp_path / "a.toml").write_text(good.replace("[1.3, 1.2, 1.5]", wrong))
        with pytest.raises(InputError, match=r"a measured ratio needs|an interval is"):
            read_calibration(tmp_path / "a.toml")


def test_a_calibration_is_for_the_technology_that_was_measured(tmp_path):
    made = Calibration(technology="mine", measurements=(ONE,))
    with pytest.raises(InputError, match="is of technology mine, not of ice40"):
        calibrated(ICE40, made)
    with pytest.raises(InputError, match="prices standard cells"):
        calibrated(load_technology("osu018"), made)
    (tmp_path / "a.toml").write_text(made.to_toml())
    with pytest.raises(InputError, match="is of technology mine, which is none of"):
        options_given(StudyOptions, {"calibration": tmp_path / "a.toml"})
