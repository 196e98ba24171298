from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ...tools.sms_parts import count_parts
from .purposes import CARING, CHANNELS

# ways in which people and the hospital write to each other
CHAT_CHANNELS = ("sms", "wechat", "whatsapp", "email")
MAX_BODY = 2000


class HcrmChat(models.AbstractModel):
    """The panel in which a person is answered: on the card, and in the inbox (F106).

    Reply, confirm and close are three things: none needs another (C21). Who answers
    a person a colleague works on says why, and that is logged (F19).
    """

    _name = "hcrm.chat"
    _description = "Chat With a Person"

    # ------------------------------------------------------------------
    # READ
    # ------------------------------------------------------------------

    @api.model
    @api.readonly
    def get_chat(self, partner_id=None, conversation_id=None, limit=40):
        """All a panel shows: thread, who holds it, ways to answer.

        :param partner_id: the person; or
        :param conversation_id: of a person or of a number nobody knows
        """
        partner, conversation = self._subject(partner_id, conversation_id)
        company = conversation.company_id or self.env.company
        if partner:
            thread = self.env["hcrm.thread"]._get_page(partner, limit=limit)
            person = partner._hcrm_desk_lines(company)[partner.id]
        else:
            thread = self.env["hcrm.thread"]._get_peer_page(conversation, limit)
            person = False
        return {
            "partner_id": partner.id,
            "person": person,
            "thread": {"rows": thread["rows"], "next": thread["next"]},
            "channels": self._channels(partner, conversation),
            "templates": self._templates(partner, company),
            "has_confirmation": bool(company.sudo().hcrm_confirm_text),
            **self._state(conversation),
        }

    @api.model
    @api.readonly
    def get_page(self, partner_id, before):
        """The page of a person's thread before ``before``."""
        partner, _conversation = self._subject(partner_id, None)
        return self.env["hcrm.thread"]._get_page(partner, before=before)

    @api.model
    @api.readonly
    def get_state(self, partner_id=None, conversation_id=None):
        """Who holds the conversation and who is writing, at this moment."""
        return self._state(self._subject(partner_id, conversation_id)[1])

    @api.model
    def _state(self, conversation):
        # sudo: a colleague's name is no secret in the house
        holder = conversation.sudo().user_id
        return {
            "conversation_id": conversation.id,
            "state": conversation.state or "closed",
            "peer": conversation.peer or "",
            "is_mine": bool(holder) and holder == self.env.user,
            "holder": holder.name or False,
            "note": conversation.note or "",
            "is_urgent": conversation.is_urgent,
            "date_snooze": fields.Datetime.to_string(conversation.date_snooze) or False,
            "lock": conversation._lock() if conversation else False,
            "can_write": self.env["hcrm.conversation"].has_access("write"),
        }

    @api.model
    def _subject(self, partner_id, conversation_id):
        """The person and the conversation, if the user may see them.

        What is hidden and what never was give the same answer (R8).
        """
        Conversation = self.env["hcrm.conversation"]
        if conversation_id:
            conversation = Conversation.browse(int(conversation_id)).exists()
            conversation = conversation._filtered_access("read")
            if conversation:
                return conversation.partner_id, conversation
        elif partner_id:
            partner = self.env["res.partner"].browse(int(partner_id)).exists()
            if partner._filtered_access("read") and partner.hcrm_metrics_id:
                found = Conversation._of_person(partner, self.env.company)
                return partner, found._filtered_access("read")
        raise AccessError(
            self.env._(
                "There is no such person, or they are not open to you. Search by name or"
                " number, or ask your manager."
            )
        )

    @api.model
    def _channels(self, partner, conversation):
        """Ways to answer, the one the person used first; why not, where one is shut."""
        company = conversation.company_id or self.env.company
        labels = dict(CHANNELS)
        labels.update(
            self.env["hcrm.message"]._fields["channel"]._description_selection(self.env)
        )
        # sudo: whether there is a gateway, not which
        groups = (
            self.env["hcrm.gateway"]
            .sudo()
            ._read_group(
                [("company_id", "=", company.id), ("takes", "in", ("all", "care"))],
                ["channel"],
            )
        )
        has_gateway = {channel for (channel,) in groups}
        used = conversation.peer and conversation.channel
        codes = [code for code in CHAT_CHANNELS if code in has_gateway]
        if not partner:
            codes = [code for code in codes if code == used]
        verdicts = self.env["hcrm.governor"]._verdicts(
            [self._request(partner, conversation, code) for code in codes],
            fields.Datetime.now(),
            is_question=True,
        )
        rows = [
            {
                "code": code,
                "label": labels[code],
                "is_used": code == used,
                "address": self._tail(verdict["address"]),
                **self._sentence(verdict),
            }
            for code, verdict in zip(codes, verdicts, strict=True)
        ]
        rows.sort(key=lambda row: (not row["is_used"], row["verdict"] == "refuse"))
        return rows

    @api.model
    def _tail(self, address):
        """Enough of an address to tell it from another."""
        if not address:
            return ""
        return address if "@" in address else f"…{address[-4:]}"

    @api.model
    def _request(self, partner, conversation, channel):
        """What the governor is asked about an answer."""
        return {
            "partner_id": partner.id or None,
            "company_id": (conversation.company_id or self.env.company).id,
            "purpose": self._purpose(),
            "channel": channel,
            "asked_address": self._asked_address(partner, conversation, channel),
            "is_answer": True,
        }

    @api.model
    def _purpose(self):
        """Who treats the person answers as care, the desk as service."""
        is_clinical = self.env.user.has_group("hcrm_core.group_clinical")
        return "care" if is_clinical else "service"

    @api.model
    def _asked_address(self, partner, conversation, channel):
        """The number the person wrote from, where it is on their card."""
        if not conversation.peer or channel != conversation.channel:
            return None
        if not partner:
            return conversation.peer
        known = self.env["hcrm.contact.point"].search_count(
            [
                ("partner_id", "=", partner.id),
                ("company_id", "=", conversation.company_id.id),
                ("number", "=", conversation.peer),
                ("is_wrong", "=", False),
            ],
            limit=1,
        )
        return conversation.peer if known else None

    @api.model
    def _sentence(self, verdict):
        row = self.env["hcrm.message"].new(
            {
                "verdict": verdict["verdict"],
                "reason_code": verdict["reason"],
                "date_planned": verdict["until"] or fields.Datetime.now(),
            }
        )
        return {"verdict": verdict["verdict"], "sentence": row.reason}

    @api.model
    def _templates(self, partner, company):
        """Ready answers to choose from: dicts of ``id`` and ``name``.

        Clinical ones are not among them: their neutral words would be lost in a
        text that is written on.
        """
        if not partner:
            return []
        # sudo: whoever may answer may use what was approved
        templates = (
            self.env["hcrm.template"]
            .sudo()
            .search(
                [
                    ("state", "=", "approved"),
                    ("purpose", "in", CARING),
                    ("is_clinical", "=", False),
                    ("company_id", "in", (False, company.id)),
                ],
                order="name, id",
            )
        )
        return [{"id": template.id, "name": template.name} for template in templates]

    @api.model
    @api.readonly
    def get_words(self, template_id, channel, partner_id=None, conversation_id=None):
        """The words of a template for the person, to be sent as they are or changed."""
        partner, conversation = self._subject(partner_id, conversation_id)
        company = conversation.company_id or self.env.company
        allowed = {row["id"] for row in self._templates(partner, company)}
        if template_id not in allowed:
            raise UserError(self.env._("This template is not for answers here."))
        # sudo: whoever may answer may use what was approved
        template = self.env["hcrm.template"].sudo().browse(template_id)
        words = template._render(partner, channel, company)[partner.id]
        if words["problem"]:
            raise UserError(words["problem"][1])
        return words["body_neutral"] if words["is_clinical"] else words["body"]

    @api.model
    @api.readonly
    def preview(self, body, channel, partner_id=None, conversation_id=None):
        """What would go out, in how many parts, and when.

        :return: dict of ``words`` (signature included), ``parts``, ``length``,
            ``verdict``, ``sentence``
        """
        partner, conversation = self._subject(partner_id, conversation_id)
        company = conversation.company_id or self.env.company
        [verdict] = self.env["hcrm.governor"]._verdicts(
            [self._request(partner, conversation, channel)],
            fields.Datetime.now(),
            is_question=True,
        )
        words = body or ""
        gateway = self.env["hcrm.gateway"]._for_purpose(
            company, channel, self._purpose()
        )
        if gateway and words:
            message = self.env["hcrm.message"].new(
                {"body": body, "purpose": self._purpose(), "company_id": company.id}
            )
            words = gateway._words(message)
        return {
            "words": words,
            "length": len(words),
            "parts": count_parts(words) if channel == "sms" else 0,
            **self._sentence(verdict),
        }

    # ------------------------------------------------------------------
    # ONE TAP EACH
    # ------------------------------------------------------------------

    @api.model
    def reply(
        self,
        body,
        channel,
        partner_id=None,
        conversation_id=None,
        override_reason=None,
    ):
        """Answer; the conversation is the user's from then on, and stays open.

        :param override_reason: asked for where a colleague works on it; logged
        :return: dict of ``message_id`` and the state; or of ``lock`` alone, where a
            colleague works on it and no reason was given: then nothing was sent
        """
        partner, conversation = self._writable(partner_id, conversation_id)
        body = (body or "").strip()
        if not body:
            raise UserError(self.env._("Write an answer first."))
        if len(body) > MAX_BODY:
            raise UserError(
                self.env._("The answer is longer than %s characters.", MAX_BODY)
            )
        if channel not in CHAT_CHANNELS:
            raise UserError(self.env._("Choose a channel to answer by."))
        if lock := conversation._lock():
            reason = (override_reason or "").strip()
            if not reason:
                return {"lock": lock}
            conversation._log(
                "overridden",
                note=reason,
                other=self.env["res.users"].browse(lock["user_id"]),
            )
        elif conversation.user_id != self.env.user:
            conversation._take()
        message = self._send(partner, conversation, body, channel)
        conversation._answered()
        conversation.sudo().typing_user_id = False
        conversation._notify("new")
        return {"message_id": message.id, **self._state(conversation)}

    @api.model
    def _send(self, partner, conversation, body, channel):
        request = self._request(partner, conversation, channel)
        [verdict] = self.env["hcrm.governor"]._verdicts(
            [request], fields.Datetime.now(), is_question=True
        )
        if verdict["verdict"] == "refuse":
            raise UserError(self._sentence(verdict)["sentence"])
        request["address"] = request.pop("asked_address")
        # sudo: the governor decides what goes, whoever answers
        message = (
            self.env["hcrm.message"]
            .sudo()
            ._queue(
                [
                    {
                        **request,
                        "partner_id": partner.id,
                        "body": body,
                        "priority": 1,
                        "res_model": conversation._name,
                        "res_id": conversation.id,
                    }
                ]
            )
        )
        self.env.ref("hcrm_core.ir_cron_message_send").sudo()._trigger()
        return message

    @api.model
    def confirm(self, partner_id=None, conversation_id=None, override_reason=None):
        """Send the hospital's confirmation by the channel the person used (C21)."""
        _partner, conversation = self._writable(partner_id, conversation_id)
        words = conversation.company_id.sudo().hcrm_confirm_text
        if not words:
            raise UserError(
                self.env._(
                    "No confirmation is written. Ask the manager to write one on the"
                    " hospital's page."
                )
            )
        return self.reply(
            words,
            conversation.channel,
            conversation_id=conversation.id,
            override_reason=override_reason,
        )

    @api.model
    def take(self, partner_id=None, conversation_id=None):
        """It is mine: colleagues are told."""
        _partner, conversation = self._writable(partner_id, conversation_id)
        conversation._take()
        return self._state(conversation)

    @api.model
    def hand_over(self, user_id, note, partner_id=None, conversation_id=None):
        """Give it to a colleague (or, without one, to the team), with a note."""
        _partner, conversation = self._writable(partner_id, conversation_id)
        user = self.env["res.users"].browse(int(user_id or 0) or [])
        conversation._hand_over(user, (note or "").strip())
        return self._state(conversation)

    @api.model
    def close(self, partner_id=None, conversation_id=None):
        """Nothing more to do; nothing is sent (C21)."""
        _partner, conversation = self._writable(partner_id, conversation_id)
        conversation._close()
        return self._state(conversation)

    @api.model
    def reopen(self, partner_id=None, conversation_id=None):
        _partner, conversation = self._writable(partner_id, conversation_id)
        conversation._reopen()
        return self._state(conversation)

    @api.model
    def snooze(self, hours, partner_id=None, conversation_id=None):
        """Out of the way for some hours, or until the person writes again."""
        _partner, conversation = self._writable(partner_id, conversation_id)
        conversation._snooze(fields.Datetime.now() + timedelta(hours=float(hours)))
        return self._state(conversation)

    @api.model
    def mark_read(self, partner_id=None, conversation_id=None):
        """Somebody looked at it. It still waits for an answer."""
        _partner, conversation = self._subject(partner_id, conversation_id)
        if conversation.unread_count and conversation.has_access("write"):
            conversation.unread_count = 0

    @api.model
    def typing(self, partner_id=None, conversation_id=None):
        """Tell colleagues that the user is writing an answer."""
        _partner, conversation = self._writable(partner_id, conversation_id)
        conversation.sudo().write(
            {"typing_user_id": self.env.uid, "date_typing": fields.Datetime.now()}
        )
        conversation._notify_typing()

    @api.model
    @api.readonly
    def get_colleagues(self, partner_id=None, conversation_id=None):
        """Who may take over: those on duty first (R16)."""
        _partner, conversation = self._subject(partner_id, conversation_id)
        company = conversation.company_id or self.env.company
        group = self.env.ref("hcrm_core.group_register")
        # sudo: colleagues of the hospital and who is on duty
        users = (
            self.env["res.users"]
            .sudo()
            .search(
                [
                    ("all_group_ids", "in", group.ids),
                    ("company_ids", "in", company.ids),
                    ("id", "!=", self.env.uid),
                    ("share", "=", False),
                ],
                order="name",
            )
        )
        on_duty = self.env["hcrm.shift"]._on_duty(company, None)
        rows = [
            {"id": user.id, "name": user.name, "is_on_duty": user in on_duty}
            for user in users
        ]
        rows.sort(key=lambda row: not row["is_on_duty"])
        return rows

    @api.model
    def _writable(self, partner_id, conversation_id):
        """The person and their conversation, which is made where there is none."""
        partner, conversation = self._subject(partner_id, conversation_id)
        Conversation = self.env["hcrm.conversation"]
        if not Conversation.has_access("write"):
            raise AccessError(
                self.env._(
                    "Only roles that register people answer messages. Ask the front desk."
                )
            )
        if not conversation:
            conversation = Conversation._of_person(
                partner, self.env.company, create=True
            )
        conversation.check_access("write")
        return partner, conversation
