"""How reports look to those they are for: a name, a colour, a logo and words at the foot. Pure; knows no database."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

ACCENT = "#1b5ea6"
#: AA for text of normal size, on white paper and with white on it.
LEAST_CONTRAST = 4.5
_COLOUR = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Branding:
    """`name` is who the report is by; `logo` a PNG, or empty."""

    name: str = ""
    accent: str = ACCENT
    footer: str = ""
    logo: bytes = b""

    @property
    def logo_url(self) -> str:
        """The logo for a page, inline: nothing that somebody uploaded has an address of its own."""
        return f"data:image/png;base64,{base64.b64encode(self.logo).decode()}" if self.logo else ""


def clean_accent(text: str) -> str:
    """A colour as #rrggbb that can be read on white, empty for the usual one. ValueError for any other."""
    colour = text.strip().lower()
    if not colour:
        return ""
    if re.fullmatch(r"#?[0-9a-f]{3}", colour):
        colour = "#" + "".join(digit * 2 for digit in colour.lstrip("#"))
    if not _COLOUR.fullmatch(colour):
        raise ValueError("Write the colour as # and six digits from 0 to f, such as #1b5ea6.")
    if (found := contrast(colour)) < LEAST_CONTRAST:
        raise ValueError(
            f"This colour is too light to read on white: its contrast is {found:.1f} to 1, and {LEAST_CONTRAST} is the "
            "least. Choose a darker one."
        )
    return colour


def contrast(colour: str) -> float:
    """The WCAG contrast of #rrggbb with white, from 1 to 21."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
