"""What goes wrong with a HIS made of Odoo models, in words."""

from __future__ import annotations

from odoo import api, models

from .feed_reason import Lenient


class HcrmFeedReason(models.AbstractModel):
    _inherit = "hcrm.feed.reason"

    @api.model
    def _source_sentence(self, code: str, values: dict) -> str:
        sentence = self._odoo_sentences().get(code)
        if sentence is None:
            return super()._source_sentence(code, values)
        return sentence % Lenient(values)

    @api.model
    def _odoo_sentences(self) -> dict[str, str]:
        """What goes wrong between us and models of another addon."""
        return {
            "no_models": self.env._(
                "The source does not say yet which models it reads. Choose a preset, or"
                " add models by hand."
            ),
            "model_missing": self.env._(
                "The HIS has no model %(model)s, or its user may not read it. Check that"
                " its addon is installed."
            ),
            "model_refused": self.env._(
                "The HIS cannot answer for %(model)s. Check the filter of that model."
            ),
            "field_missing": self.env._(
                "%(model)s has no field %(field)s. Correct the path of that field, or take"
                " the line out."
            ),
        }

    def _sentences(self) -> dict[str, str]:
        return {
            **super()._sentences(),
            "partner_missing": self.env._(
                "The patient has no contact in this database. Check the path to the contact"
                " in the mapping of the source."
            ),
            "partner_has_parent": self.env._(
                "The contact of this patient belongs to a company or a family card. Take"
                " the parent off the contact in the HIS: a person stands alone."
            ),
        }
