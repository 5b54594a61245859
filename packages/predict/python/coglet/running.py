"""One prediction that runs: its responses, in order, and what gathers until the next of them."""

import os
import pathlib
import threading
import time
from datetime import datetime, timezone
from typing import Any, Callable, Dict, List, Optional

from coglet.kinds import Files
from coglet.scope import Scope
from coglet.shield import shield
from coglet.signature import Output

# A response is a file: a predictor that yields faster than this has several values in one.
GATHER_S = 0.01


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="microseconds")


class Running:
    def __init__(
        self,
        request: Dict[str, Any],
        output: Output,
        write: Callable[[str, Dict[str, Any]], None],
        told: Callable[[], None],
    ) -> None:
        self.id: str = request["id"]
        self.input: Dict[str, Any] = request.get("input") or {}
        self.scope = Scope(dict(request.get("context") or {}), self._soon)
        self.is_canceled = False
        self._output = output
        self._write_file = write
        self._told = told
        # Ours asks for what is new since the last one; others want all so far when there is a webhook, and else the end alone.
        self._is_incremental = request.get("incremental") is True
        self._is_followed = self._is_incremental or bool(request.get("webhook"))
        self._lock = threading.RLock()
        self._values: List[Any] = []
        self._new_from = 0
        self._files: Files = {}
        self._number = 0
        self._sent_at = 0.0
        self._timer: Optional[threading.Timer] = None
        self._is_over = False

    def start(self) -> None:
        if self._is_followed:
            with self._lock:
                self._write({"status": "starting"})
            self._told()

    def value(self, value: Any) -> None:
        """One of several outputs."""
        with shield, self._lock:
            index = len(self._values) - self._new_from if self._is_incremental else len(self._values)
            self._values.append(self._output.kind.encode(value, f"/{index}", self._mark))
            self._soon()

    def finish(self, status: str, value: Any = None, error: Optional[str] = None) -> None:
        with self._lock:
            response: Dict[str, Any] = {"status": status, "completed_at": now()}
            if self._output.iterates:
                response.update(self._gathered())
            elif status == "succeeded":
                response["output"] = self._output.kind.encode(value, "", self._mark)
            if error is not None:
                response["error"] = error
            self._is_over = True
            if self._timer is not None:
                self._timer.cancel()
            self._write(response)

    def _mark(self, at: str, path: pathlib.Path) -> str:
        self._files[at] = os.path.abspath(path)
        return self._files[at]

    def _gathered(self) -> Dict[str, Any]:
        if not self._is_incremental:
            return {"output": list(self._values)}
        values = self._values[self._new_from :]
        facts = {"output": values, "output_from": self._new_from}
        self._new_from = len(self._values)
        return facts

    def _soon(self) -> None:
        """The first of a while goes at once, what follows it gathers."""
        with shield, self._lock:
            if not self._is_followed or self._is_over or self._timer is not None:
                return
            wait_s = self._sent_at + GATHER_S - time.monotonic()
            if wait_s > 0:
                self._timer = threading.Timer(wait_s, self._send)
                self._timer.daemon = True
                self._timer.start()
                return
            self._send()

    def _send(self) -> None:
        with self._lock:
            self._timer = None
            if self._is_over:
                return
            gathered = self._gathered() if self._output.iterates else {}
            self._write({"status": "processing", **gathered})
        self._told()

    def _write(self, response: Dict[str, Any]) -> None:
        metrics = self.scope.metrics.copy()
        if metrics:
            response["metrics"] = metrics
        if self._files:
            # Which of the strings are files is told beside them: a string that looks like one is none.
            response["files"] = self._files
            if self._is_incremental:
                self._files = {}
        self._write_file(f"response-{self.id}-{self._number:05}.json", response)
        self._number += 1
        self._sent_at = time.monotonic()
