"""The host: setup once, then a prediction for each request file, until it is told to stop."""

import asyncio
import signal
import sys
import traceback
from typing import Any, Dict, Optional, Union

from coglet.async_lane import AsyncLane
from coglet.folder import Folder
from coglet.inbox import Inbox
from coglet.kinds import DoesNotFit
from coglet.logs import LineWriter
from coglet.outcome import Outcome, describe
from coglet.predictor import Predictor
from coglet.running import Running, now
from coglet.signature import BadSignature
from coglet.status import open_status
from coglet.sync_lane import SyncLane

CONFIG_LIMIT_S = 60

Lane = Union[SyncLane, AsyncLane]


class Host:
    def __init__(self, name: str, ipc_url: str, working_dir: str) -> None:
        self.folder = Folder(working_dir)
        self.status = open_status(name, ipc_url)
        self.running: Dict[str, Running] = {}
        self.max_concurrency = 1
        self.is_busy = False
        self.predictor: Any = None
        self.lane: Any = None
        only = lambda: next(iter(self.running)) if len(self.running) == 1 else None  # noqa: E731
        self.out = LineWriter(1, only)
        self.err = LineWriter(2, only)

    def main(self) -> int:
        sys.stdout, sys.stderr = self.out, self.err
        lane = self._set_up(self.folder.wait_for("config.json", CONFIG_LIMIT_S))
        if lane is not None:
            self.lane = lane
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            lane.install()
            Inbox(self.folder, self).start()
            self.status.tell("READY")
            lane.serve()
        self._end_lines(None)
        self.status.close()
        return 1 if lane is None else 0

    # Setup

    def _set_up(self, config: Dict[str, Any]) -> Optional[Lane]:
        """None: it failed, and its result says why."""
        started_at = now()
        try:
            lane = self._load(config)
        except BaseException as error:  # noqa: BLE001 - whatever ended setup is told
            if not isinstance(error, BadSignature):
                traceback.print_exc()
            else:
                print(f"ERROR {error}", file=sys.stderr)
            facts = {"started_at": started_at, "status": "failed", "completed_at": now(), "error": str(error)}
            self.folder.write("setup_result.json", facts)
            return None
        # `marks`: who waits for the end marks of both pipes does not wait in vain.
        facts = {"started_at": started_at, "status": "succeeded", "completed_at": now(), "marks": True}
        if self.predictor.has_healthcheck:
            self.folder.write("healthcheck", "")
        self.folder.write("setup_result.json", facts)
        self.folder.write("ready", "")
        return lane

    def _load(self, config: Dict[str, Any]) -> Lane:
        predictor = self.predictor = Predictor(config)
        loop: Optional[asyncio.AbstractEventLoop] = None
        if predictor.is_async:
            self.folder.write("async_predict", "")
            loop = asyncio.new_event_loop()
            asyncio.set_event_loop(loop)
            self.max_concurrency = max(1, int(config.get("max_concurrency") or 1))
        self.folder.write("openapi.json", predictor.signature.openapi())
        predictor.set_up(loop)
        # Without a loop one call at a time: code that computes does not overlap with itself.
        if loop is None:
            return SyncLane(predictor, self.finish, self.tell_health)
        return AsyncLane(loop, predictor, self.finish, self.tell_health)

    # What the inbox has

    def request(self, body: Dict[str, Any]) -> None:
        """Raises what is wrong with it; nothing has begun then."""
        output = self.predictor.signature.output
        running = Running(body, output, self.folder.write, lambda: self.status.tell("OUTPUT"))
        self.running[running.id] = running
        self._tell_busy()
        self.lane.request(running)

    def refuse(self, prediction_id: str, error: Exception) -> None:
        facts = {"status": "failed", "error": f"the request cannot be read: {describe(error)}", "completed_at": now()}
        self.folder.write(f"response-{prediction_id}-00000.json", facts)
        self._end_lines(prediction_id)
        self.status.tell("OUTPUT")

    def cancel(self, prediction_id: str) -> None:
        running = self.running.get(prediction_id)
        if running is not None:
            running.is_canceled = True
            self.lane.cancel(running)

    def check(self, name: str) -> None:
        self.lane.check(name)

    def stop(self) -> None:
        self.lane.stop()

    def tick(self) -> None:
        self.lane.tick()

    # What a lane has done

    def finish(self, running: Running, outcome: Outcome) -> None:
        self.running.pop(running.id, None)
        try:
            running.finish(outcome.status, outcome.value, outcome.error)
        except DoesNotFit as problem:
            running.finish("failed", None, str(problem))
        except Exception as problem:  # noqa: BLE001 - too deep, too large, of a strange type: that prediction's alone
            running.finish("failed", None, describe(problem))
        # After the response file: who has read the marks of both pipes finds it there.
        self._end_lines(running.id)
        self._tell_busy()

    def tell_health(self, name: str, healthy: Any) -> None:
        self.folder.write(f"{name}.json", {"healthy": healthy is True})
        self.status.tell("OUTPUT")

    def _tell_busy(self) -> None:
        busy = len(self.running) >= self.max_concurrency
        if busy != self.is_busy:
            self.is_busy = busy
            self.status.tell("BUSY" if busy else "READY")

    def _end_lines(self, prediction_id: Optional[str]) -> None:
        self.out.end(prediction_id)
        self.err.end(prediction_id)
