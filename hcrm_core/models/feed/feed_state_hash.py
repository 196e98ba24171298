"""One digest over everything a source gave us, blind to database ids."""

from __future__ import annotations

import hashlib

from odoo import models
from odoo.tools import SQL

# tables whose rows are facts or people's details; order is part of the digest
FACTS = (
    "hcrm.encounter",
    "hcrm.appointment",
    "hcrm.condition",
    "hcrm.allergy",
    "hcrm.procedure",
    "hcrm.medication",
    "hcrm.observation",
    "hcrm.charge",
    "hcrm.coverage",
)
DETAILS = (
    "hcrm.person.company",
    "hcrm.person.identifier",
    "hcrm.contact.point",
    "hcrm.person.relation",
    "hcrm.person.profile",
)
# what differs between two loads of the same records by nature
NOT_HASHED = {
    "id",
    "create_uid",
    "create_date",
    "write_uid",
    "write_date",
    "opened_at",
    "opened_by_id",
    "hcrm_metrics_id",
    "date_verified",
}
# how a record that a row points at is named: by what the outside world calls it
NAMES = {
    "res.company": "SELECT COALESCE(hcrm_code, name) FROM res_company WHERE id = {id}",
    "res.currency": "SELECT name FROM res_currency WHERE id = {id}",
    "res.country": "SELECT code FROM res_country WHERE id = {id}",
    "res.country.state": "SELECT code FROM res_country_state WHERE id = {id}",
    "hcrm.person.class": "SELECT code FROM hcrm_person_class WHERE id = {id}",
    "hcrm.identifier.type": "SELECT code FROM hcrm_identifier_type WHERE id = {id}",
    "hcrm.department": "SELECT code FROM hcrm_department WHERE id = {id}",
    "hcrm.campus": "SELECT code FROM hcrm_campus WHERE id = {id}",
    "hcrm.practitioner": "SELECT COALESCE(code, name) FROM hcrm_practitioner WHERE id = {id}",
}


class HcrmFeedSource(models.Model):
    _inherit = "hcrm.feed.source"

    def _state_hash(self) -> str:
        """Digest of people, details and facts of this source by external ids.

        The same records, in any order and any number of times, give the same digest.
        """
        self.ensure_one()
        self.env.flush_all()
        digest = hashlib.blake2b(digest_size=16)
        for part in self._state_parts():
            digest.update(part.encode())
        return digest.hexdigest()

    def _state_parts(self) -> list[str]:
        """Name, number of rows and digest of every table that counts."""
        parts = [self._hash_table("res.partner", SQL("t.id"), self._partner_columns())]
        parts += [self._hash_table(model, SQL("t.partner_id")) for model in DETAILS]
        parts += [self._hash_facts(model) for model in FACTS]
        return parts

    def _partner_columns(self) -> list[str]:
        partner = self.env["res.partner"]
        names = ["name", "street", "street2", "city", "zip", "state_id", "country_id"]
        names += ["phone", "email", "active"]
        names += [name for name in partner._fields if name.startswith("hcrm_")]
        return self._columns_of(partner, names)

    def _columns_of(self, Model, names=None) -> list[str]:
        fields = (Model._fields[name] for name in sorted(names or Model._fields))
        return [
            field.name
            for field in fields
            if field.store and field.column_type and field.name not in NOT_HASHED
        ]

    def _hash_facts(self, model: str) -> str:
        """Facts stand under their own external ids (several for a settled claim)."""
        Model = self.env[model]
        key = SQL(
            "(SELECT string_agg(i.res_type || '/' || i.ext_id, ',' ORDER BY i.res_type,"
            " i.ext_id) FROM hcrm_feed_identity i WHERE i.res_id = t.id"
            " AND i.res_model = %s AND i.source_id = %s)",
            model,
            self.id,
        )
        return self._digest(Model, key, self._columns_of(Model))

    def _hash_table(
        self, model: str, partner: SQL, names: list[str] | None = None
    ) -> str:
        """Rows of people this source knows, under the person's external ids."""
        Model = self.env[model]
        key = self._partner_key(partner)
        return self._digest(Model, key, names or self._columns_of(Model))

    def _partner_key(self, partner: SQL) -> SQL:
        return SQL(
            "(SELECT string_agg(i.res_type || '/' || i.ext_id, ',' ORDER BY i.res_type,"
            " i.ext_id) FROM hcrm_feed_identity i WHERE i.res_id = %s"
            " AND i.res_model = 'res.partner' AND i.source_id = %s)",
            partner,
            self.id,
        )

    def _digest(self, Model, key: SQL, names: list[str]) -> str:
        values = [self._value(Model, name) for name in names]
        row = self.env.execute_query(
            SQL(
                "SELECT count(*), md5(COALESCE(string_agg(h, '' ORDER BY h), '')) FROM ("
                " SELECT md5(concat_ws('|', k, %s)) AS h FROM (SELECT %s AS k, t.* FROM %s t) t"
                " WHERE k IS NOT NULL) x",
                SQL(", ").join(
                    SQL("COALESCE((%s)::text, '~')", value) for value in values
                ),
                key,
                SQL.identifier(Model._table),
            )
        )[0]
        return f"{Model._table}:{row[0]}:{row[1]};"

    def _value(self, Model, name: str) -> SQL:
        """A column as text that means the same in another database."""
        field = Model._fields[name]
        column = SQL.identifier("t", name)
        if field.type in ("float", "monetary"):  # 5 and 5.0 are one number
            return SQL("trim_scale(%s::numeric)", column)
        if field.type != "many2one":
            return column
        if field.comodel_name == "res.partner":
            return self._partner_key(column)
        if field.comodel_name in FACTS:
            return SQL(
                "(SELECT min(i.ext_id) FROM hcrm_feed_identity i WHERE i.res_id = %s"
                " AND i.res_model = %s AND i.source_id = %s)",
                column,
                field.comodel_name,
                self.id,
            )
        query = NAMES.get(field.comodel_name)
        if query is None:
            return SQL("(%s IS NOT NULL)", column)
        before, after = query.split("{id}")
        return SQL("(%s%s%s)", SQL(before), column, SQL(after))
