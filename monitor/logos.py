"""A logo as somebody uploads it, made into a small PNG of our own: what is kept is never what was sent.

The head of a PNG or JPEG is read before anything decodes it, so that none unfolds into more than a screen of pixels. An
SVG may hold shapes, text and gradients alone; whatever else it holds is refused by name, which is clearer than a logo
that silently lost a part. The typesetter of the reports then draws it once, in a process of its own. Knows no
workspace.
"""

from __future__ import annotations

import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from monitor import typeset_apart

MOST_BYTES = 300_000
MOST_SIDE, MOST_PIXELS = 4000, 8_000_000
MOST_ELEMENTS = 2000
#: The largest that a kept logo is drawn: points on paper, and dots to each of them.
WIDTH, HEIGHT, DOTS = 180, 48, 4

_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_SVG = "http://www.w3.org/2000/svg"
_SHAPES = frozenset(
    (
        *("svg", "g", "defs", "title", "desc", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon"),
        *("text", "tspan", "linearGradient", "radialGradient", "stop", "clipPath", "style"),
    )
)
_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_REFERENCE = re.compile(r"url\(\s*[\"']?(?!#)|@import|\\", re.IGNORECASE)


def as_png(data: bytes) -> bytes:
    """The logo as PNG, at most 720 by 192 pixels. ValueError with what to do where it is none that can be used."""
    if len(data) > MOST_BYTES:
        raise ValueError(f"The logo has more than {MOST_BYTES // 1000} kB. Make it smaller, and choose that.")
    if data.startswith(_PNG):
        return _drawn(data, "png", _png_size(data))
    if data.startswith(_JPEG):
        return _drawn(data, "jpg", _jpeg_size(data))
    if b"<" in data[:200]:
        return _drawn(*_checked_svg(data))
    raise ValueError("This is no PNG, JPEG or SVG. Save the logo as one of these and choose that.")


def _drawn(data: bytes, kind: str, size: tuple[float, float]) -> bytes:
    width, height = size
    scale = min(WIDTH / width, HEIGHT / height)
    page = f"width: {max(1, width * scale):.2f}pt, height: {max(1, height * scale):.2f}pt"
    with tempfile.TemporaryDirectory(prefix="citescope-logo-") as name:
        folder = Path(name)
        (folder / "logo").write_bytes(data)
        (folder / "page.typ").write_text(
            f'#set page({page}, margin: 0pt, fill: none)\n#image("logo", format: "{kind}", width: 100%, height: 100%)'
        )
        drawn = folder / "drawn.png"
        command = [sys.executable, "-P", typeset_apart.__file__, str(folder / "page.typ"), str(drawn), str(72 * DOTS)]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=2 * typeset_apart.MOST_SECONDS)  # noqa: S603 - our own
        except subprocess.TimeoutExpired:
            raise ValueError("The logo takes too long to draw. Simplify it, or save it as PNG.") from None
        except subprocess.CalledProcessError:
            raise ValueError(
                "The logo cannot be drawn: the file is damaged or asks too much. Export it again, or as PNG, and "
                "choose that."
            ) from None
        return drawn.read_bytes()


def _png_size(data: bytes) -> tuple[int, int]:
    if len(data) < 33 or data[12:16] != b"IHDR":
        raise ValueError("The logo cannot be drawn: the PNG is damaged. Export it again and choose that.")
    return _allowed(*struct.unpack(">II", data[16:24]))


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Of the first frame; a file with several is refused, for decoders differ in which they believe."""
    found: list[tuple[int, int]] = []
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        if marker in _SOF and at + 9 <= len(data):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            found.append((width, height))
        if marker == 0xDA:
            break
        at += 2 + length
    if len(found) != 1:
        raise ValueError("The logo cannot be drawn: the JPEG is damaged. Export it again and choose that.")
    return _allowed(*found[0])


def _allowed(width: int, height: int) -> tuple[int, int]:
    if not width or not height or max(width, height) > MOST_SIDE or width * height > MOST_PIXELS:
        raise ValueError(
            f"The logo is {width:,} by {height:,} pixels; {MOST_SIDE:,} a side and {MOST_PIXELS // 1_000_000} million "
            "in all are the most. Make it smaller."
        )
    return width, height


# --- SVG --------------------------------------------------------------------------------------------------------------


def _checked_svg(data: bytes) -> tuple[bytes, str, tuple[float, float]]:
    """The file without comments, metadata and editors' own marks, and its size."""
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)  # noqa: S320 - entities, the network and document types are off
    except (etree.XMLSyntaxError, ValueError):
        raise ValueError("The SVG cannot be read: it is no well-formed XML. Export it again, or as PNG.") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise ValueError("The SVG has a document type, which logos need none of. Export it as plain SVG, or as PNG.")
    if etree.QName(root).namespace != _SVG or etree.QName(root).localname != "svg":
        raise ValueError("This is no PNG, JPEG or SVG. Save the logo as one of these and choose that.")
    elements = list(root.iter())
    if len(elements) > MOST_ELEMENTS:
        raise ValueError(f"The SVG has more than {MOST_ELEMENTS:,} elements. Simplify it, or save it as PNG.")
    for element in elements:
        name = etree.QName(element)
        if element is not root and (name.namespace != _SVG or name.localname == "metadata"):
            _take_out(element)
        elif name.localname not in _SHAPES:
            raise ValueError(f"The SVG has <{name.localname}> in it, which may load or run things. Save it as PNG.")
        else:
            _check_attributes(element)
    width, height = _svg_size(root)
    # no more than its proportions is left of the size: a drawing is made as large as the file says
    root.set("width", f"{WIDTH * width / max(width, height):.4f}")
    root.set("height", f"{WIDTH * height / max(width, height):.4f}")
    return etree.tostring(root), "svg", (width, height)


def _take_out(element: Any) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def _check_attributes(element: Any) -> None:
    for name, value in list(element.attrib.items()):
        local = name.rpartition("}")[2]
        if local.lower().startswith("on"):
            raise ValueError(f"The SVG has a script in it ({local}). Save it as PNG.")
        if (local == "href" and not value.startswith("#")) or _REFERENCE.search(value):
            raise ValueError("The SVG refers to something outside itself. Embed it as shapes, or save it as PNG.")
    if element.text and element.tag == f"{{{_SVG}}}style" and _REFERENCE.search(element.text):
        raise ValueError("The SVG refers to something outside itself. Embed it as shapes, or save it as PNG.")


def _svg_size(root: Any) -> tuple[float, float]:
    """Only the proportions count: it is drawn at our own size."""
    try:
        _, _, width, height = map(float, re.split(r"[\s,]+", root.get("viewBox", "").strip()))
    except ValueError:
        found = [re.match(r"\s*([0-9.]{1,12})", root.get(side, "")) for side in ("width", "height")]
        if not all(found):
            raise ValueError("The SVG does not say how large it is. Export it with a viewBox, or as PNG.") from None
        width, height = (float(match[1]) if match else 0 for match in found)
    if not (0 < width < 1e6 and 0 < height < 1e6 and 1 / 50 < width / height < 50):
        raise ValueError("The SVG has no usable size. Export it with a viewBox, or as PNG.")
    return width, height
