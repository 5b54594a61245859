"""What code inside `predict` knows of its prediction: context and metrics. Found by a context variable, so overlapping predictions keep apart."""

import contextvars
import threading
from typing import Any, Callable, Dict, Optional

from coglet.shield import shield

# `incr` is what `increment` is called elsewhere.
MODES = ("replace", "increment", "incr", "append")


class Metrics:
    """Metrics of one prediction by dotted name; `scope.metrics["tokens.in"] = 3` works too."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._values: Dict[str, Any] = {}
        self._lock = threading.Lock()
        self._changed = changed

    def record(self, name: str, value: Any, mode: str = "replace") -> None:
        if mode not in MODES:
            raise ValueError(f"mode is one of {', '.join(MODES)}, not {mode!r}")
        parts = name.split(".")
        if not all(parts) or len(parts) > 4:
            raise ValueError(f"{name!r} is no name of a metric: one to four words joined by dots")
        if parts[0] == "predict_time":
            # Measured by the server, whatever a predictor says.
            return
        with shield, self._lock:
            place = self._values
            for part in parts[:-1]:
                place = place.setdefault(part, {})
                if not isinstance(place, dict):
                    raise TypeError(f"the metric {part!r} has a value, nothing can be below it")
            self._put(place, parts[-1], value, mode)
        self._changed()

    @staticmethod
    def _put(place: Dict[str, Any], key: str, value: Any, mode: str) -> None:
        if value is None and mode == "replace":
            place.pop(key, None)
        elif mode == "replace":
            place[key] = value
        elif mode in ("increment", "incr"):
            former = place.get(key, 0)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not isinstance(former, (int, float)):
                raise TypeError(f"the metric {key!r} cannot be incremented by {value!r}")
            place[key] = former + value
        else:
            former = place.get(key, [])
            if not isinstance(former, list):
                raise TypeError(f"the metric {key!r} is no list, nothing can be appended to it")
            place[key] = [*former, value]

    def __setitem__(self, name: str, value: Any) -> None:
        self.record(name, value)

    def __delitem__(self, name: str) -> None:
        self.record(name, None)

    def copy(self) -> Dict[str, Any]:
        with self._lock:
            return {**self._values}


class Scope:
    def __init__(self, context: Dict[str, str], changed: Callable[[], None] = lambda: None) -> None:
        self.context = context
        self.metrics = Metrics(changed)

    def record_metric(self, name: str, value: Any, mode: str = "replace") -> None:
        self.metrics.record(name, value, mode)


_scope: "contextvars.ContextVar[Optional[Scope]]" = contextvars.ContextVar("coglet_scope", default=None)


def current_scope() -> Scope:
    """The scope of the running prediction. Outside of one it takes everything and keeps nothing."""
    return _scope.get() or Scope({})


def enter_scope(scope: Scope) -> None:
    _scope.set(scope)


def emit_metric(name: str, value: Any) -> None:
    current_scope().record_metric(name, value)
