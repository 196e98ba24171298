from odoo import fields, models


class HcrmPersonSearch(models.Model):
    """Search tokens of people: what somebody may type to find them.

    Full name, every name suffix, pinyin in all readings, initials, identifiers,
    telephone tails; lower case. Matched by prefix, so that two-character
    Chinese names are found without a scan at a million people.
    """

    _name = "hcrm.person.search"
    _description = "Person Search Token"
    _log_access = False
    _rec_name = "token"

    partner_id = fields.Many2one("res.partner", required=True, ondelete="cascade")
    token = fields.Char(required=True)

    # prefix match, answered from the index alone
    _token_idx = models.Index("(token text_pattern_ops, partner_id)")
    # tokens of a person are replaced when a name or number changes
    _partner_idx = models.UniqueIndex("(partner_id, token)")
