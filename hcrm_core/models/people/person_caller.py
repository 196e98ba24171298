from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.phones import bare_digits, national, parse, tail

MAX_CALLERS = 5
# rows looked at per number; a number on more people is junk and gives nobody
MAX_ROWS = 60

_READ = (
    (
        "hcrm.contact.point",
        (
            *("partner_id", "company_id", "system", "number", "use", "whose"),
            *("is_shared", "is_junk", "is_wrong"),
        ),
    ),
    (
        "hcrm.person.company",
        (
            *("partner_id", "company_id", "class_id", "alias", "alert", "is_vip"),
            "date_last_visit",
        ),
    ),
    ("res.company", ("hcrm_tz",)),
    (
        "res.partner",
        (
            *("name", "hcrm_gender", "hcrm_birthdate", "hcrm_deceased_date"),
            *("hcrm_status", "hcrm_confidentiality"),
        ),
    ),
)


class HcrmCaller(models.AbstractModel):
    """Who may be calling: from a telephone number to at most five people.

    One statement on the index of the whole number (or of its last eight digits where
    the written forms differ), record rules included. What it gives is
    what may be said before the caller is verified: no fact, no relative, no
    sensitive department (R4).
    """

    _name = "hcrm.caller"
    _description = "Caller Lookup"

    @api.model
    def _find(self, number: str) -> list[dict]:
        """Return who uses ``number``, those who came last first.

        Each is a dict of ``id``, ``display_name`` (alias of a restricted person),
        ``class``, ``sex``, ``age``, ``alert``, ``is_vip``, ``whose`` number it is
        and whether it ``shared``. Service, short, hidden, placeholder and own
        numbers give nobody.
        """
        self.env["hcrm.contact.point"].check_access("read")
        phone = parse(number, self._plan())
        if phone.is_junk or not phone.number:
            return []
        rows = self._read(self._whole_sql(phone.number))
        if not rows and len(bare_digits(phone.number)) >= 8:
            rows = self._read(self._tail_sql(phone.number))
            rows = [row for row in rows if self._same(row["number"], phone.number)]
        return self._payload(rows)

    @api.model
    def _read(self, condition):
        """Return the rows of a number that the user may see, in one statement."""
        self.env["res.partner"].browse().check_access("read")
        rule = self.env["ir.rule"]._hcrm_person_sql()
        rows = self.env.execute_query_dict(self._sql(condition, rule or SQL("TRUE")))
        if rule is None and rows:
            Partner = self.env["res.partner"].with_context(active_test=False)
            query = Partner._search([("id", "in", [row["id"] for row in rows])])
            seen = set(query.get_result_ids())
            rows = [row for row in rows if row["id"] in seen]
        return rows

    @api.model
    def _plan(self):
        company_id = self.env.company.id
        campus_id = self.env["res.users"]._hcrm_campus_at(self.env.uid, company_id)
        return self.env["hcrm.campus"]._phone_plan(company_id, campus_id)

    def _whole_sql(self, number):
        return SQL("c.number = %s", number)

    def _tail_sql(self, number):
        return SQL("right(c.number, 8) = %s", tail(number))

    @api.model
    def _same(self, stored: str, given: str) -> bool:
        """Tell whether one number is the other without its area code."""
        left, right = national(stored), national(given)
        return left.endswith(right) or right.endswith(left)

    @api.model
    def _sql(self, condition: SQL, rule: SQL) -> SQL:
        """:param rule: what the user may see of people, on alias ``hcrm_p``"""
        return SQL(
            """SELECT hcrm_p.id, c.number, c.whose, c.is_shared,
                      f.alert, f.is_vip, f.alias, f.date_last_visit, f.class_id,
                      hcrm_p.name, hcrm_p.hcrm_confidentiality, hcrm_p.hcrm_gender,
                      hcrm_p.hcrm_birthdate, hcrm_p.hcrm_deceased_date,
                      (%s::timestamp AT TIME ZONE 'UTC' AT TIME ZONE entity.hcrm_tz)::date
                      AS today
               FROM hcrm_contact_point c
               JOIN res_company entity ON entity.id = c.company_id
               JOIN hcrm_person_company f
                 ON f.partner_id = c.partner_id AND f.company_id = c.company_id
               JOIN res_partner hcrm_p ON hcrm_p.id = c.partner_id
               WHERE %s AND c.system = 'phone' AND c.company_id = ANY(%s)
                 AND c.is_junk IS NOT TRUE AND c.is_wrong IS NOT TRUE
                 AND c.use IS DISTINCT FROM 'old'
                 AND hcrm_p.hcrm_status IS DISTINCT FROM 'merged'
                 AND hcrm_p.hcrm_status IS DISTINCT FROM 'erased' AND %s
               LIMIT %s""",
            fields.Datetime.now(),
            condition,
            self.env.companies.ids,
            rule,
            MAX_ROWS,
            to_flush=self._flushed_fields(),
        )

    @api.model
    def _flushed_fields(self):
        return [
            self.env[model]._fields[name] for model, names in _READ for name in names
        ]

    @api.model
    def _payload(self, rows: list[dict]) -> list[dict]:
        if not rows:
            return []
        rows.sort(key=lambda row: (str(row["date_last_visit"] or ""), row["id"]))
        rows = list({row["id"]: row for row in rows}.values())[: -MAX_CALLERS - 1 : -1]
        classes = self.env["hcrm.person.class"]._get_names(self.env.lang or "en_US")
        return [
            {
                "id": row["id"],
                "display_name": self._shown_name(row),
                "class": classes.get(row["class_id"], ""),
                "sex": row["hcrm_gender"] or False,
                "age": self._age(row),
                "alert": row["alert"] or False,
                "is_vip": bool(row["is_vip"]),
                "is_deceased": bool(row["hcrm_deceased_date"]),
                "whose": row["whose"] or False,
                "shared": bool(row["is_shared"]),
            }
            for row in rows
        ]

    @api.model
    def _shown_name(self, row):
        """Return the display name without a query: alias of the restricted (R8)."""
        if not row["hcrm_confidentiality"]:
            return row["name"] or ""
        Partner = self.env["res.partner"]
        return row["alias"] or Partner.browse(row["id"])._hcrm_shown_alias()

    @api.model
    def _age(self, row):
        """Return the age in years on today's date of the hospital."""
        born = row["hcrm_birthdate"]
        until = row["hcrm_deceased_date"] or row["today"]
        return relativedelta(until, born).years if born and born <= until else False
