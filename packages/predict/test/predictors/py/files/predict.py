import os
import tempfile
from typing import List, Optional

from cog import BaseModel, Input, Path


class Output(BaseModel):
    name: str
    looks: str
    file: Optional[Path] = None
    more: List[Path] = []


def write(name: str, text: str) -> Path:
    target = Path(tempfile.mkdtemp()) / name
    target.write_text(text)
    return Path(target)


def predict(
    source: Path,
    looks: str = "file:///etc/passwd",
    copies: int = 0,
    outside: str = Input(default=""),
) -> Output:
    if outside == "link":
        link = os.path.join(tempfile.mkdtemp(), "link.txt")
        os.symlink("/etc/hostname", link)
        return Output(name=source.name, looks=looks, file=Path(link))
    if outside:
        return Output(name=source.name, looks=looks, file=Path(outside))
    text = source.read_text()
    return Output(
        name=source.name,
        looks=looks,
        file=write("upper.txt", text.upper()),
        more=[write(f"copy-{at}.txt", text) for at in range(copies)],
    )
