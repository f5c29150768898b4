"""Figures side by side: their page, and that one which fails loses no other."""

import contextlib
import dataclasses
import itertools
import json
import multiprocessing
import os
import re
import shutil
import sys
import time
import xml.etree.ElementTree

import numpy as np
import pytest
import xarray

from learndyn.cli import main
from learndyn.figures import (
    FIGURES,
    Claim,
    Configuration,
    FigureResult,
    _group,
    load_figure,
    make_group,
)
from learndyn.figures._report import report_of
from references.few_figures import only_figures
from references.page import Page

AWKWARD = "<b>&amp; a sentence</b>"
CLAIMS = [
    Claim("a", "It holds.", "a gap", 0.00123, "<=", 0.01),
    Claim("b", AWKWARD, "a share", 1.0, "<", 0.5, expected=False, erratum=12, note="For b < 1."),
    Claim("b*", "That holds.", "a share", float("nan"), ">=", 0.5, expected=False, note="Not yet."),
]


def of(name, claims=CLAIMS):
    return [dataclasses.replace(claim, id=f"{name}{claim.id}") for claim in claims]


def made(name, configuration=None):
    """A small figure under the name of one of ours, with a drawing that has all that SVG names."""
    configuration = configuration or load_figure(name).CONFIGURATION
    data = xarray.Dataset({"y": ("x", np.arange(3.0))}, attrs={"format": "learndyn figure 1"})
    return FigureResult(name, f"what {name} shows", configuration, data, of(name))


@contextlib.contextmanager
def small_figures():
    """Three small figures, made in this process."""
    with only_figures({"2", "A2", "M2"}), pytest.MonkeyPatch.context() as patch:
        for name in FIGURES:
            module = load_figure(name)
            patch.setattr(module, "data", lambda _, name=name: made(name).data)
            patch.setattr(module, "draw", drawn)
            patch.setattr(module, "claims", lambda _, name=name: of(name))
        patch.setattr(_group, "available_processors", lambda: 1)
        yield


