from odoo import api, fields, models

from ...tools.template_text import marks
from .purposes import CHANNELS

SIZES = [("short", "Short"), ("long", "Long")]
# languages the library is written in, whether they are installed or not
WRITTEN = {"en_US": "English (US)", "zh_CN": "Chinese (Simplified) / 简体中文"}
WORDS = ("subject", "body", "body_neutral")


class HcrmTemplateText(models.Model):
    """The words of a template for a channel, a language and a length."""

    _name = "hcrm.template.text"
    _description = "Template Text"
    _order = "template_id, lang desc, channel nulls first, size, id"

    template_id = fields.Many2one(
        "hcrm.template", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="template_id.company_id")
    channel = fields.Selection(
        CHANNELS, help="Empty: every channel without words of its own."
    )
    lang = fields.Selection(
        selection="_get_languages",
        string="Language",
        required=True,
        default=lambda self: self._default_lang(),
    )
    size = fields.Selection(SIZES, "Length", required=True, default="short")
    subject = fields.Char(help="Of emails and letters.")
    body = fields.Text("Text", required=True)
    body_neutral = fields.Text(
        "Neutral Words",
        help="What goes out where others may read it: nothing clinical, and a way to "
        "learn more.",
    )

    _uniq = models.UniqueIndex(
        "(template_id, COALESCE(channel, ''), lang, size)",
        "There is a text for this channel, language and length already.",
    )

    @api.model
    def _get_languages(self):
        """Languages a text may be written in."""
        return list({**WRITTEN, **dict(self.env["res.lang"].get_installed())}.items())

    def _default_lang(self):
        return self.env.company.partner_id.lang or "en_US"

    @api.depends("template_id.name", "channel", "lang", "size")
    @api.depends_context("lang")
    def _compute_display_name(self):
        channels = dict(self._fields["channel"]._description_selection(self.env))
        sizes = dict(self._fields["size"]._description_selection(self.env))
        languages = dict(self._get_languages())
        for text in self:
            words = (
                text.template_id.name,
                channels.get(text.channel),
                languages.get(text.lang),
                sizes.get(text.size),
            )
            text.display_name = " · ".join(word for word in words if word)

    @api.constrains(*WORDS)
    def _check_marks(self):
        """Refuse what nobody could fill, and say where it stands."""
        Template = self.env["hcrm.template"]
        known, blocks = Template._get_variables(), None
        for text in self:
            for name in WORDS:
                words = text[name]
                if words and any(mark.is_part for mark in marks(words)):
                    blocks = blocks or Template._get_block_codes()
                Template._check_words(words, text.display_name, known, blocks or ())

    @api.model_create_multi
    def create(self, vals_list):
        texts = super().create(vals_list)
        texts.template_id._check_open()
        return texts

    def write(self, vals):
        self.template_id._check_open()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_open(self):
        self.template_id._check_open()
