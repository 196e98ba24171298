from odoo import api, models
from odoo.exceptions import UserError

from .purposes import CHANNELS, CONSENT_PURPOSES


class HcrmPersonApi(models.AbstractModel):
    _inherit = "hcrm.person.api"

    @api.model
    @api.readonly
    def hcrm_get_consents(self, partner_id):
        """What a person decided, as it counts now at the user's hospital (R5).

        :return: list of dicts of ``purpose``, ``channel`` (None: all), ``decision``,
            ``date``, ``valid_until``, ``source``
        """
        partner = self.env["res.partner"].browse(partner_id)
        partner.check_access("read")
        current = self.env["hcrm.consent"]._current(partner, self.env.company)
        return [
            {
                "purpose": row.purpose,
                "channel": row.channel or None,
                "decision": row.decision,
                "date": row.date.isoformat(),
                "valid_until": row.date_end.isoformat() if row.date_end else None,
                "source": row.source,
            }
            for row in current.values()
        ]

    @api.model
    def hcrm_set_consent(self, partner_id, purpose, decision, channel=None, **evidence):
        """Record a decision of a person, for other systems (R5).

        :param purpose: one of the closed list of purposes
        :param decision: ``granted`` or ``withdrawn``
        :param evidence: ``text_id``, ``source``, ``note``, ``key`` (records once),
            ``given_by_id``
        :return: id of the recorded row
        """
        partner = self.env["res.partner"].browse(partner_id)
        partner.check_access("read")
        if purpose not in dict(CONSENT_PURPOSES):
            raise UserError(self.env._("%s is not a known purpose.", purpose))
        if decision not in ("granted", "withdrawn"):
            raise UserError(self.env._("A decision is “granted” or “withdrawn”."))
        if channel and channel not in dict(CHANNELS):
            raise UserError(self.env._("%s is not a known channel.", channel))
        known = {"text_id", "source", "note", "key", "given_by_id"}
        if extra := set(evidence) - known:
            raise UserError(
                self.env._("Unknown evidence: %s", ", ".join(sorted(extra)))
            )
        Consent = self.env["hcrm.consent"]
        if evidence.get("key"):
            known_row = Consent.search([("key", "=", evidence["key"])], limit=1)
            if known_row:
                return known_row.id
        evidence.setdefault("source", "import")
        return Consent.create(
            {
                "partner_id": partner.id,
                "purpose": purpose,
                "decision": decision,
                "channel": channel,
                **evidence,
            }
        ).id

    @api.model
    @api.readonly
    def hcrm_may_contact(self, partner_id, purpose, channel):
        """Whether a message could go now, and why (not): the card's question.

        :return: dict of ``verdict``, ``reason`` (code), ``sentence``, ``until``
        """
        return self.env["hcrm.message"]._may_contact(partner_id, purpose, channel)

    @api.model
    @api.readonly
    def hcrm_get_conversation(self, partner_id, before=None, limit=40):
        """All messages out and in of a person over all channels, newest first (F20).

        :param before: ``next`` of the page before, for the page after it
        :return: dict of ``rows`` (dicts of ``kind`` out, in or log, ``id``, ``date``,
            ``body``, and by kind ``channel``, ``state``, ``why``, ``user``), ``next``
        """
        page = self.env["hcrm.thread"]._get_page(
            self._hcrm_card_person(partner_id), before=before, limit=limit
        )
        return {"rows": page["rows"], "next": page["next"]}

    @api.model
    def hcrm_reply(self, partner_id, body, channel, override_reason=None):
        """Answer a person, for other systems: as ``hcrm.chat``'s reply, governed."""
        return self.env["hcrm.chat"].reply(
            body, channel, partner_id=partner_id, override_reason=override_reason
        )

    @api.model
    @api.readonly
    def hcrm_get_contact(self, partner_id):
        """How a person may be contacted, and what was sent (see ``hcrm.contact.sheet``).

        :return: dict of ``channels``, ``rows`` (purpose, cells with ``verdict``,
            ``reason``, ``sentence``), ``consents``, ``holds``, ``reports``, ``messages``
        """
        partner = self.env["res.partner"].browse(partner_id)
        return self.env["hcrm.contact.sheet"]._get(partner)

    @api.model
    def hcrm_get_preference_link(self, partner_id):
        """The signed page where a person gives and withdraws consent (R5), for who may
        record decisions.

        :return: dict of ``url``, ``short_url`` (for text messages), ``days`` (how long
            it opens), ``giver`` (name of the guardian who decides; False: the person)
        """
        partner = self.env["res.partner"].browse(partner_id)
        return self.env["hcrm.preference"]._for_staff(partner)

    @api.model
    def hcrm_send_preference_link(self, partner_id, channel):
        """Queue a service message with the link of :meth:`hcrm_get_preference_link`.

        :param channel: ``sms`` or ``email``
        :return: id of the message; the governor decides when it goes, and whether
        """
        partner = self.env["res.partner"].browse(partner_id)
        if channel not in ("sms", "email"):
            raise UserError(self.env._("The link goes by text message or e-mail."))
        return self.env["hcrm.preference"]._send(partner, channel).id