@pytest.fixture
def small():
    with small_figures():
        yield


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder of three small figures and their page."""
    folder = tmp_path_factory.mktemp("finished")
    with small_figures():
        numbers = {name: load_figure(name).CONFIGURATION for name in FIGURES}
        assert not any(outcome.failure for outcome in make_group(numbers, folder, list(numbers)))
    return folder


@pytest.fixture(scope="module")
def page(finished):
    return read(finished)


def drawn(_):
    from matplotlib.figure import Figure

    figure = Figure()
    axes = figure.add_subplot()
    axes.plot([0, 1, 3], [1, 2, 0], "o-", label="θ <&>")
    axes.pcolormesh(np.eye(3))
    axes.legend()
    return figure


def run(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["learndyn", "figure", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code, *capsys.readouterr()


def read(folder):
    return Page((folder / "report.html").read_text(encoding="utf-8"))


def test_every_claim_stands_on_the_page_with_what_was_measured(page, small):
    rows = {e["id"].removeprefix("claim-"): e for e in page.of("tr") if e.get("id")}
    assert list(rows) == [claim.id for name in FIGURES for claim in of(name)]
    for claim in (claim for name in FIGURES for claim in of(name)):
        row = rows[claim.id]
        identifier, held, sentence, measured, bound = row.children
        assert (identifier.tag, identifier.text) == ("th", claim.id)
        assert held.text == ("yes" if claim.held else "no")
        for words in (claim.sentence, claim.measure, claim.note):
            assert words in sentence.text
        assert ("Erratum 12" in sentence.text) == (claim.erratum == 12)
        exact = [float(number["value"]) for number in measured.children + bound.children]
        assert exact == [x for x in (claim.value, claim.bound) if np.isfinite(x)]
        assert ("not finite" in measured.text) == bool(np.isnan(claim.value))


def test_the_page_begins_with_what_holds_and_what_does_not(page, small):
    (short,) = [e for e in page.of("section") if e.get("class") == "short"]
    assert "9 claims were measured, in 3 figures of 3: 3 hold, 6 do not." in short.text
    assert "Every claim ended as recorded" in short.text
    links = {e["href"]: e for e in page.of("a")}
    for name in FIGURES:
        assert f"#figure-{name}" in links
        for letter in ("b", "b*"):
            item = links[f"#claim-{name}{letter}"].parent
            assert item.tag == "li"
            assert next(c for c in CLAIMS if c.id == letter).note in item.text


def test_the_page_says_how_long_each_figure_took_and_with_which_numbers(page, finished, small):
    seconds = json.loads((finished / "times.json").read_text())["seconds"]
    assert list(seconds) == list(FIGURES)
    captions = dict(zip(FIGURES, page.of("figcaption"), strict=True))
    for name, caption in captions.items():
        assert "In full" in caption.text
        assert [float(n["value"]) for n in caption.children] == list(seconds[name].values())
    summary = json.loads((finished / "2.json").read_text())
    text = page.of("body")[0].text
    for key, number in summary["configuration"]["chosen"].items():
        assert f"{key.replace('_', ' ')} {json.dumps(number)}" in text
    for package, version in summary["versions"].items():
        assert f"{package} {version}" in text


def test_the_page_needs_nothing_else_and_no_two_drawings_share_an_identifier(page):
    identifiers = [e["id"] for e in page.elements if e.get("id") is not None]
    assert len(identifiers) == len(set(identifiers))
    named = set()
    for element in page.elements:
        assert element.tag not in ("script", "link", "img", "iframe", "object", "base", "image")
        for key, value in element.attributes.items():
            assert not key.startswith("on")
            assert "//" not in (value or ""), (element.tag, key, value)
            if key in ("href", "src", "aria-labelledby"):
                named.add(value.removeprefix("#"))
            named |= {one.removeprefix("#") for one in re.findall(r"url\((.*?)\)", value or "")}
    assert named <= set(identifiers)
    assert len([one for one in named if re.match(r"d(2|A2|M2)-", one)]) > 6
    style = page.of("style")[0].text
    assert "url(" not in style
    assert "@import" not in style


def test_the_page_can_be_read_without_eyes_and_without_a_mouse(page, small):
    assert page.of("html")[0]["lang"] == "en"
    levels = [int(e.tag[1]) for e in page.of("h1", "h2", "h3", "h4")]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    for drawing, name in zip(page.of("svg"), FIGURES, strict=True):
        assert drawing["role"] == "img"
        assert f"Figure {name}: " in drawing["aria-label"]
    for part in page.of("table", "svg"):
        around = part.parent
        assert (around["role"], around["tabindex"]) == ("region", "0")
        assert around["aria-label"]
    for header in page.of("th"):
        assert header["scope"] in ("col", "row")
    assert len(page.of("main")) == len(page.of("nav")) == 1


def test_drawings_on_the_page_lose_nothing_that_is_seen(page, finished):
    root = xml.etree.ElementTree.parse(finished / "2.svg").getroot()
    tags = [e.tag.rpartition("}")[2] for e in root.find("{*}g").iter()]
    inside = [e.tag for e in page.elements if _within(e, page.of("svg")[0])]
    for tag in ("path", "use"):
        assert inside.count(tag) >= tags.count(tag) > 10


def _within(element, other):
    while element is not None and element is not other:
        element = element.parent
    return element is not None


@pytest.mark.parametrize("error", [MemoryError("9 EiB"), ZeroDivisionError("by\nzero")])
def test_a_figure_that_fails_loses_no_other_and_is_all_that_the_next_run_makes(
    error, small, monkeypatch, capsys, tmp_path
):
    module, sentence = load_figure("A2"), {MemoryError: "9 EiB", ZeroDivisionError: "by"}
    good = module.data

    def bad(_):
        raise error

    monkeypatch.setattr(module, "data", bad)
    code, _, told = run(monkeypatch, capsys, "all", "--out", tmp_path)
    assert code == 2
    assert "2/3 figure A2: not made." in told
    assert told.strip().splitlines()[-1].startswith("learndyn: Figure A2 was not made: ")
    assert sentence[type(error)] in told
    (section,) = [
        e for e in read(tmp_path).of("section") if e.get("aria-labelledby") == "figure-A2"
    ]
    assert "Not made." in section.text
    assert sentence[type(error)] in section.text
    kept = {name: (tmp_path / f"{name}.json").stat().st_mtime_ns for name in ("2", "M2")}
    assert not (tmp_path / "A2.json").exists()
    monkeypatch.setattr(module, "data", good)
    assert run(monkeypatch, capsys, "all", "--out", tmp_path)[0] == 0
    assert {name: (tmp_path / f"{name}.json").stat().st_mtime_ns for name in kept} == kept
    page = read(tmp_path)
    assert "Not made" not in page.of("body")[0].text
    assert len(page.of("figcaption")) == 3


def test_nothing_is_left_where_no_figure_could_be_made(small, monkeypatch, capsys, tmp_path):
    def bad(_):
        raise MemoryError

    monkeypatch.setattr(load_figure("A2"), "data", bad)
    assert run(monkeypatch, capsys, "A2", "--out", tmp_path / "out")[0] == 2
    assert not (tmp_path / "out").exists()


def test_an_interruption_keeps_finished_figures_and_says_so(small, monkeypatch, capsys, tmp_path):
    def interrupted(_):
        raise KeyboardInterrupt

    module = load_figure("M2")
    good = module.data
    monkeypatch.setattr(module, "data", interrupted)
    code, _, told = run(monkeypatch, capsys, "all", "--out", tmp_path)
    assert code == 130
    assert f"Interrupted after 2 of 3 figures, kept in {tmp_path}." in told
    page = read(tmp_path)
    assert "Not made yet: M2" in page.of("section")[0].text
    monkeypatch.setattr(module, "data", good)
    assert run(monkeypatch, capsys, "M2", "--out", tmp_path)[0] == 0
    # The page shows the whole folder, whichever of its figures were asked for last.
    assert [e["id"] for e in read(tmp_path).of("h2")][2:5] == [f"figure-{n}" for n in FIGURES]


@pytest.mark.parametrize("before", [None, "half"])
def test_a_page_that_is_missing_or_old_is_made_of_finished_figures(
    before, small, finished, monkeypatch, capsys, tmp_path
):
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    report = tmp_path / "report.html"
    whole = report.read_text(encoding="utf-8")
    if before is None:
        report.unlink()
    else:
        report.write_text(whole.replace('id="claim-2a"', ""), encoding="utf-8")
    assert run(monkeypatch, capsys, "all", "--out", tmp_path)[0] == 0
    assert report.read_text(encoding="utf-8") == whole
    code, _, told = run(monkeypatch, capsys, "all", "--out", tmp_path)
    assert code == 2
    assert "finished" in told


@pytest.mark.parametrize("name", ["report.html", "times.json"])
def test_a_page_of_another_hand_is_left_alone(name, small, monkeypatch, capsys, tmp_path):
    (tmp_path / name).write_text("<p>mine</p>")
    code, _, told = run(monkeypatch, capsys, "2", "--out", tmp_path)
    assert code == 2
    assert f"other files, such as {name}" in told
    assert (tmp_path / name).read_text() == "<p>mine</p>"


def test_another_outcome_than_the_recorded_one_stands_at_the_top(
    small, monkeypatch, capsys, tmp_path
):
    surprise = [dataclasses.replace(c, expected=not c.expected) for c in of("A2")]
    monkeypatch.setattr(load_figure("A2"), "claims", lambda _: surprise)
    code, _, told = run(monkeypatch, capsys, "all", "--out", tmp_path)
    assert code == 1
    assert "unexpected: A2a, A2b, A2b*" in told
    (short,) = [e for e in read(tmp_path).of("section") if e.get("class") == "short"]
    assert "Ended otherwise than recorded: A2a (holds), A2b" in short.text


def test_a_quick_look_and_numbers_of_their_own_are_told_apart(small, monkeypatch, tmp_path):
    full = {name: load_figure(name).CONFIGURATION for name in FIGURES}
    monkeypatch.setattr(load_figure("2"), "QUICK", {"points": 31}, raising=False)
    made("2", full["2"].changed(points=31)).save(tmp_path)
    made("A2", full["2"]).save(tmp_path)
    made("M2", full["M2"]).save(tmp_path)
    captions = [e.text for e in Page(report_of(tmp_path, [], {})).of("figcaption")]
    starts = ["A quick look", "With numbers of its own", "In full"]
    assert [text.partition(".")[0] for text in captions] == starts


class _Ended:
    """Ends the process in which it is unpickled."""

    def __reduce__(self):
        return os._exit, (9,)


class _Waits:
    """Keeps the process in which it is unpickled."""

    def __reduce__(self):
        return time.sleep, (600,)


def test_a_figure_whose_process_ends_loses_no_other_and_who_is_interrupted_leaves_no_process(
    monkeypatch, tmp_path
):
    monkeypatch.setattr(_group, "available_processors", lambda: 2)
    numbers = {
        "2": Configuration({}, {"nothing": _Ended()}),
        "A2": load_figure("A2").CONFIGURATION.changed(b=[-1.4, 1.4, 9], u=[-1.0, 3.0, 9]),
        "M2": Configuration({}, {"nothing": _Waits()}),
    }
    outcomes = make_group(numbers, tmp_path, list(numbers))
    ended = {outcome.name: outcome for outcome in itertools.islice(outcomes, 2)}
    assert set(ended) == {"2", "A2"}
    assert "its process ended with code 9" in ended["2"].failure
    assert not ended["A2"].failure
    assert ended["A2"].processor > 0
    text = read(tmp_path).of("body")[0].text
    assert "Figure 2 was not made: " in text
    assert "Not made yet: M2." in text
    # As a generator is closed where an interruption leaves it.
    outcomes.close()
    assert not multiprocessing.active_children()
