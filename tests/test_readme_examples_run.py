"""What the README shows in Python is what Python prints."""

import doctest
import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def test_python_blocks_of_the_readme_print_what_they_show():
    blocks = re.findall(r"^```python\n(.*?)^```$", README.read_text(), re.DOTALL | re.MULTILINE)
    assert len(blocks) == 5
    session = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "README", "README.md", 0)
    failures = []
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(session, out=failures.append)
    assert result.attempted > 10
    assert result.failed == 0, "".join(failures)
