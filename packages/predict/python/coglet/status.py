"""Tells the server that there is something to look at: over a pipe where it gave one, else by POST to its address, from a thread of its own."""

import http.client
import json
import os
import queue
import threading
import urllib.parse
from typing import Any, Optional

TIMEOUT_S = 10


class PipeStatus:
    """One letter or word a line: the server looks at the files, whatever it says."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        # What the predictor starts has nothing to say here, and a server that stands still must not hold up a prediction.
        os.set_inheritable(descriptor, False)
        os.set_blocking(descriptor, False)

    def tell(self, status: str) -> None:
        try:
            os.write(self._descriptor, f"{status}\n".encode())
        except OSError:
            # Full, or gone: the server looks by the clock as well.
            pass

    def close(self) -> None:
        pass


def open_status(name: str, url: str) -> Any:
    descriptor = os.environ.pop("COGLET_STATUS_FD", None)
    return Status(name, url) if descriptor is None else PipeStatus(int(descriptor))


class Status:
    def __init__(self, name: str, url: str) -> None:
        self._name = name
        self._url = urllib.parse.urlsplit(url)
        self._queue: "queue.Queue[Optional[str]]" = queue.Queue()
        self._connection: Optional[http.client.HTTPConnection] = None
        self._thread = threading.Thread(target=self._work, name="coglet-status", daemon=True)
        self._thread.start()

    def tell(self, status: str) -> None:
        self._queue.put(status)

    def close(self) -> None:
        """Sends what is left and ends."""
        self._queue.put(None)
        self._thread.join(TIMEOUT_S)

    def _work(self) -> None:
        while True:
            status = self._queue.get()
            if status is None:
                return
            try:
                self._post(status)
            except (OSError, http.client.HTTPException):
                # The server looks at the files by itself as well: a status that is lost costs time, nothing else.
                self._connection = None

    def _post(self, status: str) -> None:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self._url.hostname or "127.0.0.1", self._url.port, timeout=TIMEOUT_S)
        body = json.dumps({"name": self._name, "pid": os.getpid(), "status": status})
        self._connection.request("POST", self._url.path, body, {"Content-Type": "application/json"})
        self._connection.getresponse().read()
