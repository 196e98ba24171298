"""Names as hospitals write them: cleaning, search tokens, placeholders (R13).

No ORM. What a clerk may type to find a person is decided here once, for the
forms and for the feed.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import product

from pypinyin import Style, pinyin

# The separator between the parts of a transliterated name, as keyboards write it.
_DOTS = "·•‧・･∙⋅●᛫"
_DOT_TABLE = str.maketrans({dot: "·" for dot in _DOTS})
_HAN = (
    "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0002ebef\U0002f800-\U0002fa1f\U00030000-\U000323af"
)
_HAN_RE = re.compile(f"[{_HAN}]")
_HAN_RUN_RE = re.compile(f"[{_HAN}]+")
_HAN_GAP_RE = re.compile(f"(?<=[{_HAN}])\\s+(?=[{_HAN}])")
_HAN_POINT_RE = re.compile(f"(?<=[{_HAN}])\\s*[.．。·]\\s*(?=[{_HAN}])")
_SPACE_RE = re.compile(r"\s+")
_WORD_RE = re.compile(r"[^\W_]+")
_ONLY_LETTERS_RE = re.compile(r"[^a-z]")

# Bounds: a person never costs more than some fifty rows of the token table.
_MAX_CHARS = 16
_MAX_WORDS = 6
_MAX_READINGS = 2
_MAX_COMBINATIONS = 12

# Surnames that dictionaries read in another way, most usual reading first.
_SURNAME_READINGS = {
    "单": ("shan", "dan", "chan"),
    "仇": ("qiu", "chou"),
    "查": ("zha", "cha"),
    "曾": ("zeng", "ceng"),
    "解": ("xie", "jie"),
    "朴": ("piao", "pu", "po"),
    "区": ("ou", "qu"),
    "盖": ("ge", "gai"),
    "乐": ("yue", "le"),
    "翟": ("zhai", "di"),
    "覃": ("qin", "tan"),
    "缪": ("miao", "mou"),
    "员": ("yun", "yuan"),
    "召": ("shao", "zhao"),
    "种": ("chong", "zhong"),
    "洗": ("xian", "xi"),
    "冼": ("xian",),
    "繁": ("po", "fan"),
    "柏": ("bai", "bo"),
    "车": ("che", "ju"),
    "黑": ("he", "hei"),
    "折": ("she", "zhe"),
    "句": ("gou", "ju"),
    "秘": ("bi", "mi"),
    "祭": ("zhai", "ji"),
    "晟": ("cheng", "sheng"),
    "不": ("fou", "bu"),
    "重": ("chong", "zhong"),
    "都": ("du", "dou"),
    "隗": ("kui", "wei"),
    "谌": ("chen", "shen"),
    "乜": ("nie", "mie"),
    "宿": ("su", "xiu"),
    "郇": ("xun", "huan"),
    "郗": ("xi", "chi"),
    "贾": ("jia", "gu"),
    "费": ("fei", "bi"),
    "盛": ("sheng", "cheng"),
    "牟": ("mu", "mou"),
    "俞": ("yu", "shu"),
    "薄": ("bo", "bao"),
    "藏": ("zang", "cang"),
    "任": ("ren",),
    "华": ("hua",),
    "宁": ("ning",),
    "燕": ("yan",),
    "应": ("ying",),
    "强": ("qiang", "jiang"),
    "长": ("chang", "zhang"),
    "那": ("na",),
    "过": ("guo",),
    "沈": ("shen", "chen"),
    "葛": ("ge",),
    "纪": ("ji",),
    "相": ("xiang",),
    "王": ("wang",),
    "叶": ("ye",),
    "石": ("shi",),
    "陈": ("chen",),
    "冯": ("feng",),
    "余": ("yu",),
    "万": ("wan",),
    "于": ("yu",),
    "黄": ("huang",),
    "尹": ("yin",),
    "卜": ("bu", "bo"),
    "褚": ("chu", "zhu"),
    "臧": ("zang",),
    "佘": ("she",),
    "芮": ("rui",),
    "亓": ("qi",),
    "逄": ("pang",),
    "眭": ("sui",),
    "瞿": ("qu",),
    "訾": ("zi",),
    "阚": ("kan",),
    "邸": ("di",),
    "哈": ("ha",),
    "南": ("nan",),
    "尉": ("wei", "yu"),
    "參": ("can", "shen"),
    "單": ("shan", "dan", "chan"),
    "區": ("ou", "qu"),
    "樂": ("yue", "le"),
    "蓋": ("ge", "gai"),
    "賈": ("jia", "gu"),
    "費": ("fei", "bi"),
    "車": ("che", "ju"),
}
_COMPOUND_SURNAME_READINGS = {
    "尉迟": ("yuchi", "weichi"),
    "万俟": ("moqi", "wansi"),
    "长孙": ("zhangsun", "changsun"),
    "澹台": ("tantai", "dantai"),
    "单于": ("chanyu", "shanyu"),
    "令狐": ("linghu",),
    "宰父": ("zaifu",),
    "濮阳": ("puyang",),
    "亓官": ("qiguan",),
    "尉遲": ("yuchi", "weichi"),
    "長孫": ("zhangsun", "changsun"),
}

_PLACEHOLDER_RE = re.compile(
    r"""^(?:
        .{2,}之[大小长次幼一二三四1234]?(?:子|女|婴|儿|男|男婴|女婴|婴儿|新生儿|
            双胎?|孪生)[\dA-Za-z甲乙丙一二三]*
        | .{0,6}(?:双胎|三胎|四胎|双胞胎|三胞胎|孪生)之?[\dA-Za-z甲乙丙丁大小一二三四]*
        | .{2,4}(?:之|的)?(?:大|小)?(?:新生儿|婴儿|毛毛|宝宝|男婴|女婴)[\dA-Za-z甲乙丙]*
        | (?:新生儿|婴儿|男婴|女婴|弃婴)[\dA-Za-z甲乙丙]*
        | 无名(?:氏|男|女|尸|者|老人|患者)?[\dA-Za-z甲乙丙]*
        | (?:姓名)?(?:未知|不详|不明|待查|待定|待补|待核|佚名|未命名|未取名|无姓名|暂无|
            没有|空|无|保密)[\dA-Za-z甲乙丙]*
        | .某某? | 某某?某?
        | (?:测试|试验)(?:患者|病人|账号|用户)?[\dA-Za-z]*
        | (?:急诊|三无|路人|过路|绿色通道)(?:患者|病人|人员|甲|乙|丙)?[\dA-Za-z]*
        | (?:患者|病人|男|女|先生|女士)[\dA-Za-z]*
    )$""",
    re.VERBOSE,
)
_LATIN_PLACEHOLDER_RE = re.compile(
    r"^(?:(?:baby|infant|newborn|twin)\b.*|b/o .*|"
    r"(?:john|jane|baby) doe\b.*|unknown\b.*|unnamed|anonymous|no ?name|"
    r"n/?a|none|nil|null|test(?: ?patient)?\d*|x+|-+|\?+|\.+|\d+)$",
    re.IGNORECASE,
)


def clean_name(text: str | None) -> str:
    """Return a name as it should be kept: one kind of dot, no stray spaces.

    Characters are never replaced by look-alikes: a rare character stays.
    """
    if not text:
        return ""
    text = unicodedata.normalize("NFC", str(text))
    text = "".join(
        # full-width forms of ASCII come from Chinese input methods
        chr(ord(char) - 0xFEE0) if "\uff01" <= char <= "\uff5e" else char
        for char in text
        # zero-width and control characters are never meant
        if unicodedata.category(char) not in ("Cf", "Cc") or char in "\t\n\r"
    )
    text = text.translate(_DOT_TABLE)
    text = _HAN_POINT_RE.sub("·", text)
    text = _HAN_GAP_RE.sub("", text)
    return _SPACE_RE.sub(" ", text).strip(" \u3000·,;")


def fold(text: str) -> str:
    """Return ``text`` as tokens are compared: lower case, no accents, no width."""
    text = unicodedata.normalize("NFKC", text).lower().replace("ü", "v")
    if text.isascii() or not text:
        return text
    text = "".join(
        char
        for char in unicodedata.normalize("NFKD", text)
        if not unicodedata.combining(char)
    )
    return text.translate(_DOT_TABLE)


def has_han(text: str) -> bool:
    """Tell whether there is a Chinese character in ``text``."""
    return bool(_HAN_RE.search(text))


@cache
def _readings(char: str) -> tuple[str, ...]:
    """Return the pinyin readings of a character without tones, usual one first."""
    found = pinyin(char, style=Style.NORMAL, heteronym=True, errors="ignore")
    readings = found[0] if found else []
    clean = (_ONLY_LETTERS_RE.sub("", reading) for reading in readings)
    return tuple(dict.fromkeys(reading for reading in clean if reading))[:_MAX_READINGS]


def _syllables(run: str, is_surname: bool) -> list[tuple[str, ...]]:
    """Return the readings of each unit of a Chinese run; a surname may be two."""
    units = []
    rest = run
    if is_surname:
        compound = _COMPOUND_SURNAME_READINGS.get(run[:2])
        if compound and len(run) > 2:
            units.append(compound)
            rest = run[2:]
        elif run[0] in _SURNAME_READINGS:
            # a surname alone, or a given name alone: both are typed
            extra = _readings(run[0]) if len(run) == 1 else ()
            both = _SURNAME_READINGS[run[0]] + extra
            units.append(tuple(dict.fromkeys(both)))
            rest = run[1:]
    units.extend(readings for char in rest if (readings := _readings(char)))
    return units


def _combine(units: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return combinations of readings, at most ``_MAX_COMBINATIONS``.

    Where there would be more, the last units keep only their usual reading:
    the surname is what is read in several ways.
    """
    total = 1
    bounded = []
    for readings in units:
        keep = readings[: max(1, _MAX_COMBINATIONS // total)]
        total *= len(keep)
        bounded.append(keep)
    return list(product(*bounded))


@cache
def _initial(unit: str) -> str:
    return unit[0]


# the second syllable of compound surnames starts with this letter
_COMPOUND_INITIALS = {
    "yuchi": "yc",
    "weichi": "wc",
    "moqi": "mq",
    "wansi": "ws",
    "zhangsun": "zs",
    "changsun": "cs",
    "tantai": "tt",
    "dantai": "dt",
    "chanyu": "cy",
    "shanyu": "sy",
    "linghu": "lh",
    "zaifu": "zf",
    "puyang": "py",
    "qiguan": "qg",
}


def _pinyin_tokens(run: str, is_surname: bool, tokens: set[str]) -> None:
    units = _syllables(run, is_surname)
    if not units:
        return
    for combination in _combine(units):
        tokens.add("".join(combination))
        if len(run) > 1:
            tokens.add(
                "".join(_COMPOUND_INITIALS.get(unit) or unit[0] for unit in combination)
            )


def _han_tokens(text: str, tokens: set[str]) -> None:
    runs = _HAN_RUN_RE.findall(text)
    whole = "".join(runs)[:_MAX_CHARS]
    for start in range(len(whole)):
        tokens.add(whole[start:])
    _pinyin_tokens(whole, True, tokens)
    if len(runs) > 1:
        for run in runs[1:_MAX_WORDS]:
            _pinyin_tokens(run[:_MAX_CHARS], False, tokens)


def _latin_tokens(text: str, tokens: set[str]) -> None:
    text = text.replace("'", "").replace("’", "")
    words = _WORD_RE.findall(_HAN_RUN_RE.sub(" ", text))[:_MAX_WORDS]
    for start, word in enumerate(words):
        tokens.add(word)
        tokens.add("".join(words[start:])[:64])
    if len(words) > 1:
        tokens.add("".join(word[0] for word in words))


def name_tokens(name: str | None) -> set[str]:
    """Return what somebody may type the start of to find ``name``.

    Lower case; a Chinese name without dots and spaces, each of its suffixes,
    its pinyin and its initials in all readings; each word of a Latin name and
    the words from it on, run together. Bounded whatever the name.
    """
    tokens: set[str] = set()
    if not name:
        return tokens
    folded = fold(name)
    is_han = not folded.isascii() and has_han(folded)
    if is_han:
        _han_tokens(folded, tokens)
    if not is_han or _ASCII_WORD_RE.search(folded):
        _latin_tokens(folded, tokens)
        if is_han:
            tokens.add("".join(_WORD_RE.findall(folded))[:64])
    tokens.discard("")
    return tokens


_ASCII_WORD_RE = re.compile(r"[a-z0-9]")


def is_placeholder_name(name: str | None) -> bool:
    """Tell whether ``name`` stands for a name nobody knew yet (R13)."""
    cleaned = clean_name(name)
    if not cleaned:
        return True
    if has_han(cleaned):
        return bool(_PLACEHOLDER_RE.match(cleaned.replace("·", "").replace(" ", "")))
    return bool(_LATIN_PLACEHOLDER_RE.match(cleaned))


_COMPOUND_SURNAMES = frozenset(
    "欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台"
    " 皇甫 宗政 濮阳 公冶 太叔 申屠 公孙 慕容 仲孙 钟离 长孙 宇文 司徒 鲜于 司空 闾丘"
    " 亓官 司寇 令狐 呼延 东郭 西门 百里 单于 第五 轩辕 拓跋 歐陽 司馬 東方 諸葛 尉遲"
    " 赫連 皇甫 濮陽 鍾離 長孫 鮮于 閭丘".split()
)


def surname(name: str) -> str:
    """Return the surname of a Chinese name without a dot: one character or two.

    >>> surname("欧阳明"), surname("王小红")
    ('欧阳', '王')
    """
    return name[:2] if len(name) > 2 and name[:2] in _COMPOUND_SURNAMES else name[:1]


def romanise(name: str) -> tuple[str, str]:
    """Return surname and given name of a Chinese name in Latin letters.

    A name of several words has no surname that could be told: all of it is given.

    >>> romanise("王小红"), romanise("单明"), romanise("John Smith")
    (('Wang', 'Xiaohong'), ('Shan', 'Ming'), ('', 'John Smith'))
    """
    if not has_han(name):
        return "", name
    if "·" in name:
        return "", " ".join(_in_latin(word) for word in name.split("·"))
    family = surname(name)
    known = _COMPOUND_SURNAME_READINGS.get(family) or _SURNAME_READINGS.get(family)
    return known[0].capitalize() if known else _in_latin(family), _in_latin(
        name[len(family) :]
    )


def _in_latin(text: str) -> str:
    syllables = pinyin(text, style=Style.NORMAL, errors="default")
    # as passports write ü; no other syllable has a v
    return "".join(
        syllable[0].replace("v", "yu") for syllable in syllables
    ).capitalize()
