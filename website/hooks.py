"""Drawings of the pages, made from the library whenever the site is built."""

import drawings
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the drawings to the files of the site.

    Args:
        files: those that were found.
        config: the configuration.

    Returns:
        All of them.
    """
    for name in drawings.names():
        path = f"drawings/{name}.svg"
        files.append(File.generated(config, path, content=drawings.svg(name)))
    return files
