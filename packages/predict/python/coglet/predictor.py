"""The predictor of one folder: its code read, its setup run, its health asked."""

import asyncio
import importlib
import inspect
import os
import sys
import traceback
from typing import Any, Dict, Optional

from coglet import signature


class Predictor:
    """Raises BadSignature for one that cannot work, and whatever its module raises."""

    def __init__(self, config: Dict[str, Any]) -> None:
        sys.path.insert(0, os.getcwd())
        module = importlib.import_module(config["module_name"])
        self._predictor, self.predict = signature.load(module, config.get("predictor_name"))
        self.signature = signature.read_signature(self.predict)
        self.is_async = signature.is_async(self.predict)
        self._loop: Optional[asyncio.AbstractEventLoop] = None

    @property
    def has_healthcheck(self) -> bool:
        return hasattr(self._predictor, "healthcheck")

    def set_up(self, loop: Optional[asyncio.AbstractEventLoop]) -> None:
        """`loop`: the one that runs predictions, where `predict` is async."""
        self._loop = loop
        setup = getattr(self._predictor, "setup", None)
        if setup is None:
            return
        arguments = {"weights": None} if "weights" in inspect.signature(setup).parameters else {}
        self._complete(setup(**arguments))

    def arguments(self, given: Dict[str, Any]) -> Dict[str, Any]:
        """Raises DoesNotFit with the message for whoever asked."""
        for name in self.signature.unknown(given):
            print(f"WARNING unknown input field ignored: {name}")
        return self.signature.decode(given)

    def ask_health(self) -> Any:
        """What `healthcheck()` answers, which may be awaitable. One that raises says no."""
        try:
            return self._predictor.healthcheck()
        except Exception:  # noqa: BLE001 - a check that fails says no
            traceback.print_exc()
            return False

    def ask_health_now(self) -> Any:
        """The same where `predict` is sync and no loop runs."""
        try:
            return self._complete(self.ask_health())
        except Exception:  # noqa: BLE001 - a check that fails says no
            traceback.print_exc()
            return False

    def _complete(self, result: Any) -> Any:
        """Setup and the check of health may be async where predict is not: both run in one loop then."""
        if not inspect.isawaitable(result):
            return result
        if self._loop is None:
            self._loop = asyncio.new_event_loop()

        async def wait() -> Any:
            return await result

        return self._loop.run_until_complete(wait())
