"""The main job as a whole process: `learndyn study --out FOLDER`."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks._measure import Row, at_most, seconds

_COMMAND = "import sys; from learndyn.cli import main; sys.exit(main())"


def run() -> list[Row]:
    """Measure the study of the default source."""
    ended = []

    def study():
        command = [sys.executable, "-c", _COMMAND, "study", "--out", str(Path(folder) / "study")]
        ended.append(subprocess.run(command, capture_output=True, text=True))

    with TemporaryDirectory() as folder:
        duration = seconds(study)
    if ended[0].returncode:
        why = (ended[0].stderr or ended[0].stdout).strip().splitlines()[-1:]
        return [Row("study", "whole process", None, "s", note=f"failed: {''.join(why)}")]
    return [Row("study", "whole process", duration, "s", **at_most(40, duration))]
