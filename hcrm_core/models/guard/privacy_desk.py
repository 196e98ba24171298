from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL, format_datetime

from ...tools.desk_times import day_bounds, local_day

MAX_DAYS = 90
MAX_ROWS = 100
OPENING_KINDS = ("card", "timeline", "read", "document", "thread", "break_glass")
MANY_PARAMETER = "hcrm_core.many_cards_per_hour"
# nobody's ordinary shift: the hours of the hospital's clock that count as off shift
NIGHT_FROM, NIGHT_TO = 21, 6


class HcrmPrivacyDesk(models.AbstractModel):
    """The privacy officer's desk: lists of readings to ask about, not a log (R22).

    Each list is one query over the access log, grouped by reader, person and day;
    what was explained has left it. The cost does not grow with the rows.
    """

    _name = "hcrm.privacy.desk"
    _description = "Privacy Officer's Desk"

    # ------------------------------------------------------------------
    # READ
    # ------------------------------------------------------------------
    @api.model
    @api.readonly
    def get_desk(self, days=7):
        """Return the lists of the last ``days`` days at the user's hospital.

        :return: lists of rows with reader, person (alias of a restricted one), day,
            how often, and what was asked and answered
        """
        self.env["hcrm.access.log"].check_access("read")
        self.env["hcrm.access.question"].flush_model()
        self.env["hcrm.access.log"]._flush_relation()
        company = self.env.company
        days = max(1, min(int(days), MAX_DAYS))
        now = fields.Datetime.now()
        today = local_day(now, company.hcrm_tz)
        since, _end = day_bounds(today - timedelta(days=days - 1), company.hcrm_tz)
        found = {
            code: self.env.execute_query_dict(self._list_sql(code, company, since))
            for code, _label, _hint in self._get_lists()
        }
        rows = [row for rows in found.values() for row in rows]
        names = self._get_names(rows)
        return {
            "company": company.name,
            "now": self.env["hcrm.desk"]._format_hour(now, company),
            "days": days,
            "lists": [
                {
                    "code": code,
                    "label": label,
                    "hint": hint,
                    "total": found[code][0]["total"] if found[code] else 0,
                    "rows": [self._prepare_row(row, names) for row in found[code]],
                }
                for code, label, hint in self._get_lists()
            ],
        }

    @api.model
    def _get_lists(self):
        # lists, not tuples: the term extractor takes a parenthesis for a call
        return [
            [
                "restricted",
                self.env._("Restricted files opened"),
                self.env._("Staff, public persons and legally sensitive people."),
            ],
            [
                "no_relation",
                self.env._("Opened without a care relation"),
                self.env._(
                    "No visit, booking, grant or call of the reader's at that time."
                ),
            ],
            [
                "near",
                self.env._("Own family or colleagues"),
                self.env._(
                    "Same address, a colleague; same surname without a care relation."
                ),
            ],
            [
                "many",
                self.env._("Many files in an hour, or off shift"),
                self.env._("More than usual within an hour, or late at night."),
            ],
            [
                "exports",
                self.env._("Exports"),
                self.env._("Lists of people that left the system."),
            ],
        ]

    @api.model
    def _list_sql(self, code, company, since):
        """Return the query of one list: reader, person, day, how often, question."""
        base = {
            "company": company.id,
            "since": since,
            "tz": company.hcrm_tz,
            "day": SQL(
                "(l.date AT TIME ZONE 'UTC' AT TIME ZONE %s)::date", company.hcrm_tz
            ),
            "hour": SQL(
                "EXTRACT(hour FROM l.date AT TIME ZONE 'UTC' AT TIME ZONE %s)",
                company.hcrm_tz,
            ),
        }
        grouped = getattr(self, f"_{code}_sql")(base)
        return SQL(
            "SELECT g.*, q.id AS question_id, q.state, q.answer, count(*) OVER () AS total"
            " FROM (%s) g LEFT JOIN hcrm_access_question q"
            " ON q.user_id = g.user_id AND q.day = g.day AND q.company_id = %s"
            " AND q.topic = g.topic"
            " AND COALESCE(q.partner_id, 0) = COALESCE(g.partner_id, 0)"
            " WHERE q.state IS DISTINCT FROM 'explained'"
            " ORDER BY g.last DESC LIMIT %s",
            grouped,
            company.id,
            MAX_ROWS,
        )

    def _openings_sql(self, base, condition):
        return SQL(
            "SELECT 'opening' AS topic, l.user_id, (l.person_ids->>0)::int AS partner_id,"
            " %(day)s AS day, max(l.date) AS last,"
            # a card and its pages are several requests, and one look
            " count(DISTINCT date_trunc('minute', l.date)) AS times,"
            " string_agg(DISTINCT l.reason, '; ') AS reason,"
            " bool_or(l.kind = 'break_glass') AS is_break_glass"
            " FROM hcrm_access_log l"
            " JOIN res_partner p ON p.id = (l.person_ids->>0)::int"
            " JOIN res_users u ON u.id = l.user_id"
            " JOIN res_partner r ON r.id = u.partner_id"
            " WHERE l.company_id = %(company)s AND l.date >= %(since)s"
            " AND l.person_count = 1 AND l.kind IN %(kinds)s AND (%(condition)s)"
            " GROUP BY 2, 3, 4",
            day=base["day"],
            company=base["company"],
            since=base["since"],
            kinds=OPENING_KINDS,
            condition=condition,
        )

    def _restricted_sql(self, base):
        return self._openings_sql(
            base, SQL("p.hcrm_confidentiality IN ('staff', 'public', 'sensitive')")
        )

    def _no_relation_sql(self, base):
        known = self.env["hcrm.access.log"]._known_relation_sql()
        return self._openings_sql(base, SQL("NOT %s", known))

    def _near_sql(self, base):
        """One in fourteen is called Wang: a surname alone says nothing of a patient
        the reader treats."""
        return self._openings_sql(
            base,
            SQL(
                "p.hcrm_confidentiality = 'staff'"
                " OR (p.street <> '' AND lower(p.street) = lower(r.street)"
                " AND COALESCE(p.city, '') = COALESCE(r.city, ''))"
                " OR (%s = %s AND NOT %s)",
                self._surname_sql("p"),
                self._surname_sql("r"),
                self.env["hcrm.access.log"]._known_relation_sql(),
            ),
        )

    def _surname_sql(self, alias):
        """First character of a Chinese name, last word of another."""
        name = SQL("trim(%s)", SQL.identifier(alias, "name"))
        return SQL(
            "CASE WHEN %(name)s ~ '^[\u4e00-\u9fff]' THEN left(%(name)s, 1)"
            " ELSE lower(substring(%(name)s from '[^ ]+$')) END",
            name=name,
        )

    def _many_sql(self, base):
        limit = self.env["hcrm.break.glass"]._get_parameter(MANY_PARAMETER, 40)
        return SQL(
            "SELECT 'many' AS topic, h.user_id, NULL::int AS partner_id, h.day,"
            " max(h.last) AS last, sum(h.people) AS times, NULL AS reason,"
            " FALSE AS is_break_glass FROM (SELECT l.user_id, %(day)s AS day,"
            " %(hour)s AS hour, max(l.date) AS last,"
            " count(DISTINCT l.person_ids->>0) AS people FROM hcrm_access_log l"
            " WHERE l.company_id = %(company)s AND l.date >= %(since)s"
            " AND l.person_count = 1 AND l.kind IN %(kinds)s GROUP BY 1, 2, 3) h"
            " WHERE h.people > %(limit)s OR h.hour >= %(late)s OR h.hour < %(early)s"
            " GROUP BY 2, 4",
            day=base["day"],
            hour=base["hour"],
            company=base["company"],
            since=base["since"],
            kinds=OPENING_KINDS,
            limit=limit,
            late=NIGHT_FROM,
            early=NIGHT_TO,
        )

    def _exports_sql(self, base):
        return SQL(
            "SELECT 'export' AS topic, l.user_id, NULL::int AS partner_id, %(day)s AS day,"
            " max(l.date) AS last, sum(l.person_count) AS times,"
            " string_agg(DISTINCT l.model_names, ', ') AS reason,"
            " FALSE AS is_break_glass FROM hcrm_access_log l"
            " WHERE l.company_id = %(company)s AND l.date >= %(since)s"
            " AND l.kind = 'export' GROUP BY 2, 4",
            day=base["day"],
            company=base["company"],
            since=base["since"],
        )

    @api.model
    def _get_names(self, rows):
        """Return names of readers, and of people as everybody sees them."""
        # sudo: the officer asks about people whose file is closed to them too;
        # the name of a restricted person is their alias
        users_sudo = (
            self.env["res.users"].sudo().browse({row["user_id"] for row in rows})
        )
        people_sudo = (
            self.env["res.partner"]
            .sudo()
            .browse({row["partner_id"] for row in rows if row["partner_id"]})
        )
        return {
            "res.users": {user.id: user.name for user in users_sudo},
            "locked": users_sudo.filtered("hcrm_is_export_locked")._ids,
            "res.partner": {person.id: person.display_name for person in people_sudo},
        }

    @api.model
    def _prepare_row(self, row, names):
        company = self.env.company
        return {
            "key": f"{row['topic']}-{row['user_id']}-{row['partner_id'] or 0}-{row['day']}",
            "topic": row["topic"],
            "user_id": row["user_id"],
            "user": names["res.users"][row["user_id"]],
            "partner_id": row["partner_id"] or False,
            "person": names["res.partner"].get(row["partner_id"], ""),
            "day": fields.Date.to_string(row["day"]),
            "when": format_datetime(
                self.env, row["last"], tz=company.hcrm_tz, dt_format="short"
            ),
            "times": int(row["times"]),
            "reason": row["reason"] or "",
            "is_break_glass": row["is_break_glass"],
            "is_locked": row["user_id"] in names["locked"],
            "state": row["state"] or "open",
            "answer": row["answer"] or "",
        }

    # ------------------------------------------------------------------
    # ONE CLICK
    # ------------------------------------------------------------------
    @api.model
    def ask(self, topic, user_id, day, partner_id=False):
        """Ask the reader why; asking twice is one question. Return its state."""
        question, is_new = self._get_question(topic, user_id, day, partner_id)
        if is_new:
            question._ask()
        return question.state

    @api.model
    def explain(self, topic, user_id, day, partner_id=False):
        """Mark as explained: the row leaves the lists."""
        question, _is_new = self._get_question(topic, user_id, day, partner_id)
        question.write(
            {
                "state": "explained",
                "explained_by_id": self.env.uid,
                "date_explained": fields.Datetime.now(),
            }
        )
        question.activity_unlink(["mail.mail_activity_data_todo"])
        return question.state

    @api.model
    def lock_export(self, user_id, is_locked=True):
        """Keep a reader from exporting people, or let them again (R22)."""
        self._check_officer()
        # sudo: the officer administrates no users, but this
        user_sudo = self.env["res.users"].sudo().browse(int(user_id)).exists()
        if user_sudo.company_ids & self.env.user.company_ids:
            user_sudo.hcrm_is_export_locked = bool(is_locked)
        return user_sudo.hcrm_is_export_locked

    @api.model
    def _check_officer(self):
        if not self.env["hcrm.access.question"].has_access("create"):
            raise AccessError(
                self.env._("Only the privacy officer asks readers. Ask them to do it.")
            )

    @api.model
    def _get_question(self, topic, user_id, day, partner_id):
        """Return the question of a row, and whether it was just created."""
        self._check_officer()
        vals = {
            "topic": topic,
            "company_id": self.env.company.id,
            "user_id": int(user_id),
            "partner_id": int(partner_id or 0) or False,
            "day": day,
        }
        # sudo: the person may be closed to the officer, the question is theirs
        Question_sudo = self.env["hcrm.access.question"].sudo()
        question_sudo = Question_sudo.search(
            [(name, "=", value) for name, value in vals.items()], limit=1
        )
        if question_sudo:
            return question_sudo, False
        return Question_sudo.create({**vals, "state": "asked"}), True
