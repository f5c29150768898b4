"""The command line: parses, calls, prints."""

from learndyn.cli._main import main as main
