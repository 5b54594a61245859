import asyncio

from cog import BasePredictor


class Predictor(BasePredictor):
    async def setup(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.is_healthy = True
        self.is_same_loop = False

    async def healthcheck(self) -> bool:
        await asyncio.sleep(0)
        self.is_same_loop = asyncio.get_running_loop() is self.loop
        return self.is_healthy

    def predict(self, is_healthy: bool) -> str:
        self.is_healthy = is_healthy
        return f"set up in the same loop: {self.is_same_loop}"
