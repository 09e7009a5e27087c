"""``tospike demo``."""

import pytest
from support.command_line import refused, tospike
from support.networks import write_networks


def test_the_digits_side_by_side(tmp_path):
    said = tospike("demo", "--sample", "8", "--out", "out", cwd=tmp_path)
    assert said.returncode == 0, said.stderr
    assert "digits_snn" in said.stdout and "digits_ann" in said.stdout and "5, right" in said.stdout
    assert "\x1b" not in said.stdout  # plain text where there is no terminal
    assert "digits_snn answers 5" in (tmp_path / "out" / "demo.html").read_text()


def test_own_networks(tmp_path):
    write_networks(tmp_path)
    said = tospike("demo", "a.onnx", "--data", "npz:d.npz", cwd=tmp_path)
    assert said.returncode == 0 and "membranes" not in said.stdout, said.stderr


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("--sample", "449"), ("no sample 449", "0 to 448")),
        (("--data", "npz:d.npz"), ("give the MODEL", "npz:d.npz")),
        (("--technology", "vacuum"), ("no technology 'vacuum'",)),
        (("none.onnx",), ("none.onnx",)),
    ],
)
def test_bad_input_is_one_line(given, words, tmp_path):
    refused(tospike("demo", *given, "--out", "out", cwd=tmp_path), *words)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_rtl_is_equal(tmp_path):
    said = tospike("demo", "--rtl", cwd=tmp_path)
    assert said.returncode == 0 and said.stdout.count("equal") == 2, said.stderr
