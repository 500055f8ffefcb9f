"""What decoding by transformers is given here: kept prefixes, seeded choices, and a clock that hears each token.

Knows token ids and a model's cache, not prompts.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
import torch
from transformers import DynamicCache, LogitsProcessor, StoppingCriteria
from transformers.cache_utils import DynamicLayer
from transformers.generation.streamers import BaseStreamer, TextStreamer

#: Tokens that a draw is made among.
DRAWN_AMONG = 50
#: Two tokens are too close to call when they differ by less than this share of what the best one stands out by:
#: float32 sums in another order differ by a tenth of it.
CLOSE = 1e-5


def common_prefix(rows: Sequence[list[int]]) -> int:
    """How many tokens all rows begin with."""
    low, high = min(rows), max(rows)
    return next((at for at, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))


class Prefixes:
    """Keys and values of beginnings. Instructions stay from call to call; the last ones alone are kept."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._kept: tuple[tuple[int, ...], Any] | None = None
        probe: Any = DynamicCache(config=model.config)
        with torch.inference_mode():
            model(input_ids=torch.zeros((1, 2), dtype=torch.long, device=model.device), cache=probe, use_cache=True)
        #: Whether rows of several lengths can share a beginning: windows count places, the gap between them included.
        self.can_share = all(type(layer) is DynamicLayer for layer in probe.layers)
        layers = probe.layers if self.can_share else []
        self.bytes_a_token = sum(layer.keys[0, :, 0].nbytes + layer.values[0, :, 0].nbytes for layer in layers)

    def of(self, ids: Sequence[int], *, head: int) -> Any:
        """A cache of one row that holds these tokens, of which the first `head` are kept for the next time."""
        head = min(head, len(ids))
        kept = tuple(ids[:head])
        if self._kept is None or self._kept[0] != kept:
            cache = DynamicCache(config=self._model.config)
            self._forward(cache, torch.tensor([ids[:head]], device=self._model.device))
            self._kept = (kept, cache)
        cache = copy.copy(self._kept[1])
        # a layer that grows takes fresh tensors and leaves the kept ones as they are
        cache.layers = [copy.copy(layer) for layer in cache.layers]
        self._forward(cache, torch.tensor([ids[head:]], device=self._model.device))
        return cache

    def read(self, cache: Any, tokens: torch.Tensor, mask: torch.Tensor, start: int, end: int) -> None:
        """Repeat a cache of one row for the rows of `tokens` and add their places from `start` to `end`."""
        if len(tokens) > 1:
            cache.batch_repeat_interleave(len(tokens))
        if start < end:
            places = (mask.cumsum(-1) - 1).clamp(min=0)
            self._forward(cache, tokens[:, start:end], mask[:, :end], places[:, start:end])

    def _forward(
        self, cache: Any, tokens: torch.Tensor, mask: torch.Tensor | None = None, places: torch.Tensor | None = None
    ) -> None:
        if not tokens.numel():
            return
        given = {} if mask is None else {"attention_mask": mask, "position_ids": places}
        with torch.inference_mode():
            self._model(input_ids=tokens, cache=cache, use_cache=True, logits_to_keep=1, **given)


class Choice(LogitsProcessor):
    """The token that each row takes: the best, or one drawn by the row's own seed, whatever its neighbours are.

    A draw adds noise that depends on seed and place alone, so that taking the best of the sums is a draw by the
    model's probabilities.
    """

    def __init__(self, draws: Sequence[tuple[int, float]], width: int, ends: Collection[int]) -> None:
        self._draws, self._width = draws, width
        self._ends = torch.tensor(sorted(ends), dtype=torch.long)
        self._over: torch.Tensor | None = None
        self._close: torch.Tensor | None = None

    def was_close(self, row: int) -> bool:
        """Whether two tokens were too close to call anywhere in the row."""
        return self._close is not None and bool(self._close[row])

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        best = scores.topk(min(2, scores.shape[-1])).values  # [rows, 2]
        if len(scores) == 1 and bool(best[0, 0] == scores.min()):
            return scores  # prompt lookup asks which tokens are forbidden: none
        place = input_ids.shape[1] - self._width
        spread = best[:, 0] - scores.mean(-1)
        for row, (seed, temperature) in enumerate(self._draws):
            if temperature > 0:
                drawn = self._drawn(scores[row], seed, temperature, place)
                scores = scores.index_copy(0, torch.tensor([row], device=scores.device), drawn[None])
                best[row] = drawn.topk(2).values
        close = best[:, 0] - best[:, -1] < CLOSE * spread
        none = torch.zeros(len(scores), dtype=torch.bool, device=scores.device)
        over = none if self._over is None else self._over
        if place > 0 and len(scores) > 1:
            over = over | torch.isin(input_ids[:, -1], self._ends.to(scores.device))
        self._over, self._close = over, (none if self._close is None else self._close) | (close & ~over)
        return scores

    def _drawn(self, scores: torch.Tensor, seed: int, temperature: float, place: int) -> torch.Tensor:
        values, tokens = scores.topk(min(DRAWN_AMONG, len(scores)))
        noise = np.random.Generator(np.random.Philox(key=[seed % 2**64, max(place, 0)])).gumbel(size=len(values))
        sums = values / temperature + torch.tensor(noise, dtype=values.dtype, device=values.device)
        return torch.full_like(scores, float("-inf")).scatter(0, tokens, sums)


class _Stop(StoppingCriteria):
    def __init__(self) -> None:
        self.wanted = False

    def __call__(self, input_ids: torch.Tensor, scores: Any, **more: Any) -> torch.Tensor:
        return torch.full((len(input_ids),), self.wanted, dtype=torch.bool, device=input_ids.device)


class Clock(BaseStreamer):
    """Notes when the first and the last token came; with a tokenizer, also says the text as it comes."""

    def __init__(self, tokenizer: Any = None, say: Callable[[str], None] | None = None) -> None:
        self.criterion = _Stop()
        self._began = time.perf_counter()
        self._first: float | None = None
        self._last = self._began
        self._has_prompt = False
        self._writer: Any = _Writer(tokenizer, say) if say else None

    def stop(self) -> None:
        """No more tokens are wanted."""
        self.criterion.wanted = True

    def put(self, value: torch.Tensor) -> None:
        if not self._has_prompt:
            self._has_prompt = True
            return
        self._last = time.perf_counter()
        if self._first is None:
            self._first = self._last
        if self._writer:
            self._writer.put(value)

    def end(self) -> None:
        if self._writer:
            self._writer.end()

    def timings(self, tokens: int) -> dict[str, float]:
        """Milliseconds to the first token, from there to the last, and of each token after the first."""
        prefill = ((self._first or self._last) - self._began) * 1000
        decode = (self._last - (self._first or self._last)) * 1000
        each = decode / (tokens - 1) if tokens > 1 else 0.0
        return {"prefill": round(prefill, 3), "decode": round(decode, 3), "per_token": round(each, 3)}


class _Writer(TextStreamer):
    """Words as they are whole, handed on instead of printed."""

    def __init__(self, tokenizer: Any, say: Callable[[str], None]) -> None:
        super().__init__(tokenizer, skip_special_tokens=True)
        self._say = say

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        if text:
            self._say(text)
