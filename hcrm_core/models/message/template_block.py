import ast

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ...tools.languages import match_language
from ...tools.template_text import marks
from .template_text import WRITTEN


class HcrmTemplateBlock(models.Model):
    """A part of a text that stands there for some people only: ``{?parking}``.

    Whom it is for is a condition on people, asked once for a whole set of them.
    """

    _name = "hcrm.template.block"
    _description = "Optional Part of Messages"
    _order = "name, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, help="Stands in texts as {?code}.")
    company_id = fields.Many2one(
        "res.company",
        "Legal Entity",
        index="btree_not_null",
        help="Empty: for every hospital of the group.",
    )
    person_domain = fields.Char(
        "Whom For", required=True, default="[]", help="People whose message has it."
    )
    is_telling = fields.Boolean(
        "Not for Others' Eyes",
        help="Tells something about the person: left out of neutral words.",
    )
    active = fields.Boolean(default=True)
    line_ids = fields.One2many("hcrm.template.block.line", "block_id", "Words")

    _code_uniq = models.UniqueIndex(
        "(code, COALESCE(company_id, 0))",
        "There is an optional part with this code already.",
    )
    _check_code = models.Constraint(
        "CHECK(code ~ '^[a-z][a-z0-9_]*$')",
        "A code has small letters, digits and underscores only, e.g. parking.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        blocks = super().create(vals_list)
        blocks._check_person_domain()
        return blocks

    def write(self, vals):
        result = super().write(vals)
        if "person_domain" in vals:
            self._check_person_domain()
        return result

    def _check_person_domain(self):
        """Not a constraint, which would run as sudo: whoever writes a condition must
        be allowed to read what it asks for."""
        for block in self:
            try:
                self.env["res.partner"]._search(block._domain(), limit=1)
            except Exception as error:
                raise ValidationError(
                    self.env._("The condition cannot be read: %s", error)
                ) from error

    def _domain(self) -> Domain:
        return Domain(ast.literal_eval(self.person_domain or "[]"))

    def _words(self, lang):
        """Its words in a language, else in English, else in any."""
        by_lang = {line.lang: line.body for line in self.line_ids}
        for tag in (lang, "en_US"):
            if code := match_language(tag, by_lang):
                return by_lang[code]
        return next(iter(by_lang.values()), "")


class HcrmTemplateBlockLine(models.Model):
    """The words of an optional part in one language."""

    _name = "hcrm.template.block.line"
    _description = "Words of an Optional Part"
    _order = "block_id, lang desc, id"

    block_id = fields.Many2one(
        "hcrm.template.block", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="block_id.company_id")
    lang = fields.Selection(
        selection=lambda self: self.env["hcrm.template.text"]._get_languages(),
        string="Language",
        required=True,
        default=next(iter(WRITTEN)),
    )
    body = fields.Char("Words", required=True)

    _uniq = models.Constraint(
        "UNIQUE(block_id, lang)", "There are words in this language already."
    )

    @api.constrains("body")
    def _check_marks(self):
        Template = self.env["hcrm.template"]
        for line in self:
            parts = {mark.code for mark in marks(line.body) if mark.is_part}
            if parts:
                raise ValidationError(
                    self.env._("An optional part holds no other optional part.")
                )
            name = line.block_id.name
            Template._check_words(line.body, name, Template._get_variables(), ())
