"""What the server puts into the folder: requests, cancels, checks and the stop, looked for by a thread of its own."""

import os
import select
import sys
import threading
import time
import traceback
from typing import Any, Callable

from coglet.folder import Folder
from coglet.outcome import describe

# With a doorbell files are looked for when it rings; without one, this often.
RING_LIMIT_S = 0.25
POLL_S = 0.01


class Inbox:
    def __init__(self, folder: Folder, host: Any) -> None:
        """`host`: is told `request(id, body)`, which may raise, `refuse(id, error)`, `cancel(id)`, `check(name)`, `stop()` and, each round, `tick()`."""
        self._folder = folder
        self._host = host

    def start(self) -> None:
        threading.Thread(target=self._watch, name="coglet-watch", daemon=True).start()

    def _watch(self) -> None:
        """Ends the process when the server, which holds the other end of the doorbell, is gone."""
        wait = self._ring if os.environ.get("COGLET_DOORBELL") == "1" else self._poll
        while True:
            wait()
            try:
                self._look()
            except FileNotFoundError:
                os._exit(0)
            except Exception:  # noqa: BLE001 - without this thread the host would live and hear nothing
                traceback.print_exc()
                time.sleep(POLL_S)
            self._host.tick()

    def _ring(self) -> None:
        readable, _, _ = select.select([0], [], [], RING_LIMIT_S)
        if readable and not os.read(0, 65536):
            os._exit(0)

    def _poll(self) -> None:
        time.sleep(POLL_S)

    def _look(self) -> None:
        # Requests first: a cancel that came with its request in one look is for something that is there.
        for name in sorted(self._folder.names(""), key=lambda one: not one.startswith("request-")):
            if name.startswith("request-") and name.endswith(".json"):
                self._take_request(name)
            elif name.startswith("cancel-"):
                self._take(name, lambda name=name: self._host.cancel(name[len("cancel-") :]))
            elif name.startswith("check-") and not name.endswith(".json"):
                self._take(name, lambda name=name: self._host.check(name))
            elif name == "stop":
                self._take(name, self._host.stop)

    def _take(self, name: str, told: Callable[[], None]) -> None:
        if self._folder.remove(name):
            told()

    def _take_request(self, name: str) -> None:
        prediction_id = name[len("request-") : -len(".json")]
        try:
            request = self._folder.take(name)
            if request is None:
                # Half-written by somebody who does not rename: looked at again, by the clock.
                return
            request.setdefault("id", prediction_id)
            self._host.request(request)
        except OSError:
            # Not now, for want of a descriptor or of memory: the file is still there.
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits for its end
            print(f"WARNING {name} is no request and was removed: {describe(error)}", file=sys.stderr)
            self._folder.remove(name)
            self._host.refuse(prediction_id, error)
