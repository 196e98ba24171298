import random

from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL

from ..models.feed.people_columns import IMPORT_CONTEXT, Frame
from ..models.people.person_details import PERSON_COLUMNS
from .feed_people_data import people_rows, person_row

# differ between any two records, however they are made
OWN_COLUMNS = ("id", "commercial_partner_id", "hcrm_metrics_id")
# the moment of creation, to the second of the clock
CLOCK_COLUMNS = ("calendar_last_notif_ack",)
# written beside the partner, in sets on both paths
DETAIL_TABLES = (
    "hcrm_contact_point",
    "hcrm_person_company",
    "hcrm_person_identifier",
    "hcrm_person_metrics",
    "hcrm_person_profile",
    "hcrm_person_search",
)


@tagged("post_install", "-at_install", "hcrm_people_equality")
class TestFeedPeopleEquality(TransactionCase):
    """People written in sets are what ``create`` and ``write`` would have made.

    Runs with whatever is installed: the module sets of ``tests/module_sets`` run
    it again beside other addons.
    """

    COUNT = 60

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, **IMPORT_CONTEXT})
        cls.company = cls.env.company
        cls.company.country_id = cls.env.ref("base.cn")
        cls.env["res.lang"]._activate_lang("fr_FR")
        cls.source = cls.env["hcrm.feed.source"].create(
            {"name": "Test", "company_id": cls.company.id}
        )
        cls.Writer = cls.env["hcrm.feed.people.writer"]

    def _write(self, rows):
        written = self.Writer._write_rows(self.source, rows)
        self.assertFalse(written.problems)
        for row in rows:
            row.res_id = written.ids[row.ext_id]
        return written

    def _stored(self, partner_ids):
        """Return partner id -> every stored column, as the database has it."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "SELECT id, to_jsonb(p) FROM res_partner p WHERE id = ANY(%s)",
                list(partner_ids),
            )
        )
        return dict(self.env.cr.fetchall())

    def _told_by(self, stored):
        """Return what the HIS told, as values of ``create``."""
        told = {name: stored[name] for name in PERSON_COLUMNS if stored[name]}
        default = self.env["res.partner"].default_get(["lang"]).get("lang")
        if told.get("lang") == default:
            del told["lang"]
        return told

    def _assert_same(self, in_sets, by_orm, label):
        for name in sorted(in_sets):
            one, other = in_sets[name], by_orm[name]
            if name in OWN_COLUMNS:
                one, other = one == in_sets["id"], other == by_orm["id"]
            elif name in CLOCK_COLUMNS:
                one, other = bool(one), bool(other)
            self.assertEqual(one, other, f"{name} of {label}")

    def _references(self, partner_ids):
        """Return how often tables refer to the partners, by key or by model and id."""
        self.env.cr.execute(
            """SELECT conrelid::regclass::text, attname
               FROM pg_constraint JOIN pg_attribute
                 ON attrelid = conrelid AND attnum = conkey[1]
               WHERE contype = 'f' AND confrelid = 'res_partner'::regclass"""
        )
        columns = [
            (table, column)
            for table, column in self.env.cr.fetchall()
            if table not in (*DETAIL_TABLES, "res_partner")
        ]
        branches = [
            SQL(
                "SELECT %s AS place, count(*) FROM %s WHERE %s = ANY(%s)",
                f"{table}.{column}",
                SQL.identifier(table),
                SQL.identifier(column),
                list(partner_ids),
            )
            for table, column in columns
        ]
        branches += [
            SQL(
                "SELECT %s, count(*) FROM %s WHERE %s = 'res.partner' AND %s = ANY(%s)",
                table,
                SQL.identifier(table),
                SQL.identifier(model),
                SQL.identifier(column),
                list(partner_ids),
            )
            for table, model, column in (
                ("mail_message", "model", "res_id"),
                ("mail_followers", "res_model", "res_id"),
                ("mail_activity", "res_model", "res_id"),
                ("ir_attachment", "res_model", "res_id"),
                ("ir_model_data", "model", "res_id"),
            )
        ]
        self.env.cr.execute(SQL(" UNION ALL ").join(branches))
        return dict(self.env.cr.fetchall())

    def _twins(self, rows):
        """Write rows in sets, then the same people by the ORM; return id -> id."""
        written = self._write(rows)
        self.assertEqual((written.path, written.reason), ("sql", ""))
        stored = self._stored(written.ids.values())
        ids = list(written.ids.values())
        partners = self.env["res.partner"].create(
            [self._told_by(stored[partner_id]) for partner_id in ids]
        )
        self.env.flush_all()
        self.env["hcrm.person.details"]._save_metrics(
            self.env["hcrm.person.details"]._load_people(partners.ids).values()
        )
        self.env.invalidate_all()
        return dict(zip(ids, partners.ids, strict=True))

    def test_new_people_equal_those_of_create(self):
        """Column by column, over all stored columns of the installed addons."""
        rows = people_rows(self.COUNT, self.company.id)
        twins = self._twins(rows)
        stored = self._stored([*twins, *twins.values()])
        for row in rows:
            one, other = stored[row.res_id], stored[twins[row.res_id]]
            self._assert_same(one, other, row.data)
        self.assertEqual(
            self._references(list(twins)), self._references(list(twins.values()))
        )

    def test_mobile_numbers_are_sanitized_as_by_phone_format(self):
        """Those of every range, known to the library or not, in any country."""
        Partner = self.env["res.partner"]
        frame = Frame(self.env)
        rng = random.Random(6)
        for country in (self.env.ref("base.cn"), self.env.ref("base.us")):
            for start in range(100, 200):
                number = f"+86{start}{rng.randrange(10**8):08d}"
                self.assertEqual(
                    frame.sanitize(number, country.id),
                    Partner._phone_format_number(number, country) or None,
                    number,
                )

    def test_changed_people_equal_those_of_write(self):
        rows = people_rows(self.COUNT, self.company.id, seed=2)
        twins = self._twins(rows)
        self.env.cr.execute(
            SQL(
                """UPDATE res_partner SET write_date = '2020-01-01', write_uid = NULL
                   WHERE id = ANY(%s)""",
                [*twins, *twins.values()],
            )
        )
        before = self._stored(twins)
        rng = random.Random(3)
        changed = [
            person_row(number, self.company.id, rng) for number, _row in enumerate(rows)
        ]
        for old, new in zip(rows, changed, strict=True):
            new.res_id = old.res_id
        changed[0].data = dict(rows[0].data)
        written = self._write(changed)
        self.assertEqual(written.path, "sql")
        after = self._stored(twins)
        for one_id, other_id in twins.items():
            vals = {
                name: after[one_id][name] or False
                for name in PERSON_COLUMNS
                if after[one_id][name] != before[one_id][name]
            }
            if vals:
                self.env["res.partner"].browse(other_id).write(vals)
        after = self._stored([*twins, *twins.values()])
        for row in changed:
            self._assert_same(
                after[row.res_id], after[twins[row.res_id]], (row.ext_id, row.data)
            )
        self.assertEqual(
            self._references(list(twins)), self._references(list(twins.values()))
        )
        unchanged = after[changed[0].res_id]
        self.assertTrue(unchanged["write_date"].startswith("2020-01-01"))

    def test_another_environment_reads_what_was_written(self):
        """Nothing stays in a cache: a reader of before sees the new values."""
        (row,) = people_rows(1, self.company.id, seed=4)
        self._write([row])
        reader = self.env(user=self.env.ref("base.user_admin"))
        person = reader["res.partner"].browse(row.res_id)
        self.assertTrue(person.complete_name)
        row.data = {"name": "Renamed", "contacts": []}
        self._write([row])
        self.assertEqual(person.complete_name, "Renamed")
        self.assertEqual(person.display_name, "Renamed")
        self.assertFalse(person.phone_sanitized)

    def test_what_depends_on_a_person_follows(self):
        """Stored fields of other records that look at a changed column."""
        in_sets, by_orm = people_rows(2, self.company.id, seed=5)
        for row in (in_sets, by_orm):
            row.data = {
                "name": "Before",
                "contacts": [{"system": "email", "value": "before@example.com"}],
            }
        self._write([in_sets, by_orm])
        values = {"name": "After", "email": "after@example.com"}
        followers = [self._dependants(row.res_id) for row in (in_sets, by_orm)]
        in_sets.data = {
            "name": values["name"],
            "contacts": [{"system": "email", "value": values["email"]}],
        }
        self._write([in_sets])
        self.env["res.partner"].browse(by_orm.res_id).write(values)
        self.env.flush_all()
        self.env.invalidate_all()
        for one, other in zip(*followers, strict=True):
            for name in ("display_name", "email_from", "partner_name", "common_name"):
                if name in one._fields:
                    self.assertEqual(one[name], other[name], f"{one._name}.{name}")

    def _dependants(self, partner_id):
        event = self.env["calendar.event"].create(
            {"name": "Talk", "start": "2026-03-01 08:00", "stop": "2026-03-01 09:00"}
        )
        records = [
            self.env["calendar.attendee"].create(
                {"event_id": event.id, "partner_id": partner_id}
            ),
            self.env["res.partner"].create({"name": "Child", "parent_id": partner_id}),
        ]
        if "crm.lead" in self.env:
            records.append(
                self.env["crm.lead"].create({"name": "L", "partner_id": partner_id})
            )
        return records
