"""The files between server and host: each is written under another name and renamed, so nobody reads half of one."""

import json
import os
import time
from typing import Any, Dict, List, Optional

YOUNG_S = 1.0


class Folder:
    def __init__(self, path: str) -> None:
        self.path = path

    def at(self, name: str) -> str:
        return os.path.join(self.path, name)

    def write(self, name: str, value: Any) -> None:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        partial = self.at(f".{name}.part")
        with open(partial, "w", encoding="utf-8", errors="surrogatepass") as file:
            file.write(text)
        os.replace(partial, self.at(name))

    def names(self, prefix: str) -> List[str]:
        return sorted(name for name in os.listdir(self.path) if name.startswith(prefix))

    def take(self, name: str) -> Optional[Dict[str, Any]]:
        """Reads and removes. None: not there, or young and not whole yet. Raises ValueError for an old one that is no JSON object."""
        try:
            with open(self.at(name), encoding="utf-8") as file:
                text = file.read()
            age_s = time.time() - os.stat(self.at(name)).st_mtime
        except FileNotFoundError:
            return None
        try:
            value = json.loads(text)
            if not isinstance(value, dict):
                raise ValueError("it is no object")
        except ValueError:
            if age_s < YOUNG_S:
                return None
            self.remove(name)
            raise
        self.remove(name)
        return value

    def remove(self, name: str) -> bool:
        try:
            os.unlink(self.at(name))
            return True
        except FileNotFoundError:
            return False

    def wait_for(self, name: str, limit_s: float) -> Dict[str, Any]:
        until = time.monotonic() + limit_s
        while time.monotonic() < until:
            value = self.take(name)
            if value is not None:
                return value
            time.sleep(0.01)
        raise TimeoutError(f"there was no {name} within {limit_s:.0f} s")
