"""What the README shows in Python is what Python prints, and what docs/sweeps.md shows runs."""

import doctest
import re
from pathlib import Path

import xarray

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"


def test_python_blocks_of_the_readme_print_what_they_show():
    blocks = re.findall(r"^```python\n(.*?)^```$", README.read_text(), re.DOTALL | re.MULTILINE)
    assert len(blocks) == 5
    session = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "README", "README.md", 0)
    failures = []
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(session, out=failures.append)
    assert result.attempted > 10
    assert result.failed == 0, "".join(failures)


def test_the_first_sweep_of_the_documentation_runs_and_its_store_is_read(tmp_path, monkeypatch):
    blocks = re.findall(
        r"^```python\n(.*?)^```$", (ROOT / "docs/sweeps.md").read_text(), re.S | re.M
    )
    monkeypatch.chdir(tmp_path)
    session: dict = {}
    exec(blocks[0], session)
    with xarray.open_zarr(tmp_path / "trained.zarr") as stored:
        xarray.testing.assert_identical(stored.load(), session["found"])
    assert dict(session["found"].sizes) == {"rate": 2, "scale": 3, "seed": 100}
    for block in blocks[1:]:  # those that need a cluster
        compile(block, "docs/sweeps.md", "exec")
