"""Runs predictions of a `def predict` in the main thread, one at a time."""

import contextvars
import queue
from typing import Any, Callable, Tuple

from coglet.api import CancellationException
from coglet.interrupts import Interrupts
from coglet.logs import enter_prediction
from coglet.outcome import CANCELED, Outcome, failed
from coglet.predictor import Predictor
from coglet.running import Running
from coglet.scope import enter_scope

Finish = Callable[[Running, Outcome], None]
TellHealth = Callable[[str, Any], None]


class SyncLane:
    def __init__(self, predictor: Predictor, finish: Finish, tell_health: TellHealth) -> None:
        self._predictor = predictor
        self._finish = finish
        self._tell_health = tell_health
        self._events: "queue.Queue[Tuple[str, Any]]" = queue.Queue()
        self._interrupts = Interrupts()

    def install(self) -> None:
        self._interrupts.install()

    def serve(self) -> None:
        while True:
            kind, what = self._events.get()
            if kind == "stop":
                return
            if kind == "check":
                self._tell_health(what, self._predictor.ask_health_now())
                continue
            contextvars.copy_context().run(self._run, what)

    def request(self, running: Running) -> None:
        self._events.put(("request", running))

    def check(self, name: str) -> None:
        self._events.put(("check", name))

    def stop(self) -> None:
        current = self._interrupts.current
        if current is not None:
            current.is_canceled = True
            self.cancel(current)
        self._events.put(("stop", None))

    def cancel(self, running: Running) -> None:
        self._interrupts.raise_later(running)

    def tick(self) -> None:
        self._interrupts.raise_again()

    def _run(self, running: Running) -> None:
        enter_prediction(running.id)
        enter_scope(running.scope)
        try:
            try:
                outcome = Outcome("succeeded", self._predict(running))
            finally:
                self._interrupts.leave()
        except (CancellationException, KeyboardInterrupt):
            outcome = CANCELED
        except SystemExit:
            raise
        except BaseException as error:  # noqa: BLE001 - one prediction's error is that prediction's
            outcome = failed(error)
        self._finish(running, outcome)

    def _predict(self, running: Running) -> Any:
        running.start()
        arguments = self._predictor.arguments(running.input)
        self._interrupts.enter(running)
        value = self._predictor.predict(**arguments)
        if not self._predictor.signature.output.iterates:
            return value
        for one in value:
            running.value(one)
            self._interrupts.check(running)
        return None
