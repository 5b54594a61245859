from cog import BasePredictor


class Predictor(BasePredictor):
    def setup(self) -> None:
        print("before")
        raise RuntimeError("no weights here")

    def predict(self, s: str = "") -> str:
        return s
