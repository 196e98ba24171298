from odoo import fields, models


class HcrmPersonMetrics(models.Model):
    """What moves about a person, in one narrow row whose id is the partner's id.

    Kept apart from ``res_partner`` so that a nightly recompute rewrites none of
    the partner's indexes; ``res.partner.hcrm_metrics_id`` is set once.
    Figures are of the whole group, hence shown to head office only; what one
    hospital knows stands on ``hcrm.person.company``.
    """

    _name = "hcrm.person.metrics"
    _description = "Person Metrics"
    _log_access = False
    _rec_name = "id"

    date_first_visit = fields.Date(readonly=True)
    date_last_visit = fields.Date(readonly=True)
    visit_count = fields.Integer(readonly=True)

    _id_fkey = models.Constraint(
        "FOREIGN KEY (id) REFERENCES res_partner(id) ON DELETE CASCADE"
    )
    # lists and desks sort by the last visit
    _date_last_visit_idx = models.Index("(date_last_visit DESC NULLS LAST)")
