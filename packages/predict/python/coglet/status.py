"""Tells the server that there is something to look at: by POST to its address, from a thread of its own."""

import http.client
import json
import os
import queue
import threading
import urllib.parse
from typing import Optional

TIMEOUT_S = 10


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
