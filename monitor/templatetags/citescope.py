"""Template filters: numbers and times as the product writes them."""

from django import template

register = template.Library()
