from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ...feed_adapters.fhir_codes import CODE_FIELDS
from ...feed_adapters.fhir_context import CODE_LIMIT, MapContext

# a HIS that writes free text where codes belong must not fill the list
NOTED_PER_FIELD = 200
# where a person's details lie, seen from the person
_JOINS = {
    "hcrm.person.profile": "partner_id",
    "hcrm.person.company": "partner_id",
    "hcrm.person.relation": "relative_id",
}


class HcrmFeedCode(models.Model):
    """What a code of a source means here.

    Codes that no mapping knows are noted by the feed itself, without a value, for
    the clerk to say what they mean. Rows: a few hundred per source.
    """

    _name = "hcrm.feed.code"
    _description = "Feed Code"
    _order = "source_id, field_key, code"
    _rec_name = "code"

    source_id = fields.Many2one("hcrm.feed.source", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="source_id.company_id")
    field_key = fields.Selection(
        selection="_selection_field_key",
        string="Field",
        required=True,
        help="What the code is about.",
    )
    code = fields.Char("Code at the Source", required=True, size=CODE_LIMIT)
    value = fields.Char("Means Here", help="Empty: nobody has said it yet.")
    value_options = fields.Json(compute="_compute_value_options")
    seen_count = fields.Integer(
        "Times Met",
        readonly=True,
        help="Records read with this code before it was mapped.",
    )
    date_last = fields.Datetime("Last Met", readonly=True)
    held_count = fields.Integer(
        "Held Back",
        compute="_compute_held_count",
        help="Records in the quarantine because of this code.",
    )

    _uniq = models.Constraint(
        "UNIQUE(source_id, field_key, code)",
        "This code of the field is in the list already.",
    )

    # ------------------------------------------------------------------
    # fields and their values
    # ------------------------------------------------------------------

    @api.model
    def _selection_field_key(self) -> list[tuple[str, str]]:
        Words = self.env["hcrm.feed.words"]
        return [
            (
                key,
                f"{Words._type_label(key.partition('.')[0])}: {Words._code_label(key)}",
            )
            for key in CODE_FIELDS
        ]

    @api.depends("field_key")
    @api.depends_context("lang")
    def _compute_value_options(self):
        Words = self.env["hcrm.feed.words"]
        for code in self:
            code.value_options = Words._code_options(code.field_key)

    def _compute_held_count(self):
        groups = self.env["hcrm.feed.inbox"]._read_group(
            [
                ("source_id", "in", self.source_id.ids),
                ("state", "=", "quarantine"),
                ("reason_code", "=", "unknown_value"),
            ],
            ["source_id", "res_type", "reason_field", "reason_value"],
            ["__count"],
        )
        counts = {
            (source.id, f"{res_type}.{name}", value): count
            for source, res_type, name, value, count in groups
        }
        for code in self:
            key = (code.source_id.id, code.field_key, code.code)
            code.held_count = counts.get(key, 0)

    @api.constrains("field_key", "value")
    def _check_value(self):
        for code in self.filtered("value"):
            options = dict(self.env["hcrm.feed.words"]._code_options(code.field_key))
            if code.value not in options:
                raise ValidationError(
                    self.env._(
                        "%(value)s is not one of our values. Choose: %(options)s.",
                        value=code.value,
                        options=", ".join(options.values()),
                    )
                )

    # ------------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        codes = super().create(vals_list)
        codes.filtered("value")._forget()
        return codes

    def write(self, vals):
        """A changed meaning makes the next full run write its records again."""
        if "value" not in vals:
            return super().write(vals)
        changed = self.filtered(lambda code: code.value != vals["value"])
        changed._forget()
        done = super().write(vals)
        changed._forget()
        return done

    # ------------------------------------------------------------------
    # actions
    # ------------------------------------------------------------------

    def action_apply(self):
        """Take up what this code held back."""
        self.ensure_one()
        self.check_access("write")
        if not self.value:
            raise ValidationError(
                self.env._("Choose what %s means here, then try again.", self.code)
            )
        return self._held()._retry_many()

    def action_open_held(self):
        self.ensure_one()
        return self.env["hcrm.feed.inbox"]._open_list(self._held_domain())

    def _held_domain(self) -> list:
        res_type, _dot, name = (self.field_key or "").partition(".")
        return [
            ("source_id", "=", self.source_id.id),
            ("state", "=", "quarantine"),
            ("reason_code", "=", "unknown_value"),
            ("res_type", "=", res_type),
            ("reason_field", "=", name),
            ("reason_value", "=", self.code),
        ]

    def _held(self):
        return self.env["hcrm.feed.inbox"].search(self._held_domain())

    # ------------------------------------------------------------------
    # the feed's side
    # ------------------------------------------------------------------

    @api.model
    def _context_of(self, source) -> MapContext:
        """What the mapper may know of a source, its own codes included."""
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                "SELECT field_key, code, value FROM hcrm_feed_code"
                " WHERE source_id = %s AND value IS NOT NULL",
                source.id,
            )
        )
        codes: dict[str, dict[str, str]] = {}
        for key, code, value in rows:
            codes.setdefault(key, {})[code] = value
        names = [name.strip() for name in (source.mrn_priority or "").split(",")]
        return MapContext(
            zone=ZoneInfo(source.company_id.hcrm_tz or "UTC"),
            mrn_priority=tuple(name for name in names if name),
            today=fields.Date.to_string(fields.Date.today()),
            codes=codes,
        )

    @api.model
    def _note(self, source, context: MapContext) -> None:
        """Keep the codes that nobody understood, for the clerk; one statement."""
        if not context.unknown:
            return
        rows = sorted((key, code, n) for (key, code), n in context.unknown.items())
        context.unknown.clear()
        self.env.cr.execute(
            """
            INSERT INTO hcrm_feed_code AS c (source_id, field_key, code, seen_count,
                   date_last, create_uid, write_uid, create_date, write_date)
            SELECT %(source)s, v.key, v.code, v.n, now.at, %(uid)s, %(uid)s, now.at,
                   now.at
              FROM (SELECT *, row_number() OVER (PARTITION BY key ORDER BY code) AS row
                      FROM unnest(%(keys)s::text[], %(codes)s::text[], %(counts)s::int[])
                           AS u(key, code, n)) v,
                   (SELECT now() AT TIME ZONE 'UTC' AS at) now
             WHERE v.row + (SELECT count(*) FROM hcrm_feed_code k
                             WHERE k.source_id = %(source)s AND k.field_key = v.key)
                   <= %(limit)s
                OR EXISTS (SELECT FROM hcrm_feed_code k WHERE k.source_id = %(source)s
                              AND k.field_key = v.key AND k.code = v.code)
          ORDER BY v.key, v.code
       ON CONFLICT (source_id, field_key, code) DO UPDATE
               SET seen_count = c.seen_count + EXCLUDED.seen_count,
                   date_last = EXCLUDED.date_last
            """,
            {
                "source": source.id,
                "uid": self.env.uid,
                "keys": [row[0] for row in rows],
                "codes": [row[1] for row in rows],
                "counts": [row[2] for row in rows],
                "limit": NOTED_PER_FIELD,
            },
        )

    def _forget(self) -> None:
        """Let the next full run write the records again that this code decided.

        Their content is the same at the source, so their hash would hide them.
        """
        self.env.flush_all()
        for code in self:
            spec = CODE_FIELDS[code.field_key]
            res_type = code.field_key.partition(".")[0]
            decided = [spec.fallback or "", code.value or ""]
            self.env.cr.execute(
                SQL(
                    """
                    UPDATE hcrm_feed_identity i SET content_hash = NULL FROM %s t
                     WHERE i.source_id = %s AND i.res_type = %s AND i.state = 'live'
                       AND t.%s = i.res_id AND COALESCE(t.%s, '') = ANY(%s)
                    """,
                    SQL.identifier(self.env[spec.model]._table),
                    code.source_id.id,
                    res_type,
                    SQL.identifier(_JOINS.get(spec.model, "id")),
                    SQL.identifier(spec.column),
                    decided,
                )
            )
