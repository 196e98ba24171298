import csv
from datetime import date, datetime

from odoo.tests import TransactionCase, tagged
from odoo.tests.common import BaseCase
from odoo.tools import SQL
from odoo.tools.misc import file_open

from ..tools.identity_numbers import VALIDATORS, check, normalise
from ..tools.languages import match_language
from ..tools.names import clean_name, is_placeholder_name, name_tokens
from ..tools.phones import PhonePlan, parse, tail
from ..tools.staging import stage
from ..tools.tokens import person_tokens


def read_table(name):
    """Return the rows of a table of cases as dicts."""
    with file_open(f"hcrm_core/tests/data/{name}.csv") as lines:
        return list(csv.DictReader(lines))


@tagged("post_install", "-at_install")
class TestPeopleNames(BaseCase):
    def assertFound(self, typed, name):
        tokens = name_tokens(name)
        self.assertTrue(
            any(token.startswith(typed) for token in tokens),
            f"{typed} does not find {name}: {sorted(tokens)}",
        )

    def test_parts_pinyin_and_initials_find(self):
        for typed in ("王", "王芳", "芳", "wang", "wangf", "wangfang", "wf"):
            self.assertFound(typed, "王芳")

    def test_surnames_with_several_readings(self):
        """R13: all readings find."""
        for name, readings in {
            "单雄": ("shanx", "danx", "chanx", "sx", "dx", "cx"),
            "仇英": ("qiuy", "chouy", "qy", "cy"),
            "查良": ("zhal", "chal"),
            "曾国": ("zengg", "cengg", "zg", "cg"),
            "解缙": ("xiej", "jiej", "xj", "jj"),
            "朴信": ("piaox", "pux"),
            "区伟": ("ouw", "quw", "ow", "qw"),
            "尉迟恭": ("yuchig", "weichig", "ycg", "wcg"),
            "万俟卨": ("moqi", "mq"),
            "欧阳修": ("ouyangx", "oyx"),
            "吕布": ("lvbu", "lb"),
        }.items():
            for typed in readings:
                self.assertFound(typed, name)

    def test_minority_names_with_a_dot(self):
        """R13: the dot is typed in many ways or not at all; each part finds."""
        for written in ("阿依古丽·买买提", "阿依古丽•买买提", "阿依古丽.买买提"):
            for typed in (
                "阿依古丽买买提",
                "买买提",
                "ayigulimaimaiti",
                "maimaiti",
                "ayglmmt",
            ):
                self.assertFound(typed, written)
            self.assertEqual(clean_name(written), "阿依古丽·买买提")

    def test_latin_names_are_found_by_any_word(self):
        for typed in ("maria", "garcia", "lopez", "garcialopez", "mgl"):
            self.assertFound(typed, "Maria Garcia Lopez")
        self.assertFound("obrien", "José O'Brien-Smith")
        self.assertFound("jose", "José O'Brien-Smith")
        self.assertFound("anna", "李Anna")

    def test_rare_characters_stay(self):
        self.assertEqual(clean_name("𠮷野家"), "𠮷野家")
        self.assertFound("𠮷野", "𠮷野家")
        self.assertFound("野家", "𠮷野家")

    def test_clean_name(self):
        self.assertEqual(clean_name("  王　芳 "), "王芳")
        self.assertEqual(clean_name("Ｍａｒｉａ  Lopez"), "Maria Lopez")
        self.assertEqual(clean_name("王\u200b芳"), "王芳")
        self.assertEqual(clean_name(None), "")

    def test_tokens_are_bounded(self):
        for name in ("乐" * 40, "解乐长行重", "a b c d e f g h i j k l", "x" * 500):
            tokens = name_tokens(name)
            self.assertLessEqual(len(tokens), 60, name)
            self.assertLessEqual(max(map(len, tokens)), 500)
        self.assertEqual(name_tokens(""), set())
        self.assertEqual(name_tokens("。。"), set())

    def test_placeholder_names(self):
        """R13"""
        for name in (
            *("李红之女", "李红之子", "李红之子1", "李红之大女", "双胎A", "双胎乙"),
            *("李红双胎B", "王小红双胞胎之大", "无名氏", "无名氏2", "无名男", "未知"),
            *("不详", "佚名", "王某", "某某", "测试", "测试患者1", "新生儿", "女婴"),
            *("李红新生儿", "急诊001", "Baby of Li", "Baby boy Li", "unknown"),
            *("Unknown male", "John Doe", "n/a", "", "  ", "???", "B/O Wang"),
        ):
            self.assertTrue(is_placeholder_name(name), name)

    def test_real_names_are_no_placeholders(self):
        for name in (
            *("王芳", "杨之子", "无双", "安知", "未央", "何名", "白婴", "张宝宝"),
            *("女娲", "空海", "双胎阿布", "阿依古丽·买买提", "Mary Unknownson"),
            *("Maria Garcia Lopez", "Test Adossa", "Babyanne Li", "Li", "某来"),
        ):
            self.assertFalse(is_placeholder_name(name), name)


