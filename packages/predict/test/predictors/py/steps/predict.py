import sys
import time

from cog import ConcatenateIterator, current_scope


def predict(n: int, wait_ms: int = 0, fail_at: int = -1) -> ConcatenateIterator[str]:
    for step in range(n):
        if step == fail_at:
            raise ValueError(f"failed at {step}")
        print(f"step {step}")
        current_scope().record_metric("steps.done", 1, mode="increment")
        current_scope().record_metric("steps.names", f"s{step}", mode="append")
        yield f"{step} "
        time.sleep(wait_ms / 1000)
    print("no line end", end="")
    print(" here", end="", file=sys.stdout)
