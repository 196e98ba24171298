from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class HcrmMessage(models.Model):
    _inherit = "hcrm.message"

    @api.model
    def _queue_segment(self, domain, values, key_prefix):
        """Queue one message to everybody of a segment, in one statement.

        Each person gets it once for ``key_prefix`` and channel, however often the
        segment is queued and whoever joined it meanwhile. The governor judges every
        row when it is sent, as it does with all others. Who the user may not see is
        not in the segment.

        :param domain: people, as a domain on ``res.partner``
        :param values: what ``_queue`` takes, the same for all, without person and key
        :param key_prefix: e.g. ``campaign:12``
        :return: how many messages are new
        """
        vals = self._prepare_templated(values)
        vals = {
            "company_id": self.env.company.id,
            "user_id": self.env.uid,
            "date_planned": fields.Datetime.now(),
            "priority": self._fields["priority"].default(self),
            **vals,
            "purpose": vals.get("purpose") or "marketing",
            "state": "queued",
        }
        vals["asked_address"] = vals.pop("address", False)
        people = self.env["res.partner"]._search(
            Domain(domain) & Domain("hcrm_metrics_id", "!=", False), order="id"
        )
        now = fields.Datetime.now()
        # who asked stands in user_id; each user column is one more look-up per row
        log = dict.fromkeys(("create_date", "write_date"), now)
        columns = {**self._as_columns(vals), **log}
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO hcrm_message (partner_id, uuid, key, %(names)s)
                SELECT s.id, gen_random_uuid()::text, %(prefix)s || s.id, %(values)s
                  FROM (%(people)s) s
                    ON CONFLICT (key) WHERE key IS NOT NULL DO NOTHING
                """,
                names=SQL(", ").join(map(SQL.identifier, columns)),
                values=SQL(", ").join(
                    SQL("%s::%s", value, SQL(self._column_type(name)))
                    for name, value in columns.items()
                ),
                prefix=f"{key_prefix}:{vals['channel']}:",
                people=people.select(
                    SQL("%s AS id", SQL.identifier(people.table, "id"))
                ),
            )
        )
        count = self.env.cr.rowcount
        self.invalidate_model(flush=False)
        return count

    def _as_columns(self, vals):
        return {
            name: self._fields[name].convert_to_column_insert(value, self)
            for name, value in vals.items()
        }

    def _column_type(self, name):
        return self._fields[name].column_type[0]
