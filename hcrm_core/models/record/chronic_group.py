from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

ACTIVE_STATES = ("active", "recurrence", "relapse")


class HcrmChronicGroup(models.Model):
    """A long-term illness the hospital keeps a registry of, told by ICD-10 codes.

    Who is in it is computed from active conditions at the moment of asking, so a
    resolved diagnosis leaves the registry by itself (F26).
    """

    _name = "hcrm.chronic.group"
    _description = "Chronic Illness"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code_prefixes = fields.Char(
        "ICD-10 Codes",
        required=True,
        help="Beginnings of codes, comma-separated, e.g. I10, I11.",
    )
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    color = fields.Integer()

    @api.constrains("code_prefixes")
    def _check_code_prefixes(self):
        for group in self:
            prefixes = group._get_prefixes()
            if not prefixes or not all(prefix[0].isalpha() for prefix in prefixes):
                raise ValidationError(
                    self.env._(
                        "“%s” holds no ICD-10 code. Write beginnings of codes such as "
                        "I10, separated by commas.",
                        group.code_prefixes,
                    )
                )

    def _get_prefixes(self):
        """Return the beginnings of codes of all these illnesses, upper case."""
        text = ",".join(group.code_prefixes or "" for group in self)
        return [part.strip().upper() for part in text.split(",") if part.strip()]

    def _get_condition_domain(self):
        """Return the active conditions of these illnesses, by indexed prefixes."""
        codes = Domain.OR(
            Domain("code", "=like", f"{prefix}%") for prefix in self._get_prefixes()
        )
        return Domain("state", "in", ACTIVE_STATES) & codes
