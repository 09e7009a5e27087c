"""Published comparisons, computed again."""

import json

from support.command_line import tospike

from tospike.compare.energy.literature import published_results


def test_the_authors_scripts_are_reproduced():
    computed = {each.claim: each for each in published_results() if each.paper == "Ottati et al. 2023"}
    assert len(computed) == 4 and all(each.reproduced and each.constants for each in computed.values())


def test_what_is_not_reproduced_says_what_is_missing():
    quoted = [each for each in published_results() if not each.reproduced]
    assert quoted and all(each.missing and each.source for each in quoted)
    assert "which give 1.67" in next(each.missing for each in quoted if each.paper.startswith("Davidson"))


def test_the_command(tmp_path):
    result = tospike("energy", "literature", "--json", "found.json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    found = json.loads((tmp_path / "found.json").read_text())
    assert [each["reproduced"] for each in found].count(True) == 4
    assert "0.545" in result.stdout and "quoted; missing" in " ".join(result.stdout.split())
