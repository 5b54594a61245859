"""Runs predictions of an `async def predict` in one event loop, side by side."""

import asyncio
import contextvars
import inspect
import os
import signal
from typing import Any, Dict

from coglet.api import CancellationException
from coglet.logs import enter_prediction
from coglet.outcome import CANCELED, Outcome, failed
from coglet.predictor import Predictor
from coglet.running import Running
from coglet.scope import enter_scope
from coglet.sync_lane import Finish, TellHealth


class AsyncLane:
    def __init__(
        self, loop: asyncio.AbstractEventLoop, predictor: Predictor, finish: Finish, tell_health: TellHealth
    ) -> None:
        self._loop = loop
        self._predictor = predictor
        self._finish = finish
        self._tell_health = tell_health
        self._tasks: Dict[str, "asyncio.Task[None]"] = {}
        self._stopped: "asyncio.Future[None]" = loop.create_future()

    def install(self) -> None:
        # Ends nobody here: cancellation goes to the task.
        signal.signal(signal.SIGUSR1, lambda _number, _frame: None)

    def serve(self) -> None:
        self._loop.run_until_complete(self._serve())

    def request(self, running: Running) -> None:
        self._loop.call_soon_threadsafe(self._start, running)

    def check(self, name: str) -> None:
        self._loop.call_soon_threadsafe(self._start_check, name)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop)

    def cancel(self, running: Running) -> None:
        self._loop.call_soon_threadsafe(self._cancel, running.id)

    def tick(self) -> None:
        pass

    async def _serve(self) -> None:
        await self._stopped
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _stop(self) -> None:
        if not self._stopped.done():
            self._stopped.set_result(None)

    def _start(self, running: Running) -> None:
        context = contextvars.copy_context()
        context.run(enter_prediction, running.id)
        context.run(enter_scope, running.scope)
        task = context.run(asyncio.ensure_future, self._run(running))
        self._tasks[running.id] = task
        if running.is_canceled:
            task.cancel()

    def _start_check(self, name: str) -> None:
        self._tasks[name] = asyncio.ensure_future(self._check(name))

    def _cancel(self, prediction_id: str) -> None:
        task = self._tasks.get(prediction_id)
        if task is not None:
            task.cancel()

    async def _run(self, running: Running) -> None:
        try:
            outcome = Outcome("succeeded", await self._predict(running))
        except (asyncio.CancelledError, CancellationException):
            # Only ours: a task of the predictor's own that was canceled is an error of the predictor.
            is_ours = running.is_canceled or self._stopped.done()
            outcome = CANCELED if is_ours else Outcome("failed", error="CancelledError")
        except SystemExit as error:
            os._exit(error.code if isinstance(error.code, int) else 1)
        except BaseException as error:  # noqa: BLE001 - one prediction's error is that prediction's
            outcome = failed(error)
        self._tasks.pop(running.id, None)
        self._finish(running, outcome)

    async def _predict(self, running: Running) -> Any:
        running.start()
        arguments = self._predictor.arguments(running.input)
        value: Any = self._predictor.predict(**arguments)
        if inspect.isasyncgen(value) or hasattr(value, "__aiter__"):
            async for one in value:
                running.value(one)
            return None
        value = await value
        if not self._predictor.signature.output.iterates:
            return value
        for one in value:
            running.value(one)
        return None

    async def _check(self, name: str) -> None:
        healthy = self._predictor.ask_health()
        if inspect.isawaitable(healthy):
            try:
                healthy = await healthy
            except Exception:  # noqa: BLE001 - a check that fails says no
                healthy = False
        self._tasks.pop(name, None)
        self._tell_health(name, healthy)
