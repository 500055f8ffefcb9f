"""Reports: the same figures in each format, read back, and nothing in them that runs."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.core.management import call_command
from django.test import Client
from pypdf import PdfReader

from monitor import exports
from monitor.exports.text import FORMULA, guarded
from monitor.models import Brand, Prompt, Response
from monitor.queries import report as queries
from monitor.queries.filters import Filter, Period
from monitor.queries.report import Report
from tests.factories import make_member, make_workspace
from tests.factories_history import LAST_DAY, History, make_history, make_panel

pytestmark = pytest.mark.django_db
MONTH = Filter(Period(LAST_DAY - timedelta(days=29), LAST_DAY))
HOSTILE = (
    '=HYPERLINK("http://evil.example")',
    "+1",
    "-1",
    "@sum",
    "\tx",
    '#panic("typst") $x$ *b* _i_ \\ <label> @ref',
)
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def hostile_history() -> History:
    history = make_history(days=3, prompts=12)
    for brand, name in zip(history.brands, HOSTILE, strict=False):
        for frozen in history.extraction.brand_set.brands:
            if frozen["id"] == brand.pk:
                frozen["name"] = name
        Brand.objects.for_workspace(history.workspace).filter(pk=brand.pk).update(name=name)
    history.extraction.brand_set.save()
    Prompt.objects.for_workspace(history.workspace).filter(pk=history.prompts[0].pk).update(text='=cmd|"/C calc"!A0')
    text = '=1+1\n#read("/etc/passwd") `#sys` 好 **bold** [x](https://a.example)'
    Response.objects.for_workspace(history.workspace).update(text=text)
    return history


def made(history: History) -> Report:
    return queries.report(history.workspace, MONTH)


def written(name: str, report: Report, only: str | None = None) -> bytes:
    file = io.BytesIO()
    exports.FORMATS[name].write(report, only, file)
    return file.getvalue()


def parsed(content: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(content)  # noqa: S314 - our own file


def sheets(content: bytes) -> dict[str, list[list[tuple[str, str]]]]:
    """Sheet name -> rows of (type, value), by the XML of the file."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        names = [sheet.get("name") or "" for sheet in parsed(book.read("xl/workbook.xml")).iter(f"{SHEET}sheet")]
        found = {}
        for number, name in enumerate(names, start=1):
            rows = []
            for row in parsed(book.read(f"xl/worksheets/sheet{number}.xml")).iter(f"{SHEET}row"):
                assert not list(row.iter(f"{SHEET}f")), "a formula"
                rows.append(
                    [
                        ("s", "".join(part.text or "" for part in cell.iter(f"{SHEET}t")))
                        if cell.get("t") == "inlineStr"
                        else ("n", cell.findtext(f"{SHEET}v") or "")
                        for cell in row
                    ]
                )
            found[name] = rows
        return found


def test_all_formats_tell_the_same_figures() -> None:
    history = make_history(days=4, prompts=12)
    report = made(history)
    row = report.sections[0].brands[0]

    as_json = json.loads(written("json", report))
    brand = as_json["brands"][0]
    assert (brand["brand"], brand["mention_rate"], brand["n"]) == ("Fernwood", row.mention.rate, row.mention.n)
    assert len(as_json["answers"]) == report.sections[0].responses
    assert len(as_json["series"]) == 4 * len(history.brands)
    assert as_json["about"][1] == {"what": "Period", "which": "22 Oct 2026 to 20 Nov 2026"}

    rows = list(csv.DictReader(io.StringIO(written("csv", report).decode("utf-8-sig"))))
    first = next(line for line in rows if line["table"] == "brands")
    assert first["brand"] == "Fernwood"
    assert float(first["mention_rate"]) == pytest.approx(row.mention.rate, abs=1e-6)
    assert {line["table"] for line in rows} == set(exports.TABLE_KEYS)
    alone = list(csv.DictReader(io.StringIO(written("csv", report, "brands").decode("utf-8-sig"))))
    assert [line["brand"] for line in alone] == [item.brand.name for item in report.sections[0].brands]

    book = sheets(written("xlsx", report))
    assert list(book) == [
        "About this report",
        "Brands",
        "By day",
        "Cited domains",
        "Pages",
        "Prompts",
        "Answers",
        "Definitions",
    ]
    assert ("n", str(row.mention.n)) in book["Brands"][1]


def test_the_report_counts_prompts_gaps_and_ranks() -> None:
    history = make_history(days=3, prompts=12)
    report = made(history)
    section = report.sections[0]
    assert sum(row.n for row in report.prompts) == section.responses == len(report.answers)
    gap = report.gaps[section.key]
    assert gap.rate == pytest.approx(sum(row.gap / row.n for row in report.prompts) / 12)
    assert sum(row.own_named for row in report.prompts) == section.brands[0].named
    assert sum(row.own_cited for row in report.prompts) == section.brands[0].cited
    assert {row.brand.pk: row.median_rank for row in section.brands}[history.brands[0].pk] == 1.0
    assert report.answers.left_out == 0


