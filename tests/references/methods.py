"""The methods that the library has."""

import inspect

import learndyn as ld


def public_methods():
    """Classes of methods that can be made, by name."""
    return {
        name: value
        for name, value in vars(ld.methods).items()
        if inspect.isclass(value)
        and issubclass(value, ld.methods.Method)
        and not inspect.isabstract(value)
    }
