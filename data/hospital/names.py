"""Names as they are spread in China: surnames by share, given names by age."""

from __future__ import annotations

from bisect import bisect
from itertools import accumulate

# surname and its share (per 100,000 people)
SURNAMES = (
    "王7250 李7190 张6830 刘5390 陈4530 杨3080 黄2230 赵2290 吴2050 周2020 徐1660 孙1540 "
    "马1290 朱1260 胡1150 郭1150 何1060 林1180 高1000 罗860 郑840 梁840 谢720 宋700 "
    "唐650 许660 韩620 邓560 冯560 曹550 彭500 曾510 肖590 田480 董510 潘470 袁500 "
    "蔡460 蒋470 余480 于480 杜470 叶430 程440 魏450 苏430 吕460 丁430 任420 卢430 "
    "姚350 沈410 钟400 姜380 崔380 谭370 陆360 范360 汪350 廖340 石340 金330 韦280 "
    "贾340 夏320 付320 方320 邹320 熊310 白310 孟300 秦290 邱290 侯280 江280 尹280 "
    "薛270 闫270 段260 雷260 龙240 黎230 史240 陶230 贺240 毛220 郝220 顾220 龚210 "
    "邵210 万210 覃200 武200 钱200 戴240 严190 莫180 孔180 向180 常160 "
    "单50 仇40 查40 解60 朴30 区30 盖20 乐20 "
    "欧阳80 上官10 司马6 诸葛5 司徒4 皇甫3 尉迟2 夏侯2"
)
POLYPHONES = ("单", "仇", "查", "曾", "解", "朴")
COMPOUND = ("欧阳", "上官", "司马", "诸葛", "司徒", "皇甫", "尉迟", "夏侯")

# Given names by the years in which they were in fashion.
_MALE = {
    1900: "德福 国强 金生 长林 福生 永贵 根宝 宝林 玉山 德明 正清 国栋 松林 家声 志远 阿根",
    1950: "建国 建华 国庆 志强 建军 卫东 国平 建平 爱国 永强 国华 志明 红军 卫国 援朝 文革 "
    "建民 保国 和平 胜利",
    1970: "勇 军 强 伟东 斌 刚 涛 明 建 超 辉 磊 鹏 波 海涛 志刚 立新 晓东 建新 学军 俊杰",
    1985: "鑫 浩 杰 俊 宇 帆 凯 翔 博 晨 一鸣 志豪 文杰 子健 家豪 天宇 晓峰 振宇 文博 嘉诚",
    2000: "浩然 子轩 宇轩 浩宇 子涵 博文 梓豪 俊熙 一诺 奕辰 宇航 明轩 沐宸 浩轩 皓轩 梓睿 "
    "子墨 泽宇 睿 铭泽",
}
_FEMALE = {
    1900: "秀英 桂英 玉兰 桂兰 秀兰 凤英 玉珍 淑珍 素珍 月娥 阿妹 金娣 招娣 惠珍 素芳 桂芳",
    1950: "桂芳 玉华 淑芳 建英 丽华 美珍 爱华 红 秀珍 凤霞 玉梅 秀云 国英 淑华 春兰 爱珍 "
    "月华 慧芬",
    1970: "芳 敏 静 丽 艳 娟 霞 燕 红梅 丽娟 晓燕 海燕 玲 萍 梅 雪梅 丽萍 慧 琴 莉 春燕",
    1985: "婷婷 婷 雪 倩 颖 佳 琳 洁 璐 莹 梦婷 思思 晓雯 佳怡 雅婷 静怡 欣怡 文静 丹丹 媛媛",
    2000: "梓涵 欣怡 子涵 诗涵 梓萱 一诺 雨桐 欣妍 可馨 语桐 若汐 艺涵 思涵 梦琪 雨欣 佳怡 "
    "依诺 心怡 沐晴 紫萱",
}
MINORITY = (
    ("阿依古丽·买买提", "female"),
    ("古丽娜尔·艾合买提", "female"),
    ("艾力·吐尔逊", "male"),
    ("买买提·依明", "male"),
    ("迪丽达尔·阿不都拉", "female"),
    ("巴特尔", "male"),
    ("其其格", "female"),
    ("扎西多吉", "male"),
    ("卓玛央金", "female"),
    ("吉克·阿牛", "male"),
)
# text, family, given, sex, country, language
FOREIGN = (
    ("John Smith", "Smith", "John", "male", "GB", "en"),
    ("Emily Johnson", "Johnson", "Emily", "female", "US", "en"),
    ("Hans Müller", "Müller", "Hans", "male", "DE", "de"),
    ("Marie Dubois", "Dubois", "Marie", "female", "FR", "fr"),
    ("Kim Minji", "Kim", "Minji", "female", "KR", "ko"),
    ("Tanaka Hiroshi", "Tanaka", "Hiroshi", "male", "JP", "ja"),
    ("Ivan Petrov", "Petrov", "Ivan", "male", "RU", "ru"),
    ("Ana Silva", "Silva", "Ana", "female", "BR", "pt"),
    ("Nguyen Thi Lan", "Nguyen", "Thi Lan", "female", "VN", "vi"),
    ("Raj Patel", "Patel", "Raj", "male", "IN", "en"),
)


def _parse(text):
    names, shares = [], []
    for word in text.split():
        head = word.rstrip("0123456789")
        names.append(head)
        shares.append(int(word[len(head) :]))
    return names, list(accumulate(shares))


_NAMES, _BOUNDS = _parse(SURNAMES)
_TOTAL = _BOUNDS[-1]
_YEARS = sorted(_MALE)
_GIVEN = {
    sex: [table[year].split() for year in _YEARS]
    for sex, table in (("male", _MALE), ("female", _FEMALE))
}


def surname(rng) -> str:
    return _NAMES[bisect(_BOUNDS, rng.random() * _TOTAL)]


def given(rng, sex: str, year: int) -> str:
    """A given name of the person's generation, a few from the one before or after."""
    band = bisect(_YEARS, year) - 1
    drift = rng.random()
    if drift < 0.1:
        band = max(0, band - 1)
    elif drift > 0.95:
        band = min(len(_YEARS) - 1, band + 1)
    pool = _GIVEN[sex][max(0, band)]
    name = pool[int(rng.random() * len(pool))]
    # two single characters of the pool make a name of their own now and then
    if len(name) == 1 and rng.random() < 0.5:
        other = pool[int(rng.random() * len(pool))]
        if len(other) == 1 and other != name:
            name += other
    return name
