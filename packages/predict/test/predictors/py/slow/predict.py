import time

from cog import BasePredictor


class Predictor(BasePredictor):
    def setup(self) -> None:
        print("slow setup")
        time.sleep(1)

    def predict(self, text: str = "") -> str:
        return text
