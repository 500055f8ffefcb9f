"""Texts from prompts with a frozen language model: many at once, one at once, or one while it comes.

`ModelGenerator` runs a model folder by transformers. What prompts share is computed once, different prompts are decoded
together, and a prompt alone is decoded with guesses copied from itself (or from a draft model) that the model checks.
In float32 none of that changes a token against asking one by one: where two tokens were too close to call, the prompt
is asked again alone. Does not know what prompts are about.
"""

from __future__ import annotations

import hashlib
import os
import queue
import secrets
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import torch

from inference.answer import AssistantError
from inference.decoding import Choice, Clock, Prefixes, common_prefix
from inference.generator import Generated, Generator, Prompt
from inference.model_folder import ModelFolder, UnusableFolder, check, find
from inference.prompt_tokens import PromptTokens

Precision = Literal["auto", "float32", "bfloat16", "int8"]

#: Prompts decoded together, and the memory their keys and values may take.
MOST_ROWS = {"cpu": 64, "cuda": 256, "mps": 64}
MOST_CACHE_BYTES = {"cpu": 2 * 1024**3, "cuda": 8 * 1024**3, "mps": 2 * 1024**3}
#: Tokens guessed at once from the prompt, found by as many equal tokens before them.
LOOKUP_TOKENS, LOOKUP_NGRAM = 10, 3


@dataclass(slots=True)
class _Row:
    """A prompt that is being answered: its tokens, and how many of them are the instructions."""

    index: int
    prompt: Prompt
    ids: list[int]
    head: int


