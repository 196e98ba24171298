import datetime
from dataclasses import dataclass, field

import pytz

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

# facts without a date come last: they sort as if they were infinitely old
UNDATED = "-infinity"
MAX_PAGE = 200
MAX_SEARCH = 100

# events whose fact has a row of its own on the timeline
EVENTS_WITH_FACT = (
    "visit_started",
    "visit_finished",
    "admitted",
    "discharged",
    "visit_cancelled",
    "appointment_booked",
    "appointment_arrived",
    "appointment_fulfilled",
    "appointment_cancelled",
    "appointment_noshow",
    "diagnosis_new",
    "allergy_new",
    "procedure_done",
    "delivery",
    "medication_new",
    "result_abnormal",
)


@dataclass(frozen=True)
class Provider:
    """One kind of row on the timeline: which model, which columns.

    Columns are names of stored fields of ``model``. Those the user may not read
    are left out. ``sensitive`` columns, the practitioner included, are left out
    of rows of sensitive departments outside clinical roles (R8).
    """

    kind: str  # unique, part of the page cursor
    label: str
    icon: str  # of Font Awesome 4, without "fa-"
    model: str
    date: str
    title: str = ""  # empty: the label of the kind
    details: tuple[str, ...] = ()
    state: str = ""
    extra: tuple[str, ...] = ()  # for ``_timeline_row_<kind>``, not shown as such
    partner: str = "partner_id"
    department: str = ""
    practitioner: str = ""
    sensitive: tuple[str, ...] = ()
    domain: list = field(default_factory=list)

    @property
    def columns(self) -> tuple[str, ...]:
        single = (self.title, self.state, self.department, self.practitioner)
        names = (*filter(None, single), *self.details, *self.extra)
        return tuple(dict.fromkeys(names))


