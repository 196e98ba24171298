from odoo import fields, models


class HcrmFeedSource(models.Model):
    """A hospital information system, or a folder of its exports, that feeds us."""

    _name = "hcrm.feed.source"
    _description = "Feed Source"
    _order = "sequence, id"

    name = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        "Legal Entity",
        required=True,
        default=lambda self: self.env.company,
        help="Records that do not name their entity belong to this one.",
    )
    kind = fields.Selection(
        [("fhir_file", "FHIR R4 files")], required=True, default="fhir_file"
    )
    path = fields.Char(help="File or folder on the server: .ndjson, .json, .gz, .zip.")
    tz = fields.Selection(
        related="company_id.hcrm_tz", string="Time Zone of Local Times"
    )
    mrn_priority = fields.Char(
        default="MR,PT,PI",
        help="Identifier codes or systems, best first, whose value is the MRN.",
    )
    waiting_days = fields.Integer(
        default=7,
        help="Records whose person never arrives go to quarantine after so many days.",
    )
    max_record_mb = fields.Integer("Largest Record (MB)", default=5)
    page_size = fields.Integer(default=5000)
    is_backfilled = fields.Boolean(
        "First Load Done",
        help="Until the first load is done, events are marked backfill and start nothing.",
    )
    run_ids = fields.One2many("hcrm.feed.run", "source_id", "Runs")

    _check_page_size = models.Constraint(
        "CHECK(page_size BETWEEN 1 AND 5000)", "A page holds 1 to 5,000 records."
    )
