"""The names that predictors import. Everything lives in `coglet`; nothing here needs a package beside Python itself."""

from typing import AsyncIterator

from coglet.api import (
    AsyncConcatenateIterator,
    BaseModel,
    BasePredictor,
    BaseRunner,
    CancelationException,
    CancellationException,
    Coder,
    ConcatenateIterator,
    File,
    Input,
    Path,
    Secret,
    streaming,
)
from coglet.scope import Scope, current_scope, emit_metric

__version__ = "0.1.0"

__all__ = [
    "AsyncConcatenateIterator",
    "AsyncIterator",
    "BaseModel",
    "BasePredictor",
    "BaseRunner",
    "CancelationException",
    "CancellationException",
    "Coder",
    "ConcatenateIterator",
    "File",
    "Input",
    "Path",
    "Scope",
    "Secret",
    "current_scope",
    "emit_metric",
    "streaming",
]
