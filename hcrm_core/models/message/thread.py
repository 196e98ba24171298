from odoo import api, fields, models

from ..people.timeline import Provider


class HcrmThread(models.AbstractModel):
    """All that was said between a person and the hospital, over all channels (F20).

    Nothing is stored twice: the pages are read from the messages out and in, newest
    first, with the machinery of the timeline (keyset, record rules, one query).
    Other addons add what they hold, calls for instance, by a provider and a method
    ``_thread_<kind>(records)`` that returns ``{id: dict}``.
    """

    _name = "hcrm.thread"
    _inherit = "hcrm.timeline"
    _description = "Conversation With a Person"

    @api.model
    def _hcrm_timeline_providers(self):
        return [
            Provider(
                kind="out",
                label=self.env._("From us"),
                icon="paper-plane-o",
                model="hcrm.message",
                date="date_planned",
            ),
            Provider(
                kind="in",
                label=self.env._("From the person"),
                icon="comment-o",
                model="hcrm.inbound",
                date="date",
            ),
            Provider(
                kind="log",
                label=self.env._("What colleagues did"),
                icon="users",
                model="hcrm.conversation.log",
                date="date",
            ),
        ]

    @api.model
    def _rows(self, providers, found):
        """The rows of a page with all a thread shows; a few queries per kind."""
        models_by_kind = {provider.kind: provider.model for provider in providers}
        told = {}
        for kind, model in models_by_kind.items():
            ids = [rec_id for _date, k, rec_id, _stamp, _data in found if k == kind]
            records = self.env[model].browse(ids)
            told[kind] = getattr(self, f"_thread_{kind}")(records) if ids else {}
        return [
            {
                "kind": kind,
                "id": rec_id,
                "date": fields.Datetime.to_string(date),
                **told[kind][rec_id],
            }
            for date, kind, rec_id, _stamp, _data in found
        ]

    # ------------------------------------------------------------------
    # kinds of rows
    # ------------------------------------------------------------------

    @api.model
    def _labels(self, records, name):
        return dict(records._fields[name]._description_selection(self.env))

    @api.model
    def _names(self, users):
        """Names of colleagues, whom everybody in the house may know."""
        return {user.id: user.name for user in users.sudo()}

    @api.model
    def _thread_out(self, messages):
        """Our messages: what was said, and what became of it."""
        channels = self._labels(messages, "channel")
        purposes = self._labels(messages, "purpose")
        states = self._labels(messages, "state")
        names = self._names(messages.user_id)
        recipients = messages.recipient_id._filtered_access("read")
        rows = {}
        for message in messages:
            is_other = message.recipient_id and (
                message.recipient_id != message.partner_id
            )
            rows[message.id] = {
                "body": self._words(message),
                "channel": message.channel,
                "channel_label": channels[message.channel],
                "purpose": purposes[message.purpose],
                "state": message.state,
                "state_label": states[message.state],
                "why": message.reason
                if message.verdict in ("refuse", "defer")
                else message.failure_text or False,
                "is_automatic": message.res_model == "hcrm.autoreply",
                "user": names.get(message.user_id.id, False),
                "to": is_other
                and (message.recipient_id & recipients).display_name
                or False,
            }
        return rows

    @api.model
    def _words(self, message):
        """What may be shown of a message: codes never, clinical words to clinicians."""
        if message.purpose == "security":
            return self.env._("Security code")
        if message.is_clinical and not self._is_clinical():
            return message.body_neutral or self.env._("Clinical message")
        return message.body or message.subject or ""

    @api.model
    def _thread_in(self, inbound):
        """The person's messages, as they wrote them."""
        channels = self._labels(inbound, "channel")
        meanings = self._labels(inbound, "meaning")
        return {
            row.id: {
                "body": row.body or "",
                "channel": row.channel,
                "channel_label": channels.get(row.channel, ""),
                "meaning": row.meaning,
                "meaning_label": meanings[row.meaning],
                "state": row.state,
                "peer": row.peer,
            }
            for row in inbound
        }

    @api.model
    def _thread_log(self, logs):
        """What colleagues did with the conversation in between."""
        kinds = self._labels(logs, "kind")
        names = self._names(logs.user_id | logs.other_user_id)
        return {
            log.id: {
                "body": log.note or "",
                "what": log.kind,
                "what_label": kinds[log.kind],
                "user": names.get(log.user_id.id, False),
                "other": names.get(log.other_user_id.id, False),
            }
            for log in logs
        }

    # ------------------------------------------------------------------
    # a number nobody knows
    # ------------------------------------------------------------------

    @api.model
    def _get_peer_page(self, conversation, limit=50):
        """The last messages of a number that is nobody's yet."""
        inbound = self.env["hcrm.inbound"].search(
            [
                ("company_id", "=", conversation.company_id.id),
                ("peer", "=", conversation.peer),
                ("partner_id", "=", False),
            ],
            limit=limit,
        )
        messages = self.env["hcrm.message"].search(
            [
                ("company_id", "=", conversation.company_id.id),
                ("asked_address", "=", conversation.peer),
                ("partner_id", "=", False),
            ],
            limit=limit,
        )
        told_in, told_out = self._thread_in(inbound), self._thread_out(messages)
        rows = [("in", row.id, row.date, told_in[row.id]) for row in inbound]
        rows += [
            ("out", row.id, row.date_planned, told_out[row.id]) for row in messages
        ]
        rows.sort(key=lambda row: (row[2], row[0], row[1]), reverse=True)
        return {
            "rows": [
                {
                    "kind": kind,
                    "id": rec_id,
                    "date": fields.Datetime.to_string(date),
                    **told,
                }
                for kind, rec_id, date, told in rows[:limit]
            ],
            "next": False,
        }
