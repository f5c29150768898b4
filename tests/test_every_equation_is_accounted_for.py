"""The ledger of equations names every equation once, and only what there is."""

import ast
import functools
import re
from pathlib import Path

import pytest

import learndyn as ld
from references import ledger

ROOT = Path(__file__).parents[1]
ROWS = ledger.rows()
FILLED = [row for row in ROWS if row["says"] != "empty"]


def by_equations(row):
    return row["equations"]


@functools.cache
def functions_of(file):
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@functools.cache
def errata():
    headings = re.findall(r"^## (\d+)\. ", (ROOT / "docs/errata.md").read_text(), re.MULTILINE)
    return list(map(int, headings))


def test_the_page_is_that_of_the_register():
    assert ledger.PAGE.read_text(encoding="utf-8") == ledger.page()


def test_every_number_occurs_once():
    assert sorted(n for row in ROWS for n in ledger.numbers(row)) == list(range(1, 205))


def test_rows_are_in_order_and_a_row_begins_with_its_original():
    firsts = [ledger.numbers(row)[0] for row in ROWS]
    assert firsts == sorted(firsts)
    assert all(ledger.numbers(row) == sorted(ledger.numbers(row)) for row in ROWS)


@pytest.mark.parametrize("row", FILLED, ids=by_equations)
def test_symbols_tests_and_errata_of_a_row_exist(row):
    for symbol in row["symbols"]:
        functools.reduce(getattr, symbol.split("."), ld)
    for test in row["tests"]:
        file, _, name = test.partition("::")
        assert name in functions_of(file), test
    assert set(row.get("errata", [])) <= set(errata())
    assert len(set(row["tests"])) == len(row["tests"])


@pytest.mark.parametrize("row", FILLED, ids=by_equations)
def test_the_library_has_every_equation_and_a_test_of_it(row):
    assert row["symbols"]
    assert row["tests"]


def test_names_of_the_theory_in_the_errata_exist():
    text = (ROOT / "docs/errata.md").read_text(encoding="utf-8")
    names = re.findall(r"`theory\.(\w+)`", text)
    assert names
    assert [name for name in names if not hasattr(ld.theory, name)] == []


def test_errata_are_numbered_from_one():
    assert errata() == list(range(1, len(errata()) + 1))


def test_every_erratum_of_a_numbered_equation_is_in_its_row():
    text = (ROOT / "docs/errata.md").read_text(encoding="utf-8")
    of_equation = {n: row.get("errata", []) for row in ROWS for n in ledger.numbers(row)}
    for heading in re.findall(r"^## (\d+)\. .*\((.*)\)$", text, re.MULTILINE):
        listed = re.findall(r"\beqs? ([\d–, and]+)", heading[1])
        spans = re.findall(r"(\d+)(?:–(\d+))?", " ".join(listed))
        for first, last in spans:
            for n in range(int(first), int(last or first) + 1):
                empty = n in ledger.numbers(next(r for r in ROWS if r["says"] == "empty"))
                assert empty or int(heading[0]) in of_equation[n], (n, heading)
