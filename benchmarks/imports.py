"""What importing costs, in whole processes beside `import jax`."""

import subprocess
import sys

from benchmarks._measure import Interleaved, Row, at_most

_STATEMENTS = {
    "import learndyn": "import learndyn",
    "learndyn.LinearRNN": "import learndyn; learndyn.LinearRNN",
    "learndyn.solve": "import learndyn; learndyn.solve",
}


def run() -> list[Row]:
    """Measure all statements, each in pairs with `import jax`."""
    rows = []
    for name, statement in _STATEMENTS.items():
        _process(statement)  # compiled modules and files in memory
        timed = Interleaved(
            {
                "jax": (lambda: _process("import jax"), 1),
                "ours": (lambda code=statement: _process(code), 1),
            },
            rounds=7,
        )
        ratio = timed.ratio("ours", "jax")
        rows += [
            Row("imports", name, timed.median("ours"), "s"),
            Row("imports", "import jax", timed.median("jax"), "s"),
            Row("imports", f"{name} / import jax", ratio, "x", **at_most(1.3, ratio)),
        ]
    return rows


def _process(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True)
