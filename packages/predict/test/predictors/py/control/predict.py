import os
import signal
import sys
import time

from cog import BasePredictor, CancellationException, Input


class Predictor(BasePredictor):
    def setup(self) -> None:
        self.is_healthy = True

    def healthcheck(self) -> bool:
        return self.is_healthy

    def predict(self, action: str = Input(default="nothing"), text: str = "", ms: int = 0) -> str:
        print(f"begin {action}")
        if action == "sleep":
            end = time.monotonic() + ms / 1000
            while time.monotonic() < end:
                time.sleep(0.005)
        elif action == "clean":
            try:
                time.sleep(ms / 1000)
            except CancellationException:
                print("cleaned up")
                raise
        elif action == "deaf":
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
            time.sleep(ms / 1000)
        elif action == "fail":
            raise ValueError(text)
        elif action == "exit":
            os._exit(ms)
        elif action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif action == "line":
            print("x" * ms)
            print("after")
        elif action == "much":
            for line in range(ms):
                print(f"{line} {'x' * 150}")
        elif action == "raw":
            os.write(1, b"raw to one\n")
            os.write(2, b"raw without end")
        elif action == "return":
            sys.stdout.write("a\rb\r\nc")
        elif action == "sick":
            self.is_healthy = False
        return text
