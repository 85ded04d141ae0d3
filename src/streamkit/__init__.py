"""streamkit: streaming answers of language models, the same for every vendor."""

from streamkit.hookspecs import hookimpl

__all__ = ["hookimpl"]