def test_no_cell_of_a_csv_is_a_formula() -> None:
    content = written("csv", made(hostile_history())).decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(content)) for cell in row]
    assert '\'=HYPERLINK("http://evil.example")' in cells
    assert "'+1" in cells
    number = re.compile(r"-\d+(\.\d+)?(e-\d+)?")
    assert not [cell for cell in cells if cell.startswith(FORMULA) and not number.fullmatch(cell)]


@pytest.mark.parametrize("text", ["\n=1", " =1", "＝1", "\x00=1", "\u202e=1", " \t－1", "@x", "\tx"])  # noqa: RUF001
def test_what_stands_before_a_formula_does_not_hide_it(text: str) -> None:
    assert guarded(text) == f"'{text}"
    assert guarded(f"a{text}") == f"a{text}"
    assert guarded(" \n") == " \n"


def test_xlsx_and_json_keep_hostile_words_as_words() -> None:
    report = made(hostile_history())
    strings = {
        value for rows in sheets(written("xlsx", report)).values() for row in rows for kind, value in row if kind == "s"
    }
    assert set(HOSTILE) <= {value.replace("_x0009_", "\t") for value in strings}
    names = {row["brand"] for row in json.loads(written("json", report))["brands"]}
    assert names == set(HOSTILE)


def test_the_pdf_sets_hostile_words_as_words() -> None:
    pages = PdfReader(io.BytesIO(written("pdf", made(hostile_history())))).pages
    text = "\n".join(page.extract_text() for page in pages)
    for words in (
        "Citation report",
        "22 Oct 2026 to 20 Nov 2026",
        "#panic(",
        "$x$",
        '#read("/etc/passwd")',
        "More than noise",
    ):
        assert words in text


def pdf_text(history: History) -> str:
    pages = PdfReader(io.BytesIO(written("pdf", made(history)))).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def test_the_pdf_says_how_the_own_brand_stands_and_which_lines_are_grey() -> None:
    text = pdf_text(make_history(days=4, prompts=12))
    assert "Fernwood is named in" in text
    assert "of 6 brands by mention rate." in text
    assert "Band: 95 % interval of Fernwood" in text
    assert "Grey lines: Hollis & Kay, Nib Street and Tallow." in text


def test_the_pdf_of_one_thin_day_claims_no_lines_and_no_bands() -> None:
    text = pdf_text(make_history(days=1, prompts=4))
    assert "Mention rate on the one day measured" in text
    assert "too thin for an interval" in text
    assert "Band:" not in text


@pytest.mark.parametrize("name", sorted(exports.FORMATS))
def test_an_empty_workspace_still_has_a_report(name: str) -> None:
    assert written(name, queries.report(make_workspace(), MONTH))


# --- by hand and by command --------------------------------------------------------------------------------------


def test_downloads_are_named_and_typed() -> None:
    history = make_history(days=2, prompts=2)
    client = Client()
    client.force_login(make_member(history.workspace))
    address = f"/w/{history.workspace.slug}/reports/download/"
    done = client.get(address, {"format": "csv", "table": "domains", "from": "2026-11-19", "to": "2026-11-20"})
    assert done["Content-Type"] == "text/csv; charset=utf-8"
    assert done["Content-Disposition"].endswith('-domains-2026-11-19-2026-11-20.csv"')
    assert client.get(address, {"format": "exe"}).status_code == 404
    assert client.get(address, {"format": "csv", "table": "users"}).status_code == 404


def export(**options: Any) -> None:
    call_command("export", **{"start": "2026-11-01", "end": "2026-11-20", "format": "json", **options})


def test_the_command_writes_a_report_of_one_panel(tmp_path: Path) -> None:
    history = make_history(days=2, prompts=2)
    out = tmp_path / "report.json"
    export(workspace=history.workspace.name.upper(), panel="daily", out=out)
    assert json.loads(out.read_bytes())["about"][3] == {"what": "Panel", "which": "Daily"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"workspace": "nobody"}, "No workspace is called 'nobody'"),
        ({"panel": "Weekly"}, "No panel is called 'Weekly'"),
        ({"start": "soon"}, "--from 'soon' is no day"),
        ({"start": "2026-11-21"}, "is after --to"),
        ({"out": Path("/nowhere/report.json")}, "cannot be written"),
    ],
)
def test_what_the_command_cannot_do_it_says_in_a_sentence(
    change: dict[str, Any], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    panel = make_panel(make_workspace())
    with pytest.raises(SystemExit) as ended:
        export(**{"workspace": panel.workspace.slug, "panel": "Daily", "out": tmp_path / "x.json", **change})
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_two_workspaces_of_one_name_are_told_apart_by_slug(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = make_workspace(name="Shop"), make_workspace(name="shop")
    make_panel(one)
    with pytest.raises(SystemExit):
        export(workspace="Shop", panel="Daily", out=tmp_path / "x.json")
    assert other.slug in capsys.readouterr().err
    export(workspace=one.slug, panel="Daily", out=tmp_path / "x.json")
    assert (tmp_path / "x.json").exists()
