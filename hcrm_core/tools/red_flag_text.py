"""A text as people type it, folded for reading: one width, one case, simplified
characters, no fillers, slips of the keyboard and of the ear set right.

Folding keeps for every character where it stood, so that the words which prove a red
flag are shown in the text as it was written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from pypinyin import Style, pinyin

# traditional and simplified, of the words of symptoms, people and context
_PAIRS = (
    "發发熱热膿脓腫肿傷伤燒烧頭头氣气脹胀陣阵嘔呕瀉泻腸肠癢痒膚肤膽胆腦脑壓压糖糖"
    "暈晕醒醒喘喘淚泪癱瘫麻麻無无紅红黃黄綠绿爛烂裂裂線线紗纱佈布術术後后產产婦妇"
    "寶宝媽妈爺爷嬰婴兒儿孫孙親亲姊姐們们個个這这麼么樣样沒没還还說说話话認认識识覺觉"
    "開开關关門门診诊預预約约謝谢問问題题嗎吗請请醫医師师護护單单條条體体溫温度度測测"
    "量量斷断續续點点滿满難难過过連连進进動动達达遠远從从對对時时間间現现邊边側侧東东"
    "轉转輕轻嚴严歲岁養养餵喂飲饮飯饭藥药針针濕湿髒脏聽听見见視视顏颜顧顾願愿應应當当"
    "樓楼殺杀劃划買买賣卖錢钱費费價价報报紙纸書书寫写網网電电號号碼码聯联繫系絡络衝冲"
    "導导復复膝膝陰阴陽阳鼻鼻齒齿齦龈嚨咙啞哑鹼碱農农魚鱼雞鸡蟲虫貓猫驚惊癇痫瘋疯憂忧"
    "鬱郁慮虑聲声罵骂噁恶惡恶嗆呛臉脸腳脚脫脱腎肾淺浅層层塊块會会來来兩两幾几萬万"
    "億亿與与係系給给讓让將将總总結结經经級级統统細细線线織织練练縫缝縮缩繃绷隨随險险"
    "雖虽離离頂顶順顺須须頸颈額额類类靜静響响際际積积穩稳竅窍筆笔簡简糞粪滲渗滾滚"
    "減减溼湿瘡疮療疗盡尽監监眾众確确禮礼稱称種种窩窝節节範范糾纠納纳紅红紀纪紫紫累累"
    "繼继罷罢羅罗職职脈脉臟脏臨临舊旧舉举蒼苍虛虚補补裝装規规觀观計计訊讯記记許许詢询"
    "試试該该誤误課课調调談谈論论講讲譜谱變变貼贴質质贊赞趕赶躺躺輸输辦办辭辞遲迟選选"
    "郵邮鄉乡釋释鐘钟鍾钟長长閉闭隊队險险雙双雜杂電电霧雾靠靠項项顆颗顯显飛飞騙骗"
    "骯肮鬆松鬧闹麵面黏黏齊齐冇冇唔唔佢佢嘅的咗了喺在畀给啲些攞拿"
)
_SIMPLE = str.maketrans(_PAIRS[::2], _PAIRS[1::2])
# apostrophes and characters of no width: can't, cant and can’t are one word
_DROPPED = frozenset("'’‘`´\u200b\u200c\u200d\ufe0e\ufe0f\u00ad")
_FILLERS = re.compile(
    r"\b(?:um+|uh+|erm*|hmm+)\b\s*|就是那个|那个啥|我那个啥|那个|(?<!一)[呃嗯]+"
)
_WORD = re.compile(r"[a-z]{4,}")
_HAN = re.compile(r"[\u3400-\u9fff]")
_HAN_RUN = re.compile(r"[\u3400-\u9fff]{2,}")
# what is heard wrongly must be a word of the body, not of grammar
_BODY = frozenset(
    "痛疼烧热血脓吐呕泻晕昏抽搐喘呼吸闷肿疹痒尿便咳痰胎破痉痫瘫麻炎感染毒伤口刀"
    "疮腹肚胸头眼腿粪渗裂黄紫迷惊厥恶心困难止停救死"
)
# sounds that many regions of China do not tell apart
_SOUNDS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n"))


@dataclass(frozen=True)
class Folded:
    """A text to read, and where each of its characters stood in the original."""

    original: str
    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    @property
    def is_chinese(self) -> bool:
        return bool(_HAN.search(self.text))

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where the characters from ``start`` to ``end`` stood in the original."""
        return self.starts[start], self.ends[end - 1]


def fold(original: str) -> Folded:
    """One width, one case, simplified characters, no fillers; places are kept."""
    letters: list[str] = []
    places: list[tuple[int, int]] = []
    for place, char in enumerate(original):
        if char in _DROPPED:
            continue
        for letter in unicodedata.normalize("NFKC", char).lower().translate(_SIMPLE):
            letters.append(letter)
            places.append((place, place + 1))
    text = "".join(letters)
    keep = [True] * len(text)
    for match in _FILLERS.finditer(text):
        keep[match.start() : match.end()] = [False] * len(match.group())
    return _pack(
        original, [(c, p) for c, p, k in zip(text, places, keep, strict=True) if k]
    )


def _pack(original: str, pairs: list[tuple[str, tuple[int, int]]]) -> Folded:
    return Folded(
        original,
        "".join(letter for letter, _place in pairs),
        tuple(place[0] for _letter, place in pairs),
        tuple(place[1] for _letter, place in pairs),
    )


