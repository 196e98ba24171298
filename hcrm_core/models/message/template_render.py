from collections import defaultdict

from odoo import api, models
from odoo.fields import Domain

from ...tools.languages import match_language
from ...tools.template_text import Missing, codes, fill, parts
from .template_variables import Asked, Row

# channels that are paid by the part, or read on a lock screen
SHORT_FIRST = ("sms", "whatsapp", "wechat")


class HcrmTemplateRenderer(models.AbstractModel):
    """Fills the texts of a template for a set of people."""

    _name = "hcrm.template.renderer"
    _inherit = ["hcrm.template.variables"]
    _description = "Filling of Messages"

    def _render(self, partners, channel, company, values=None, lang=None, size=None):
        """Fill the template for people, as a set.

        :param values: {code: value} for all of them, or {partner id: {code: value}};
            days and hours as naive UTC or ISO text, department, doctor and campus as
            ids or words
        :param lang: this language, instead of each one's own, then the hospital's,
            then English
        :param size: ``short`` or ``long``, where both are written
        :return: {partner id: dict of ``subject``, ``body``, ``body_neutral``, ``lang``,
            ``is_clinical`` (others must not read ``body``) and ``problem``: None, or
            code and sentence why there is no text}
        """
        values = values or {}
        is_own = any(isinstance(key, int) for key in values)
        requests = [
            (partner.id, partner, values.get(partner.id, {}) if is_own else values)
            for partner in partners
        ]
        return self._render_rows(requests, channel, company, lang, size)

    def _render_rows(self, requests, channel, company, lang=None, size=None):
        """Like ``_render`` for (key, person, values), by key: a person may be there
        more than once."""
        self.ensure_one()
        # sudo: the hospital writes to its people; who may ask for it is for the caller
        template_sudo = self.sudo()
        rows = template_sudo._rows(requests, company.sudo())
        asked = Asked(template_sudo.env, template_sudo, company.sudo(), channel, rows)
        template_sudo._choose_texts(asked, lang, size)
        written = [row for row in rows if row.text]
        result = {
            row.key: self._failed(
                "template_text",
                self.env._("“%s” has no text for this channel.", self.name),
            )
            for row in rows
            if not row.text
        }
        asked.rows = written
        if written:
            result.update(template_sudo._filled(asked))
        return result

    def _rows(self, requests, company):
        """The rows with each person's file at the hospital; bare addresses have none."""
        Partner = self.env["res.partner"].with_context(active_test=False)
        ids = [partner.id for _key, partner, _given in requests if partner]
        files = self.env["hcrm.person.company"].search_fetch(
            [("partner_id", "in", ids), ("company_id", "=", company.id)],
            ["partner_id", "alias", "campus_id", "disclosure", "confidentiality"],
        )
        file_by_partner = {file.partner_id.id: file for file in files}
        people = {partner.id: partner for partner in Partner.browse(sorted(set(ids)))}
        return [
            Row(
                key,
                people[partner.id] if partner else Partner,
                given or {},
                file=file_by_partner.get(partner.id),
            )
            for key, partner, given in requests
        ]

    # ------------------------------------------------------------------
    # which text
    # ------------------------------------------------------------------

    def _choose_texts(self, asked, lang, size):
        """The language the person reads comes first, then the channel, the length."""
        texts = self.text_ids.filtered(lambda t: t.channel in (False, asked.channel))
        by_lang = defaultdict(self.text_ids.browse)
        for text in texts:
            by_lang[text.lang] |= text
        if not size:
            size = "short" if asked.channel in SHORT_FIRST else "long"
        best = {
            code: group.sorted(
                lambda t: (t.channel != asked.channel, t.size != size, t.id)
            )[0]
            for code, group in by_lang.items()
        }
        entity = asked.company.partner_id.lang
        for row in asked.rows:
            tags = (lang,) if lang else (row.partner.lang, entity, "en_US")
            found = next((c for tag in tags if (c := match_language(tag, best))), None)
            if not found and not lang:
                found = next(iter(best), None)
            if found:
                row.text, row.lang = best[found], found

    # ------------------------------------------------------------------
    # filling
    # ------------------------------------------------------------------

    def _filled(self, asked):
        texts = {row.text for row in asked.rows}
        wanted = self._wanted_blocks(texts)
        blocks = self._blocks(wanted, asked)
        words = [
            words
            for text in texts
            for words in (text.subject, text.body, text.body_neutral)
        ]
        words += [line.body for block in wanted for line in block.line_ids]
        needed = codes(*words)
        telling = {
            code
            for code, variable in self._get_variables().items()
            if variable.is_telling and code in needed
        }
        values = self._values(needed, asked)
        asked.is_neutral = True
        quiet = self._values(telling, asked)
        return {
            row.key: self._filled_row(
                row, values[row.key], quiet[row.key], blocks, telling
            )
            for row in asked.rows
        }

    def _filled_row(self, row, values, quiet, blocks, telling):
        """The words of one row. Neutral ones are the author's own, else, where nothing
        clinical is written down, the same with neutral names."""
        text = row.text
        neutral_values = {
            **{code: word for code, word in values.items() if code not in telling},
            **quiet,
        }
        words = text.body_neutral or (False if self.is_clinical else text.body)
        try:
            mine = self._block_words(row, blocks, values, is_neutral=False)
            open_ones = self._block_words(row, blocks, neutral_values, is_neutral=True)
            subject = fill(text.subject, neutral_values, open_ones)
            body = fill(text.body, values, mine)
            neutral = fill(words, neutral_values, open_ones) if words else False
        except Missing as missing:
            return self._missing(missing.code)
        return {
            "subject": subject or False,
            "body": body,
            "body_neutral": neutral,
            "lang": row.lang,
            "is_clinical": self.is_clinical or (bool(neutral) and neutral != body),
            "problem": None,
        }

    def _missing(self, code):
        variable = self._get_variables().get(code)
        return self._failed(
            "template_value",
            self.env._(
                "“%(name)s” has no value for {%(code)s} (%(label)s) here. Write other "
                "words for it into the text: {%(code)s|words}.",
                name=self.name,
                code=code,
                label=variable.label if variable else code,
            ),
        )

    @staticmethod
    def _failed(code, sentence):
        return {
            "subject": False,
            "body": False,
            "body_neutral": False,
            "lang": False,
            "is_clinical": False,
            "problem": (code, sentence),
        }

    # ------------------------------------------------------------------
    # optional parts
    # ------------------------------------------------------------------

    def _wanted_blocks(self, texts):
        """The blocks that texts name: the hospital's own before the group's."""
        wanted = parts(
            *(
                words
                for text in texts
                for words in (text.subject, text.body, text.body_neutral)
            )
        )
        if not wanted:
            return self.env["hcrm.template.block"]
        return self.env["hcrm.template.block"].search([("code", "in", list(wanted))])

    def _blocks(self, blocks, asked):
        """{code: (block, ids of those it is for)}: one query a block."""
        ids = [row.partner.id for row in asked.rows if row.partner]
        Partner = self.env["res.partner"].with_context(
            active_test=False,
            allowed_company_ids=asked.company.ids,
            tz=asked.company.hcrm_tz,
        )
        found = {}
        for block in blocks.sorted(lambda b: bool(b.company_id)):
            if block.company_id in (asked.company, self.env["res.company"]):
                domain = Domain("id", "in", ids) & block._domain()
                found[block.code] = (block, set(Partner.search(domain)._ids))
        return found

    def _block_words(self, row, blocks, values, is_neutral):
        """{code: words} of the parts that the row's person gets."""
        result = {}
        for code, (block, ids) in blocks.items():
            hidden = block.is_telling and (is_neutral or row.is_guarded)
            if row.partner.id in ids and not hidden:
                result[code] = fill(block._words(row.lang), values, {})
        return result

    @api.model
    def _get_block_codes(self) -> set[str]:
        """Codes of the parts a text may name."""
        blocks = self.env["hcrm.template.block"].search([("active", "=", True)])
        return set(blocks.mapped("code"))
