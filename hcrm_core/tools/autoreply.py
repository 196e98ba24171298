"""What a text from a person is, as far as a machine may answer it (F105)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# other machines say so of themselves; two that answer each other never stop
_AUTOMATIC_RE = re.compile(
    r"auto(?:matic)?[\s-]?(?:reply|response|answer)|out of (?:the )?office"
    r"|自动回复|自動回覆|系统回复|勿回复|请勿回覆|回(?:复)?\s*(?:TD?|退订)|拒收请回|^\s*[【\[]",
    re.IGNORECASE,
)
_CJK_RE = re.compile(r"[㐀-鿿]")
_WORD_RE = re.compile(r"[a-z0-9']+")
_SPLIT_RE = re.compile(r"[,，、;；\n]+")
# a person's number has more digits than that of a service
_SHORT = 8


def fold(text: str) -> str:
    """The text as words are compared: half width, lower case, single blanks."""
    return " ".join(unicodedata.normalize("NFKC", text or "").casefold().split())


def language(text: str) -> str:
    """``zh`` where Chinese is written, else ``en``."""
    return "zh" if _CJK_RE.search(text or "") else "en"


def word_list(text: str) -> list[str]:
    """The words of a list as somebody typed it: by commas or one a line."""
    return [word for word in map(fold, _SPLIT_RE.split(text or "")) if word]


def names(text: str, words: Iterable[str]) -> bool:
    """Whether the text names one of the words: Chinese anywhere, others as words."""
    folded = fold(text)
    tokens = f" {' '.join(_WORD_RE.findall(folded))} "
    for word in words:
        if _CJK_RE.search(word):
            if word in folded:
                return True
        elif f" {' '.join(_WORD_RE.findall(word))} " in tokens:
            return True
    return False


def is_automatic(text: str) -> bool:
    """Whether a machine wrote it: an out-of-office note, an offer."""
    return bool(_AUTOMATIC_RE.search(text or ""))


def is_service_number(peer: str) -> bool:
    """Whether a number is too short, or not one, to be a person's."""
    if not peer or peer == "?":
        return True
    digits = re.sub(r"\D", "", peer)
    if digits and not re.search(r"[A-Za-z@_]", peer):
        return len(digits) < _SHORT or digits.startswith(("106", "86106"))
    # an account or address; a bare name is a sender's, never a person's
    return not re.search(r"[@_\d]", peer)