class Speller:
    """Sets right words that are nearly a word of the list: by letters in English, by
    sound in Chinese. Ordinary words that merely come near one are left alone.

    :param words: words of the list
    :param ordinary: words of daily life that must never be read as one of them
    """

    def __init__(self, words: Iterable[str], ordinary: Iterable[str]) -> None:
        words = set(words)
        self._ordinary = set(ordinary)
        self._english: dict[str, set[str]] = {}
        self._known = {word for word in words if word.isascii()} | self._ordinary
        for word in words:
            if word.isascii() and len(word) >= 4 and word.isalpha():
                for key in _deletions(word):
                    self._english.setdefault(key, set()).add(word)
        self._chinese: dict[tuple[str, ...], set[str]] = {}
        for word in words:
            if (
                2 <= len(word) <= 4
                and _HAN_RUN.fullmatch(word)
                and not _BODY.isdisjoint(word)
            ):
                self._chinese.setdefault(sound(word), set()).add(word)

    def repair(self, folded: Folded) -> Folded:
        """The text with slips set right; places still point into the original."""
        changes = [*self._english_slips(folded.text), *self._chinese_slips(folded.text)]
        if not changes:
            return folded
        pairs: list[tuple[str, tuple[int, int]]] = []
        done = 0
        for start, end, word in sorted(changes):
            if start < done:
                continue
            pairs += self._pairs(folded, done, start)
            place = folded.span(start, end)
            pairs += [(letter, place) for letter in word]
            done = end
        return _pack(
            folded.original, pairs + self._pairs(folded, done, len(folded.text))
        )

    @staticmethod
    def _pairs(folded: Folded, start: int, end: int) -> list:
        return [
            (folded.text[n], (folded.starts[n], folded.ends[n]))
            for n in range(start, end)
        ]

    def _english_slips(self, text: str) -> Iterator[tuple[int, int, str]]:
        for match in _WORD.finditer(text):
            token = match.group()
            if token not in self._known and (word := self._nearest(token)):
                yield match.start(), match.end(), word

    def _nearest(self, token: str) -> str | None:
        near: set[str] = set()
        for key in _deletions(token):
            near |= self._english.get(key, set())
        best = min(
            ((_distance(token, word), word) for word in near if word[0] == token[0]),
            default=None,
        )
        if best is None:
            return None
        distance, word = best
        if len(word) == 4 and sorted(word) != sorted(token):
            return None
        return word if distance <= (1 if len(word) < 8 else 2) else None

    def _chinese_slips(self, text: str) -> Iterator[tuple[int, int, str]]:
        for run in _HAN_RUN.finditer(text):
            start, letters = run.start(), run.group()
            sounds = sound(letters)
            for size in (4, 3, 2):
                for n in range(len(letters) - size + 1):
                    written = letters[n : n + size]
                    if self._is_ordinary(letters, n, size):
                        continue
                    for word in sorted(self._chinese.get(sounds[n : n + size], ())):
                        same = sum(a == b for a, b in zip(word, written, strict=True))
                        if word != written and same * 2 >= size:
                            yield start + n, start + n + size, word
                            break

    def _is_ordinary(self, letters: str, place: int, size: int) -> bool:
        """The piece is an everyday word, or shares characters with one around it."""
        for length in (2, 3, 4):
            for n in range(max(0, place - length + 1), place + size):
                if letters[n : n + length] in self._ordinary:
                    return True
        return False


@lru_cache(maxsize=8192)
def _syllable(char: str) -> str:
    found = pinyin(char, style=Style.NORMAL, errors="default")
    syllable = found[0][0] if found else char
    for full, short in _SOUNDS:
        syllable = syllable.replace(full, short)
    return syllable


def sound(word: str) -> tuple[str, ...]:
    """How a word sounds, syllable by syllable, tones and regional pairs left out."""
    return tuple(_syllable(char) for char in word)


@lru_cache(maxsize=4096)
def _deletions(word: str) -> frozenset[str]:
    """The word, and the word with one or two letters left out."""
    once = {word[:n] + word[n + 1 :] for n in range(len(word))}
    found = {word} | once
    if len(word) >= 5:
        found |= {w[:n] + w[n + 1 :] for w in once for n in range(len(w))}
    return frozenset(found)


_VOWELS = frozenset("aeiouy")


def _distance(one: str, two: str) -> float:
    """Letters to add, drop, change or swap with the next; a vowel for another, and a
    letter written twice or once, cost half: "blud", "vommiting"."""
    rows = [[float(j) for j in range(len(two) + 1)]]
    for i, a in enumerate(one, 1):
        row = [float(i)]
        for j, b in enumerate(two, 1):
            change = 0 if a == b else 0.5 if {a, b} <= _VOWELS else 1
            drop = 0.5 if _is_soft(one, i - 1) else 1
            add = 0.5 if _is_soft(two, j - 1) else 1
            cost = min(row[j - 1] + add, rows[-1][j] + drop, rows[-1][j - 1] + change)
            if i > 1 and j > 1 and a == two[j - 2] and one[i - 2] == b:
                cost = min(cost, rows[-2][j - 2] + 1)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]


def _is_soft(word: str, place: int) -> bool:
    """A letter that the ear does not miss: the second of two, a vowel by a vowel."""
    if not place:
        return False
    before = word[place - 1]
    return before == word[place] or {before, word[place]} <= _VOWELS
