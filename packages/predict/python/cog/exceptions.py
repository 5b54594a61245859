"""Where some predictors import it from."""

from coglet.api import CancelationException, CancellationException

__all__ = ["CancelationException", "CancellationException"]
