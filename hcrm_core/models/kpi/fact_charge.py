from odoo import fields, models
from odoo.tools import SQL

from .fact_mixin import labels_of


class HcrmFactCharge(models.Model):
    """One row per line of the bill that the HIS did not withdraw (F83, R17).

    Refunds are negative. Deposits and settlements are money moved: whoever asks for
    revenue takes the kinds charge and refund. There is no practitioner on purpose:
    money by doctor is no report of ours (R18).
    """

    _name = "hcrm.fact.charge"
    _inherit = ["hcrm.fact.mixin"]
    _description = "Charge Figures"
    _auto = False
    _order = "day desc, id desc"
    _depends = {
        "hcrm.charge": [
            "amount",
            "amount_account",
            "amount_commercial",
            "amount_employer",
            "amount_pooled",
            "amount_self",
            "category",
            "company_id",
            "cost",
            "currency_id",
            "date",
            "department_id",
            "encounter_id",
            "kind",
            "state",
        ],
        "hcrm.encounter": ["campus_id"],
        "res.company": ["hcrm_tz"],
    }

    kind = fields.Selection(labels_of("hcrm.charge", "kind"), readonly=True)
    category = fields.Selection(labels_of("hcrm.charge", "category"), readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    amount = fields.Monetary(readonly=True, aggregator="sum")
    amount_pooled = fields.Monetary("Pooled Insurance", readonly=True, aggregator="sum")
    amount_account = fields.Monetary(
        "Personal Account", readonly=True, aggregator="sum"
    )
    amount_self = fields.Monetary("Self-pay", readonly=True, aggregator="sum")
    amount_commercial = fields.Monetary(
        "Commercial Insurance", readonly=True, aggregator="sum"
    )
    amount_employer = fields.Monetary("Employer", readonly=True, aggregator="sum")
    cost = fields.Monetary(readonly=True, aggregator="sum")

    @property
    def _table_query(self) -> SQL:
        return SQL(
            """
            SELECT charge.id, charge.company_id, visit.campus_id,
                   charge.department_id, charge.kind, charge.category, local.day,
                   date_trunc('month', local.day::timestamp)::date AS month,
                   charge.currency_id, charge.amount, charge.amount_pooled,
                   charge.amount_account, charge.amount_self,
                   charge.amount_commercial, charge.amount_employer, charge.cost
              FROM hcrm_charge charge
              JOIN res_company company ON company.id = charge.company_id
         LEFT JOIN hcrm_encounter visit ON visit.id = charge.encounter_id
        CROSS JOIN LATERAL (
                   SELECT (charge.date AT TIME ZONE 'UTC'
                           AT TIME ZONE company.hcrm_tz)::date AS day) local
             WHERE charge.state != 'aborted'
            """
        )
