"""How reports look: the colour can be read, and a logo is what it says or is refused; both reach every format."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from monitor import logos, typeset_apart
from monitor.branding import LEAST_CONTRAST, clean_accent, contrast
from monitor.models import ReportSettings
from monitor.queries import branding
from tests.factories import make_member, make_workspace
from tests.factories_history import make_history
from tests.monitor.test_exports import made, written


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int = 40, height: int = 10, claimed: tuple[int, int] | None = None) -> bytes:
    head = struct.pack(">IIBBBBB", *(claimed or (width, height)), 8, 6, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\x7a\x1f\x3d\xff" * width for _ in range(height)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def svg(inside: str, attributes: str = 'viewBox="0 0 100 25"') -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg" {attributes}>{inside}</svg>'.encode()


SHAPES = svg('<rect width="100" height="25" fill="#7a1f3d"/><text x="4" y="18" font-size="12">Pens</text>')


def size(content: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", content[16:24])
    return width, height


# --- colour -----------------------------------------------------------------------------------------------------------


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000") == pytest.approx(21)
    assert contrast("#ffffff") == pytest.approx(1)
    assert contrast("#767676") == pytest.approx(4.54, abs=0.01)


@given(st.integers(0, 0xFFFFFF))
def test_a_colour_is_taken_when_it_can_be_read(value: int) -> None:
    colour = f"#{value:06x}"
    try:
        assert clean_accent(colour.upper()) == colour
        taken = True
    except ValueError:
        taken = False
    assert taken == (contrast(colour) >= LEAST_CONTRAST)


@pytest.mark.parametrize("text", ["red", "#12", "#1234567", "url(x)", '#fff" onload="x', "#ffffff", "#ff0"])
def test_no_other_is(text: str) -> None:
    with pytest.raises(ValueError, match="Write the colour|too light"):
        clean_accent(text)


def test_none_and_short_ones_are_understood() -> None:
    assert (clean_accent("  "), clean_accent("#036"), clean_accent("036")) == ("", "#003366", "#003366")


# --- logo -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [png(), SHAPES], ids=["png", "svg"])
def test_a_logo_becomes_a_png_of_its_own_proportions(data: bytes) -> None:
    drawn = logos.as_png(data)
    assert drawn.startswith(b"\x89PNG") and drawn != data
    assert size(drawn) == (720, 180)
    assert size(logos.as_png(drawn)) == (720, 180), "again, nothing changes"


def test_a_metadata_block_of_an_editor_is_taken_out() -> None:
    marks = (
        '<metadata>by me</metadata><i:view xmlns:i="http://editor.example/ns" zoom="2"/><rect width="9" height="9"/>'
    )
    assert logos.as_png(svg(marks)).startswith(b"\x89PNG")


@pytest.mark.parametrize("sides", ['width="1e38" height="1e-38"', 'width="1" height="1e12"', 'width="0" height="9"'])
def test_a_drawing_is_no_larger_than_a_logo_whatever_it_says(sides: str) -> None:
    assert size(logos.as_png(svg("<rect width='100' height='25'/>", f'viewBox="0 0 100 25" {sides}'))) == (720, 180)


@pytest.mark.parametrize(
    "broken", ["while True: pass", "import os; os.abort()", "x = bytes(1 << 40)", "sys.exit('no')"]
)
def test_what_breaks_the_drawing_ends_that_alone(broken: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = (
        Path(typeset_apart.__file__).read_text().replace("import typst\n", f"{broken}\n").replace("= 10, 2", "= 1, 2")
    )
    (tmp_path / "typeset_apart.py").write_text(source)
    monkeypatch.setattr(typeset_apart, "__file__", str(tmp_path / "typeset_apart.py"))
    with pytest.raises(ValueError, match="The logo cannot be drawn"):
        logos.as_png(SHAPES)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no PNG, JPEG or SVG"),
        (b"GIF89a" + b"\0" * 40, "no PNG, JPEG or SVG"),
        (b"<html><body>hi</body></html>", "no PNG, JPEG or SVG"),
        (png()[:60], "damaged"),
        (png(claimed=(30_000, 30_000)), "pixels"),
        (png(claimed=(0, 10)), "pixels"),
        (b"\xff\xd8\xff\xe0\x00\x04ab\xff\xda", "damaged"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * (logos.MOST_BYTES + 1), "more than 300 kB"),
        (svg("<script>alert(1)</script>"), "<script>"),
        (svg("<foreignObject/>"), "<foreignObject>"),
        (svg('<image href="file:///etc/passwd"/>'), "<image>"),
        (svg('<use href="#a"/>'), "<use>"),
        (svg('<rect onload="alert(1)"/>'), "script"),
        (svg('<rect fill="url(http://evil.example/x)"/>'), "outside itself"),
        (svg('<rect style="fill: url( &quot;//evil.example&quot; )"/>'), "outside itself"),
        (svg("<style>@import 'http://evil.example';</style>"), "outside itself"),
        (svg("<rect/>", 'viewBox="0 0 1 1000"'), "no usable size"),
        (svg("<rect/>", ""), "does not say how large"),
        (svg("<rect/>" * 2100), "elements"),
        (b'<!DOCTYPE svg [<!ENTITY a "aaaa">]>' + SHAPES, "document type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><rect", "well-formed"),
        ("<!DOCTYPE svg [<!ENTITY a 'b'>]><svg xmlns='http://www.w3.org/2000/svg'>&a;</svg>".encode("utf-16"), "type"),
    ],
)
def test_what_is_no_safe_logo_is_refused_in_a_sentence(data: bytes, said: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - its words are looked at
        logos.as_png(data)
    assert said in str(refused.value) and str(refused.value).endswith(".")


@given(
    st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"<svg xmlns='http://www.w3.org/2000/svg'", b""]),
    st.binary(),
)
def test_bytes_of_any_kind_give_a_png_or_a_sentence(head: bytes, rest: bytes) -> None:
    try:
        assert logos.as_png(head + rest).startswith(b"\x89PNG")
    except ValueError as refused:
        assert str(refused)


# --- where it is seen -------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_owners_set_it_and_every_format_shows_it() -> None:
    history = make_history(days=2, prompts=3)
    client = Client()
    client.force_login(make_member(history.workspace))
    address = f"/w/{history.workspace.slug}/settings/reports/"
    given_fields: dict[str, Any] = {"name": "Pens & Partners", "accent": "#7A1F3D", "footer": "In & out confidence"}
    for _ in range(2):
        logo = SimpleUploadedFile("logo.svg", SHAPES)
        assert client.post(address, {**given_fields, "logo": logo, "addresses": "B@out.example"}).status_code == 302
    look = branding.branding(history.workspace)
    assert (look.name, look.accent, look.footer) == ("Pens & Partners", "#7a1f3d", "In & out confidence")
    assert size(look.logo) == (720, 180)
    assert branding.outside_addresses(history.workspace) == ["b@out.example"]

    report = made(history)
    pdf = PdfReader(io.BytesIO(written("pdf", report)))
    assert all("In & out confidence" in page.extract_text() for page in pdf.pages)
    assert "Pens & Partners" in pdf.pages[0].extract_text() and len(pdf.pages[0].images) >= 1
    with zipfile.ZipFile(io.BytesIO(written("xlsx", report))) as book:
        assert "xl/media/image1.png" in book.namelist()
        assert b"FF7A1F3D" in book.read("xl/styles.xml")
        first = book.read("xl/worksheets/sheet1.xml").decode()
        assert "Pens &amp; Partners" in first and "In &amp;&amp; out confidence" in first

    client.post(address, {**given_fields, "remove_logo": "on"})
    assert branding.branding(history.workspace).logo == b""
    client.post(address, {"name": "", "logo": SimpleUploadedFile("logo.png", png())})
    client.post(address, {"name": "Kept"})
    look = branding.branding(history.workspace)
    assert (look.name, bool(look.logo)) == ("Kept", True), "no upload leaves the logo as it is"


@pytest.mark.django_db
def test_what_is_wrong_is_said_and_nothing_changes() -> None:
    workspace = make_workspace()
    client = Client()
    client.force_login(make_member(workspace))
    wrong = {
        "accent": "#ffff00",
        "logo": SimpleUploadedFile("logo.svg", svg("<script/>")),
        "addresses": "nobody",
        "name": "Kept in the form",
    }
    page = client.post(f"/w/{workspace.slug}/settings/reports/", wrong)
    text = page.content.decode()
    assert page.status_code == 422
    assert "too light to read on white" in text and "&lt;script&gt;" in text and "is no e-mail address" in text
    assert "Kept in the form" in text
    assert not ReportSettings.objects.for_workspace(workspace).exists()


def test_the_template_takes_its_colour_from_the_data() -> None:
    source = Path("templates/report.typ").read_text()
    assert "rgb(data.brand.accent)" in source
