"""Texts of e-mails: plain words to HTML, and a reply without what it quotes."""

from __future__ import annotations

import re
from html import escape

LINK = re.compile(r"https?://[^\s<>\"'，。）)]+")
PAGE = (
    '<!DOCTYPE html><html><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"></head>'
    '<body style="margin:0;padding:16px;background:#ffffff;color:#1f2328;'
    "font:16px/1.6 -apple-system,'Segoe UI',Roboto,'Noto Sans CJK SC',"
    "'PingFang SC','Microsoft YaHei',sans-serif\">"
    '<div style="max-width:600px;margin:0 auto">{}</div></body></html>'
)
# where mail programs begin to quote, in the languages of our patients
QUOTES = re.compile(
    r"^\s*(?:"
    r"-{2,}\s*(?:original message|原始邮件|原邮件|转发邮件).*"
    r"|on\s.{5,120}\swrote:"
    r"|在\s?.{5,120}写道[:：]"
    r"|.{0,80}于\s?.{5,80}写道[:：]"
    r"|(?:from|发件人)\s*[:：].{3,}"
    r"|_{10,}"
    r")\s*$",
    re.IGNORECASE,
)
SIGNATURE = re.compile(r"^-- ?$")


def html_of(text: str) -> str:
    """Plain words as an HTML page: paragraphs, lines, links that can be clicked."""
    blocks = re.split(r"\n\s*\n", text.strip())
    return PAGE.format("".join(f"<p>{_lines(block)}</p>" for block in blocks))


def _lines(block: str) -> str:
    parts, end = [], 0
    for found in LINK.finditer(block):
        parts.append(escape(block[end : found.start()]))
        link = escape(found[0])
        parts.append(f'<a href="{link}">{link}</a>')
        end = found.end()
    parts.append(escape(block[end:]))
    return "".join(parts).replace("\n", "<br>")


def without_quotes(text: str) -> str:
    """What somebody wrote, without the message they answered and their signature.

    Where nothing is left, the whole text: better too much than nothing.
    """
    lines = []
    for line in text.replace("\r\n", "\n").split("\n"):
        if QUOTES.match(line) or SIGNATURE.match(line):
            break
        if not line.lstrip().startswith(">"):
            lines.append(line)
    return "\n".join(lines).strip() or text.strip()
