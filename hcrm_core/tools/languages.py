"""Language tags as sources write them, against the languages that are installed."""

from __future__ import annotations

from collections.abc import Iterable

# languages that are written in another one's letters, and three-letter codes
_WRITTEN_AS = {"cmn": "zh", "yue": "zh", "wuu": "zh", "zho": "zh", "eng": "en"}
# the country that stands for a script, or for a language of its own
_COUNTRIES = {"hans": "cn", "hant": "tw", "yue": "hk"}
# the country of a language that is told without one
_USUAL = {"zh": "cn", "en": "us"}


def match_language(tag: str | None, installed: Iterable[str]) -> str | None:
    """Return the installed code that a BCP 47 tag means, else of the same language.

    >>> match_language("zh-Hant", ["en_US", "zh_CN", "zh_TW"])
    'zh_TW'
    >>> match_language("en", ["zh_CN", "en_GB", "en_US"])
    'en_US'
    >>> match_language("ug", ["en_US", "zh_CN"])

    :param installed: codes of ``res.lang``
    """
    parts = _parts(tag or "")
    if not parts:
        return None
    language = _WRITTEN_AS.get(parts[0], parts[0])
    known = sorted(code for code in installed if _parts(code)[0] == language)
    for part in (*parts[1:], parts[0], language):
        country = _COUNTRIES.get(part) or _USUAL.get(part) or part
        for code in known:
            if country in _parts(code)[1:]:
                return code
    return known[0] if known else None


def _parts(tag: str) -> list[str]:
    text = tag.strip().lower().replace("_", "-").replace("@", "-")
    return [part for part in text.split("-") if part]
