from odoo import fields, models

from .person_company import CONFIDENTIALITY


class ResPartner(models.Model):
    """The person: thin, one per group; everything that moves stands elsewhere."""

    _inherit = "res.partner"

    hcrm_other_names = fields.Text(
        "Other Names", help="Former, foreign and pet names, one a line; found by search."
    )
    hcrm_gender = fields.Selection(
        [
            ("male", "Male"),
            ("female", "Female"),
            ("other", "Other"),
            ("unknown", "Unknown"),
        ],
        "Sex",
    )
    hcrm_birthdate = fields.Date("Birth Date", index="btree_not_null")
    hcrm_birthdate_precision = fields.Selection(
        [("day", "Day"), ("month", "Month"), ("year", "Year")], "Birth Date Precision"
    )
    hcrm_status = fields.Selection(
        [
            ("current", "Current"),
            ("gone", "Gone at source"),
            ("deceased", "Deceased"),
            ("merged", "Merged"),
            ("erased", "Erased"),
        ],
        "Person Status",
    )
    hcrm_deceased_date = fields.Date("Date of Death")
    # strictest class over all hospital files; empty means normal
    hcrm_confidentiality = fields.Selection(
        CONFIDENTIALITY, "Confidentiality", readonly=True, index="btree_not_null"
    )
    # set once, when a contact becomes a person of the suite
    hcrm_metrics_id = fields.Many2one(
        "hcrm.person.metrics", "Metrics", readonly=True, copy=False, ondelete="set null"
    )
    hcrm_merged_into_id = fields.Many2one(
        "res.partner", "Merged Into", readonly=True, copy=False, index="btree_not_null"
    )
    hcrm_file_ids = fields.One2many(
        "hcrm.person.company", "partner_id", "Hospital Files"
    )
    hcrm_identifier_ids = fields.One2many(
        "hcrm.person.identifier", "partner_id", "Identifiers"
    )
    hcrm_contact_point_ids = fields.One2many(
        "hcrm.contact.point", "partner_id", "Contact Points"
    )
    hcrm_relation_ids = fields.One2many(
        "hcrm.person.relation", "partner_id", "Relatives"
    )
    hcrm_profile_ids = fields.One2many("hcrm.person.profile", "partner_id", "Profiles")
    hcrm_access_ids = fields.One2many(
        "hcrm.person.access", "partner_id", "Who May See the Person"
    )

    # ordinary contacts are searched the stock way, without scanning the people
    _hcrm_contact_idx = models.Index("(id) WHERE hcrm_metrics_id IS NULL")
