from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

MAX_CODES = 200
MAX_SERIES = 6
MAX_POINTS = 60
MAX_ROWS = 100


class HcrmHealth(models.AbstractModel):
    """The health tab: latest value per code, trends, and the clinical lists.

    Bounded and of a fixed number of queries; for clinical roles only, by the
    access rights of the models themselves.
    """

    _name = "hcrm.health"
    _description = "Health Tab of a Person"

    # ------------------------------------------------------------------
    # TRENDS
    # ------------------------------------------------------------------

    @api.model
    def _get_trends(self, partner, codes=None):
        """{"latest": one row per code, "series": points of the chosen codes}.

        Without ``codes`` the series are of the numeric codes measured most often.
        """
        Observation = self.env["hcrm.observation"]
        if not Observation.has_access("read"):
            return {}
        domain = Domain("partner_id", "=", partner.id) & Domain(
            "state", "not in", ("cancelled", "registered")
        )
        latest = self._latest(domain)
        if codes is None:
            numeric = [row for row in latest if row["count_numeric"] > 1]
            numeric.sort(key=lambda row: -row["count_numeric"])
            codes = [row["code"] for row in numeric]
        series = self._series(domain, list(codes)[:MAX_SERIES])
        return {"latest": latest, "series": series}

    @api.model
    def _columns(self, query):
        names = (
            "name",
            "category",
            "date",
            "value",
            "has_value",
            "value_text",
            "unit",
            "ref_low",
            "ref_high",
            "interpretation",
        )
        column = {name: SQL.identifier(query.table, name) for name in names}
        # HIS rows without a code are told apart by their name
        column["code"] = SQL(
            "COALESCE(%s, %s)", SQL.identifier(query.table, "code"), column["name"]
        )
        column["id"] = SQL.identifier(query.table, "id")
        return column

    @api.model
    def _latest(self, domain):
        """The newest observation of every code, with how often it was measured."""
        query = self.env["hcrm.observation"]._search(domain)
        if query.is_empty():
            return []
        column = self._columns(query)
        query.order = SQL("%(code)s, %(date)s DESC NULLS LAST, %(id)s DESC", **column)
        inner = query.select(
            SQL("DISTINCT ON (%s) %s AS code", column["code"], column["code"]),
            *(
                SQL("%s AS %s", column[name], SQL.identifier(name))
                for name in column
                if name != "code"
            ),
            SQL(
                "COUNT(*) FILTER (WHERE %(has_value)s) OVER (PARTITION BY %(code)s)"
                " AS count_numeric",
                **column,
            ),
        )
        rows = self.env.execute_query_dict(
            SQL(
                "SELECT * FROM (%s) AS latest ORDER BY category, date DESC NULLS LAST"
                " LIMIT %s",
                inner,
                MAX_CODES,
            )
        )
        category = self.env["hcrm.observation"]._fields["category"]
        labels = dict(category._description_selection(self.env))
        measure = self.env["hcrm.timeline"]._measurement
        return [
            {
                "id": row["id"],
                "code": row["code"],
                "name": row["name"],
                "category": row["category"],
                "category_label": labels.get(row["category"], row["category"]),
                "date": row["date"] and fields.Datetime.to_string(row["date"]),
                "count_numeric": row["count_numeric"],
                **measure(row),
            }
            for row in rows
        ]

    @api.model
    def _series(self, domain, codes):
        """The last points of each code, oldest first, in the order of ``codes``."""
        if not codes:
            return []
        domain &= Domain("has_value", "=", True) & Domain("date", "!=", False)
        query = self.env["hcrm.observation"]._search(
            domain & (Domain("code", "in", codes) | Domain("name", "in", codes))
        )
        if query.is_empty():
            return []
        column = self._columns(query)
        inner = query.select(
            *(SQL("%s AS %s", column[name], SQL.identifier(name)) for name in column),
            SQL(
                "ROW_NUMBER() OVER (PARTITION BY %(code)s ORDER BY %(date)s DESC,"
                " %(id)s DESC) AS rank",
                **column,
            ),
        )
        rows = self.env.execute_query_dict(
            SQL(
                "SELECT * FROM (%s) AS series WHERE rank <= %s AND code IN %s"
                " ORDER BY date, id",
                inner,
                MAX_POINTS,
                tuple(codes),
            )
        )
        points = {code: [] for code in codes}
        for row in rows:
            points[row["code"]].append(row)
        return [self._serie(code, points[code]) for code in codes if points[code]]

    @api.model
    def _serie(self, code, rows):
        last = rows[-1]
        return {
            "code": code,
            "name": last["name"],
            "unit": last["unit"] or "",
            "ref_low": last["ref_low"] or False,
            "ref_high": last["ref_high"] or False,
            "points": [
                {
                    "date": fields.Datetime.to_string(row["date"]),
                    "value": row["value"],
                    "interpretation": row["interpretation"] or False,
                }
                for row in rows
            ],
        }

    # ------------------------------------------------------------------
    # CLINICAL LISTS
    # ------------------------------------------------------------------

    @api.model
    def _get_health(self, partner):
        """Allergies, problems, medications and procedures, newest first.

        A list whose model the user may not read is absent. ``more`` says that
        there are more rows than the list holds.
        """
        health = {}
        for name, model, columns, current in self._health_lists():
            Model = self.env[model]
            if not Model.has_access("read"):
                continue
            records = Model.search_fetch(
                [("partner_id", "=", partner.id)], limit=MAX_ROWS + 1
            )
            labels = {
                column: dict(Model._fields[column]._description_selection(self.env))
                for column in columns
                if Model._fields[column].type == "selection"
            }
            health[name] = {
                "rows": [
                    self._health_row(record, columns, labels, current)
                    for record in records[:MAX_ROWS]
                ],
                "more": len(records) > MAX_ROWS,
            }
        return health

    @api.model
    def _health_lists(self):
        """(name, model, columns, states that count as current)."""
        return [
            (
                "allergies",
                "hcrm.allergy",
                (
                    "name",
                    "category",
                    "criticality",
                    "reaction",
                    "state",
                    "date_recorded",
                ),
                ("active", "unknown"),
            ),
            (
                "problems",
                "hcrm.condition",
                ("name", "code", "category", "state", "date_onset", "date_recorded"),
                ("active", "recurrence", "relapse"),
            ),
            (
                "medications",
                "hcrm.medication",
                ("name", "dosage", "state", "date_start", "date_end"),
                ("active", "on_hold"),
            ),
            (
                "procedures",
                "hcrm.procedure",
                ("name", "category", "outcome", "state", "date_start"),
                ("planned", "in_progress"),
            ),
        ]

    @api.model
    def _health_row(self, record, columns, labels, current):
        row = {"id": record.id, "is_current": record.state in current}
        for name in columns:
            value = record[name]
            if name in labels:
                row[f"{name}_label"] = labels[name].get(value, False)
            elif record._fields[name].type == "datetime":
                value = fields.Datetime.to_string(value) if value else False
            row[name] = value
        return row
