"""A cross-encoder orders the best passages anew and leaves the rest below; folders that could run code are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from inference.answer import Answer, Question, RawBody
from inference.model_files import UnusableModel
from rag import compose, retrieve, trace
from rag.__main__ import main
from rag.assistant import LocalAssistant
from rag.generative import GenerativeAssistant
from tests.inference.models import make_bert, make_model

if TYPE_CHECKING:
    from inference.embed import Embedder
    from inference.rerank import Reranker
    from rag.index import Index

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "kettle", "limescale", "train", "the", "best", "is", "night"]
QUESTION = "Which kettle is the best?"


def make_cross_encoder(folder: Path, labels: int = 1) -> Path:
    return make_bert(folder, WORDS, window=64, labels=labels)


@pytest.fixture(scope="module")
def reranker(tmp_path_factory: pytest.TempPathFactory) -> Reranker:
    from inference.rerank import get_reranker

    root = tmp_path_factory.mktemp("models")
    make_cross_encoder(root / "cross")
    return get_reranker("cross", root, "cpu")


def last_first(question: str, texts: list[str]) -> retrieve.Vectors:
    """What a cross-encoder would say that finds the search's order wrong all along."""
    return np.linspace(0, 1, len(texts), dtype=np.float32)


def body_of(assistant: LocalAssistant, *questions: Question) -> dict[str, Any]:
    """The body of the first question's answer, without its times."""
    answers = dict(assistant.answer_many(questions))
    assert isinstance(answers[0], Answer)
    body: dict[str, Any] = json.loads(answers[0].raw)
    return {name: value for name, value in body.items() if name != "timings_ms"}


def test_the_best_are_ordered_anew_and_the_others_stay_below(
    index: Index, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrieve, "RERANKED", 2)
    before = retrieve.rank(index, QUESTION, embedder.encode([QUESTION], "query")[0])
    assert len(before.passages) > 2
    read: list[str] = []

    def noted(question: str, texts: list[str]) -> retrieve.Vectors:
        assert question == QUESTION
        read.extend(texts)
        return last_first(question, texts)

    after = retrieve.reranked(index, QUESTION, before, noted)
    assert after.passages.tolist() == [*before.passages[1::-1], *before.passages[2:]]
    assert (np.diff(after.scores) < 0).all() and after.scores[1] >= 0 > after.scores[2]
    assert after.cosines is not None and before.cosines is not None and after.cosines[0] == before.cosines[1]
    assert read[0].startswith("The best kettles, tested\n")


