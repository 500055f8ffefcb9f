"""Search words: both sides are folded alike, in every script, and whatever is typed is a query PostgreSQL takes."""

from __future__ import annotations

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from monitor.fulltext import search_query, search_text


def finds(text: str, typed: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_tsvector('simple', %s) @@ websearch_to_tsquery('simple', %s)",
            [search_text(text), search_query(typed)],
        )
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "typed", "expected"),
    [
        ("Crème brûlée in Zürich", "creme ZURICH", True),
        ("Straße", "strasse", True),
        ("この万年筆は書きやすい", "万年筆", True),
        ("この万年筆は書きやすい", "年万", False),
        ("ﬁne ｗｉｄｅ letters", "fine wide", True),
        ("left-handed pens", "left-handed", True),
        ("pens left by a handed man", '"left handed"', False),
        ("the best pen", "pen ink", False),
        ("the best pen", "pen or ink", False),
    ],
)
def test_what_finds_what(text: str, typed: str, expected: bool) -> None:
    assert finds(text, typed) is expected


class Wild(TestCase):
    @given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40))
    def test_a_text_is_found_by_itself_and_no_query_is_an_error(self, text: str) -> None:
        assert finds(text, text) or not search_query(text)
