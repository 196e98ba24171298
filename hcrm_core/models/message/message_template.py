from datetime import date, datetime

from odoo import api, fields, models
from odoo.tools import SQL


class HcrmMessage(models.Model):
    """Messages that are queued with a template: their words are made when they are
    claimed, from what is true then, for all that are claimed at once."""

    _inherit = "hcrm.message"

    template_id = fields.Many2one(
        "hcrm.template", readonly=True, ondelete="restrict", index="btree_not_null"
    )
    template_values = fields.Json(readonly=True)
    lang = fields.Char("Language", readonly=True)

    @api.model
    def _queue(self, vals_list):
        """Also takes ``template_id`` with ``values`` ({code: value}); purpose, topic and
        whether it is clinical or a greeting are then the template's."""
        return super()._queue([self._prepare_templated(vals) for vals in vals_list])

    def _prepare_templated(self, vals):
        vals = dict(vals)
        given = vals.pop("values", None)
        # sudo: whoever may queue may use what was approved
        template = self.env["hcrm.template"].sudo().browse(vals.get("template_id"))
        if not template:
            return vals
        vals["template_values"] = self._as_json(given)
        vals["purpose"] = template.purpose
        vals["is_clinical"] = template.is_clinical
        if template.is_greeting:
            vals["is_greeting"] = True
        if template.topic:
            vals.setdefault("topic", template.topic)
        return vals

    @staticmethod
    def _as_json(given):
        """Values as they are kept: moments as ISO text, records as their id."""
        kept = {}
        for code, value in (given or {}).items():
            if isinstance(value, models.BaseModel):
                value = value.id
            elif isinstance(value, (date, datetime)):
                value = value.isoformat()
            if value not in (None, False, ""):
                kept[code] = value
        return kept or False

    # ------------------------------------------------------------------
    # claimed
    # ------------------------------------------------------------------

    def _judge(self, ids):
        """What may go gets its words; what cannot be worded is refused with why."""
        return super()._judge(ids)._fill_from_templates()

    def _fill_from_templates(self):
        """Word the claimed rows that have none yet; returns what may still go.

        Words are made once: a message that is tried again says the same.
        """
        groups = self.filtered(lambda m: m.template_id and not m.body).grouped(
            lambda m: (m.template_id, m.channel, m.company_id)
        )
        filled, refused = [], []
        for (template, channel, company), messages in groups.items():
            if problem := template._not_usable(company):
                refused += [(message.id, *problem) for message in messages]
                continue
            rendered = template._render_rows(
                [(m.id, m.partner_id, m.template_values) for m in messages],
                channel,
                company,
            )
            for message_id, words in rendered.items():
                if words["problem"]:
                    refused.append((message_id, *words["problem"]))
                else:
                    filled.append((message_id, words))
        self._write_words(filled)
        return self - self._refuse_unworded(refused)

    def _write_words(self, filled):
        if not filled:
            return
        self.flush_model()
        ids, words = zip(*filled, strict=True)
        self.env.cr.execute(
            SQL(
                """UPDATE hcrm_message m
                      SET body = v.body, body_neutral = v.body_neutral, lang = v.lang,
                          subject = COALESCE(v.subject, m.subject),
                          is_clinical = m.is_clinical OR v.is_clinical
                     FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[],
                                 %s::text[], %s::bool[])
                          AS v(id, body, body_neutral, lang, subject, is_clinical)
                    WHERE m.id = v.id""",
                list(ids),
                *(
                    [word[name] or None for word in words]
                    for name in ("body", "body_neutral", "lang", "subject")
                ),
                [word["is_clinical"] for word in words],
            )
        )
        self.invalidate_model(flush=False)

    def _refuse_unworded(self, refused):
        """Refuse rows of (id, code, sentence); returns them."""
        if not refused:
            return self.browse()
        self.flush_model()
        ids, reasons, sentences = zip(*refused, strict=True)
        self.env.cr.execute(
            SQL(
                """UPDATE hcrm_message m
                      SET state = 'refused', verdict = 'refuse', reason_code = v.reason,
                          failure_text = v.sentence, date_sent = NULL
                     FROM unnest(%s::int[], %s::text[], %s::text[])
                          AS v(id, reason, sentence)
                    WHERE m.id = v.id""",
                list(ids),
                list(reasons),
                list(sentences),
            )
        )
        self.invalidate_model(flush=False)
        return self.browse(ids)


class HcrmGovernorReason(models.AbstractModel):
    _inherit = "hcrm.governor.reason"

    def _sentences(self):
        return {**super()._sentences(), **self._wording()}

    def _wording(self):
        return {
            "template_draft": self.env._(
                "The template is not approved. Have it approved and send again."
            ),
            "template_text": self.env._(
                "The template has no text for this channel here. Add one."
            ),
            "template_value": self.env._(
                "A value the text needs is not known for this person."
            ),
            "template_ad": self.env._(
                "The approval number of the advertising is missing or expired."
            ),
        }
