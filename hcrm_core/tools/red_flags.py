"""Judge what people write: what must reach a clinician, and why.

Pure Python: the word list is given, the verdict tells the words that prove a flag and
what took others away (R21). See the modules beside for folding, phrases, numbers and
context.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .red_flag_context import Context, Place
from .red_flag_numbers import read_numbers
from .red_flag_text import Folded, Speller, fold
from .red_flag_words import Phrase, compile_phrase, literals

# the gravest first
LEVELS = ("emergency", "urgent", "soon")
# longer texts are a letter: what must be seen at once stands at their beginning
MAX_LETTERS = 4000


@dataclass(frozen=True)
class Flag:
    """One line of the list.

    :param low: a value of ``measure`` from here on, ``high`` up to and with here
    :param is_about_writer: unborn children and wombs are nobody else's
    """

    code: str
    level: str
    words: tuple[str, ...] = ()
    exceptions: tuple[str, ...] = ()
    measure: str = ""
    low: float | None = None
    high: float | None = None
    is_about_writer: bool = False


@dataclass(frozen=True)
class Hit:
    """A flag found in a text, where its words stand, and about whom."""

    code: str
    level: str
    start: int
    end: int
    words: str
    about: str = "self"
    # why it does not stand: negated, resolved, history, asked, advice; empty: it does
    cancelled: str = ""


@dataclass(frozen=True)
class Verdict:
    """What a text says: flags that stand, and flags that something took away."""

    hits: tuple[Hit, ...] = ()
    cancelled: tuple[Hit, ...] = ()

    @property
    def level(self) -> str:
        """The gravest level; empty: nothing for a clinician."""
        return min((hit.level for hit in self.hits), key=LEVELS.index, default="")

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(hit.code for hit in self.hits))

    @property
    def about(self) -> str:
        """Whom the gravest flag is about."""
        worst = min(self.hits, key=lambda hit: LEVELS.index(hit.level), default=None)
        return worst.about if worst else "self"


@dataclass
class _Found:
    flag: Flag
    place: Place
    parts: list[Place] = field(default_factory=list)
    is_number: bool = False


class Judge:
    """A compiled word list; texts are judged one by one, without state."""

    def __init__(
        self,
        flags: Iterable[Flag],
        terms: Mapping[str, tuple[str, ...]],
        neutral: Iterable[str] = (),
        ordinary: Iterable[str] = (),
    ) -> None:
        """
        :param terms: words that mean the same, by the name phrases call them
        :param neutral: phrases that are never a symptom: "fever clinic"
        :param ordinary: everyday words that merely sound or look like one
        """
        flags = list(flags)
        self._worded: list[tuple[Flag, list[Phrase], list[Phrase]]] = [
            (
                flag,
                [compile_phrase(words, terms) for words in flag.words],
                [compile_phrase(words, terms) for words in flag.exceptions],
            )
            for flag in flags
        ]
        self._measured = [flag for flag in flags if flag.measure]
        self._neutral = [compile_phrase(words, terms) for words in neutral]
        vocabulary: set[str] = set()
        for flag in flags:
            for words in flag.words:
                vocabulary |= literals(words, terms)
        self._speller = Speller(vocabulary, ordinary)

    def judge(self, text: str | None) -> Verdict:
        """The verdict on one text; never raises on what people write."""
        if not text or not text.strip():
            return Verdict()
        folded = self._speller.repair(fold(text[:MAX_LETTERS]))
        read = self._without_neutral(folded.text)
        found = [*self._by_words(read), *self._by_numbers(folded.text)]
        if not found:
            return Verdict()
        places = [one.place for one in found]
        context = Context(folded.text, places)
        hits = [self._hit(one, folded, context) for one in found]
        return self._settle(hits)

    # ------------------------------------------------------------------

    def _without_neutral(self, text: str) -> str:
        for phrase in self._neutral:
            for match in phrase.patterns[0].finditer(text):
                text = (
                    text[: match.start()]
                    + "□" * len(match.group())
                    + text[match.end() :]
                )
        return text

    def _by_words(self, text: str) -> list[_Found]:
        found = []
        for flag, phrases, exceptions in self._worded:
            read = text
            for phrase in exceptions:
                for match in phrase.patterns[0].finditer(read):
                    size = len(match.group())
                    read = read[: match.start()] + "□" * size + read[match.end() :]
            for phrase in phrases:
                found += self._of_phrase(flag, phrase, read)
        return found

    @staticmethod
    def _of_phrase(flag: Flag, phrase: Phrase, text: str) -> list[_Found]:
        first, *others = phrase.patterns
        rest = []
        for pattern in others:
            match = pattern.search(text)
            if not match:
                return []
            rest.append(_place(match))
        return [
            _Found(flag, _place(match), rest)
            for match in first.finditer(text)
            if match.group()
        ]

    def _by_numbers(self, text: str) -> list[_Found]:
        if (
            not any(char.isdigit() for char in text)
            and not any(char in text for char in "一二三四五六七八九十")
            and " " not in text
        ):
            return []
        found = []
        readings = read_numbers(text)
        for n, reading in enumerate(readings):
            # "yesterday 39, today 36.8": the last value of a measure counts
            if any(later.measure == reading.measure for later in readings[n + 1 :]):
                continue
            for flag in self._measured:
                if (
                    flag.measure == reading.measure
                    and (flag.low is None or reading.value >= flag.low)
                    and (flag.high is None or reading.value <= flag.high)
                ):
                    place = Place(reading.start, reading.end)
                    found.append(_Found(flag, place, is_number=True))
        return found

    @staticmethod
    def _hit(one: _Found, folded: Folded, context: Context) -> Hit:
        reason = context.why_not(one.place, one.is_number)
        start, end = folded.span(one.place.start, one.place.end)
        flag = one.flag
        about = "self" if flag.is_about_writer else context.about(one.place)
        return Hit(
            flag.code, flag.level, start, end, folded.original[start:end], about, reason
        )

    @staticmethod
    def _settle(hits: list[Hit]) -> Verdict:
        """One hit per flag: the one that stands, the longest words first."""
        order = sorted(hits, key=lambda hit: (bool(hit.cancelled), hit.start - hit.end))
        best: dict[str, Hit] = {}
        for hit in order:
            best.setdefault(hit.code, hit)
        ranked = sorted(
            best.values(), key=lambda hit: (LEVELS.index(hit.level), hit.start)
        )
        return Verdict(
            tuple(hit for hit in ranked if not hit.cancelled),
            tuple(hit for hit in ranked if hit.cancelled),
        )


def _place(match) -> Place:
    gaps = tuple(
        match.span(n)
        for n in range(1, (match.re.groups or 0) + 1)
        if match.span(n)[0] >= 0 and match.span(n)[0] < match.span(n)[1]
    )
    return Place(match.start(), match.end(), gaps)
