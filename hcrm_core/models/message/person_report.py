from odoo import api, fields, models
from odoo.exceptions import UserError


class HcrmPersonReport(models.Model):
    """What only people tell us: died, lost a pregnancy, wrong number (R12).

    A fact of ours beside the HIS's. It stops contacts from the moment it is
    written; a second person takes it back.
    """

    _name = "hcrm.person.report"
    _inherit = ["hcrm.person.mixin"]
    _description = "Report About a Person"
    _order = "id desc"
    _rec_name = "kind"

    partner_id = fields.Many2one(
        "res.partner", "Person", required=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        "res.company",
        "Legal Entity",
        required=True,
        default=lambda self: self.env.company,
    )
    kind = fields.Selection(
        [
            ("deceased", "Reported deceased"),
            ("pregnancy_lost", "Pregnancy lost"),
            ("wrong_number", "Wrong number"),
        ],
        required=True,
    )
    contact_point_id = fields.Many2one(
        "hcrm.contact.point", "Number", ondelete="set null", index="btree_not_null"
    )
    source = fields.Selection(
        [
            ("relative", "A relative"),
            ("person", "The person"),
            ("stranger", "Somebody else on the number"),
            ("staff", "A colleague"),
            ("other", "Other"),
        ],
        "Told By",
        required=True,
    )
    note = fields.Char()
    date_event = fields.Date("When It Happened")
    user_id = fields.Many2one(
        "res.users", "Recorded By", readonly=True, default=lambda self: self.env.user
    )
    date_reversed = fields.Datetime("Taken Back", readonly=True)
    reversed_by_id = fields.Many2one("res.users", "Taken Back By", readonly=True)

    # the governor asks for every recipient
    _standing_idx = models.Index("(partner_id) WHERE date_reversed IS NULL")

    @api.model_create_multi
    def create(self, vals_list):
        """Queued and claimed messages to the person stop at once."""
        reports = super().create(vals_list)
        for report in reports.filtered(lambda r: r.kind == "wrong_number"):
            number = report.contact_point_id.number
            if number:
                # sudo: the number is wrong for everybody on it, at every hospital
                report.env["hcrm.contact.point"].sudo().search(
                    [("number", "=", number), ("system", "=", "phone")]
                ).write({"is_wrong": True, "is_verified": False})
        reports.flush_recordset()
        self.env["hcrm.message"]._take_back_people(reports.partner_id)
        reports._cancel_planned()
        return reports

    def _cancel_planned(self):
        """What rules planned for who died, or for a pregnancy that was lost."""
        Execution = self.env["hcrm.rule.execution"]
        for kind, code in (("deceased", "deceased"), ("pregnancy_lost", "loss")):
            told = self.filtered(lambda report, kind=kind: report.kind == kind)
            Execution._cancel_people(told.partner_id, code)

    def action_reverse(self):
        """It was a mistake. Only somebody else than who reported it may say so."""
        self.check_access("write")
        for report in self:
            if report.user_id == self.env.user:
                raise UserError(
                    self.env._(
                        "Ask a second person to take this report back; who recorded it"
                        " cannot."
                    )
                )
        self.write(
            {"date_reversed": fields.Datetime.now(), "reversed_by_id": self.env.uid}
        )