def test_search_and_evaluation_take_a_cross_encoder(
    generation: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_cross_encoder(tmp_path / "cross")
    (tmp_path / "q.jsonl").write_text(json.dumps({"_id": "q", "text": QUESTION}))
    (tmp_path / "qrels.tsv").write_text("q\t1\t1\n")
    search = ["search", str(generation), str(tmp_path / "q.jsonl"), "--device", "cpu", "--by", "passage"]
    main(search)
    plain = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    main([*search, "--rerank", str(folder)])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(rows) == len(plain) and {row["document"] for row in rows} == {row["document"] for row in plain}
    assert [row["score"] for row in rows] == sorted((row["score"] for row in rows), reverse=True)
    assert all(0 <= row["score"] <= 1 for row in rows) and rows != plain
    files = [str(generation), str(tmp_path / "q.jsonl"), str(tmp_path / "qrels.tsv")]
    main(["evaluate", *files, "--mode", "lexical", "--rerank", str(folder)])
    assert json.loads(capsys.readouterr().out)["queries"] == 1
    main(["ask", str(generation), QUESTION, "--device", "cpu", "--rerank", str(folder)])
    assert json.loads(capsys.readouterr().out)["model"] == "all-MiniLM-L6-v2 + cross"


def test_an_answer_is_made_in_the_order_of_the_reranker_and_says_which_it_was(
    index: Index, embedder: Embedder, reranker: Reranker
) -> None:
    engine = LocalAssistant(index, embedder, reranker)
    body = body_of(engine, Question(QUESTION, seed=1), Question("How do I descale a kettle?", seed=2))
    assert (body["reranker"], body["reranker_sha256"]) == ("cross", reranker.fingerprint)
    assert len(reranker.fingerprint) == 64
    assert engine.parse(RawBody(json.dumps(body).encode())).model == "all-MiniLM-L6-v2 + cross"
    assert body == body_of(engine, Question(QUESTION, seed=1)), "whatever else is asked with it"
    plain = retrieve.rank(index, QUESTION, embedder.encode([QUESTION], "query")[0])
    after = retrieve.reranked(index, QUESTION, plain, reranker.scores)
    ranked = [index.documents[number].id for number, _ in retrieve.by_document(index, after, 10)]
    found = [index.documents[number].id for number, _ in retrieve.by_document(index, plain, 10)]
    places = trace.recorded(json.dumps(body).encode())
    assert [place.document for place in places] == ranked
    assert [place.found for place in places] == [found.index(place.document) + 1 for place in places]
    scores = dict(zip(plain.passages.tolist(), plain.scores.tolist(), strict=True))
    for place in places:
        row = next(r for r in index.passages if (r["start"], r["end"]) == (place.start, place.end))
        assert place.read is not None and 0 <= place.read <= 1
        assert place.dense + place.lexical == pytest.approx(place.score)
        (number,) = np.flatnonzero(index.passages == row)
        assert place.score == pytest.approx(scores[int(number)], abs=1e-4), "the search's, not the reranker's"
    reads = [place.read for place in places if place.read is not None]
    assert reads == sorted(reads, reverse=True)


def test_any_text_gets_a_figure(reranker: Reranker) -> None:
    found = reranker.scores("kettle \ud800 best", ["", "limescale \udfff", "the " * 5000])
    assert found.shape == (3,) and ((found >= 0) & (found <= 1)).all()
    assert reranker.scores(QUESTION, []).shape == (0,)


def test_without_a_reranker_nothing_of_one_is_recorded(index: Index, embedder: Embedder) -> None:
    body = body_of(LocalAssistant(index, embedder), Question(QUESTION, seed=1))
    assert list(body) == [
        *("engine", "format", "model", "model_sha256", "question", "seed", "temperature", "text", "markers"),
        *("sources", "ranking", "usage"),
    ]
    assert {len(row) for row in body["ranking"]} == {5} and body["format"] == 2


def test_pages_are_chosen_by_the_reranker_on_the_scale_of_the_search(
    index: Index, embedder: Embedder, reranker: Reranker, monkeypatch: pytest.MonkeyPatch
) -> None:
    vector = embedder.encode([QUESTION], "query")[0]
    plain = retrieve.rank(index, QUESTION, vector)
    read_again = retrieve.reranked(index, QUESTION, plain, last_first)
    pages = compose.context(index, QUESTION, read_again)
    order = [number for number, _ in retrieve.by_document(index, read_again, 10)]
    assert [page.document for page in pages] == [number for number in order if number in {p.document for p in pages}]
    assert [page.score for page in pages] == sorted((page.score for page in pages), reverse=True)
    # the best place is worth what it always was, whatever stands there now
    assert pages[0].score <= round(float(plain.scores[0]), 6)
    assert {page.score for page in pages} <= {round(score, 6) for score in plain.scores.tolist()}
    monkeypatch.setattr(reranker, "scores", last_first)
    body = body_of(LocalAssistant(index, embedder, reranker), Question(QUESTION))
    assert [source["document"] for source in body["sources"]] == [index.documents[p.document].id for p in pages]


def test_all_that_was_read_is_recorded_and_the_rest_keeps_its_place(
    index: Index, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrieve, "RERANKED", 3)
    plain = retrieve.rank(index, QUESTION, embedder.encode([QUESTION], "query")[0])
    before = trace.places(index, plain)
    after = trace.places(index, retrieve.reranked(index, QUESTION, plain, last_first))
    read = [place for place in after if place.read is not None]
    assert 0 < len(read) < len(after) and {place.document for place in read} == {
        place.document for place in before[: len(read)]
    }
    assert after[len(read) :] == before[len(read) :]
    cut = trace.places(index, retrieve.reranked(index, QUESTION, plain, last_first), 1)
    assert cut == after[: len(read)]


def test_a_language_model_is_shown_what_the_reranker_chose(
    index: Index, embedder: Embedder, reranker: Reranker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from inference.generate import get_generator

    monkeypatch.setattr(reranker, "scores", last_first)
    make_model(tmp_path / "tiny", max_position_embeddings=8192)
    engine = GenerativeAssistant(index, embedder, get_generator("tiny", tmp_path, "cpu"), reranker)
    body = body_of(engine, Question(QUESTION, seed=1, options={"max_output_tokens": 4}))
    pages = body_of(LocalAssistant(index, embedder, reranker), Question(QUESTION))["sources"]
    assert [source["document"] for source in body["sources"]] == [page["document"] for page in pages]
    assert (body["reranker"], body["model"]) == ("cross", "tiny")
    assert trace.recorded(json.dumps(body).encode())[0].read == 1
    assert engine.parse(RawBody(json.dumps(body).encode())).model == "tiny + cross"


def test_a_folder_that_is_no_safe_cross_encoder_is_refused(tmp_path: Path) -> None:
    from inference.rerank import Reranker

    with pytest.raises(UnusableModel, match="ranking needs one"):
        Reranker(make_cross_encoder(tmp_path / "three", labels=3), "cpu")
    folder = make_cross_encoder(tmp_path / "code")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "auto_map": {"AutoModel": "evil.Model"}}))
    with pytest.raises(UnusableModel, match="auto_map"):
        Reranker(folder, "cpu")
    (folder / "weights.pkl").write_bytes(b"")
    with pytest.raises(UnusableModel, match="run code"):
        Reranker(folder, "cpu")
    with pytest.raises(UnusableModel, match="no cross-encoder"):
        Reranker(make_bert(tmp_path / "embeds", WORDS, window=64), "cpu")
    with pytest.raises(UnusableModel, match="no model directory"):
        Reranker(tmp_path / "absent", "cpu")
