from datetime import datetime, timedelta

from odoo import api, fields, models, tools
from odoo.fields import Domain
from odoo.tools import SQL, Query

ALIAS = "hcrm_p"
# leaves whose SQL hangs on nothing but the user, the companies and the moment
_OWN_LEAVES = ("hcrm_is_hidden", "hcrm_company_ids")
_PLAIN_TYPES = ("boolean", "char", "integer", "many2one", "selection")
_PLAIN_OPERATORS = ("=", "!=", "in", "not in")


class IrRule(models.Model):
    _inherit = "ir.rule"

    @api.model
    def _hcrm_person_sql(self) -> SQL | None:
        """Return the condition that the user may read a person, on alias ``hcrm_p``.

        It is the record rules of ``res.partner``, those of other addons and of the
        administrator too, compiled once per user and companies: compiling costs more
        than a caller lookup. None where some rule is of a kind that can change from
        one query to the next; ask ``_search`` then.
        """
        if self.env.su:
            return SQL("TRUE")
        # a change of a group's members or implications changes the key
        closed = tuple(self.env.user._hcrm_closed_classes())
        compiled = self._hcrm_compile_person_rule(closed)
        if compiled is None:
            return None
        code, params, names = compiled
        now = fields.Datetime.now()
        return SQL(
            code,
            *(now + part if isinstance(part, timedelta) else part for part in params),
            to_flush=[self.env[model]._fields[name] for model, name in names],
        )

    @api.model
    @tools.ormcache(
        "self.env.uid", "tuple(self._compute_domain_context_values())", "closed"
    )
    def _hcrm_compile_person_rule(self, closed):
        """Return code, parameters and what to flush; a moment among the parameters
        is told from the moment of asking."""
        domain = self._compute_domain("res.partner", "read")
        if not all(map(self._hcrm_is_lasting, domain.iter_conditions())):
            return None
        Partner = self.env["res.partner"].sudo().with_context(active_test=False)
        now = None
        while now != fields.Datetime.now():  # all of it within one second
            now = fields.Datetime.now()
            query = Query(self.env, ALIAS, Partner._table_sql)
            alone = query.from_clause.code
            sql = domain.optimize_full(Partner)._to_sql(Partner, ALIAS, query)
        if query.from_clause.code != alone:
            return None  # a rule that joins another table
        params = tuple(
            param - now if isinstance(param, datetime) else param
            for param in sql.params
        )
        return (
            sql.code,
            params,
            tuple((field.model_name, field.name) for field in sql.to_flush),
        )

    @api.model
    def _hcrm_is_lasting(self, leaf) -> bool:
        """Tell whether a leaf of the rules compiles to the same SQL every time."""
        field = self.env["res.partner"]._fields.get(leaf.field_expr)
        if field is None:
            return False
        if field.name in _OWN_LEAVES:
            return True
        if leaf.operator == "parent_of":  # a company never changes its parent
            return field.comodel_name == "res.company"
        return (
            leaf.operator in _PLAIN_OPERATORS
            and bool(field.store and field.column_type)
            and field.type in _PLAIN_TYPES
            and not isinstance(leaf.value, Domain)
        )
