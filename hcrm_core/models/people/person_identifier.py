from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ...tools.identity_numbers import Verdict, check, normalise
from ...tools.merge_plan import Move


class HcrmPersonIdentifier(models.Model):
    """An identity number as people see it: type, value, who gave it, how long."""

    _name = "hcrm.person.identifier"
    _inherit = ["hcrm.person.mixin"]
    _description = "Person Identifier"
    _rec_name = "value_masked"
    _order = "id"
    _log_access = False

    # found by the index of ``_person_uniq``
    partner_id = fields.Many2one(
        "res.partner", "Person", required=True, ondelete="cascade"
    )
    type_id = fields.Many2one(
        "hcrm.identifier.type", required=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        "res.company",
        "Given By",
        help="Legal entity that gave it; empty for national and foreign papers.",
    )
    value = fields.Char(required=True, groups="hcrm_core.group_register")
    value_norm = fields.Char(
        required=True,
        readonly=True,
        groups="hcrm_core.group_register",
        help="Upper case, without spaces and dashes.",
    )
    value_masked = fields.Char(
        "Number",
        compute="_compute_value_masked",
        compute_sudo=True,
        search="_search_value_masked",
        help="A national number without its middle, for roles that need not know it.",
    )
    assigner = fields.Char()
    date_start = fields.Date()
    date_end = fields.Date()
    is_unique = fields.Boolean(
        readonly=True,
        help="Copied from the type; off for the later of two people who claim it, "
        "which are then in the duplicate queue.",
    )
    hint = fields.Char(
        readonly=True, help="What is unusual about the number, in words."
    )

    # the person is found by it, and no two people hold it
    _unique_idx = models.UniqueIndex(
        "(type_id, COALESCE(company_id, 0), value_norm) WHERE is_unique",
        "Another person holds this number.",
    )
    _person_uniq = models.UniqueIndex(
        "(partner_id, type_id, COALESCE(company_id, 0), value_norm)",
        "This person has this number already.",
    )
    # feed matching and search by number of any type
    _value_norm_idx = models.Index("(value_norm text_pattern_ops)")

    @api.model
    def _hcrm_merge_plan(self):
        return [Move(self._name, unique=("type_id", "company_id", "value_norm"))]

    @api.depends("value", "type_id.is_national")
    def _compute_value_masked(self):
        for identifier in self:
            value = identifier.value or ""
            if identifier.type_id.is_national:
                tail = value[-4:] if len(value) > 6 else ""
                value = "•" * max(len(value) - 4, 4) + tail
            identifier.value_masked = value

    def _search_value_masked(self, operator, value):
        """Whoever knows a number finds it; nobody finds numbers by a part of them."""
        if operator not in ("=", "in", "ilike", "=ilike"):
            return NotImplemented
        values = [value] if isinstance(value, str) else value
        # sudo: the number itself is not open to every role that may look for it
        return Domain(
            "id",
            "in",
            self.sudo()._search([("value_norm", "in", [normalise(v) for v in values])]),
        )

    # ------------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Numbers that the staff typed are checked, those of the feed are taken (R1)."""
        vals_list = [self._checked_vals(vals) for vals in vals_list]
        self._yield_to_holders(vals_list)
        identifiers = super().create(vals_list)
        identifiers._queue_rivals()
        identifiers.partner_id._hcrm_refresh()
        return identifiers

    def write(self, vals):
        if not {"value", "type_id", "company_id"} & vals.keys():
            return super().write(vals)
        partners = self.partner_id
        for identifier in self:
            current = {
                "partner_id": identifier.partner_id.id,
                "type_id": identifier.type_id.id,
                "company_id": identifier.company_id.id,
                "value": identifier.value,
            }
            checked = self._checked_vals({**current, **vals})
            self._yield_to_holders([checked], identifier)
            super(HcrmPersonIdentifier, identifier).write(checked)
        self._queue_rivals()
        (partners | self.partner_id)._hcrm_refresh()
        return True

    def unlink(self):
        partners = self.partner_id
        result = super().unlink()
        partners._hcrm_refresh()
        return result

    # ------------------------------------------------------------------
    # CHECK
    # ------------------------------------------------------------------

    @api.model
    def _checked_vals(self, vals: dict) -> dict:
        """Return the values with everything that follows from type and number."""
        id_type = self.env["hcrm.identifier.type"].browse(vals.get("type_id"))
        verdict = check(id_type.validator or "none", vals.get("value"))
        # the system itself writes what the hospital told it
        if verdict.error and not self.env.su:
            raise ValidationError(self._error_sentence(verdict, id_type))
        words = self.env["hcrm.person.details"]._identifier_words()
        company_id = vals.get("company_id") or self.env.company.id
        return {
            **vals,
            "value": (vals.get("value") or "").strip(),
            "value_norm": verdict.norm or (vals.get("value") or "").strip(),
            "company_id": company_id if id_type.is_per_company else False,
            # a number that fails its check may be a placeholder: it claims nothing
            "is_unique": id_type.is_unique and verdict.ok,
            "hint": words.get(verdict.error or verdict.hint, False),
        }

    @api.model
    def _error_sentence(self, verdict: Verdict, id_type) -> str:
        """Return what is wrong with a number, and what to do, in words."""
        count = len(verdict.norm)
        sentences = {
            "empty": self.env._("Type the number."),
            "length": self.env._(
                "%(type)s: a number of %(count)s characters is too short or too long. "
                "Compare it with the paper.",
                type=id_type.name,
                count=count,
            ),
            "characters": self.env._(
                "%(type)s: %(number)s has characters that do not belong there. Type "
                "digits, and an X only at the end.",
                type=id_type.name,
                number=verdict.norm,
            ),
            "date": self.env._(
                "%(type)s: the birth date inside %(number)s does not exist. Compare "
                "the middle of the number with the paper.",
                type=id_type.name,
                number=verdict.norm,
            ),
            "check_digit": self.env._(
                "%(type)s: the last character of %(number)s does not fit the others, so "
                "one of them is mistyped. Compare the number with the paper.",
                type=id_type.name,
                number=verdict.norm,
            ),
            "prefix": self.env._(
                "%(type)s: %(number)s does not start as this paper does. Choose the "
                "type that is printed on it.",
                type=id_type.name,
                number=verdict.norm,
            ),
        }
        return sentences[verdict.error]

    # ------------------------------------------------------------------
    # TWO PEOPLE, ONE NUMBER
    # ------------------------------------------------------------------

    @api.model
    def _yield_to_holders(self, vals_list, but=None):
        """Take ``is_unique`` off numbers that another person holds already."""
        wanted = defaultdict(list)
        for vals in vals_list:
            if vals["is_unique"]:
                key = (vals["type_id"], vals["company_id"] or False, vals["value_norm"])
                wanted[key].append(vals)
        if not wanted:
            return
        # nobody may see who holds it, but everybody must yield
        holders = self.sudo().search_fetch(
            [
                ("value_norm", "in", [key[2] for key in wanted]),
                ("type_id", "in", [key[0] for key in wanted]),
                ("is_unique", "=", True),
                ("id", "not in", but.ids if but else []),
            ],
            ["type_id", "company_id", "value_norm"],
        )
        held = {(h.type_id.id, h.company_id.id, h.value_norm) for h in holders}
        for key, group in wanted.items():
            for vals in group if key in held else group[1:]:
                vals["is_unique"] = False

    def _queue_rivals(self):
        """Put people who claim one number into the duplicate queue, and say so."""
        claims = self.filtered(lambda i: i.type_id.is_unique and not i.is_unique)
        if not claims:
            return
        holders = self.sudo().search(
            [
                ("value_norm", "in", claims.mapped("value_norm")),
                ("type_id", "in", claims.type_id.ids),
                ("is_unique", "=", True),
            ]
        )
        by_key = {(h.type_id, h.company_id, h.value_norm): h for h in holders}
        pairs = []
        for claim in claims:
            holder = by_key.get((claim.type_id, claim.company_id, claim.value_norm))
            if holder and holder.partner_id != claim.partner_id:
                pairs.append((claim.partner_id.id, holder.partner_id.id))
        if not pairs:
            return
        self.env["hcrm.person.details"]._queue_duplicates(
            pairs, self.env._("The same identity number")
        )
        seen = holders.partner_id.with_env(self.env)._filtered_access("read")
        if seen and not self.env.su:
            self.env.user._bus_send(
                "simple_notification",
                {
                    "type": "warning",
                    "message": self.env._(
                        "Another card has this number too. Both are kept, and the two "
                        "cards stand in the list of possible duplicates."
                    ),
                },
            )
