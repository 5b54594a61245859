from typing import Any, Dict, List, Optional

from cog import BasePredictor, Input, Secret, current_scope


class Predictor(BasePredictor):
    def setup(self) -> None:
        print("setting up")

    def predict(
        self,
        i: int = Input(default=1, ge=0, le=100, description="A number"),
        f: float = Input(default=0.5),
        b: bool = False,
        s: str = Input(default="foo1", min_length=3, max_length=8),
        r: str = Input(default="foo", regex="foo.*"),
        c: str = Input(default="foo", choices=["foo", "bar"]),
        opt: Optional[str] = Input(default=None),
        xs: List[int] = Input(default_factory=list),
        d: Dict[str, Any] = Input(default_factory=dict),
        key: Secret = Input(default=Secret("none")),
    ) -> Dict[str, Any]:
        print(f"key is {key}, its value is {key.get_secret_value()}")
        xs.append(1)
        scope = current_scope()
        return {
            "i": i, "f": f, "b": b, "s": s, "r": r, "c": c, "opt": opt, "xs": xs, "d": d,
            "key_length": len(key.get_secret_value()), "context": scope.context,
        }
