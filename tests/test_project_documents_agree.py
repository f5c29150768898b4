"""Documents, metadata and code say the same, so that none of them drifts."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import learndyn as ld
from references.methods import public_methods

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
REFERENCE = "\n".join(page.read_text() for page in (ROOT / "docs/reference").glob("*.md"))
RUNTIME = PYPROJECT["project"]["dependencies"]
EXTRAS = [d for extra in PYPROJECT["project"]["optional-dependencies"].values() for d in extra]
GROUPS = [d for group in PYPROJECT["dependency-groups"].values() for d in group]


def text(name):
    return (ROOT / name).read_text()


def test_every_erratum_is_tested_and_every_counterexample_is_an_erratum():
    named = set(re.findall(r"\btest_\w+", text("docs/errata.md")))
    trees = [ast.parse(file.read_text()) for file in (ROOT / "tests/errata").glob("test_*.py")]
    functions = [getattr(n, "name", "") for tree in trees for n in tree.body]
    written = {name for name in functions if name.startswith("test_")}
    # The one test that is not of an error: the equations that the paper does get right.
    assert written - named == {
        "test_the_gradient_flow_of_appendix_b_is_that_of_the_loss_for_white_input"
    }
    assert named <= written


@pytest.mark.parametrize("requirement", [*RUNTIME, *EXTRAS, *GROUPS])
def test_every_dependency_is_explained_and_so_is_every_upper_bound(requirement):
    name, _, bounds = requirement.partition(">=")
    lower, _, upper = bounds.partition(",")
    page = text("docs/dependencies.md")
    assert re.fullmatch(r"[\d.]+", lower)
    assert re.search(rf"^\|.*\b{re.escape(name)}\b.*\|", page, re.MULTILINE)
    assert not upper or f"Upper bound of {name}, `{upper}`: " in page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        drawn = re.fullmatch(r"drawings/(\w+)\.svg", target)  # when the site is built
        if drawn:
            assert f"@_drawing\ndef {drawn[1]}()" in text("website/drawings.py")
        elif "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_blocks_are_of_the_kinds_that_are_checked_when_pages_run(page):
    assert set(re.findall(r"^ *```(\S*)$", page.read_text(), re.MULTILINE)) <= {
        *("", "python", "bash", "toml", "text")
    }


def test_one_version_everywhere():
    version = PYPROJECT["project"]["version"]
    assert ld.__version__ == version
    assert f"\nversion: {version}\n" in text("CITATION.cff")
    assert f"\n## {version}\n" in text("CHANGELOG.md")


def test_rooms_of_the_house_are_listed_in_the_order_that_is_held():
    (contract,) = PYPROJECT["tool"]["importlinter"]["contracts"]
    held = [layer for layer in contract["layers"] if not layer.startswith("(")]
    table = text("CONTRIBUTING.md").partition("| room | subject |")[2].partition("\n\n")[0]
    listed = [
        name.rstrip("/") for row in table.splitlines() for name in re.findall(r"`(\w+/?)`", row)
    ]
    # The subject column may mention other code, so only the order of rooms is compared.
    assert [name for name in listed if name in held] == held


def test_the_readme_sets_up_everything_in_two_commands():
    commands = re.findall(r"^```bash\n(.*?)\n```$", text("README.md"), re.DOTALL | re.MULTILINE)
    assert [c.partition(" && ")[0] for c in commands] == ["python -m pip install uv"] * 2
    assert [c.partition(" && ")[2] for c in commands] == [
        "python -m uv run learndyn study --out study",
        "python -m uv run pytest",
    ]


def public_names():
    """Names of the package and of the rooms that readers import from, with their values."""
    for name in ld.__all__:
        if not inspect.ismodule(getattr(ld, name)):
            yield name, getattr(ld, name)
    for room in ("figures", "methods", "sources", "tasks", "theory"):
        module = importlib.import_module(f"learndyn.{room}")
        for name in getattr(module, "__all__", vars(module)):
            value = getattr(module, name)
            if not name.startswith("_") and not inspect.ismodule(value):
                yield (name if name in ld.__all__ else f"{room}.{name}"), value


PUBLIC = dict(public_names())


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names_have_an_example_that_runs_and_a_place_in_the_reference(name):
    documentation = inspect.getdoc(PUBLIC[name])
    assert documentation is not None
    assert "\nExample:\n    >>> " in documentation
    assert len(re.findall(rf"^::: learndyn\.{re.escape(name)}$", REFERENCE, re.MULTILINE)) == 1


def test_the_reference_has_public_names_only():
    assert set(re.findall(r"^::: learndyn\.(\S+)$", REFERENCE, re.MULTILINE)) == set(PUBLIC)


def test_every_method_can_be_chosen():
    page = text("docs/reference/methods.md")
    table = page.partition("| method | what it follows")[2].partition("\n\n")[0]
    listed = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert sorted(listed) == sorted(public_methods())


def test_importing_is_light_and_leaves_global_state_alone():
    code = "import learndyn, sys; assert not {'jax', 'matplotlib', 'xarray'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
