"""Output of code, told apart by prediction: whole lines, each with `[pid={id}] ` before it, over the real descriptors."""

import contextvars
import io
import os
import threading
from typing import Any, Callable, Dict, Optional

from coglet.shield import shield

MAX_LINE_CHARACTERS = 16 * 1024
CUT = " ... [line cut]"
# What no line of a predictor can hold: where it stands, the output of a prediction is over.
END_MARK = "\x1eEND"

_current: "contextvars.ContextVar[Optional[str]]" = contextvars.ContextVar("coglet_prediction", default=None)


def enter_prediction(prediction_id: str) -> None:
    _current.set(prediction_id)


class LineWriter(io.TextIOBase):
    """Stands in for sys.stdout or sys.stderr. Joins partial lines per prediction; a carriage return ends a line."""

    def __init__(self, descriptor: int, only_running: Callable[[], Optional[str]]) -> None:
        super().__init__()
        self._descriptor = descriptor
        # Threads that a predictor starts have no context: what they say is the only running one's.
        self._only_running = only_running
        self._partial: Dict[Optional[str], str] = {}
        self._lock = threading.RLock()
        self.buffer = _Bytes(self)

    encoding = "utf-8"
    errors = "replace"

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return self._descriptor

    def reconfigure(self, **_: Any) -> None:
        return None

    def write(self, text: str) -> int:
        prediction = _current.get() or self._only_running()
        with shield, self._lock:
            lines = (self._partial.get(prediction, "") + text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
            for line in lines[:-1]:
                self._emit(prediction, line)
            rest = lines[-1]
            # One more than is kept, so that the cut is seen when the line ends.
            self._partial[prediction] = rest[: MAX_LINE_CHARACTERS + 1]
        return len(text)

    def flush(self) -> None:
        """Does nothing: a line that is not over is not sent in pieces."""

    def end(self, prediction: Optional[str]) -> None:
        """The last words of a prediction, and the mark that there are no more."""
        with self._lock:
            rest = self._partial.pop(prediction, "")
            if rest:
                self._emit(prediction, rest)
            if prediction is not None:
                self._send(f"[pid={prediction}] {END_MARK}\n")

    def _emit(self, prediction: Optional[str], line: str) -> None:
        if len(line) > MAX_LINE_CHARACTERS:
            line = line[:MAX_LINE_CHARACTERS] + CUT
        prefix = "" if prediction is None else f"[pid={prediction}] "
        self._send(f"{prefix}{line.replace(END_MARK, '')}\n")

    def _send(self, text: str) -> None:
        data = text.encode("utf-8", "replace")
        while data:
            data = data[os.write(self._descriptor, data) :]


class _Bytes(io.RawIOBase):
    """`sys.stdout.buffer`."""

    def __init__(self, text: LineWriter) -> None:
        super().__init__()
        self._text = text

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        raw = bytes(data)
        self._text.write(raw.decode("utf-8", "replace"))
        return len(raw)
