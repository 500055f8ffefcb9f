"""The local engine's answers: verbatim sentences with markers that point at their pages, the same when asked again."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from inference.answer import Answer, AssistantError, Question, RawBody
from rag.assistant import LocalAssistant, source_documents
from rag.compose import NOTHING_FOUND
from rag.index import Document, Index
from rag.index_build import build
from rag.wording import Kind, kinds_of

if TYPE_CHECKING:
    from pathlib import Path

    from inference.embed import Embedder

PROMPTS = [
    "Which kettle is the best?",
    "How do I descale a kettle?",
    "What is limescale?",
    "How much does a bed on the night train cost?",
]
MARKER = re.compile(r"\[(\d+)\]")


@pytest.fixture(scope="module")
def assistant(index: Index, embedder: Embedder) -> LocalAssistant:
    return LocalAssistant(index, embedder)


def quoted(answer: Answer) -> list[tuple[str, int]]:
    """Each quotation and the number of the page it points at."""
    parts = MARKER.split(answer.text)
    return [
        (text.strip().removeprefix("- "), int(number)) for text, number in zip(parts[::2], parts[1::2], strict=False)
    ]


def test_who_asks_changes_nothing(assistant: LocalAssistant) -> None:
    asked = [Question(PROMPTS[0], seed=3), Question(PROMPTS[0], seed=3, persona="I only ever buy steel kettles.")]
    first, second = (answer for _, answer in assistant.answer_many(asked) if isinstance(answer, Answer))
    assert not assistant.takes_persona
    assert (first.text, first.citations, first.retrieved) == (second.text, second.citations, second.retrieved)


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("seed", [None, 1, 2, 3])
def test_every_sentence_stands_verbatim_in_the_page_its_marker_points_at(
    assistant: LocalAssistant, index: Index, prompt: str, seed: int | None
) -> None:
    answer = assistant.answer(Question(prompt, seed=seed))
    pages = {document.url: document.text for document in index.documents}
    assert answer.citations and answer.finish == "complete"
    for sentence, number in quoted(answer):
        assert sentence and sentence in pages[answer.citations[number - 1].url]
    for number, citation in enumerate(answer.citations, start=1):
        assert citation.via == "marker" and citation.page and citation.domain
        assert {answer.text[start:end] for start, end in citation.spans} == {f"[{number}]"}
    assert answer.retrieved is not None
    assert {citation.page for citation in answer.citations} <= {source.page for source in answer.retrieved}
    assert answer.searches == (prompt,) and answer.usage.cost_usd == 0 and (answer.usage.input_tokens or 0) > 5


@pytest.mark.parametrize(
    ("prompt", "said", "unsaid"),
    [
        (PROMPTS[0], "Aldera K2", "Harrowgate"),
        (PROMPTS[1], "white vinegar", "newsletter"),
        (PROMPTS[2], "chalky deposit", "commission"),
        (PROMPTS[3], "45 euros", "vinegar"),
    ],
)
def test_the_answer_answers(assistant: LocalAssistant, prompt: str, said: str, unsaid: str) -> None:
    text = assistant.answer(Question(prompt)).text
    assert said in text and unsaid not in text


def test_a_batch_gives_what_single_questions_give_and_seeds_make_a_difference(
    assistant: LocalAssistant, index: Index, embedder: Embedder
) -> None:
    questions = [Question(prompt, seed=seed, temperature=1.0) for prompt in PROMPTS for seed in range(6)]
    kept: dict[int, RawBody] = {}

    def keep(number: int, body: RawBody) -> None:
        assert number not in kept
        kept[number] = body

    texts = {}
    for number, result in assistant.answer_many(questions, keep):
        assert isinstance(result, Answer) and number in kept and result.raw == kept[number].content
        texts[number] = result.text
    other = LocalAssistant(Index.open(index.directory), embedder)
    assert [other.answer(question).text for question in questions] == [
        texts[number] for number in range(len(questions))
    ]
    assert len(set(texts.values())) > len(PROMPTS)
    cold = {assistant.answer(Question(PROMPTS[0], seed=seed, temperature=0)).text for seed in range(6)}
    assert len(cold) == 1


@pytest.mark.parametrize(
    "prompt", ["How do volcanoes on Neptune form?", "", "\ud800", "\u96e8\u306f\u964d\u308b\u304b\uff1f", "q" * 10_000]
)
def test_a_question_the_pages_do_not_answer_gets_an_honest_answer(assistant: LocalAssistant, prompt: str) -> None:
    answer = assistant.answer(Question(prompt))
    assert answer.text == NOTHING_FOUND and answer.citations == () and answer.finish == "complete"


def test_an_empty_index_answers_too(embedder: Embedder, tmp_path: Path) -> None:
    build(tmp_path / "1", [Document("1", "https://a.example/", "", "")], embedder)
    assert LocalAssistant(Index.open(tmp_path / "1"), embedder).answer(Question("Which kettle?")).text == NOTHING_FOUND


def test_a_stored_body_is_read_again_without_torch(assistant: LocalAssistant, tmp_path: Path) -> None:
    answer = assistant.answer(Question(PROMPTS[0], seed=7))
    (tmp_path / "body.json").write_bytes(answer.raw)
    script = (
        "import json, sys; from inference.answer import RawBody; from rag.assistant import LocalAssistant as L;"
        "body = RawBody(open(sys.argv[1], 'rb').read()); print(json.dumps(L.__new__(L).parse(body).as_json()));"
        "assert not {'torch', 'faiss', 'numpy'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "body.json")], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == answer.as_json()
    assert set(source_documents(answer.raw)) >= {"1"}


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b'{"sources": [], "markers": [[0, 1, 5]], "text": "x"}', b"\xff"]
)
def test_a_body_that_is_none_of_ours_is_malformed(assistant: LocalAssistant, content: bytes) -> None:
    with pytest.raises(AssistantError) as caught:
        assistant.parse(RawBody(content))
    assert caught.value.kind == "malformed" and not caught.value.permanent


def test_a_page_indexed_twice_is_cited_once(embedder: Embedder, tmp_path: Path) -> None:
    documents = [
        Document("1", "https://www.tea.example/a/?utm_source=x", "Green tea", "Green tea is brewed at eighty degrees."),
        Document(
            "2", "https://tea.example/a", "Brewing tea", "Green tea takes two minutes to brew well in a warm pot."
        ),
    ]
    build(tmp_path / "1", documents, embedder)
    answer = LocalAssistant(Index.open(tmp_path / "1"), embedder).answer(Question("How is green tea brewed?"))
    assert answer.retrieved is not None and len(answer.retrieved) == 1
    assert [citation.page for citation in answer.citations] == ["tea.example/a"]


@pytest.mark.parametrize(
    ("question", "kinds"),
    [
        ("Which kettle is best?", (Kind.PICK,)),
        ("How much does a kettle cost, and which is best?", (Kind.COST, Kind.PICK)),
        ("How do I descale a kettle?", (Kind.STEPS,)),
        ("What belongs on a packing list?", (Kind.LIST,)),
        ("What is limescale?", (Kind.MEANING,)),
    ],
)
def test_what_a_question_asks_for(question: str, kinds: tuple[Kind, ...]) -> None:
    assert kinds_of(question) == kinds
