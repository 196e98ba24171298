"""How a hospital addresses a person in a text (R13): 王女士, Ms Wang, 王小明家长.

No ORM. Words are given for Chinese and English; other languages get the full name.
"""

from __future__ import annotations

from .names import clean_name, has_han, is_placeholder_name, romanise, surname

# messages about whoever is younger go to a parent
CHILD = 14
BABY = 2
_LONGEST_GIVEN = 2

_TITLES = {
    "zh": {"female": "女士", "male": "先生"},
    "en": {"female": "Ms", "male": "Mr"},
}
# when no name may stand there
NOBODY = {"zh": "朋友", "en": "Sir or Madam"}
_BABY = {"zh": "宝宝家长", "en": "Parent"}


def language_of(lang: str | None) -> str:
    """``zh`` or ``en`` where we have words, else the language itself."""
    return (lang or "en").replace("-", "_").split("_")[0].lower()


def salutation(
    name: str | None, gender: str | None, age: int | None, lang: str | None
) -> str:
    """What follows “Dear” or comes before “您好”. Never empty, never a placeholder.

    >>> salutation("王小红", "female", 40, "zh_CN")
    '王女士'
    >>> salutation("欧阳明", "male", 40, "zh_CN")
    '欧阳先生'
    >>> salutation("王小红", "female", 40, "en_US")
    'Ms Wang'
    >>> salutation("王小明", "male", 6, "zh_CN")
    '王小明家长'
    >>> salutation("李红之女", "female", 0, "zh_CN")
    '宝宝家长'
    >>> salutation(False, None, None, "en_US")
    'Sir or Madam'
    """
    language = language_of(lang)
    cleaned = clean_name(name)
    if not cleaned or is_placeholder_name(cleaned):
        words = _BABY if age is not None and age < BABY and cleaned else NOBODY
        return words.get(language, words["en"])
    title = _TITLES.get(language, {}).get(gender or "", "")
    is_child = age is not None and age < CHILD
    if language == "zh":
        return _chinese(cleaned, title, is_child)
    if language == "en":
        return _english(cleaned, title, is_child)
    return cleaned


def _chinese(name: str, title: str, is_child: bool) -> str:
    if is_child:
        return f"{name}家长"
    if not title or not has_han(name):
        return f"{name}{title}"
    if "·" in name:
        return f"{name.split('·')[0]}{title}"
    return f"{surname(name)}{title}" if _has_surname(name) else f"{name}{title}"


def _english(name: str, title: str, is_child: bool) -> str:
    family, given = romanise(name)
    full = " ".join(filter(None, (family, given))) or name
    if is_child:
        return f"Parent of {full}"
    if not title:
        return full
    return f"{title} {family if family and _has_surname(name) else full}"


def _has_surname(name: str) -> bool:
    """Longer names are transliterations or two surnames: all of it is the name."""
    return len(name) - len(surname(name)) <= _LONGEST_GIVEN
