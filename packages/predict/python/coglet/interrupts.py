"""Cancellation of a sync `predict`: an exception that is raised in the main thread, in the canceled call and in nothing else."""

import signal
import threading
from typing import Any, Optional

from coglet.api import CancellationException
from coglet.running import Running
from coglet.shield import shield

# From the cancel file to the exception inside a sync predict: who ends by himself until then is not disturbed.
GRACE_S = 0.25
AGAIN_S = 0.01


class Interrupts:
    def __init__(self) -> None:
        # In `predict` now, and nowhere else.
        self.current: Optional[Running] = None
        # Whose cancellation came inside code of the host's own.
        self._again: Optional[Running] = None

    def install(self) -> None:
        signal.signal(signal.SIGUSR1, self._interrupt)

    def enter(self, running: Running) -> None:
        self.current = running
        self.check(running)

    def leave(self) -> None:
        self.current = None

    def check(self, running: Running) -> None:
        if running.is_canceled:
            raise CancellationException("the prediction was canceled")

    def raise_later(self, running: Running, wait_s: float = GRACE_S) -> None:
        timer = threading.Timer(wait_s, self._raise_in_main, [running])
        timer.daemon = True
        timer.start()

    def raise_again(self) -> None:
        """Called by the clock, from a thread that holds nothing."""
        again, self._again = self._again, None
        if again is not None:
            self.raise_later(again, AGAIN_S)

    def _raise_in_main(self, running: Running) -> None:
        if self.current is running:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

    def _interrupt(self, _number: int, _frame: Any) -> None:
        """Runs in the main thread, between two steps of whatever runs there: raises only inside the predict that was canceled."""
        running = self.current
        if running is None or not running.is_canceled:
            return
        if shield.depth > 0:
            # No timer from here: the code that was interrupted may hold the lock that starting a thread takes.
            self._again = running
            return
        # Once: what comes after it, on the way out, is the host's own code.
        self.current = None
        self.check(running)
