"""Where reading meets the access log: the ORM's two fetches, and calls by name."""

from odoo import api, models
from odoo.exceptions import AccessError
from odoo.http import request

from ...tools import access_buffer

# what somebody types to find a person; nothing clinical
_TYPED_FIELDS = frozenset(
    (
        "display_name",
        "name",
        "complete_name",
        "email",
        "phone",
        "phone_sanitized",
        "phone_mobile_search",
        "hcrm_mrn",
        "hcrm_phone_tail",
        "hcrm_identifier_ids",
        "hcrm_contact_point_ids",
        "value",
        "value_norm",
        "value_masked",
        "number",
    )
)
_TYPED_MODELS = ("res.partner", "hcrm.person.identifier", "hcrm.contact.point")


def typed_text(domain, names):
    """Return what was typed into a search box, from the domain it became."""
    words = []
    for leaf in domain or ():
        if isinstance(leaf, (tuple, list)) and len(leaf) == 3:
            name, _operator, value = leaf
            if isinstance(name, str) and name.split(".")[0] in names:
                values = value if isinstance(value, (tuple, list)) else [value]
                words += [word for word in values if word and isinstance(word, str)]
    return " ".join(dict.fromkeys(words))


class HcrmAccessLogged(models.AbstractModel):
    """Records whose reading is logged: people, and what belongs to them.

    ``fetch`` is where ``read``, ``web_read``, exports and field access meet,
    ``_fetch_query`` where all searches with values do. Both ask nothing of the
    database: the log is written once, after the answer is computed.
    """

    _name = "hcrm.access.logged"
    _description = "Reading Is Logged"

    @api.private
    def fetch(self, field_names=None):
        result = super().fetch(field_names)
        if not self.env.su:
            self.env["hcrm.access.log"]._note_fetched(self._hcrm_logged())
        return result

    def _fetch_query(self, query, fields):
        fetched = super()._fetch_query(query, fields)
        if not self.env.su:
            self.env["hcrm.access.log"]._note_fetched(fetched._hcrm_logged())
        return fetched

    def _hcrm_logged(self):
        """Return the records among these whose reading counts."""
        return self

    @api.model
    @api.private
    @api.readonly
    def search_fetch(self, domain, field_names=None, offset=0, limit=None, order=None):
        found = super().search_fetch(domain, field_names, offset, limit, order)
        if not self.env.su and found:
            names = _TYPED_FIELDS if self._name in _TYPED_MODELS else ("partner_id",)
            if text := typed_text(domain, names):
                self.env["hcrm.access.log"]._note("search", found._hcrm_logged(), text)
        return found

    def export_data(self, fields_to_export):
        """Refuse where exports of people are locked (R22); log what leaves."""
        if not self.env.su and self._hcrm_exported():
            self._check_export_of_people()
        answer = super().export_data(fields_to_export)
        self.env["hcrm.access.log"]._note("export", self)
        return answer

    def _hcrm_exported(self):
        """Return the records among these whose export is that of people."""
        return self

    def _check_export_of_people(self):
        user = self.env.user
        policies = set(self.env.companies.sudo().mapped("hcrm_export_policy"))
        if user.hcrm_is_export_locked or "locked" in policies:
            raise AccessError(
                self.env._(
                    "Exports of people are locked. Ask the privacy officer to lift "
                    "the lock, and say what the list is for."
                )
            )
        officer = "hcrm_core.group_export_officer"
        if "officers" in policies and not user.has_group(officer):
            raise AccessError(
                self.env._(
                    "People are exported by export officers only. Ask one of them for "
                    "the list you need."
                )
            )

    @api.model
    @api.readonly
    def formatted_read_group(
        self,
        domain,
        groupby=(),
        aggregates=(),
        having=(),
        offset=0,
        limit=None,
        order=None,
    ):
        """A list grouped by person tells names as a list of people does."""
        groups = super().formatted_read_group(
            domain, groupby, aggregates, having, offset, limit, order
        )
        self._hcrm_note_groups(groups, groupby)
        return groups

    @api.model
    @api.readonly
    def formatted_read_grouping_sets(
        self, domain, grouping_sets, aggregates=(), *, order=None
    ):
        """A pivot by person does, too."""
        answer = super().formatted_read_grouping_sets(
            domain, grouping_sets, aggregates, order=order
        )
        for groups, groupby in zip(answer, grouping_sets, strict=True):
            self._hcrm_note_groups(groups, groupby)
        return answer

    @api.model
    @api.readonly
    def read_group(
        self, domain, fields, groupby, offset=0, limit=None, orderby=False, lazy=True
    ):
        groups = super().read_group(
            domain, fields, groupby, offset, limit, orderby, lazy
        )
        names = [groupby] if isinstance(groupby, str) else groupby
        self._hcrm_note_groups(groups, names)
        return groups

    @api.model
    def _hcrm_note_groups(self, groups, groupby):
        names = [
            name
            for name in groupby
            if name in self._fields and self._fields[name].comodel_name == "res.partner"
        ]
        ids = {group[name][0] for group in groups for name in names if group.get(name)}
        self.env["hcrm.access.log"]._note_fetched(self.env["res.partner"].browse(ids))