class HcrmTimeline(models.AbstractModel):
    """Everything that happened to a person, newest first, page by page.

    Other addons add their rows by overriding ``_hcrm_timeline_providers``::

        def _hcrm_timeline_providers(self):
            return super()._hcrm_timeline_providers() + [
                Provider(
                    kind="survey", label=self.env._("Survey"), icon="star",
                    model="survey.user_input", date="end_datetime", title="survey_id",
                ),
            ]

    and may finish a row in ``_timeline_row_<kind>(row, values)``. The model needs
    an index that starts with the person and the date. Rows come from
    ``Model._search`` of the current user, so record rules, field groups and
    company choice hold; a model the user may not read gives no rows.
    """

    _name = "hcrm.timeline"
    _description = "Timeline of a Person"

    @api.model
    def _hcrm_timeline_providers(self):
        """The kinds of rows; see the class for how an addon adds its own."""
        clinical = self._is_clinical()
        return [
            Provider(
                kind="appointment",
                label=self.env._("Appointment"),
                icon="calendar",
                model="hcrm.appointment",
                date="date_start",
                details=("service", "channel", "cancel_reason"),
                state="state",
                department="department_id",
                practitioner="practitioner_id",
                sensitive=("service", "cancel_reason"),
            ),
            Provider(
                kind="encounter",
                label=self.env._("Visit"),
                icon="hospital-o",
                model="hcrm.encounter",
                date="date_start",
                title="kind",
                details=("number", "reason", "ward", "bed"),
                state="state",
                extra=("date_end",),
                department="department_id",
                practitioner="practitioner_id",
                sensitive=("ward", "bed", "reason"),
            ),
            Provider(
                kind="condition",
                label=self.env._("Diagnosis"),
                icon="stethoscope",
                model="hcrm.condition",
                date="date_recorded",
                title="name",
                details=("code", "category", "severity"),
                state="state",
            ),
            Provider(
                kind="procedure",
                label=self.env._("Procedure"),
                icon="scissors",
                model="hcrm.procedure",
                date="date_start",
                title="name",
                details=("category", "outcome"),
                state="state",
                department="department_id",
                practitioner="practitioner_id",
            ),
            Provider(
                kind="medication",
                label=self.env._("Medication"),
                icon="medkit",
                model="hcrm.medication",
                date="date_start",
                title="name",
                details=("dosage",),
                state="state",
                practitioner="practitioner_id",
            ),
            Provider(
                kind="observation",
                label=self.env._("Result"),
                icon="flask",
                model="hcrm.observation",
                date="date",
                title="name",
                extra=(
                    "value",
                    "has_value",
                    "value_text",
                    "unit",
                    "ref_low",
                    "ref_high",
                    "interpretation",
                ),
            ),
            Provider(
                kind="allergy",
                label=self.env._("Allergy"),
                icon="exclamation-triangle",
                model="hcrm.allergy",
                date="date_recorded",
                title="name",
                details=("criticality", "reaction"),
                state="state",
            ),
            Provider(
                kind="charge",
                label=self.env._("Charge"),
                icon="money",
                model="hcrm.charge",
                date="date",
                title="category",
                details=("name",),
                state="state",
                extra=("kind", "amount", "currency_id"),
                department="department_id",
                sensitive=("name",),
            ),
            Provider(
                kind="event",
                label=self.env._("Event"),
                icon="bolt",
                model="hcrm.event",
                date="date_occurred",
                title="kind_id",
                details=("origin",),
                domain=[("kind_id.code", "not in", EVENTS_WITH_FACT)]
                + ([] if clinical else [("kind_id.is_clinical", "=", False)]),
            ),
        ]

    # ------------------------------------------------------------------
    # WHO SEES WHAT
    # ------------------------------------------------------------------

    @api.model
    def _is_clinical(self):
        return self.env.su or self.env.user.has_group("hcrm_core.group_clinical")

    @api.model
    def _sees_money(self):
        """Spend is for those who bill, and never on a carer's card (R19)."""
        user = self.env.user
        return user.has_group("hcrm_core.group_money") and not any(
            user.has_group(f"hcrm_core.group_{role}")
            for role in ("doctor", "nurse", "department_head")
        )

    @api.model
    def _available_providers(self):
        """Providers whose model is installed and readable by the user."""
        return [
            provider
            for provider in self._hcrm_timeline_providers()
            if provider.model in self.env
            and self.env[provider.model].has_access("read")
            and (provider.kind != "charge" or self._sees_money())
        ]

    @api.model
    def _readable(self, provider, names):
        Model = self.env[provider.model]
        return [
            name
            for name in names
            if Model._has_field_access(Model._fields[name], "read")
        ]

    @api.model
    def _department_labels(self, departments=None):
        """{id: (label, hidden)}: the neutral label where the name is not for the user.

        Read as superuser: the user sees a fact of the department already, and
        the label must not depend on what else of the department they may read.
        """
        Department_sudo = self.env["hcrm.department"].sudo()
        if departments is None:
            domain = [("company_id", "in", self.env.companies.ids)]
            departments = Department_sudo.with_context(active_test=False).search_fetch(
                domain, ["name", "is_sensitive", "neutral_name"]
            )
        else:
            departments = Department_sudo.browse(departments)
        clinical = self._is_clinical()
        labels = {}
        for department in departments:
            hidden = department.is_sensitive and not clinical
            label = department.neutral_name or self.env._("Department")
            labels[department.id] = (label if hidden else department.name, hidden)
        return labels

    # ------------------------------------------------------------------
    # PAGES
    # ------------------------------------------------------------------

    @api.model
    def _get_page(
        self, partner, kinds=None, before=None, limit=40, year=None, search=None
    ):
        """One page of rows and the cursor of the next, or False at the end.

        The cursor is (date, kind, id) of the last row, so rows of one moment are
        neither lost nor repeated, and a page costs the same however deep it is.
        """
        limit = max(1, min(int(limit or 40), MAX_PAGE))
        providers = self._available_providers()
        result = {"rows": [], "next": False}
        if not before:
            result["kinds"] = [
                {"kind": p.kind, "label": p.label, "icon": p.icon} for p in providers
            ]
        if kinds:
            providers = [p for p in providers if p.kind in kinds]
        cursor = self._parse_cursor(before)
        domains = {p.kind: self._domain(p, partner, search) for p in providers}
        found = []
        if not cursor or cursor[0] != UNDATED:
            bounds = year and self._year_bounds(year)
            found += self._read(providers, domains, cursor, limit + 1, bounds)
        if len(found) <= limit and not year:
            found += self._read(providers, domains, cursor, limit + 1 - len(found))
        if len(found) > limit:
            found = found[:limit]
            _date, kind, rec_id, stamp, _data = found[-1]
            result["next"] = [stamp, kind, rec_id]
        result["rows"] = self._rows(providers, found)
        return result

    @api.model
    def _parse_cursor(self, before):
        if not before:
            return None
        try:
            stamp, kind, rec_id = before
            if stamp != UNDATED:
                datetime.datetime.fromisoformat(stamp)
            return stamp, str(kind), int(rec_id)
        except (TypeError, ValueError) as error:
            raise UserError(
                self.env._("Pass the value of 'next' of the page before, unchanged.")
            ) from error

    @api.model
    def _domain(self, provider, partner, search=None):
        domain = Domain(provider.partner, "=", partner.id) & Domain(provider.domain)
        if search and search.strip():
            domain &= self._search_domain(provider, search.strip()[:MAX_SEARCH])
        return domain

    @api.model
    def _read(self, providers, domains, cursor, limit, bounds=UNDATED):
        """The next ``limit`` rows of all providers, in one query.

        :param bounds: first and last moment, None for any, UNDATED for the rows
            without a date: they are few, and asked for when the dated run out
        """
        branches = [
            branch
            for provider in providers
            if (
                branch := self._branch(
                    provider, domains[provider.kind], cursor, limit, bounds
                )
            )
        ]
        if not branches:
            return []
        return self.env.execute_query(
            SQL(
                'SELECT * FROM (%s) AS timeline ORDER BY date DESC, kind COLLATE "C"'
                " DESC, id DESC LIMIT %s",
                SQL(" UNION ALL ").join(SQL("(%s)", branch) for branch in branches),
                limit,
            )
        )

    @api.model
    def _branch(self, provider, domain, cursor, limit, bounds):
        """Rows of one provider, from its index by person and date."""
        Model = self.env[provider.model]
        is_dated = bounds != UNDATED
        domain &= Domain(provider.date, "!=" if is_dated else "=", False)
        if is_dated and bounds:
            domain &= Domain(provider.date, ">=", bounds[0])
            domain &= Domain(provider.date, "<", bounds[1])
        query = Model._search(domain)
        if query.is_empty():
            return None
        rec_id = SQL.identifier(query.table, "id")
        date = SQL("%s::timestamp", UNDATED)
        query.order = SQL("%s DESC", rec_id)
        if is_dated:
            column = Model._field_to_sql(query.table, provider.date, query)
            date = SQL("%s::timestamp", column)
            query.order = SQL("%s DESC, %s DESC", date, rec_id)
        if cursor:
            query.add_where(
                self._after_cursor(
                    provider.kind, date if is_dated else None, rec_id, cursor
                )
            )
        query.limit = limit
        pairs = [
            SQL("%s, %s", name, Model._field_to_sql(query.table, name, query))
            for name in self._readable(provider, provider.columns)
        ]
        return query.select(
            SQL("%s AS date", date),
            SQL("%s::text AS kind", provider.kind),
            SQL("%s AS id", rec_id),
            SQL("%s::text AS stamp", date),
            SQL("jsonb_build_object(%s) AS data", SQL(", ").join(pairs)),
        )

    @api.model
    def _after_cursor(self, kind, date, rec_id, cursor):
        """Rows after the cursor, with the kind compared here and not in SQL."""
        stamp, cursor_kind, cursor_id = cursor
        if date is None:  # undated rows
            if stamp != UNDATED or kind < cursor_kind:
                return SQL("TRUE")
            return (
                SQL("%s < %s", rec_id, cursor_id)
                if kind == cursor_kind
                else SQL("FALSE")
            )
        if stamp == UNDATED:
            return SQL("FALSE")
        if kind < cursor_kind:
            return SQL("%s <= %s::timestamp", date, stamp)
        if kind > cursor_kind:
            return SQL("%s < %s::timestamp", date, stamp)
        return SQL("(%s, %s) < (%s::timestamp, %s)", date, rec_id, stamp, cursor_id)

    @api.model
    def _year_bounds(self, year):
        """First moment of the year and of the next at the hospital, in UTC."""
        tz = pytz.timezone(self.env.company.hcrm_tz)
        year = int(year)
        if not 1850 <= year <= 2200:
            raise UserError(self.env._("Choose a year between 1850 and 2200."))
        return tuple(
            tz.localize(datetime.datetime(y, 1, 1))
            .astimezone(pytz.utc)
            .replace(tzinfo=None)
            for y in (year, year + 1)
        )

    @api.model
    def _get_years(self, partner):
        """Years from the last to the first fact: two index probes per model."""
        branches = []
        for provider in self._available_providers():
            Model = self.env[provider.model]
            query = Model._search(self._domain(provider, partner))
            if query.is_empty():
                continue
            date = Model._field_to_sql(query.table, provider.date, query)
            branches.append(
                query.select(
                    SQL(
                        "MIN(%s)::timestamp AS low, MAX(%s)::timestamp AS high",
                        date,
                        date,
                    )
                )
            )
        if not branches:
            return []
        [(low, high)] = self.env.execute_query(
            SQL(
                "SELECT MIN(low), MAX(high) FROM (%s) AS bounds",
                SQL(" UNION ALL ").join(branches),
            )
        )
        if not low:
            return []
        local = [
            fields.Datetime.context_timestamp(self, stamp).year for stamp in (low, high)
        ]
        return list(range(local[1], local[0] - 1, -1))

    @api.model
    def _search_domain(self, provider, text):
        """Rows that show ``text``: in a column, a label, the department, the doctor.

        What a row hides is not searched either, else a search would tell it.
        """
        Model = self.env[provider.model]
        departments = self._department_labels() if provider.department else {}
        hidden = [id_ for id_, (_label, is_hidden) in departments.items() if is_hidden]
        open_only = Domain.TRUE
        if hidden:
            open_only = Domain(provider.department, "not in", hidden)
        domains = []
        if not provider.title and text.lower() in provider.label.lower():
            domains.append(Domain.TRUE)
        if departments:
            ids = [
                id_
                for id_, (label, _h) in departments.items()
                if text.lower() in label.lower()
            ]
            domains.append(Domain(provider.department, "in", ids))
        for name in self._readable(provider, provider.columns):
            domain = self._column_domain(Model, name, text)
            if name in (*provider.sensitive, provider.practitioner):
                domain &= open_only
            domains.append(domain)
        return Domain.OR(domains)

    @api.model
    def _column_domain(self, Model, name, text):
        column = Model._fields[name]
        if column.type in ("char", "text"):
            return Domain(name, "ilike", text)
        if column.type == "selection":
            codes = [
                code
                for code, label in column._description_selection(self.env)
                if text.lower() in label.lower()
            ]
            return Domain(name, "in", codes)
        if column.type == "many2one" and column.comodel_name in (
            "hcrm.practitioner",
            "hcrm.event.kind",
        ):
            return Domain(f"{name}.name", "ilike", text)
        return Domain.FALSE

    # ------------------------------------------------------------------
    # ROWS
    # ------------------------------------------------------------------

    @api.model
    def _rows(self, providers, found):
        provider_by_kind = {provider.kind: provider for provider in providers}
        labels = self._many2one_labels(provider_by_kind, found)
        rows = []
        for date, kind, rec_id, stamp, values in found:
            provider = provider_by_kind[kind]
            row = self._row(provider, values, labels)
            row["id"] = rec_id
            row["date"] = False if stamp == UNDATED else fields.Datetime.to_string(date)
            finish = getattr(self, f"_timeline_row_{kind}", None)
            if finish:
                finish(row, values)
            rows.append(row)
        return rows

    @api.model
    def _many2one_labels(self, provider_by_kind, found):
        """{model: {id: label}} of every many2one on the page, one query per model."""
        ids_by_model = {}
        for _date, kind, _id, _stamp, values in found:
            columns = self.env[provider_by_kind[kind].model]._fields
            for name, value in values.items():
                if value and columns[name].type == "many2one":
                    ids_by_model.setdefault(columns[name].comodel_name, set()).add(
                        value
                    )
        labels = {}
        for model, ids in ids_by_model.items():
            if model == "hcrm.department":
                labels[model] = self._department_labels(sorted(ids))
            elif model != "res.currency":
                # a label of something on a fact the user may see
                records = self.env[model].sudo().browse(sorted(ids))
                labels[model] = {record.id: record.display_name for record in records}
        return labels

    @api.model
    def _row(self, provider, values, labels):
        Model = self.env[provider.model]
        department, hidden = labels.get("hcrm.department", {}).get(
            values.get(provider.department), (False, False)
        )
        if hidden:
            secret = (*provider.sensitive, provider.practitioner)
            values = {k: v for k, v in values.items() if k not in secret}

        def text(name):
            value = values.get(name)
            column = Model._fields.get(name)
            if value in (None, False, ""):
                return False
            if column.type == "selection":
                return dict(column._description_selection(self.env)).get(value, value)
            if column.type == "many2one":
                return labels[column.comodel_name].get(value, False)
            return str(value)

        return {
            "kind": provider.kind,
            "model": provider.model,
            "icon": provider.icon,
            "label": provider.label,
            "title": (provider.title and text(provider.title)) or provider.label,
            "details": [part for name in provider.details if (part := text(name))],
            "state": values.get(provider.state) or False,
            "state_label": bool(provider.state) and text(provider.state),
            "department": department,
            "practitioner": bool(provider.practitioner) and text(provider.practitioner),
        }

    @api.model
    def _timeline_row_encounter(self, row, values):
        end = values.get("date_end")
        # False and not None: XML-RPC clients read it too
        row["date_end"] = bool(end) and fields.Datetime.to_string(
            datetime.datetime.fromisoformat(end)
        )

    @api.model
    def _timeline_row_charge(self, row, values):
        if values.get("kind") != "charge":
            kinds = (
                self.env["hcrm.charge"]._fields["kind"]._description_selection(self.env)
            )
            row["details"].append(dict(kinds)[values["kind"]])
        row["amount"] = values.get("amount") or 0.0
        row["currency_id"] = values.get("currency_id") or False

    @api.model
    def _timeline_row_observation(self, row, values):
        row.update(self._measurement(values))

    @api.model
    def _measurement(self, values):
        """A measured value as people read it, with its reference range."""
        value = values.get("value_text") or ""
        if values.get("has_value"):
            value = f"{values['value']:.10g}"
        low, high = values.get("ref_low") or 0, values.get("ref_high") or 0
        selection = self.env["hcrm.observation"]._fields["interpretation"]
        labels = dict(selection._description_selection(self.env))
        reference = ""
        if low or high:
            reference = f"{low:.10g}–{high:.10g}"
            if not (low and high):
                reference = f"≤ {high:.10g}" if high else f"≥ {low:.10g}"
        return {
            "value": value,
            "unit": values.get("unit") or "",
            "reference": reference,
            "interpretation": values.get("interpretation") or False,
            "interpretation_label": labels.get(values.get("interpretation"), False),
        }
