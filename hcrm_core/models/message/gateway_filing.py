from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...tools.filed_text import LONGEST, match_filed
from ...tools.template_text import KINDS, excerpt, marks, stray_brace


class HcrmGateway(models.Model):
    """What is filed with the carrier of a gateway (R9)."""

    _inherit = "hcrm.gateway"

    requires_filing = fields.Boolean(
        "Filed Texts Only",
        help="The carrier takes no text that was not filed with it: such a text is "
        "refused here, before it is sent.",
    )
    date_signature_end = fields.Date(
        "Signature Valid Until", help="Empty: as long as nobody says otherwise."
    )
    filing_ids = fields.One2many("hcrm.gateway.filing", "gateway_id", "Filed Texts")

    def _today(self):
        zone = self.company_id.sudo().hcrm_tz
        return fields.Date.context_today(self.with_context(tz=zone))

    def _live_filings(self):
        """Filed texts that the carrier takes today."""
        today = self._today()
        return self.filing_ids.filtered(
            lambda f: f.state == "approved" and (not f.date_end or f.date_end >= today)
        )

    def _is_signature_good(self):
        if not self.signature:
            return False
        return not self.date_signature_end or self.date_signature_end >= self._today()


class HcrmGatewayFiling(models.Model):
    """A wording that was filed with the carrier of a gateway."""

    _name = "hcrm.gateway.filing"
    _description = "Filed Text"
    _order = "gateway_id, name, id"

    name = fields.Char(required=True)
    gateway_id = fields.Many2one(
        "hcrm.gateway", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="gateway_id.company_id", store=True)
    template_id = fields.Many2one(
        "hcrm.template", ondelete="set null", index="btree_not_null"
    )
    vendor_code = fields.Char("Code at the Carrier", index="btree_not_null")
    wording = fields.Text(
        required=True,
        help="As it was filed, without the signature; {name} where something is filled "
        "in.",
    )
    place_ids = fields.One2many(
        "hcrm.gateway.filing.place",
        "filing_id",
        "Places",
        compute="_compute_place_ids",
        store=True,
        readonly=False,
    )
    state = fields.Selection(
        [
            ("draft", "To be filed"),
            ("filed", "Filed"),
            ("approved", "Approved by the carrier"),
            ("rejected", "Rejected"),
        ],
        required=True,
        default="draft",
    )
    date_filed = fields.Date("Filed On")
    date_approved = fields.Date("Approved On")
    date_end = fields.Date("Valid Until")
    answer = fields.Char("What the Carrier Said")

    _vendor_code_uniq = models.UniqueIndex(
        "(gateway_id, vendor_code) WHERE vendor_code IS NOT NULL",
        "This code of the carrier is entered already.",
    )

    @api.constrains("wording")
    def _check_wording(self):
        for filing in self:
            start = stray_brace(filing.wording)
            if start is not None:
                raise ValidationError(
                    self.env._(
                        "%(name)s, at “%(place)s”: a brace belongs to a place such as "
                        "{name}. Write the carrier's own marks like this too.",
                        name=filing.name,
                        place=excerpt(filing.wording, start),
                    )
                )

    @api.depends("wording")
    def _compute_place_ids(self):
        """A line for each place of the wording; types that were chosen stay."""
        variables = self.env["hcrm.template"]._get_variables()
        for filing in self:
            wanted = dict.fromkeys(mark.code for mark in marks(filing.wording))
            kept = filing.place_ids.filtered(lambda p, wanted=wanted: p.code in wanted)
            commands = [(2, p.id) for p in filing.place_ids - kept if p.id]
            for code in wanted.keys() - set(kept.mapped("code")):
                kind = variables[code].kind if code in variables else "text"
                commands.append(
                    (0, 0, {"code": code, "kind": kind, "longest": LONGEST[kind]})
                )
            filing.place_ids = commands

    def _match(self, text):
        """{code: value} where ``text`` is this wording; None if it is not."""
        places = tuple((p.code, p.kind, p.longest) for p in self.place_ids)
        return match_filed(self.wording, places, text)


class HcrmGatewayFilingPlace(models.Model):
    """A place of a filed text, and what may stand there."""

    _name = "hcrm.gateway.filing.place"
    _description = "Place of a Filed Text"
    _order = "id"

    filing_id = fields.Many2one(
        "hcrm.gateway.filing", required=True, ondelete="cascade", index=True
    )
    code = fields.Char(required=True)
    kind = fields.Selection(
        selection="_get_kinds", string="Type", required=True, default="text"
    )
    longest = fields.Integer("At Most Characters", required=True, default=30)

    _check_longest = models.Constraint(
        "CHECK(longest BETWEEN 1 AND 500)", "A place holds 1 to 500 characters."
    )

    @api.model
    def _get_kinds(self):
        labels = {
            "text": self.env._("Text"),
            "date": self.env._("Day or hour"),
            "number": self.env._("Number"),
            "link": self.env._("Link"),
        }
        return [(kind, labels[kind]) for kind in KINDS]
