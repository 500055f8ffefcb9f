"""Answers of a language model, decoded together, beside transformers' own `generate` asked one by one.

`python -m bench.generation [--prompts 64] [--shared 600] [--own 60] [--tokens 48] [--rounds 3] [--device cpu]` makes a
model of random weights (some 90 MB in float32), writes prompts that begin with the same instructions, answers them both
ways by turns and asserts that every token is equal. Prints one JSON line: best seconds, the ratio, and how much of the
memory's bandwidth each way of decoding reads weights with (a step reads all of them once, whatever the number of rows).
"""

from __future__ import annotations

import argparse
import json
import random
import string
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from bench.engine import best_of
from inference.generate import ModelGenerator
from inference.generator import Generated, Prompt
from inference.model_folder import check
from tests.inference.models import make_model

SIZES = {
    "hidden_size": 512, "intermediate_size": 1408, "num_hidden_layers": 8, "num_attention_heads": 8,
    "num_key_value_heads": 2, "max_position_embeddings": 4096,
}  # fmt: skip
BANDWIDTH_BYTES = 1024**3


def words(characters: int, seed: int) -> str:
    rng = random.Random(seed)
    return "".join(rng.choices(string.ascii_lowercase + " ", k=characters))


def seconds_of(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    made = work()
    return time.perf_counter() - started, made


def bandwidth(device: str) -> float:
    """Bytes a second that summing a large tensor reads."""
    tensor = torch.ones(BANDWIDTH_BYTES // 4, device=device)
    return BANDWIDTH_BYTES / best_of(lambda: tensor.sum().item())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prompts", type=int, default=64)
    parser.add_argument("--shared", type=int, default=600, help="tokens that all prompts begin with")
    parser.add_argument("--own", type=int, default=60, help="tokens of each prompt's own")
    parser.add_argument("--tokens", type=int, default=48, help="tokens of an answer")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda", "mps"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        folder = check(make_model(Path(root) / "model", **SIZES), Path(root))
        generator = ModelGenerator(folder, device=options.device, precision="float32")
        plain: Any = AutoModelForCausalLM.from_pretrained(folder.path, dtype=torch.float32).eval().to(options.device)
    system = words(options.shared, 0)
    prompts = [Prompt(system, words(options.own, n), most_tokens=options.tokens) for n in range(1, options.prompts + 1)]
    ids = [
        torch.tensor([generator.tokens.encode(each.system, each.text)[0]], device=options.device) for each in prompts
    ]

    def alone(tokens: torch.Tensor, most: int = options.tokens) -> list[int]:
        with torch.inference_mode():
            mask = torch.ones_like(tokens)
            made = plain.generate(tokens, attention_mask=mask, max_new_tokens=most, do_sample=False)
        found: list[int] = made[0, tokens.shape[1] :].tolist()
        return found

    def together() -> list[Generated]:
        made = dict(generator.generate(prompts))
        return [each for n in range(len(prompts)) if isinstance(each := made[n], Generated)]

    alone(ids[0])
    together()
    ones, batches = [], []
    for _ in range(options.rounds):
        ones.append(seconds_of(lambda: [alone(each) for each in ids]))
        batches.append(seconds_of(together))
    answers, batch = ones[0][1], batches[0][1]
    assert [generator.tokens.decode(each) for each in answers] == [each.text for each in batch], "tokens differ"
    one_step = (seconds_of(lambda: alone(ids[0], 33))[0] - seconds_of(lambda: alone(ids[0], 1))[0]) / 32
    a_step = sum(each.record["timings_ms"]["per_token"] for each in batch) / len(batch) / 1000
    weights = sum(each.nbytes for each in plain.parameters()) - plain.get_input_embeddings().weight.nbytes
    most = bandwidth(options.device)
    one_by_one, at_once = min(each[0] for each in ones), min(each[0] for each in batches)
    row = {
        "bench": "generation",
        "device": options.device,
        "threads": torch.get_num_threads(),
        "weights_mb": round(weights / 1e6),
        "prompts": len(prompts),
        "prompt_tokens": ids[0].shape[1],
        "answer_tokens": sum(map(len, answers)),
        "one_by_one_seconds": round(one_by_one, 2),
        "together_seconds": round(at_once, 2),
        "ratio": round(one_by_one / at_once, 2),
        "bandwidth_gb_a_second": round(most / 1e9, 1),
        "bandwidth_share_alone": round(weights / one_step / most, 2),
        "bandwidth_share_together": round(weights / a_step / most, 2),
    }
    print(json.dumps(row))


if __name__ == "__main__":
    main()
