from odoo import fields, models
from odoo.tools import SQL

from .fact_mixin import labels_of


class HcrmFactVisit(models.Model):
    """One row per visit that has begun; parts of a visit do not count again (F83).

    Same visits as in the figures of a person: neither planned nor cancelled.
    """

    _name = "hcrm.fact.visit"
    _inherit = ["hcrm.fact.mixin"]
    _description = "Visit Figures"
    _auto = False
    _order = "day desc, id desc"
    _depends = {
        "hcrm.encounter": [
            "campus_id",
            "company_id",
            "date_end",
            "date_start",
            "department_id",
            "encounter_id",
            "kind",
            "partner_id",
            "practitioner_id",
            "state",
        ],
        "res.company": ["hcrm_tz"],
        "res.partner": ["hcrm_birthdate", "hcrm_gender"],
    }

    practitioner_id = fields.Many2one("hcrm.practitioner", readonly=True)
    kind = fields.Selection(labels_of("hcrm.encounter", "kind"), readonly=True)
    sex = fields.Selection(labels_of("res.partner", "hcrm_gender"), readonly=True)
    age_band = fields.Selection(
        [
            ("00_13", "Under 14"),
            ("14_44", "14 to 44"),
            ("45_64", "45 to 64"),
            ("65_up", "65 and Over"),
        ],
        readonly=True,
        help="Age on the day of the visit, in the bands of the list of people.",
    )
    is_first = fields.Boolean(
        "First Visit",
        readonly=True,
        help="First visit of the person at this legal entity.",
    )
    visits = fields.Integer("Number of Visits", readonly=True)
    hours = fields.Float(
        "Hours of Stay",
        readonly=True,
        aggregator="avg",
        help="From start to end; empty while the visit is open.",
    )

    @property
    def _table_query(self) -> SQL:
        # is_first looks back over the index by person instead of numbering all
        # visits: the planner leaves it out where nobody asks, and a filter on a
        # month or an entity comes first
        return SQL(
            """
            SELECT visit.id, visit.company_id, visit.campus_id, visit.department_id,
                   visit.practitioner_id, visit.kind, local.day,
                   date_trunc('month', local.day::timestamp)::date AS month,
                   person.hcrm_gender AS sex,
                   CASE WHEN age.years < 0 THEN NULL
                        WHEN age.years < 14 THEN '00_13'
                        WHEN age.years < 45 THEN '14_44'
                        WHEN age.years < 65 THEN '45_64'
                        WHEN age.years >= 65 THEN '65_up' END AS age_band,
                   visit.date_start IS NOT NULL AND NOT EXISTS (
                       SELECT FROM hcrm_encounter earlier
                        WHERE earlier.partner_id = visit.partner_id
                          AND earlier.company_id = visit.company_id
                          AND earlier.state NOT IN ('planned', 'cancelled')
                          AND earlier.encounter_id IS NULL
                          AND (earlier.date_start, earlier.id)
                            < (visit.date_start, visit.id)) AS is_first,
                   1 AS visits,
                   CASE WHEN visit.date_end >= visit.date_start
                        THEN extract(epoch FROM visit.date_end - visit.date_start)
                             / 3600 END AS hours
              FROM hcrm_encounter visit
              JOIN res_company company ON company.id = visit.company_id
         LEFT JOIN res_partner person ON person.id = visit.partner_id
        CROSS JOIN LATERAL (
                   SELECT (visit.date_start AT TIME ZONE 'UTC'
                           AT TIME ZONE company.hcrm_tz)::date AS day) local
        CROSS JOIN LATERAL (
                   SELECT CASE WHEN local.day < person.hcrm_birthdate THEN -1
                          ELSE extract(year FROM
                                   age(local.day::timestamp,
                                       person.hcrm_birthdate::timestamp))
                          END AS years) age
             WHERE visit.state NOT IN ('planned', 'cancelled')
               AND visit.encounter_id IS NULL
            """
        )