class ModelGenerator(Generator):
    """A transformers model folder, loaded once. See `get_generator`."""

    def __init__(
        self,
        folder: ModelFolder,
        *,
        device: str = "auto",
        precision: Precision = "auto",
        draft: ModelFolder | None = None,
    ) -> None:
        """Raises UnusableFolder."""
        from inference import loading

        self.name = folder.path.name
        self.device = loading.device(device)
        self.precision = loading.precision(precision, self.device)
        self._model = loading.load(folder, device=self.device, precision=self.precision)
        self.tokens = PromptTokens(folder, loading.tokenizer(folder))
        self._draft = None
        if draft is not None:
            _require_same_tokens(folder, draft)
            self._draft = loading.load(draft, device=self.device, precision=self.precision)
        self.fingerprint = loading.fingerprint(folder)
        self._ends = loading.settle(self._model, self.tokens.tokenizer)
        self.window = getattr(self._model.config, "max_position_embeddings", None)
        self._prefixes = Prefixes(self._model)
        self._lock = threading.Lock()

    def count_tokens(self, prompt: Prompt) -> int:
        return len(self.tokens.encode(prompt.system, prompt.text)[0])

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Generated | AssistantError]]:
        rows: list[_Row] = []
        for index, prompt in enumerate(prompts):
            row = self._row(index, prompt)
            if isinstance(row, AssistantError):
                yield index, row
            else:
                rows.append(row)
        # neighbours in this order share the longest beginnings
        rows.sort(key=lambda row: row.ids)
        while rows:
            size = self._fitting(rows)
            batch, rows = rows[:size], rows[size:]
            with self._lock:
                done = self._alone(batch[0]) if len(batch) == 1 else None
                made = [done] if done else self._together(batch)
            yield from zip([row.index for row in batch], made, strict=True)

    def stream(self, prompt: Prompt) -> Iterator[str | Generated]:
        """Tokens are taken as they come, so that one too close to call is not asked again."""
        row = self._row(0, prompt)
        if isinstance(row, AssistantError):
            raise row
        said: queue.SimpleQueue[str | Generated | BaseException] = queue.SimpleQueue()
        clock = Clock(self.tokens.tokenizer, said.put)

        def work() -> None:
            try:
                with self._lock:
                    said.put(self._alone(row, clock))
            except BaseException as error:  # noqa: BLE001 - raised again by the thread that reads
                said.put(error)

        thread = threading.Thread(target=work, name="generating", daemon=True)
        thread.start()
        try:
            while True:
                item = said.get()
                if isinstance(item, BaseException):
                    raise item
                yield item
                if isinstance(item, Generated):
                    return
        finally:
            clock.stop()
            thread.join()

    def _row(self, index: int, prompt: Prompt) -> _Row | AssistantError:
        if prompt.seed is None and prompt.temperature > 0:
            # drawn here and recorded, so that even this answer can be had again
            prompt = replace(prompt, seed=secrets.randbelow(2**31))
        ids, head = self.tokens.encode(prompt.system, prompt.text)
        if self.window and len(ids) + prompt.most_tokens > self.window:
            return AssistantError(
                "invalid_request",
                f"{len(ids)} tokens and an answer of {prompt.most_tokens} do not fit in the model's {self.window}.",
            )
        return _Row(index, prompt, ids, head)

    def _fitting(self, rows: Sequence[_Row]) -> int:
        """How many of the first rows are decoded together."""
        if not self._prefixes.can_share:
            return 1
        longest, size = 0, 0
        for size, row in enumerate(rows[: MOST_ROWS[self.device]], start=1):  # noqa: B007
            longest = max(longest, len(row.ids) + row.prompt.most_tokens)
            if size > 1 and size * longest * self._prefixes.bytes_a_token > MOST_CACHE_BYTES[self.device]:
                return size - 1
        return size

    def _together(self, rows: Sequence[_Row]) -> list[Generated]:
        """Decode several prompts at once, their keys and values computed once for whatever they share."""
        clock = Clock()
        ids = [row.ids for row in rows]
        width = max(map(len, ids))
        start = min(common_prefix(ids), min(map(len, ids)) - 1)
        cache = self._prefixes.of(ids[0][:start], head=min(row.head for row in rows))
        tokens, mask = self._aligned(ids, start, width)
        # the repeats of a prompt need it read once
        numbers: dict[tuple[int, ...], int] = {}
        owners = [numbers.setdefault(tuple(each), len(numbers)) for each in ids]
        firsts = [owners.index(number) for number in range(len(numbers))]
        self._prefixes.read(cache, tokens[firsts], mask[firsts], start, width - 1)
        if len(firsts) < len(owners):
            cache.batch_select_indices(torch.tensor(owners, device=self.device))
        choice = self._choice(rows, width)
        most = [row.prompt.most_tokens for row in rows]
        with torch.inference_mode():
            whole = self._model.generate(
                tokens,
                attention_mask=mask,
                cache=cache,
                max_new_tokens=max(most),
                do_sample=False,
                logits_processor=[choice],
                streamer=clock,
            )
        made = []
        for number, row in enumerate(rows):
            if self.precision == "float32" and choice.was_close(number):
                made.append(self._plain(row))
                continue
            made.append(self._generated(row, whole[number, width:].tolist()[: most[number]], clock, rows=len(rows)))
        return made

    def _alone(self, row: _Row, clock: Clock | None = None) -> Generated:
        """Decode one prompt with guesses. (Assisted decoding in transformers reads the whole prompt, cache or not.)"""
        if not self._prefixes.can_share:
            return self._plain(row, clock)
        is_stream, clock = clock is not None, clock or Clock()
        choice = self._choice([row], len(row.ids))
        guesses: dict[str, Any] = {"prompt_lookup_num_tokens": LOOKUP_TOKENS, "max_matching_ngram_size": LOOKUP_NGRAM}
        if self._draft is not None:
            guesses = {"assistant_model": self._draft}
        ids = self._run(row, clock, choice, guesses)
        if self.precision == "float32" and not is_stream and choice.was_close(0):
            return self._plain(row)
        return self._generated(row, ids, clock, rows=1)

    def _plain(self, row: _Row, clock: Clock | None = None) -> Generated:
        """One prompt as transformers decodes it by itself."""
        clock = clock or Clock()
        return self._generated(row, self._run(row, clock, self._choice([row], len(row.ids)), {}), clock, rows=1)

    def _run(self, row: _Row, clock: Clock, choice: Choice, more: dict[str, Any]) -> list[int]:
        tokens = torch.tensor([row.ids], device=self.device)
        with torch.inference_mode():
            whole = self._model.generate(
                tokens,
                attention_mask=torch.ones_like(tokens),
                max_new_tokens=row.prompt.most_tokens,
                do_sample=False,
                logits_processor=[choice],
                stopping_criteria=[clock.criterion],
                streamer=clock,
                **more,
            )
        made: list[int] = whole[0, len(row.ids) :].tolist()
        return made

    def _choice(self, rows: Sequence[_Row], width: int) -> Choice:
        draws = [(row.prompt.seed or 0, row.prompt.temperature) for row in rows]
        return Choice(draws, width, self._ends)

    def _aligned(self, ids: Sequence[list[int]], start: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokens and mask [rows, width]: what all share, then a gap that nothing looks at, then each one's rest."""
        tokens = torch.full((len(ids), width), self.tokens.padding)
        mask = torch.zeros((len(ids), width), dtype=torch.long)
        for number, each in enumerate(ids):
            rest = width - (len(each) - start)
            tokens[number, :start] = torch.tensor(each[:start], dtype=torch.long)
            tokens[number, rest:] = torch.tensor(each[start:], dtype=torch.long)
            mask[number, :start] = mask[number, rest:] = 1
        return tokens.to(self.device), mask.to(self.device)

    def _generated(self, row: _Row, ids: list[int], clock: Clock, *, rows: int) -> Generated:
        end = next((at for at, token in enumerate(ids) if token in self._ends), None)
        count = len(ids) if end is None else end + 1
        return Generated(
            text=self.tokens.decode(ids[:count]),
            finish="truncated" if end is None else "complete",
            input_tokens=len(row.ids),
            output_tokens=count,
            record={
                "model": self.name,
                "model_sha256": self.fingerprint,
                "dtype": self.precision,
                "device": self.device,
                "seed": row.prompt.seed,
                "temperature": row.prompt.temperature,
                "decoded_together": rows,
                "timings_ms": clock.timings(count),
            },
        )


def _require_same_tokens(folder: ModelFolder, draft: ModelFolder) -> None:
    """A draft model's guesses are read as the model's own tokens."""
    digests = {hashlib.sha256((each.path / "tokenizer.json").read_bytes()).digest() for each in (folder, draft)}
    if len(digests) > 1:
        raise UnusableFolder(f"The draft model {draft.path.name} has another tokenizer than {folder.path.name}.")


#: Torch's names of precisions, by the names that settings have for them.
LONG_NAMES: dict[str, Precision] = {"auto": "auto", "fp32": "float32", "bf16": "bfloat16", "int8": "int8"}


@lru_cache(maxsize=2)
def get_generator(
    name: str, root: Path, device: str = "auto", precision: str = "auto", draft: str = ""
) -> ModelGenerator:
    """The generator of this process, loaded once for each model, in one of LONG_NAMES. Raises UnusableFolder."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    folders = [check(find(each, root), root) if each else None for each in (name, draft)]
    if folders[0] is None:
        raise UnusableFolder("No model is named.")
    return ModelGenerator(folders[0], device=device, precision=LONG_NAMES[precision], draft=folders[1])
