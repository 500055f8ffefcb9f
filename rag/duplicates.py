"""Which pages of a crawl say the same, or nearly so: 64-bit fingerprints of their words, and a table to look them up.

The share of bits in which two fingerprints differ is the angle between their texts' runs of three words (Charikar
2002): at eight of 64, texts share about nine runs of ten. Does not know which of two pages is the right one.
"""

from __future__ import annotations

import hashlib
import re

import numpy as np

MOST_BITS = 8
#: Shorter texts are alike by their form alone; they count as duplicates only where every word is the same.
FEWEST_WORDS = 60
_WORD = re.compile(r"\w+")
_RUN = 3


def fingerprint(text: str) -> int | None:
    """64 bits that differ little between texts that differ little; None where the text is too short to tell."""
    words = _WORD.findall(text.lower())
    if len(words) < FEWEST_WORDS:
        return None
    runs = {" ".join(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1)}
    joined = b"".join(hashlib.blake2b(run.encode("utf-8", "replace"), digest_size=8).digest() for run in runs)
    bits = np.unpackbits(np.frombuffer(joined, np.uint8).reshape(-1, 8), axis=1)
    majority = bits.sum(axis=0) * 2 > len(runs)
    return int.from_bytes(np.packbits(majority).tobytes(), "big")


class Duplicates:
    """The pages seen so far, by fingerprint. Looked through one by one: ten thousand take less than a page's pause."""

    def __init__(self) -> None:
        self._pages: list[str] = []
        self._prints = np.empty(1024, np.uint64)

    def nearest(self, print_: int, *, besides: str) -> str | None:
        """The page seen first whose words are nearly these, other than the page itself."""
        seen = self._prints[: len(self._pages)]
        alike = np.flatnonzero(np.bitwise_count(seen ^ np.uint64(print_)) <= MOST_BITS)
        return next((self._pages[at] for at in alike if self._pages[at] != besides), None)

    def add(self, page: str, print_: int) -> None:
        if len(self._pages) == len(self._prints):
            self._prints = np.concatenate([self._prints, np.empty_like(self._prints)])
        self._prints[len(self._pages)] = print_
        self._pages.append(page)
