"""How a prediction ended, whatever it raised."""

import traceback
from typing import Any, NamedTuple, Optional

from coglet.kinds import DoesNotFit


class Outcome(NamedTuple):
    status: str
    value: Any = None
    error: Optional[str] = None


CANCELED = Outcome("canceled")


def failed(error: BaseException) -> Outcome:
    """One prediction's error is that prediction's. What did not fit needs no trace: its message says all."""
    if isinstance(error, DoesNotFit):
        return Outcome("failed", error=str(error))
    traceback.print_exc()
    return Outcome("failed", error=describe(error))


def describe(error: BaseException) -> str:
    return str(error) or type(error).__name__
