"""How every chart looks, on the page and on paper.

Colours are written as the page's CSS tokens ("--series-0"): the browser fills them in from its stylesheet, so charts
follow light and dark, and `to_svg` from the light values here. Knows specs, not what they show.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

Spec = dict[str, Any]

#: The stylesheet's light values, for paper.
PAPER = {
    "--surface-1": "#ffffff",
    "--border": "#dcdcd7",
    "--border-strong": "#8b8f96",
    "--text": "#1d2024",
    "--muted": "#595f68",
    "--series-0": "#0072b2",
    "--series-1": "#e69f00",
    "--series-2": "#009e73",
    "--series-3": "#cc79a7",
    "--series-4": "#d55e00",
    "--series-5": "#56b4e9",
    "--series-6": "#b8a800",
    "--series-7": "#6b6f76",
}
PAPER_FONT = "Libertinus Serif"
PAGE_FONT = "system-ui, -apple-system, Segoe UI, Roboto, Helvetica Neue, Noto Sans, Liberation Sans, sans-serif"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

CONFIG: Spec = {
    "font": PAGE_FONT,
    "background": "transparent",
    "mark": {"aria": False},  # the element around the chart is named, and the table under it has every number
    "view": {"stroke": None},
    "padding": {"left": 2, "right": 6, "top": 8, "bottom": 2},
    "axis": {
        "labelColor": "--muted",
        "titleColor": "--muted",
        "titleFontWeight": "normal",
        "titleFontSize": 12,
        "labelFontSize": 12,
        "gridColor": "--border",
        "domainColor": "--border-strong",
        "tickColor": "--border-strong",
        "labelPadding": 6,
        "titlePadding": 8,
    },
    "axisY": {
        "domain": False,
        "ticks": False,
        "titleAlign": "left",
        "titleAngle": 0,
        "titleAnchor": "end",
        "titleY": -14,
    },
    "line": {"strokeCap": "round", "strokeJoin": "round"},
}


def finished(chart: Any) -> Spec:
    """An Altair chart as a spec in the theme; it still needs its data, and what names with a dollar sign stand for."""
    spec: Spec = chart.to_dict(validate=False)
    spec["config"] = CONFIG
    spec["autosize"] = {"type": "fit-x", "contains": "padding"}
    return spec


def _as_xml_allows(value: Any) -> Any:
    """A copy without the characters that no XML may hold: one of them in a label ends the whole process."""
    if isinstance(value, dict):
        return {key: _as_xml_allows(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_xml_allows(item) for item in value]
    return _NOT_XML.sub("", value) if isinstance(value, str) else value


def filled(value: Any, given: Mapping[str, Any]) -> Any:
    """A copy with what is given for names, such as a colour for each token; a list given for a name in one joins it."""
    if isinstance(value, dict):
        return {key: filled(item, given) for key, item in value.items()}
    if isinstance(value, list):
        return [
            each
            for item in value
            for found in [filled(item, given)]
            for each in (found if isinstance(item, str) and isinstance(found, list) else [found])
        ]
    return given.get(value, value) if isinstance(value, str) else value


def on_paper(spec: Spec, width: int = 480) -> Spec:
    """The same chart for paper: a fixed width, light colours, a font that the report carries."""
    spec = filled(spec, PAPER)
    spec["width"] = width
    spec["config"]["font"] = PAPER_FONT
    return spec


def to_svg(spec: Spec, width: int = 480) -> str:
    """The chart as SVG, for the report."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(json.dumps(_as_xml_allows(on_paper(spec, width)))))
