"""`python -m rag` as people and tests run it."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rag.__main__ import main
from rag.evaluate import ndcg, scores
from tests.rag.conftest import KETTLES, LIMESCALE


@pytest.fixture
def files(tmp_path: Path) -> Path:
    rows = [
        {"_id": "k", "title": "Kettles", "text": KETTLES, "url": "https://kitchen.example/"},
        {"_id": "l", "title": "Limescale", "text": LIMESCALE, "url": "https://hard.example/"},
        {"_id": "empty", "title": "", "text": ""},
    ]
    (tmp_path / "corpus.jsonl").write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    (tmp_path / "queries.jsonl").write_text(
        '{"_id": "q1", "text": "What is limescale?"}\n{"_id": "q2", "text": "best kettle"}\n'
    )
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tl\t1\nq2\tk\t2\n")
    return tmp_path


def test_index_search_ask_and_evaluate(files: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    def run(*arguments: object) -> list[str]:
        main([str(argument) for argument in arguments])
        return capfdbinary.readouterr().out.decode().splitlines()

    (manifest,) = run("index", files / "corpus.jsonl", files / "index")
    assert json.loads(manifest)["documents"] == 3
    for mode in ("dense", "lexical", "hybrid"):
        lines = [
            line.split() for line in run("search", files / "index", files / "queries.jsonl", "--mode", mode, "-k", 1)
        ]
        assert [(line[0], line[1], line[2], line[3]) for line in lines] == [
            ("q1", "Q0", "l", "1"),
            ("q2", "Q0", "k", "1"),
        ]
        assert all(len(line) == 6 for line in lines)
    for line in run("search", files / "index", files / "queries.jsonl", "--by", "passage"):
        row = json.loads(line)
        assert set(row) == {"query", "rank", "document", "start", "end", "score"}
        assert 0 < row["end"] - row["start"] <= 1200
    (files / "blank.jsonl").write_text('{"_id": "q0", "text": " "}\n')
    for mode in ("dense", "lexical", "hybrid"):
        assert run("search", files / "index", files / "blank.jsonl", "--mode", mode) == []
    (answer,) = run("ask", files / "index", "Which kettle is best?", "--seed", 3)
    assert json.loads(answer)["citations"]
    rows = [json.loads(line) for line in run("evaluate", files / "index", files / "queries.jsonl", files / "qrels.tsv")]
    assert [row["mode"] for row in rows] == ["dense", "lexical", "hybrid"] and rows[2]["ndcg@10"] == 1
    judged_wrong = files / "wrong.tsv"
    judged_wrong.write_text("q1\tk\t1\nq2\tl\t1\n")
    evaluated = run(
        "evaluate", files / "index", files / "queries.jsonl", judged_wrong, "--mode", "lexical", "--answers"
    )
    answers = json.loads(evaluated[-1])
    assert answers["answered"] == 2 and answers["citation_recall"] == 1 and answers["cited_relevant"] < 1
    # words alone are ranked without a model; vectors of two models are never compared
    judged = (files / "index", files / "queries.jsonl", files / "qrels.tsv", "--precision", "int8")
    assert [json.loads(row)["mode"] for row in run("evaluate", *judged, "--mode", "lexical")] == ["lexical"]
    with pytest.raises(SystemExit) as ended:
        run("evaluate", *judged)
    assert ended.value.code == 2


def test_robots_starts_at_once_without_torch(tmp_path: Path) -> None:
    (tmp_path / "robots.txt").write_text("User-agent: *\nDisallow: /private")
    script = (
        "import sys; from rag.__main__ import main; main(); assert not {'torch', 'numpy', 'faiss'} & set(sys.modules)"
    )
    seconds = []
    for path, expected in (("/private/x", "disallowed"), ("/public", "allowed")):
        started = time.perf_counter()
        url = f"https://a.example{path}"
        command = [sys.executable, "-c", script, "robots", str(tmp_path / "robots.txt"), "--agent", "Bot", "--url", url]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        seconds.append(time.perf_counter() - started)
        assert done.stdout == f"{expected}\n"
    # generous: other tests run beside this one
    assert min(seconds) < 2


def test_extract_gives_a_row_for_every_file(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    (tmp_path / "page.html").write_text(
        "<html><title>Tea</title><p>Green tea is brewed at eighty degrees, never hotter."
    )
    (tmp_path / "empty.html").write_text("")
    names = [str(tmp_path / "page.html"), str(tmp_path / "empty.html")]
    main(["extract", *names])
    rows = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert [row["file"] for row in rows] == names
    assert "eighty degrees" in rows[0]["text"] and rows[1]["text"] == ""


def test_a_file_that_cannot_be_read_does_not_cost_the_rows_of_others(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    page = b"<html><title>Tea</title><p>Green tea is brewed at eighty degrees, never hotter."
    packed = gzip.compress(page)
    bodies = {"cut.gz": packed[:-12], "bent.gz": packed[:10] + b"\xff" * 20, "none.gz": b"plain", "page.gz": packed}
    for name, body in bodies.items():
        (tmp_path / name).write_bytes(body)
    names = [str(tmp_path / name) for name in ("absent.html", *bodies)]
    with pytest.raises(SystemExit) as caught:
        main(["extract", *names])
    said = capfdbinary.readouterr()
    rows = [json.loads(line) for line in said.out.splitlines()]
    assert caught.value.code == 2
    assert [row["file"] for row in rows] == names
    assert [bool(row["text"]) for row in rows] == [False] * 4 + [True]
    assert [line.split(": ")[0] for line in said.err.decode().splitlines()] == names[:4]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["search", "absent", "queries.jsonl"], "There is no index in absent"),
        (["index", "absent.jsonl", "x"], "absent.jsonl"),
        (["index", "queries.jsonl", "."], "already exists"),
        (["robots", "absent", "--agent", "a", "--url", "u"], "absent"),
        (["evaluate", "absent", "queries.jsonl", "qrels.tsv"], "There is no index"),
        (["search", "i", "q", "-k", "0"], "at least 1"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    files: Path, arguments: list[str], reason: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(files)
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2 and reason in capsys.readouterr().err


def test_scores_are_those_of_trec_eval() -> None:
    assert ndcg(["b", "a", "x"], {"a": 2, "b": 1}, 10) == pytest.approx((1 + 2 / 1.5849625) / (2 + 1 / 1.5849625))
    measured = scores({"q": ["x", "a"]}, {"q": {"a": 1}, "none": {"a": 1}, "irrelevant": {"a": 0}})
    assert measured["queries"] == 2 and measured["mrr@10"] == 0.25 and measured["recall@10"] == 0.5
