"""What the site has beside its pages: drawings, made when it is built, and a style."""

from pathlib import Path

import drawings
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add drawings and style to the files of the site.

    Args:
        files: those that were found.
        config: the configuration.

    Returns:
        All of them.
    """
    for name in drawings.names():
        path = f"drawings/{name}.svg"
        files.append(File.generated(config, path, content=drawings.svg(name)))
    style = Path(__file__).with_name("site.css")
    files.append(File.generated(config, style.name, abs_src_path=str(style)))
    return files


def on_page_content(html: str, page: Page, **_) -> None:  # noqa: ARG001
    """Leave out the table of contents where it would be empty, for the width of tables.

    Args:
        html: the page.
        page: what is known of it.
    """
    if not any(title.children for title in page.toc):
        page.meta.setdefault("hide", ["toc"])
