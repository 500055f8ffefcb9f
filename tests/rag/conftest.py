"""A small index of our own words, built once for each test process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rag.index import Document, Index
from rag.index_build import build

if TYPE_CHECKING:
    from inference.embed import Embedder

KETTLES = """Kettles we boiled this spring
Every kettle here boiled two litres a day for six weeks.
Best overall: Aldera K2
The Aldera K2 is the best kettle for most kitchens because it boils a litre in two minutes and never drips.
It costs $49 and comes with a five-year guarantee.
Best budget kettle
Brookvale Mini
The Brookvale Mini is the cheapest kettle we recommend: it costs $19 and holds one litre.
We may earn a commission when you buy through links on this page.
How do I descale a kettle?
Fill the kettle with equal parts of water and white vinegar. Boil it once and let it stand for an hour.
Rinse the kettle three times before you use it again."""

LIMESCALE = """What limescale is
Limescale is a hard, chalky deposit that hard water leaves behind when it is heated.
Soak the filter of the kettle in lemon juice overnight to remove limescale without vinegar.
Descale a kettle every month where the water is hard. Sign up for our newsletter!"""

TRAINS = """Night trains of the north
The night train to Harrowgate leaves at nine and arrives before breakfast.
A bed in a shared cabin costs 45 euros, and a cabin of your own 120 euros."""

DOCUMENTS = (
    Document("1", "https://kitchen.example/kettles", "The best kettles, tested", KETTLES),
    Document("2", "https://www.hardwater.example/limescale?utm_source=x", "Limescale in kettles", LIMESCALE),
    Document("3", "https://rails.example/night", "Night trains", TRAINS),
    Document("4", "https://rails.example/empty", "", ""),
)


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    from inference.embed import get_embedder

    return get_embedder(None, "cpu")


@pytest.fixture(scope="session")
def generation(embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("indexes") / "1"
    build(folder, DOCUMENTS, embedder)
    return folder


@pytest.fixture(scope="session")
def index(generation: Path) -> Iterator[Index]:
    yield Index.open(generation)
