"""Docstrings of this project say `Example:` where the reader of docstrings knows `Examples:`."""

import griffe


class ExampleSections(griffe.Extension):
    """Reads the section by its other name, so that what it shows is drawn as code."""

    def on_object(self, *, obj: griffe.Object, **_) -> None:
        """Rename the section in the docstring of a name.

        Args:
            obj: whatever has a docstring.
        """
        if obj.docstring:
            obj.docstring.value = obj.docstring.value.replace("\nExample:\n", "\nExamples:\n")