class HcrmPersonMixin(models.AbstractModel):
    _name = "hcrm.person.mixin"
    _inherit = ["hcrm.person.mixin", "hcrm.access.logged"]


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "hcrm.access.logged"]

    def _hcrm_logged(self):
        """Ordinary contacts are no people: told from memory, at no cost."""
        known = self._fields["hcrm_metrics_id"]._get_cache(self.env)
        return self.browse(id_ for id_ in self._ids if known.get(id_, True))

    def _hcrm_exported(self):
        return self.filtered("hcrm_metrics_id")


class HcrmPersonApi(models.AbstractModel):
    _inherit = "hcrm.person.api"

    @api.model
    @api.readonly
    def hcrm_find_by_phone(self, number):
        callers = super().hcrm_find_by_phone(number)
        found = self.browse(caller["id"] for caller in callers)
        self.env["hcrm.access.log"]._note("caller", found, number, is_known=True)
        return callers

    @api.model
    @api.readonly
    def hcrm_get_card(self, partner_id):
        card = super().hcrm_get_card(partner_id)
        self.env["hcrm.access.log"]._note("card", self.browse(int(partner_id)))
        return card

    @api.model
    @api.readonly
    def hcrm_get_timeline(
        self, partner_id, kinds=None, before=None, limit=40, year=None, search=None
    ):
        page = super().hcrm_get_timeline(partner_id, kinds, before, limit, year, search)
        self.env["hcrm.access.log"]._note("timeline", self.browse(int(partner_id)))
        return page

    @api.model
    @api.readonly
    def hcrm_get_trends(self, partner_id, codes=None):
        trends = super().hcrm_get_trends(partner_id, codes)
        self.env["hcrm.access.log"]._note("timeline", self.browse(int(partner_id)))
        return trends

    @api.model
    @api.readonly
    def hcrm_get_health(self, partner_id):
        health = super().hcrm_get_health(partner_id)
        self.env["hcrm.access.log"]._note("timeline", self.browse(int(partner_id)))
        return health


class HcrmRegistrar(models.AbstractModel):
    _inherit = "hcrm.registrar"

    @api.model
    def _candidates(self, vals):
        candidates = super()._candidates(vals)
        self.env["hcrm.access.log"]._note("search", candidates, vals.get("name"))
        return candidates


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _dispatch(cls, endpoint):
        """Answer the request; what it read is logged before anybody gets it."""
        http_request = request.httprequest
        buffer = access_buffer.start(http_request.path, http_request.remote_addr)
        try:
            answer = super()._dispatch(endpoint)
            if buffer:
                request.env["hcrm.access.log"]._write_buffer(buffer)
            return answer
        finally:
            access_buffer.stop()