@tagged("post_install", "-at_install")
class TestPeopleIdentityNumbers(BaseCase):
    today = date(2026, 1, 1)

    def test_table_of_named_cases(self):
        """R1: the table of named cases."""
        cases = read_table("identity_numbers")
        self.assertGreaterEqual(len(cases), 40)
        self.assertEqual(len({case["name"] for case in cases}), len(cases))
        for case in cases:
            with self.subTest(case["name"]):
                verdict = check(case["validator"], case["value"], self.today)
                found = {
                    "ok": str(int(verdict.ok)),
                    "error": verdict.error,
                    "hint": verdict.hint,
                    "birthdate": str(verdict.birthdate or ""),
                    "gender": verdict.gender,
                }
                self.assertEqual(found, {key: case[key] for key in found})

    def test_nothing_raises(self):
        """R1: no exception leaves the validator."""
        odd = (
            *(None, False, True, 0, -1, 1.5, [], {}, object(), b"12", "²" * 18),
            *("٣" * 18, "Ⅷ" * 15, "\x00", "X" * 18, "1" * 10000, "9" + "0" * 17),
            *("110000000000000000", "00000019000101000X", "USA123456789012"),
        )
        for validator in (*VALIDATORS, "unheard of", "", None):
            for value in odd:
                self.assertIn(check(validator, value).ok, (True, False))

    def test_normalise(self):
        self.assertEqual(normalise(" ab-12 ３４×"), "AB1234X")


@tagged("post_install", "-at_install")
class TestPeoplePhones(BaseCase):
    plan = PhonePlan("CN", "021", "9", ("021-6123 0", "5588"))

    def test_table_of_written_forms(self):
        """R14: at least 40 written forms of at least 10 numbers."""
        cases = read_table("phones")
        self.assertGreaterEqual(len(cases), 40)
        self.assertGreaterEqual(len({case["number"] for case in cases}), 10)
        for case in cases:
            with self.subTest(case["value"]):
                phone = parse(case["value"], self.plan)
                self.assertEqual(
                    (phone.number, phone.extension, str(int(phone.is_junk))),
                    (case["number"], case["extension"], case["is_junk"]),
                )

    def test_without_a_plan_a_local_number_is_kept(self):
        phone = parse("61234567")
        self.assertEqual(
            (phone.number, phone.e164, phone.is_junk), ("61234567", "", False)
        )

    def test_other_country(self):
        plan = PhonePlan("DE", "030", "0")
        self.assertEqual(parse("030 901820", plan).e164, "+4930901820")
        self.assertEqual(parse("+86 139 1234 5678", plan).e164, "+8613912345678")

    def test_tail(self):
        self.assertEqual(tail("+8613912345678"), "12345678")
        self.assertEqual(tail("12345"), "12345")

    def test_nothing_raises(self):
        for value in (
            None,
            False,
            0,
            13912345678,
            "+",
            "++",
            "转",
            "²²²",
            "0" * 500,
            "+0",
        ):
            for plan in (self.plan, PhonePlan("US")):
                self.assertIsInstance(parse(value, plan).number, str, value)


@tagged("post_install", "-at_install")
class TestPeopleTokens(BaseCase):
    def test_numbers_and_identifiers(self):
        tokens = person_tokens(
            "王芳",
            identifiers=["MR0001", "71000019880512002X"],
            numbers=["+8613912345678", "+862161234567", "anonymous", "+14155552671"],
        )
        self.assertLessEqual(
            {
                *("王芳", "芳", "wangfang", "wf", "mr0001", "71000019880512002x"),
                *("13912345678", "5678", "02161234567", "61234567", "4567"),
                *("4155552671", "2671"),
            },
            tokens,
        )
        self.assertNotIn("anonymous", tokens)

    def test_aliases_find_too(self):
        self.assertIn("张三", person_tokens("王芳", aliases=["张三"]))


@tagged("post_install", "-at_install")
class TestPeopleLanguages(BaseCase):
    def test_tags_meet_what_is_installed(self):
        installed = ["en_US", "en_GB", "zh_CN", "zh_TW", "fr_FR", "sr@latin", "es_419"]
        for tag, code in (
            ("zh-CN", "zh_CN"),
            ("zh_TW", "zh_TW"),
            ("zh", "zh_CN"),
            ("zh-Hans-SG", "zh_CN"),
            ("zh-Hant", "zh_TW"),
            ("cmn", "zh_CN"),
            ("yue", "zh_CN"),
            ("EN", "en_US"),
            ("en-GB", "en_GB"),
            ("en-NZ", "en_US"),
            ("fr", "fr_FR"),
            ("fr-CA", "fr_FR"),
            ("sr-Latn", "sr@latin"),
            ("es-419", "es_419"),
            *((tag, None) for tag in ("de", "ug", "", None, "-", "english")),
        ):
            self.assertEqual(match_language(tag, installed), code, tag)
        self.assertEqual(match_language("yue", [*installed, "zh_HK"]), "zh_HK")
        self.assertEqual(match_language("en-US", ["en_GB"]), "en_GB")
        self.assertIsNone(match_language("en", []))


@tagged("post_install", "-at_install")
class TestPeopleStaging(TransactionCase):
    def test_values_arrive_as_they_were(self):
        """COPY's text format gives four characters a meaning; a NUL is dropped."""

        class Text(str):
            __slots__ = ()

        columns = {
            "number": "int",
            "flag": "bool",
            "text": "varchar",
            "day": "date",
            "at": "timestamp",
            "hash": "bytea",
        }
        at = datetime(2026, 3, 1, 8, 30, 15)
        rows = [
            (1, True, "王芳\t\\N \\.\n\r\\", at.date(), at, b"\x00\\\xff"),
            (-2, False, Text("N\\"), None, None, b""),
            (None, None, "", None, None, None),
        ]
        self.env.cr.execute(
            SQL("SELECT * FROM %s", stage(self.env.cr, "test_cells", columns, rows))
        )
        read = [
            (*row[:5], row[5] if row[5] is None else bytes(row[5]))
            for row in self.env.cr.fetchall()
        ]
        self.assertEqual(read, rows)
        self.env.cr.execute(
            SQL(
                "SELECT text FROM %s",
                stage(self.env.cr, "test_cells", {"text": "varchar"}, [("a\x00b",)]),
            )
        )
        self.assertEqual(self.env.cr.fetchone(), ("ab",))
