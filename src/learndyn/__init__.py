"""Learning dynamics of linear recurrent networks.

What a linear RNN will learn from a task, in which order and how fast, beside a network that is
really trained. Start with `learndyn study` on the command line, or with `Problem`, `solve` and
`compare`.
"""

from importlib.metadata import version as _version

import lazy_loader as _lazy

# Names are listed in `__init__.pyi`. Nothing, not even jax, is imported before one is first used.
__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
__version__ = _version("learndyn")
