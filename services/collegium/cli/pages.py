"""A report's Markdown as one HTML page without anything to fetch."""

from html import escape
from typing import Final

from markdown_it import MarkdownIt

_STYLE: Final = (
    "body{max-width:46rem;margin:2rem auto;padding:0 1rem;font:16px/1.5 system-ui,sans-serif}"
    "table{border-collapse:collapse}td,th{border:1px solid #999;padding:.2rem .5rem}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}a{color:#8cf}}"
)


def page(title: str, markdown: str) -> str:
    """The page. HTML inside the Markdown is shown as text: sources must not bring scripts into a report."""
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown)
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n{body}</body></html>\n'
