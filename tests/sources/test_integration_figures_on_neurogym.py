"""Figures 6 and A8 hold on the stimuli that NeuroGym draws."""

import json
import sys

import pytest

pytest.importorskip("neurogym")

from learndyn.cli import main
from learndyn.figures import load_figure

pytestmark = pytest.mark.source("neurogym")

REDUCED = {
    "6": {
        "seeds": 3,
        "max_steps": 4000,
        "trials": 1000,
        "times": [0.01, 3e4, 131],
        "test_lengths": [4, 9],
    },
    "A8": {"seeds": 2, "times": [0.01, 3e4, 131]},
}


@pytest.mark.parametrize("name", REDUCED)
def test_every_claim_ends_as_on_exact_statistics(name, monkeypatch, capsys, tmp_path):
    module = load_figure(name)
    numbers = module.CONFIGURATION.changed(**REDUCED[name])
    monkeypatch.setattr(module, "CONFIGURATION", numbers)
    arguments = ["figure", name, "--source", "neurogym", "--out", str(tmp_path), "--json"]
    monkeypatch.setattr(sys, "argv", ["learndyn", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    (summary,) = json.loads(capsys.readouterr().out)
    assert summary["configuration"]["chosen"]["source"] == "neurogym"
    assert {c["id"]: c["held"] for c in summary["claims"]} == {
        c["id"]: c["expected"] for c in summary["claims"]
    }
    assert ended.value.code == 0
