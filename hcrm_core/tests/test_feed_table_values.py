"""Pure parts of the table source: values, paths, statements per dialect (R2)."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from odoo.tests import BaseCase, tagged

from odoo.addons.hcrm_core.feed_adapters.base import AdapterError, SourceConfig
from odoo.addons.hcrm_core.feed_adapters.fhir_values import MapError
from odoo.addons.hcrm_core.feed_adapters.table_dialects import DIALECTS, decode
from odoo.addons.hcrm_core.feed_adapters.table_paths import Path, merge
from odoo.addons.hcrm_core.feed_adapters.table_reader import TableReader, _after
from odoo.addons.hcrm_core.feed_adapters.table_rows import RowMapper
from odoo.addons.hcrm_core.feed_adapters.table_values import TRANSFORMS, plain


def mapper(res_type, *columns, **spec):
    return RowMapper({"type": res_type, "keys": ["id"], "columns": columns, **spec})


@tagged("post_install", "-at_install")
class TestFeedTableValues(BaseCase):
    def test_transforms(self):
        """R2: dates, flags, sexes, parts and numbers as a HIS writes them."""
        cases = [
            ("date", "19800506", "", "1980-05-06"),
            ("date", "1980/5/6", "", "1980-05-06"),
            ("date", "1980年5月6日", "", "1980-05-06"),
            ("date", "1980.5.6 08:00:00", "", "1980-05-06"),
            ("date", "198005", "", "1980-05"),
            ("date", "0000-00-00", "", None),
            ("date", "06.05.1980", "%d.%m.%Y", "1980-05-06"),
            ("datetime", "20260302093000", "", "2026-03-02T09:30:00"),
            ("datetime", "202603020930", "", "2026-03-02T09:30:00"),
            ("flag", "是", "", True),
            ("flag", "0", "", False),
            ("flag", "B", "A,B", True),
            ("gender", "男", "", "male"),
            ("gender", 2, "", "female"),
            ("gender", "x", "", "unknown"),
            ("split", "3W-12", "-,2", "12"),
            ("split", "3W", "-,2", None),
            ("number", "1,234.50", "", 1234.5),
            ("negative", 5, "", -5),
            ("digits", "139-1234 5678", "", "13912345678"),
        ]
        for name, value, argument, wanted in cases:
            with self.subTest(name, value=value):
                self.assertEqual(TRANSFORMS[name](value, argument), wanted)
        for name, argument in (("date", "%Y%m%d"), ("number", "")):
            with self.subTest(name), self.assertRaises(MapError):
                TRANSFORMS[name]("nonsense", argument)

    def test_plain_values(self):
        """R2: local time stays without a zone, CHAR loses its padding."""
        self.assertEqual(plain("王芳   "), "王芳")
        self.assertEqual(plain(Decimal("5.0000")), 5)
        self.assertEqual(plain(datetime(2026, 3, 2, 9, 30)), "2026-03-02T09:30:00")
        self.assertEqual(plain(date(2026, 3, 2)), "2026-03-02")
        self.assertEqual(decode("𬭎喆㛃".encode("gb18030"), "gb18030"), "𬭎喆㛃")
        self.assertEqual(decode("王芳".encode("gbk")[:3], "gbk"), "王\ufffd")

    def test_paths(self):
        """R2: items of lists are made once a row, and only for what they hold."""
        resource, items = {}, {}
        phone = "telecom[system=phone,use=mobile]"
        Path(f"{phone}.value").set(items, resource, "139")
        Path(f"{phone}.rank").set(items, resource, 1)
        Path("subject@Patient").set(items, resource, "7")
        Path("ext:payer-split.ext:self.valueDecimal").set(items, resource, 5)
        Path("address[use=home].line[]").set(items, resource, "Road 1")
        Path("name[use=official].family").set(items, resource, "王", may_make=False)
        base = "https://hcrm.example/fhir/StructureDefinition/"
        self.assertEqual(
            resource,
            {
                "telecom": [
                    {"system": "phone", "use": "mobile", "value": "139", "rank": 1}
                ],
                "subject": {"reference": "Patient/7"},
                "extension": [
                    {
                        "url": f"{base}payer-split",
                        "extension": [{"url": "self", "valueDecimal": 5}],
                    }
                ],
                "address": [{"use": "home", "line": ["Road 1"]}],
            },
        )
        for wrong in ("a[", "a..b", "1a", "a b"):
            with self.subTest(wrong), self.assertRaises(AdapterError):
                Path(wrong)

    def test_rows_of_one_record(self):
        """R2: rows that share a key: gaps are filled, lists take each item once."""
        table = mapper(
            "Patient",
            {"column": "XM", "target": "name"},
            {"column": "SJ", "target": "mobile"},
            {"column": "CS", "target": "city"},
            id_template="pt-{ID}",
        )
        rows = [
            {"id": 1, "xm": "王芳", "sj": "139", "cs": None},
            {"id": 1, "xm": "王芳", "sj": "138", "cs": "上海"},
        ]
        self.assertEqual(table.ext_id(rows[0]), "pt-1")
        found = table.resource("pt-1", rows)
        self.assertEqual([item["value"] for item in found["telecom"]], ["139", "138"])
        self.assertEqual(found["address"], [{"use": "home", "city": "上海"}])
        self.assertEqual(found["name"], [{"use": "official", "text": "王芳"}])
        self.assertEqual(merge({"a": 1}, {"a": 2, "b": 3}), {"a": 1, "b": 3})

    def test_codes_constants_and_entity(self):
        """R2: code maps with a star and a dash, fixed values, the entity of a table."""
        table = mapper(
            "Encounter",
            {"column": "LX", "target": "kind", "codes": {"1": "AMB", "*": "EMER"}},
            {"column": "ZT", "target": "reason", "codes": {"9": "-"}},
            {"template": "finished", "target": "status"},
            {"template": "{A}-{B}", "target": "number"},
            entity="dept-1",
        )
        row = {"id": 1, "lx": 7, "zt": "9", "a": "x", "b": None}
        self.assertEqual(
            table.resource("1", [row]),
            {
                "resourceType": "Encounter",
                "id": "1",
                "class": {"code": "EMER"},
                "status": "finished",
                "serviceProvider": {"reference": "Organization/dept-1"},
            },
        )

    def test_statements_by_dialect(self):
        """R2: limits and quoting of each system; Oracle and SQL Server are written by
        their manuals, not verified against the vendor."""
        wanted = {
            "postgresql": 'SELECT "a" FROM (SELECT 1) hcrm_t WHERE k ORDER BY k LIMIT 5',
            "mariadb": "SELECT `a` FROM (SELECT 1) hcrm_t WHERE k ORDER BY k LIMIT 5",
            "oracle": 'SELECT "a" FROM (SELECT 1) hcrm_t WHERE k ORDER BY k'
            " FETCH FIRST 5 ROWS ONLY",
            "mssql": "SELECT TOP (5) [a] FROM (SELECT 1) hcrm_t WHERE k ORDER BY k",
        }
        for name, text in wanted.items():
            dialect = DIALECTS[name](SourceConfig())
            found = dialect.select("SELECT 1", dialect.quote("a"), "k", "k", 5)
            self.assertEqual(found, text)
        oracle = DIALECTS["oracle"](SourceConfig())
        self.assertEqual(
            oracle._sent("a > %s AND b = %s", [1, 2]), ("a > :1 AND b = :2", [1, 2])
        )

    def test_place_behind_a_key_of_several_columns(self):
        """R2: a page starts behind the last key, whatever its columns hold."""
        text, params = _after(["a", "b"], [1, {"on": "2026-03-02"}])
        self.assertEqual(text, "((a > %s) OR (a = %s AND b > %s))")
        self.assertEqual(params, [1, 1, date(2026, 3, 2)])

    def test_hour_that_comes_twice(self):
        """R2: where a clock is set back, changes are looked for an hour earlier."""
        spec = {"name": "t", "sql": "SELECT 1", "keys": ["a"]}
        reader = TableReader(None, None, spec, ZoneInfo("America/New_York"))
        before = datetime(2026, 11, 1, 5, 50)  # 01:50, an hour before it comes again
        self.assertEqual(reader._local(before), datetime(2026, 11, 1, 0, 50))
        shanghai = TableReader(None, None, spec, ZoneInfo("Asia/Shanghai"))
        self.assertEqual(shanghai._local(before), datetime(2026, 11, 1, 13, 50))
        self.assertEqual(reader._utc(None), None)
        self.assertEqual(
            TableReader(None, None, spec, UTC)._utc("2026-03-02 09:00:00"),
            datetime(2026, 3, 2, 9),
        )
