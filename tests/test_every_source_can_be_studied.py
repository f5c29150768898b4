"""`learndyn study` says the same of trials whatever they are kept in."""

import json
import sys

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

from learndyn.cli import main

OPTIONS = ["--center", "--scale", "0.5", "--max-steps", "50", "--json"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the same trials as a file, a table, a folder and a function."""
    folder = tmp_path_factory.mktemp("kept")
    x = np.random.default_rng(0).normal(size=(60, 2, 1)) + 3
    y = x.sum(1)
    np.savez(folder / "trials.npz", x=x, y=y)
    (folder / "arrays").mkdir()
    np.save(folder / "arrays/x.npy", x)
    np.save(folder / "arrays/y.npy", y)
    rows = [(p, t, x[p, t, 0], y[p, 0] if t else None) for p in range(60) for t in range(2)]
    names = ["who", "time", "stimulus", "choice"]
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    pyarrow.csv.write_csv(pa.table(columns), folder / "trials.csv")
    (folder / "kept_trials.py").write_text(
        "import numpy as np\ndef chunks():\n"
        "    trials = np.load('trials.npz')\n"
        "    for rows in (slice(0, 25), slice(25, None)):\n"
        "        yield trials['x'][rows], trials['y'][rows]\n"
    )
    return folder


SOURCES = {
    "trials.npz": [],
    "arrays": [],
    "trials.csv": ["--inputs", "stimulus", "--targets", "choice", "--trial-column", "who"],
    "kept_trials:chunks": [],
}


@pytest.fixture(scope="module")
def summaries(folder):
    """What the study of each source says."""
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for number, (source, options) in enumerate(SOURCES.items()):
            arguments = [source, *options, *OPTIONS, "--out", f"out{number}"]
            patch.setattr(sys, "argv", ["learndyn", "study", *arguments])
            with pytest.raises(SystemExit) as ended:
                main()
            assert not ended.value.code
            found[source] = json.loads((folder / f"out{number}/summary.json").read_text())
    sys.modules.pop("kept_trials", None)
    return found


@pytest.mark.parametrize("source", SOURCES)
def test_the_study_is_that_of_the_arrays(summaries, source):
    expected, found = summaries["trials.npz"], summaries[source]
    assert found["configuration"]["source"] == f"{source}, centred"
    for name in ("first", "trained", "predicted"):
        np.testing.assert_allclose(found["loss"][name], expected["loss"][name], rtol=1e-6)
    spectra = (each["task"]["temporal_singular_values"] for each in (found, expected))
    np.testing.assert_allclose(*spectra, rtol=1e-6)
