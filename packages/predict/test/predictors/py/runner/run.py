from typing import Iterator, Optional

import cog
from cog import BaseModel, BaseRunner, Input, streaming
from cog.exceptions import CancelationException


class Output(BaseModel):
    score: float
    note: Optional[str]


class Runner(BaseRunner):
    def setup(self) -> None:
        assert CancelationException is cog.CancelationException
        self.names = ["first", "second"]
        # Outside of a prediction nobody hears it.
        self.record_metric("setup", 1)

    @streaming
    def run(self, times: int = Input(description="How often", ge=0, le=2)) -> Iterator[Output]:
        self.record_metric("predict_time", 99)
        self.scope.metrics["dropped"] = 1
        self.scope.metrics["kept"] = "yes"
        del self.scope.metrics["dropped"]
        for step in range(times):
            self.record_metric("steps.done", 1, mode="incr")
            self.record_metric("steps.names", self.names[step], mode="append")
            yield Output(score=step + 0.5)
