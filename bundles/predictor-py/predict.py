"""Statistics of a text, streamed as they are found."""

import re
from collections import Counter
from typing import Iterator, Optional

from cog import BasePredictor, ConcatenateIterator, Input, Path, current_scope

WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
SENTENCE_END = re.compile(r"[.!?…]+(?=\s|$)")
# Said so often that they tell nothing of a text.
COMMON = {
    "en": "a an and are as at be but by for from had has have he her his i in is it its not of on or she that the their they this to was we were will with you",
    "de": "aber als am an auch auf aus bei das dass dem den der des die ein eine einen einer er es für hat ich im in ist mit nach nicht noch sich sie sind so und von war wie wir zu zum zur",
}


class Predictor(BasePredictor):
    def setup(self) -> None:
        self.common = {language: set(words.split()) for language, words in COMMON.items()}
        print(f"words of {len(self.common)} languages are known")

    def predict(
        self,
        text: str = Input(description="The text itself", default=""),
        file: Optional[Path] = Input(description="Or a file that holds it, in UTF-8", default=None),
        language: str = Input(description="Whose common words are left out", choices=["en", "de", "none"], default="en"),
        top: int = Input(description="How many of the most frequent words", ge=1, le=100, default=10),
    ) -> ConcatenateIterator[str]:
        whole = file.read_text(encoding="utf-8", errors="replace") if file else text
        if not whole.strip():
            raise ValueError("there is no text: give text or file")
        yield from self._report(whole, self.common.get(language, set()), top)

    def _report(self, text: str, common: set, top: int) -> Iterator[str]:
        words = WORD.findall(text)
        sentences = max(1, len(SENTENCE_END.findall(text)))
        current_scope().record_metric("words", len(words))
        yield f"{len(text)} characters, {len(words)} words, {sentences} sentences\n"
        if not words:
            return
        yield f"{len(words) / sentences:.1f} words a sentence, {sum(map(len, words)) / len(words):.1f} letters a word\n"
        counted = Counter(word.lower() for word in words)
        yield f"{len(counted)} different words\n"
        shown = [(word, count) for word, count in counted.most_common() if word not in common][:top]
        for word, count in shown:
            yield f"{count:6d}  {word}\n"
        print(f"{len(shown)} of {len(counted)} words shown")
