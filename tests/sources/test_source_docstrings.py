"""Examples in docstrings that need an optional package run where it is installed."""

import doctest

import pytest

from learndyn import sources


@pytest.mark.parametrize(
    ("name", "package"),
    [("digits", "sklearn"), ("neurogym_integration", "neurogym"), ("neurogym_task", "neurogym")],
)
def test_example_prints_what_it_shows(name, package):
    pytest.importorskip(package)
    (example,) = doctest.DocTestFinder(recurse=False).find(getattr(sources, name), name, globs={})
    for line in example.examples:
        line.options.pop(doctest.SKIP, None)
    result = doctest.DocTestRunner().run(example)
    assert result.attempted > 0
    assert result.failed == 0
