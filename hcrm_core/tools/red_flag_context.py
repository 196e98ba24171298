"""What a sentence says about a symptom: there, not there, gone, long ago, asked,
advised, of somebody else.

A symptom stands unless its sentence takes it away: a missed flag is worse than a
needless one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MASK = "□"
# stands for other symptoms of the list: "no fever, cough or ..."
MARK = "■"

# ---- Chinese -------------------------------------------------------------
# here 不 and 没 take nothing away from the symptom beside them
_FALSE_NO_ZH = re.compile(
    r"不停|不断|不止|不住|不仅|不光|不但|不只|不退|不降|不好|不见好|没退|没好|没降|没用|不管用|没效"
    r"|不行|不敢|不舒服|受不了|不得了|没办法|没力气|没劲|不知道?|不清楚?|不明|没想到|不小心"
    r"|不能|不了|没法|没精神|不对劲|不吃|不下|不出|不上|不起|不动|不醒|不应|不着|没胃口|没停|没止"
    r"|从来没有?这么|从没这么|没有?这么|不太好|不太舒服|没睡|没见好"
    r"|没有?(?:好转|缓解|改善|效果|消|好)|不是(?!很|太)|不成|没有?反应|没意识"
    r"|唔退|唔停|唔醒|唔到|唔住|勿消|不算|差不多|没合眼|睡不|不减|不消|不掉|不见(?:轻|减)"
)
_FILL_ZH = (
    r"(?:有|得|再|出现|怎么|什么|任何|发生|感觉到?|感到|觉得|明显|过|发现|看到|看见|见到?|继续|太|很|那么"
    r"|是|会|了|到|一点|点|特别|其他|的|伴有?|异常|往外|在|又|持续|都|也|啥|怎|大)"
)
# symptoms that are not on the list but stand in one row with those that are
_ALSO_ZH = (
    r"(?:咳嗽|咳痰|鼻塞|流涕|流鼻涕|嗓子疼|不适|不舒服|异常|双?下肢|上肢|局部|伤口|四肢|关节|肌肉"
    r"|头|胸|腹|肚子|腿|手|脚|眼睛?|嘴|身上|全身|皮肤|阴道|大便|小便|呼吸)"
)
_NO_ZH = re.compile(
    r"(?:没有|没|無|无|未|不|冇|唔|否认|勿|并非|毫无)"
    rf"(?:{_FILL_ZH}|{_ALSO_ZH}|{MARK}|[、和及或与者以])*"
    rf"(?:{MARK}(?:、[^、,，。\s]{{1,6}})*、)?(?:{_FILL_ZH}|{_ALSO_ZH})*$"
)
_NO_AFTER_ZH = re.compile(
    r"^(?:的)?(?:情况|症状|现象|感觉)?\s*[:：]?\s*(?:都|也|已经|现在|就)?\s*(?:没有(?!好|退|停|止|消)|无(?!法)|没了|消失|否)"
)
_GONE_BEFORE_ZH = re.compile(r"(?:退|止|停止|消)(?:了|去|掉)?$")
_GONE_ZH = re.compile(
    r"(?<!没)(?<!不)(?:好了|退了|退下|已退|已经退|退烧了|退热了|止住|停了|停住|消了|消退|消失|没了|没再|再没|再也没|好多了|全好|都好"
    r"|好转|恢复(?!不)|不再|缓解|正常了|(?:一直|之后|都|已经?|恢复)正常|没事|没犯|未再|没复发|治好|痊愈|愈合|长好|好返|冇事|不疼了|不痛了|(?:就|后来?|再)没(?:有)?(?:吐|烧|拉|流|疼|痛|出|犯))"
)
_BACK_ZH = re.compile(r"(?:又|再次|复发|反复|重新)")
_TURN_ZH = re.compile(
    r"但是?|不过|可是|可(?=现|今|又)|然而|就是(?!说)|只是|而是|反而|却"
)
_LONG_AGO_ZH = re.compile(
    r"(?:\d+|[一二两三四五六七八九十几多半]+)个?[年月](?:多)?(?:以)?前|去年|前年|上个?月|小时候|以前|曾经?|既往|病史"
    r"|年轻(?:时|的时候)|当年|那年|(?:19|20)\d\d年|那会儿|上次住院"
)
_DIED = re.compile(
    r"^[^,，。!?\n]{0,6}(?:走的|去世|没的|过世|死的|走了)|\bdied (?:of|from)\b"
    r"|\blost (?:our|my|a|his|her)\b[^.!?\n]{0,20}\bto\b"
)
_NOW_ZH = re.compile(
    r"现在|今天|今早|今晚|今晨|刚才|刚刚|刚|目前|这两天|这几天|昨晚|最近|又|突然|开始"
)
_IF_ZH = re.compile(
    r"如果|要是|万一|假如|假设|倘若|一旦|若(?!干)|会不会|会引起|能引起|引起|是否会|什么情况|怎么预防|如何预防|预防"
    r"|有没有|是否有|怕会|担心会|多少度?才?|容易(?!了)|为什么会|如何判断|怎么判断|什么样|会导致|导致"
)
_WILL_ZH = re.compile(r"会[^,，。!?\n]{0,6}$")
_ASK_ZH = re.compile(r"^[^,，。!?\n]{0,6}(?:吗|么|嘛|不会|几天)")
_CURIOUS_ZH = re.compile(
    r"(?:多少|几|什么)度?才|多少度|多高|想(?:提前|先|顺便)?(?:了解|咨询一下|问一下知识|知道一下)"
)
_ADVICE_ZH = re.compile(
    r"(?:医生|大夫|护士|主任|短信|单子|说明书|你们|小结|通知|手册|宣教|上面|纸上|提醒|公众号)"
    r"[^,，。\n]{0,8}?(?:说|嘱咐|交代|写|提醒|要求|叫|让|提示|告诉)"
    r"[^。!?\n]{0,20}?(?:要是|如果|如有|若|如出现|一旦|观察|注意|留意|预防|有没有|有无|警惕|防止|超过|过\d|才)"
)
_NUMBER_ASKED_ZH = re.compile(r"多少|几度|超过|低于|高于|以上|过(?=\d)")

# ---- English -------------------------------------------------------------
_FALSE_NO_EN = re.compile(
    r"\bnot only\b|\bnot sure\b|\bno idea\b|\b(?:not|isnt|arent) (?:getting )?(?:any )?(?:better|improving|well|stopping|going (?:away|down)|healing|helping|working|enough|able|good|right|eating|feeding|responding|breathing|moving|making sense)\b"
    r"|\bno (?:relief|energy|appetite|sleep|strength|matter|good|help|improvement|gas|feeling|response|wet)\b"
    r"|\b(?:cant|cannot|cannae|couldnt|wont|could not|can not)\b|\b(?:dont|didnt|doesnt) (?:know|work|help|stop|feel (?:well|good|right)|touch|want|make sense|look)\b"
    r"|\b(?:hasnt|havent|has not|have not|not) (?:stopped|gone|been able|slept|improved|eaten|settled|moved|felt the baby|peed|got better|helped)\b"
    r"|\bnever (?:had|felt|been|known)[^,.;!?\n]{0,24}\b(?:this|so|like this)\b|\bnonstop\b|\bnot long\b|\bno longer able\b|\bnot (?:eating|drinking|sleeping)\b"
)
_NO_EN = re.compile(
    r"\b(?:no|not|without|never|denies|deny|denied|none|nothing like|no sign of|no signs of|neither|nor|zero|free of|free from|dont|doesnt|didnt|isnt|arent|wasnt|werent|havent|hasnt|hadnt|aint)\b"
    r"(?P<rest>(?:[ \t]+[\w'/%-■]+){0,6}?)[ \t]*$"
)
_NO_BREAK_EN = re.compile(
    r"\b(?:but|just|only|except|however|though|although|still|because|since|when|and (?:a|an|my|i|im|ive|now|the|he|she|have)|with)\b"
)
_NO_AFTER_EN = re.compile(
    r"^\s*(?:[:=-]|is|are)?\s*(?:no|none|nil|negative|absent)\b(?! better| change| relief)"
)
_GONE_EN = re.compile(
    r"\b(?:gone|went away|has stopped|have stopped|stopped|fine now|ok now|okay now|better now|alright now|all good|(?:all )?clear(?:ed)?(?: up)?|resolved|settled|subsided|none since|nothing since|not since|is over"
    r"|back to normal|normal since|(?:all|been) normal|no longer|healed|(?:much|feeling|feels?|a lot|completely|all) better|over it|went down|gone down|disappeared|im (?:ok|okay|fine|good|well)|(?:is|are|am|feel|feeling) (?:fine|ok|okay|great|well|good|normal)|(?:but|and) (?:fine|ok|okay|well|good)\b|no more)\b"
)
_NOT_GONE_EN = re.compile(
    r"\b(?:not|never|hasnt|havent|isnt|arent|didnt|doesnt|wont|nt|til+|until|before)\W+(?:\w+\W+){0,2}$"
)
_BACK_EN = re.compile(
    r"\b(?:back(?! to normal| home| in| on)|again|returned|came back|worse)\b"
)
_TURN_EN = re.compile(r"\b(?:but|however|though|although|yet|except)\b")
_LONG_AGO_EN = re.compile(
    r"\b(?:years?|months?) ago\b|\blast (?:year|month|summer|winter|spring|autumn|fall)\b|\bin (?:19|20)\d\d\b|\bused to\b|\bhistory of\b|\bas a (?:child|kid|baby)\b|\bwhen (?:i|he|she) was (?:young|little|a|\d)|\bpreviously\b|\bin the past\b|\bonce had\b|\bbefore the (?:stent|op|operation|surgery)\b"
)
_NOW_EN = re.compile(
    r"\b(?:now|today|tonight|this (?:morning|afternoon|evening)|since (?:yesterday|last night|this morning|midnight)|again|suddenly|right now|currently|just)\b"
)
_IF_EN = re.compile(
    r"\bif\b(?! (?:it helps|possible|you (?:can|could)|that helps))|\bin case\b|\bshould (?:i|he|she|we) (?:get|develop|have|start)\b|\bis (?:it|this) (?:normal|common|usual|ok|okay) to\b|\bwhat (?:temperature|level|counts|happens)\b|\bhow (?:high|low|do i prevent|to prevent|much)\b|\bside effects?\b|\brisk of\b|\bchance of\b|\bprevent\w*\b|\b(?:will|would|can|could|does|do|might|may|is)\b[^,.;!?\n]{0,30}\b(?:cause|give|make|lead to)\b|\bunless\b|\blook out for\b|\bwhen to\b|\bwill it\b|\bdo i need\b|\bcan i (?:take|get|have|use)\b|\bwhere can i\b|\bgetting rid of\b"
)
_ADVICE_EN = re.compile(
    r"\b(?:leaflet|sheet|text|message|paper|papers|instructions?|website|pamphlet|booklet|letter|card|doctor|doc|nurse|surgeon|they|you|midwife)\b[^.!?\n]{0,16}?\b(?:says?|said|told (?:me|us)|wrote|mentioned|warned|advised)\b"
    r"[^.!?\n]{0,30}?\b(?:if|watch|look out|in case|about|over|above|more than)\b|\bcall us if\b|\bcome back if\b|\bwatch (?:out )?for\b"
)
_BREAK = re.compile(
    r"现在|我已|目前|今天|刚|但|可是|不过|我这|\bnow\b|\bbut\b|\btoday\b|\bim\b|\bive\b|\bi have\b|\bi am\b|\bmy\b|\bits\b|\bi got\b"
)
_QUOTED = re.compile(r"[“\"「『][^”\"」』]{4,200}[”\"」』]")

# ---- questions in general ------------------------------------------------
# asks about a thing as such, not about what is there: unless the writer says "my"
_GENERAL_ZH = re.compile(
    r"(?:是)?什么(?:引起|原因|表现|症状|意思|感觉|导致)|有(?:什么|哪些)(?:表现|症状|征兆)|第几天|几天(?:能|会|可以|才)"
    r"|是不是(?:就)?(?:不能|要|得|需要)|(?:会|能|可以|要|需要|正常|严重|危险|要紧)(?:吗|么|嘛)|能不能|可不可以|要不要紧"
)
_MINE_ZH = re.compile(
    r"我(?!想|要|能|可|该|母|父|妈|爸|家)|现在|今天|今早|昨晚|刚|这两天|这几天|一直|已经|还在|又|了(?![,，]?(?:会|能|要|怎么|是不是|可))|\d|(?:孩子|宝宝|老公|老婆)[^,，]{0,4}(?:在|了)"
)
_ASKING_EN = re.compile(
    r"^\W*(?:(?:hi|hello|hey|please|sorry|so|and|also|quick question|just wondering|question)\W+)*"
    r"(?:is|are|do|does|did|can|could|would|will|what|when|how|why|should|where|which)\b|\b(?:could|can) you (?:tell|explain)\b|\bwondering (?:if|whether|what)\b"
)
_MINE_EN = re.compile(
    r"\b(?:my|this|these|im|ive|i have|i am|i had|i got|that (?:the|i|he|she|its)|hes|shes|now|since|today|still|again|keeps?|been|because|it wont|have you)\b|\d"
)

# ---- who -----------------------------------------------------------------
_OTHER = re.compile(
    r"(?:我|俺|咱|偶)?(?:家|屋头|家里)?的?(?:爸爸?|妈妈?|爹|娘|老公|老婆|丈夫|爱人|先生(?!您)|太太|儿子|女儿|闺女|(?<!生完)(?<!生了)(?<!怀)孩子|小孩|娃儿?|细佬仔?|宝宝|宝贝|婴儿|新生儿|奶奶|爷爷?|外婆|外公|姥姥|姥爷|婆婆|公公|岳父|岳母|姆妈|阿妈|阿爸|阿公|阿婆|老汉儿?|老人家?|老伴|哥哥?|弟弟?|姐姐?|妹妹?|叔叔?|舅舅?|阿姨|同事|朋友|室友|邻居|母亲|父亲|家属|仔|囡囡)"
    r"|他|她|佢|人家"
    r"|\b(?<!had )(?:my |our |the |me |his |her )?(?:husband|wife|son|daughter|child|kid|kids|toddler|baby|newborn|infant|mother|father|mum|mom|mam|dad|daddy|mummy|granny|gran|grandma|grandpa|grandfather|grandmother|brother|sister|uncle|aunt|partner|friend|roommate|flatmate|colleague|neighbou?r|boy|girl|wee one|bairn|little one|old man)s?\b"
    r"|\b(?:he|she|hes|shes|his|her|him|theyre)\b"
)
_SELF = re.compile(
    r"(?:我|俺|本人|自己)(?!爸|妈|爹|娘|老|丈夫|爱人|先生|太太|儿|女|闺|孩|小孩|娃|宝|奶奶|爷|外|姥|婆|公|岳|姆|阿|哥|弟|姐|妹|叔|舅|同|朋|室|邻|母|父|家|屋|们|的?(?:孩|宝|妈|爸))"
    r"|\b(?:i|im|ive|ill|me|myself)\b|\bmy (?!husband|wife|son|daughter|child|kid|toddler|baby|mother|father|mum|mom|mam|dad|gran|brother|sister|uncle|aunt|partner|friend|roommate|flatmate|colleague|neighb|boy|girl|little|old man|wee)"
)

_SENTENCE = re.compile(r"[。.!！?？;；\n](?!\d)")
_CLAUSE = re.compile(
    r"[,，。.!！?？;；\n](?!\d)|(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])"
)
_OR_LIST = re.compile(r"^,?\s*(?:[\w■-]+\s*,?\s*){1,3}\b(?:or|nor|and)\s+[\w■]")


@dataclass(frozen=True)
class Place:
    """A symptom in a folded text: the words, and the gaps between them."""

    start: int
    end: int
    gaps: tuple[tuple[int, int], ...] = ()


class Context:
    """The sentences of one folded text, asked about the symptoms found in it."""

    def __init__(self, text: str, places: list[Place]) -> None:
        self.text = text
        self._places = places
        masked = _FALSE_NO_EN.sub(_blank, _FALSE_NO_ZH.sub(_blank, text))
        self._masked = masked
        self._quotes = [match.span() for match in _QUOTED.finditer(text)]

    def why_not(self, place: Place, is_number: bool = False) -> str:
        """Why a symptom does not stand: ``negated``, ``resolved``, ``history``,
        ``asked``, ``advice``; empty where it stands."""
        for reason, check in (
            ("advice", self._is_advice),
            ("asked", self._is_asked),
            ("negated", self._is_negated),
            ("resolved", self._is_resolved),
            ("history", self._is_history),
        ):
            if is_number and reason == "negated":
                continue
            if check(place):
                return reason
        return ""

    def about(self, place: Place) -> str:
        """``other`` where the last one named before the symptom is somebody else."""
        other = _last(_OTHER, self.text, place.start + 1)
        mine = _last(_SELF, self.text, place.start + 1)
        if other < 0 and mine < 0:
            ahead = _OTHER.search(self.text, place.start)
            return "other" if ahead and not _SELF.search(self.text) else "self"
        return "other" if other > mine else "self"

    # ------------------------------------------------------------------

    def _before(self, place: Place, bounds: re.Pattern[str], text: str) -> str:
        start = 0
        for match in bounds.finditer(text, 0, place.start):
            start = match.end()
        return text[start : place.start]

    def _after(self, place: Place, bounds: re.Pattern[str], text: str) -> str:
        match = bounds.search(text, place.end)
        return text[place.end : match.start() if match else len(text)]

    def _with_marks(self, place: Place) -> str:
        """The text with every other symptom as one mark, of the same length."""
        letters = list(self._masked)
        for other in self._places:
            if other.end <= place.start or other.start >= place.end:
                letters[other.start : other.end] = MARK * (other.end - other.start)
        return "".join(letters)

    def _is_negated(self, place: Place) -> bool:
        masked = self._masked
        for start, end in place.gaps:
            gap = masked[start:end]
            if re.search(r"[不没无未冇唔]", gap) or re.search(
                r"\b(?:no|not|never|isnt|doesnt|dont|wasnt|hasnt|without)\b", gap
            ):
                return True
        marked = self._with_marks(place)
        before = self._before(place, _CLAUSE, marked)
        if _NO_ZH.search(before[-24:]):
            return True
        match = _NO_EN.search(before)
        if match and not _NO_BREAK_EN.search(match["rest"]):
            return True
        if self._in_or_list(place, marked):
            return True
        after = self._after(place, _CLAUSE, masked)
        return bool(_NO_AFTER_ZH.search(after) or _NO_AFTER_EN.search(after))

    def _in_or_list(self, place: Place, marked: str) -> bool:
        """ "No fever, cough or pain": the no reaches to the end of the list."""
        sentence = self._before(place, _SENTENCE, marked)
        match = re.search(r"\b(?:no|not|without|denies|any)\b", sentence)
        if not match or _NO_BREAK_EN.search(sentence, match.end()):
            return False
        between = sentence[match.end() :]
        words = re.sub(MARK + "+", "", between)
        rest = marked[place.start :]
        return bool(
            re.fullmatch(r"[\s,]*(?:(?:any|or|nor|and)[\s,]*)*", words)
            and (
                re.search(r"\b(?:or|nor|and)\b", words)
                or re.match(rf"[^,.!?]*,?\s*{MARK}*[^.!?]*\b(?:or|nor|and)\b", rest)
            )
        )

    def _is_resolved(self, place: Place) -> bool:
        text, masked = self.text, self._masked
        if _GONE_BEFORE_ZH.search(self._before(place, _CLAUSE, text)):
            return not re.match(r"药|贴|针|不|没|无|又", text[place.end :])
        after = self._after(place, _SENTENCE, masked)
        offset = place.end
        for pattern, turn, back in (
            (_GONE_ZH, _TURN_ZH, _BACK_ZH),
            (_GONE_EN, _TURN_EN, _BACK_EN),
        ):
            for match in pattern.finditer(after):
                lead = after[: match.start()]
                if pattern is _GONE_EN and _NOT_GONE_EN.search(
                    self.text[: offset + match.start()][-30:]
                ):
                    continue
                if len(lead) > 60 or self._of_another(place, offset + match.start()):
                    continue
                tail = after[match.start() :]
                stop = re.search(r"[,，。]", tail[len(match.group()) :])
                turn_at = turn.search(tail)
                follow = tail[turn_at.end() :] if turn_at else ""
                if follow and back.search(follow):
                    continue
                if turn.search(lead) and not re.search(
                    r"现在|已经|都|全|\b(?:now|fine|ok|okay|good|well|better)\b",
                    lead + match.group(),
                ):
                    continue
                if back.search(lead) or (
                    not turn_at and back.search(tail[: 20 if stop else 40])
                ):
                    continue
                return True
        return False

    def _of_another(self, place: Place, at: int) -> bool:
        """Another symptom stands between: what is gone is that one."""
        if re.search(
            r"都|全|一切|\b(?:all|both|everything|im|i am|feel\w*)\b",
            self.text[place.end : at + 6],
        ):
            return False
        return any(
            place.end <= other.start < at and other.end <= at + 6
            for other in self._places
        )

    def _is_history(self, place: Place) -> bool:
        for ago, now in ((_LONG_AGO_ZH, _NOW_ZH), (_LONG_AGO_EN, _NOW_EN)):
            before = self._before(place, _SENTENCE, self.text)
            at = None
            for match in ago.finditer(before):
                at = match
            if at and not now.search(before, at.end()):
                if not re.match(
                    r"[^,，]{0,6}(?:从来)?没有?(?:这么|过这么)|没", before[at.end() :]
                ):
                    return True
            if _DIED.search(before[-30:]):
                return True
        after = self._after(place, _CLAUSE, self.text)
        return bool(_LONG_AGO_EN.search(after) or _DIED.search(after))

    def _is_asked(self, place: Place) -> bool:
        before = self._before(place, _SENTENCE, self.text)
        after = self._after(place, _SENTENCE, self.text)
        for pattern in (_IF_ZH, _IF_EN):
            at = None
            for match in pattern.finditer(before):
                at = match
            if (
                at
                and len(before) - at.end() <= 40
                and not _BREAK.search(before, at.end())
            ):
                return True
        clause = self._before(place, _CLAUSE, self.text)
        if _WILL_ZH.search(clause) and _ASK_ZH.search(after):
            return True
        return bool(_CURIOUS_ZH.search(after)) or self._is_general(place, after)

    def _is_general(self, place: Place, after: str) -> bool:
        """A question about the thing as such: "is bleeding normal?"."""
        before = self._before(place, _SENTENCE, self.text)
        sentence = before + self.text[place.start : place.end] + after
        if _ASKING_EN.search(before) and not _MINE_EN.search(before):
            return not re.search(r"\b(?:and|but)? ?(?:i have|ive|im|my)\b", after)
        return bool(_GENERAL_ZH.search(after)) and not _MINE_ZH.search(sentence)

    def _is_advice(self, place: Place) -> bool:
        for start, end in self._quotes:
            if start < place.start and place.end <= end:
                return not _BREAK.match(self.text, start + 1)
        before = self._before(place, _SENTENCE, self.text)
        upto = before + self.text[place.start : place.end]
        for pattern in (_ADVICE_ZH, _ADVICE_EN):
            at = None
            for match in pattern.finditer(upto):
                at = match
            if at and not _BREAK.search(before, at.end()):
                return True
        return False


def _blank(match: re.Match[str]) -> str:
    return MASK * len(match.group())


def _last(pattern: re.Pattern[str], text: str, end: int) -> int:
    """Where the last match that begins before ``end`` begins; -1: nowhere."""
    at = -1
    for match in pattern.finditer(text):
        if match.start() >= end:
            break
        at = match.start()
    return at
