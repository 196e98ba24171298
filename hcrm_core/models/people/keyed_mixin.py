from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.tools import SQL

# how often somebody else may be faster within one call
TRIES = 3


class HcrmKeyedMixin(models.AbstractModel):
    """Rows that are asked for by a key and made once for it, whoever else asks.

    A row without a key is always made.
    """

    _name = "hcrm.keyed.mixin"
    _description = "Made Once for Its Key"

    key = fields.Char(readonly=True, copy=False, help="Made once for this key.")

    _key_uniq = models.UniqueIndex(
        "(key) WHERE key IS NOT NULL", "This was asked for already."
    )

    @api.model
    def _create_keyed(self, vals_list):
        """Create rows but for those whose key is known, or given twice.

        Another transaction that commits the same key meanwhile is invisible here and
        found by the index alone: what it made is then left out, and the rest is made.

        :return: the rows that are new
        """
        keys = {vals["key"] for vals in vals_list if vals.get("key")}
        if not keys:
            return self.create(vals_list)
        # sudo: whether it was asked for already, by whomsoever
        rows = self.sudo().search_fetch([("key", "in", list(keys))], ["key"])
        known = set(rows.mapped("key"))
        for attempt in range(TRIES):
            fresh = self._fresh_vals(vals_list, known)
            try:
                with self.env.cr.savepoint():
                    return self.create(fresh)
            except UniqueViolation as error:
                if (
                    attempt == TRIES - 1
                    or error.diag.constraint_name != f"{self._table}_key_uniq"
                ):
                    raise
                known |= self._committed_keys(keys)
        return self.browse()

    @staticmethod
    def _fresh_vals(vals_list, known):
        seen = set(known)
        fresh = []
        for vals in vals_list:
            key = vals.get("key")
            if not key or key not in seen:
                fresh.append(vals)
            seen.add(key)
        return fresh

    def _committed_keys(self, keys):
        """What is known now, not when this transaction began."""
        with self.env.registry.cursor() as cr:
            cr.execute(
                SQL(
                    "SELECT key FROM %s WHERE key = ANY(%s)",
                    SQL.identifier(self._table),
                    list(keys),
                )
            )
            return {row[0] for row in cr.fetchall()}
