"""The host: setup once, then a prediction for each request file, until it is told to stop."""

import asyncio
import contextvars
import importlib
import inspect
import os
import queue
import select
import signal
import sys
import threading
import time
import traceback
from typing import Any, Dict, List, Optional, Tuple

from coglet import signature
from coglet.api import CancellationException
from coglet.folder import Folder
from coglet.kinds import DoesNotFit
from coglet.logs import LineWriter, enter_prediction
from coglet.running import Running, now
from coglet.scope import enter_scope
from coglet.shield import shield
from coglet.status import open_status

CONFIG_LIMIT_S = 60
# From the cancel file to the exception inside a sync predict: who ends by himself until then is not disturbed.
CANCEL_GRACE_S = 0.25
# With a doorbell files are looked for when it rings; without one, this often.
RING_LIMIT_S = 0.25
POLL_S = 0.01

Event = Tuple[str, Any]


class Host:
    def __init__(self, name: str, ipc_url: str, working_dir: str) -> None:
        self.folder = Folder(working_dir)
        self.status = open_status(name, ipc_url)
        self.running: Dict[str, Running] = {}
        self.max_concurrency = 1
        self.predictor: Any = None
        self.predict: Any = None
        self.signature: Any = None
        self.loop: Optional[asyncio.AbstractEventLoop] = None
        self.side_loop: Optional[asyncio.AbstractEventLoop] = None
        self.events: "queue.Queue[Event]" = queue.Queue()
        self.is_busy = False
        self.interruptible: Optional[str] = None
        # Whose cancellation came inside code of the host's own.
        self.interrupt_again: Optional[str] = None
        self.tasks: Dict[str, "asyncio.Task[None]"] = {}
        only = lambda: next(iter(self.running)) if len(self.running) == 1 else None  # noqa: E731
        self.out = LineWriter(1, only)
        self.err = LineWriter(2, only)

    def main(self) -> int:
        sys.stdout, sys.stderr = self.out, self.err
        config = self.folder.wait_for("config.json", CONFIG_LIMIT_S)
        self.max_concurrency = max(1, int(config.get("max_concurrency") or 1))
        if not self._set_up(config):
            self._end_lines(None)
            self.status.close()
            return 1
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGUSR1, self._interrupt)
        threading.Thread(target=self._watch, name="coglet-watch", daemon=True).start()
        self.status.tell("READY")
        if self.loop is None:
            self._serve_sync()
        else:
            self.loop.run_until_complete(self._serve_async())
        self._end_lines(None)
        self.status.close()
        return 0

    # Setup

    def _set_up(self, config: Dict[str, Any]) -> bool:
        started_at = now()
        try:
            self._load(config)
            self.folder.write("openapi.json", self.signature.openapi())
            self._run_setup()
        except BaseException as error:  # noqa: BLE001 - whatever ended setup is told
            if not isinstance(error, signature.BadSignature):
                traceback.print_exc()
            else:
                print(f"ERROR {error}", file=sys.stderr)
            facts = {"started_at": started_at, "status": "failed", "completed_at": now(), "error": str(error)}
            self.folder.write("setup_result.json", facts)
            return False
        # `marks`: who waits for the end marks of both pipes does not wait in vain.
        facts = {"started_at": started_at, "status": "succeeded", "completed_at": now(), "marks": True}
        if hasattr(self.predictor, "healthcheck"):
            self.folder.write("healthcheck", "")
        self.folder.write("setup_result.json", facts)
        self.folder.write("ready", "")
        return True

    def _load(self, config: Dict[str, Any]) -> None:
        sys.path.insert(0, os.getcwd())
        module = importlib.import_module(config["module_name"])
        self.predictor, self.predict = signature.load(module, config.get("predictor_name"))
        self.signature = signature.read_signature(self.predict)
        if signature.is_async(self.predict):
            self.folder.write("async_predict", "")
            self.loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self.loop)
        else:
            # One call at a time: code that computes does not overlap with itself.
            self.max_concurrency = 1

    def _run_setup(self) -> None:
        setup = getattr(self.predictor, "setup", None)
        if setup is None:
            return
        arguments = {"weights": None} if "weights" in inspect.signature(setup).parameters else {}
        self._complete(setup(**arguments))

    def _complete(self, result: Any) -> Any:
        """Setup and the check of health may be async where predict is not: both run in one loop then."""
        if not inspect.isawaitable(result):
            return result
        if self.side_loop is None:
            self.side_loop = self.loop or asyncio.new_event_loop()

        async def wait() -> Any:
            return await result

        return self.side_loop.run_until_complete(wait())

    # Files

    def _watch(self) -> None:
        """Turns files into events. Ends the process when the server, which holds the other end of the doorbell, is gone."""
        has_bell = os.environ.get("COGLET_DOORBELL") == "1"
        while True:
            if has_bell:
                readable, _, _ = select.select([0], [], [], RING_LIMIT_S)
                if readable and not os.read(0, 65536):
                    os._exit(0)
            else:
                time.sleep(POLL_S)
            try:
                self._look()
            except FileNotFoundError:
                os._exit(0)
            except Exception:  # noqa: BLE001 - without this thread the host would live and hear nothing
                traceback.print_exc()
                time.sleep(POLL_S)
            self._raise_again()

    def _look(self) -> None:
        # Requests first: a cancel that came with its request in one look is for something that is there.
        for name in sorted(self.folder.names(""), key=lambda one: not one.startswith("request-")):
            if name.startswith("request-") and name.endswith(".json"):
                self._take_request(name)
            elif name.startswith("cancel-"):
                if self.folder.remove(name):
                    self._cancel(name[len("cancel-") :])
            elif name.startswith("check-") and not name.endswith(".json"):
                if self.folder.remove(name):
                    self._post(("check", name))
            elif name == "stop":
                self.folder.remove(name)
                self._post(("stop", None))

    def _take_request(self, name: str) -> None:
        prediction_id = name[len("request-") : -len(".json")]
        try:
            request = self.folder.take(name)
            if request is None:
                # Half-written by somebody who does not rename: looked at again, by the clock.
                return
            request.setdefault("id", prediction_id)
            running = Running(request, self.signature.output, self.folder.write, lambda: self.status.tell("OUTPUT"))
        except OSError:
            # Not now, for want of a descriptor or of memory: the file is still there.
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits for its end
            self._refuse(name, prediction_id, error)
            return
        self.running[running.id] = running
        self._tell_busy()
        self._post(("request", running))

    def _refuse(self, name: str, prediction_id: str, error: Exception) -> None:
        print(f"WARNING {name} is no request and was removed: {describe(error)}", file=sys.stderr)
        self.folder.remove(name)
        facts = {"status": "failed", "error": f"the request cannot be read: {describe(error)}", "completed_at": now()}
        self.folder.write(f"response-{prediction_id}-00000.json", facts)
        self._end_lines(prediction_id)
        self.status.tell("OUTPUT")

    def _post(self, event: Event) -> None:
        if self.loop is None:
            if event[0] == "stop" and self.interruptible is not None:
                self._cancel(self.interruptible)
            self.events.put(event)
        else:
            self.loop.call_soon_threadsafe(self._receive, event)

    def _tell_busy(self) -> None:
        busy = len(self.running) >= self.max_concurrency
        if busy != self.is_busy:
            self.is_busy = busy
            self.status.tell("BUSY" if busy else "READY")

    def _cancel(self, prediction_id: str) -> None:
        running = self.running.get(prediction_id)
        if running is None:
            return
        running.is_canceled = True
        if self.loop is not None:
            self.loop.call_soon_threadsafe(self._cancel_task, prediction_id)
            return
        self._raise_later(prediction_id, CANCEL_GRACE_S)

    def _raise_later(self, prediction_id: str, wait_s: float) -> None:
        timer = threading.Timer(wait_s, self._raise_in_main, [prediction_id])
        timer.daemon = True
        timer.start()

    def _raise_in_main(self, prediction_id: str) -> None:
        if self.interruptible == prediction_id:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

    def _raise_again(self) -> None:
        again, self.interrupt_again = self.interrupt_again, None
        if again is not None:
            self._raise_later(again, POLL_S)

    def _interrupt(self, _number: int, _frame: Any) -> None:
        """Runs in the main thread, between two steps of whatever runs there: raises only inside the predict that was canceled."""
        running = self.running.get(self.interruptible or "")
        if running is None or not running.is_canceled:
            return
        if shield.depth > 0:
            # No timer from here: the code that was interrupted may hold the lock that starting a thread takes.
            self.interrupt_again = running.id
            return
        raise CancellationException("the prediction was canceled")

    # Sync

    def _serve_sync(self) -> None:
        while True:
            kind, running = self.events.get()
            if kind == "stop":
                return
            if kind == "check":
                self._tell_health(running, self._ask_health_now())
                continue
            contextvars.copy_context().run(self._run_sync, running)

    def _run_sync(self, running: Running) -> None:
        enter_prediction(running.id)
        enter_scope(running.scope)
        outcome: Tuple[Any, ...]
        try:
            try:
                running.start()
                arguments = self._arguments(running)
                self.interruptible = running.id
                if running.is_canceled:
                    raise CancellationException("the prediction was canceled")
                value = self.predict(**arguments)
                if self.signature.output.iterates:
                    for one in value:
                        running.value(one)
                        if running.is_canceled:
                            raise CancellationException("the prediction was canceled")
                    value = None
                self.interruptible = None
                outcome = ("succeeded", value, None)
            finally:
                self.interruptible = None
        except (CancellationException, KeyboardInterrupt):
            outcome = ("canceled", None, None)
        except DoesNotFit as error:
            outcome = ("failed", None, str(error))
        except SystemExit:
            raise
        except BaseException as error:  # noqa: BLE001 - one prediction's error is that prediction's
            traceback.print_exc()
            outcome = ("failed", None, describe(error))
        self._finish(running, outcome)

    def _ask_health_now(self) -> Any:
        try:
            return self._complete(self._ask_health())
        except Exception:  # noqa: BLE001 - a check that fails says no
            traceback.print_exc()
            return False

    # Async

    async def _serve_async(self) -> None:
        self.stopped = asyncio.get_running_loop().create_future()
        await self.stopped
        tasks = list(self.tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _receive(self, event: Event) -> None:
        kind, running = event
        if kind == "stop":
            if not self.stopped.done():
                self.stopped.set_result(None)
            return
        if kind == "check":
            self.tasks[running] = asyncio.ensure_future(self._check_async(running))
            return
        context = contextvars.copy_context()
        context.run(enter_prediction, running.id)
        context.run(enter_scope, running.scope)
        task = context.run(asyncio.ensure_future, self._run_async(running))
        self.tasks[running.id] = task
        if running.is_canceled:
            task.cancel()

    def _cancel_task(self, prediction_id: str) -> None:
        task = self.tasks.get(prediction_id)
        if task is not None:
            task.cancel()

    async def _run_async(self, running: Running) -> None:
        outcome: Tuple[Any, ...]
        try:
            running.start()
            arguments = self._arguments(running)
            value: Any = self.predict(**arguments)
            if inspect.isasyncgen(value) or hasattr(value, "__aiter__"):
                async for one in value:
                    running.value(one)
                value = None
            else:
                value = await value
                if self.signature.output.iterates:
                    for one in value:
                        running.value(one)
                    value = None
            outcome = ("succeeded", value, None)
        except (asyncio.CancelledError, CancellationException):
            # Only ours: a task of the predictor's own that was canceled is an error of the predictor.
            outcome = ("canceled", None, None) if running.is_canceled or self.stopped.done() else ("failed", None, "CancelledError")
        except DoesNotFit as error:
            outcome = ("failed", None, str(error))
        except SystemExit as error:
            os._exit(error.code if isinstance(error.code, int) else 1)
        except BaseException as error:  # noqa: BLE001
            traceback.print_exc()
            outcome = ("failed", None, describe(error))
        self.tasks.pop(running.id, None)
        self._finish(running, outcome)

    async def _check_async(self, name: str) -> None:
        healthy = self._ask_health()
        if inspect.isawaitable(healthy):
            try:
                healthy = await healthy
            except Exception:  # noqa: BLE001 - a check that fails says no
                healthy = False
        self.tasks.pop(name, None)
        self._tell_health(name, healthy)

    # Both

    def _ask_health(self) -> Any:
        try:
            return self.predictor.healthcheck()
        except Exception:  # noqa: BLE001 - a check that fails says no
            traceback.print_exc()
            return False

    def _tell_health(self, name: str, healthy: Any) -> None:
        self.folder.write(f"{name}.json", {"healthy": healthy is True})
        self.status.tell("OUTPUT")

    def _arguments(self, running: Running) -> Dict[str, Any]:
        for name in self.signature.unknown(running.input):
            print(f"WARNING unknown input field ignored: {name}")
        return self.signature.decode(running.input)

    def _finish(self, running: Running, outcome: Tuple[Any, ...]) -> None:
        status, value, error = outcome
        self.running.pop(running.id, None)
        try:
            running.finish(status, value, error)
        except DoesNotFit as problem:
            running.finish("failed", None, str(problem))
        except Exception as problem:  # noqa: BLE001 - too deep, too large, of a strange type: that prediction's alone
            running.finish("failed", None, describe(problem))
        # After the response file: who has read the marks of both pipes finds it there.
        self._end_lines(running.id)
        self._tell_busy()

    def _end_lines(self, prediction_id: Optional[str]) -> None:
        self.out.end(prediction_id)
        self.err.end(prediction_id)


def describe(error: BaseException) -> str:
    return str(error) or type(error).__name__


