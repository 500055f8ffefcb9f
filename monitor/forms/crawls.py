"""The form that starts a crawl."""

from __future__ import annotations

from django import forms

from monitor.forms.base import Form
from monitor.services import crawls


class CrawlForm(Form):
    url = forms.CharField(
        label="Address of the site",
        max_length=crawls.MOST_URL,
        help_text="Such as example.com. Its pages are visited, and those of its subdomains.",
        widget=forms.TextInput(
            attrs={"placeholder": "https://example.com/", "inputmode": "url", "autocomplete": "url"}
        ),
    )
    pages = forms.IntegerField(
        label="Most pages",
        initial=crawls.PAGES,
        min_value=1,
        max_value=crawls.MOST_PAGES,
        help_text="The start page and the site's sitemaps first, then links level by level.",
    )
    depth = forms.IntegerField(
        label="Link depth",
        initial=crawls.DEPTH,
        min_value=0,
        max_value=crawls.DEEPEST,
        help_text="How many links away from the start page a page may be.",
    )
