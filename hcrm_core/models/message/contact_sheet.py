from odoo import api, fields, models

from .purposes import PURPOSES

# asked on the sheet; codes go out by their own ways
SHEET_PURPOSES = tuple(code for code, _label in PURPOSES if code != "security")
SHEET_CHANNELS = ("sms", "call", "email", "wechat")
LAST_MESSAGES = 10


class HcrmContactSheet(models.AbstractModel):
    """What the card says about contacting a person: may we, why not, what was sent.

    A fixed number of queries, however much was sent.
    """

    _name = "hcrm.contact.sheet"
    _description = "Contact Sheet of a Person"

    @api.model
    def _get(self, partner):
        """The sheet of ``partner``, whom the user must be allowed to read."""
        partner.check_access("read")
        channels = dict(self._labels("channel"))
        return {
            "channels": [
                {"code": code, "label": channels[code]} for code in SHEET_CHANNELS
            ],
            "rows": self._matrix(partner),
            "consents": self._consents(partner),
            "holds": self._holds(partner),
            "reports": self._reports(partner),
            "messages": self._messages(partner),
            "can_decide": self.env["hcrm.consent"].has_access("create"),
            "can_hold": self.env["hcrm.hold"].has_access("create"),
        }

    def _labels(self, name):
        return self.env["hcrm.message"]._fields[name]._description_selection(self.env)

    def _matrix(self, partner):
        """One row a purpose: what the governor would say now, channel by channel."""
        purposes = dict(self._labels("purpose"))
        pairs = [(p, c) for p in SHEET_PURPOSES for c in SHEET_CHANNELS]
        verdicts = self.env["hcrm.governor"]._verdicts(
            [
                {
                    "partner_id": partner.id,
                    "company_id": self.env.company.id,
                    "purpose": purpose,
                    "channel": channel,
                }
                for purpose, channel in pairs
            ],
            fields.Datetime.now(),
            is_question=True,
        )
        cells = {
            pair: self._cell(verdict)
            for pair, verdict in zip(pairs, verdicts, strict=True)
        }
        return [
            {
                "purpose": purpose,
                "label": purposes[purpose],
                "cells": [cells[purpose, channel] for channel in SHEET_CHANNELS],
            }
            for purpose in SHEET_PURPOSES
        ]

    def _cell(self, verdict):
        row = self.env["hcrm.message"].new(
            {
                "verdict": verdict["verdict"],
                "reason_code": verdict["reason"],
                "date_planned": verdict["until"] or fields.Datetime.now(),
            }
        )
        return {
            "verdict": verdict["verdict"],
            "reason": verdict["reason"],
            "sentence": row.reason,
        }

    def _consents(self, partner):
        labels = dict(
            self.env["hcrm.consent"]._fields["purpose"]._description_selection(self.env)
        )
        channels = dict(self._labels("channel"))
        sources = dict(
            self.env["hcrm.consent"]._fields["source"]._description_selection(self.env)
        )
        current = self.env["hcrm.consent"]._current(partner, self.env.company)
        return [
            {
                "id": row.id,
                "purpose": labels[row.purpose],
                "channel": channels.get(row.channel, False),
                "decision": row.decision,
                "date": fields.Datetime.to_string(row.date),
                "date_end": fields.Date.to_string(row.date_end) or False,
                "source": sources[row.source],
            }
            for row in current.values()
        ]

    def _holds(self, partner):
        rows = self.env["hcrm.hold"].search(
            [
                ("partner_id", "=", partner.id),
                "|",
                ("date_end", "=", False),
                ("date_end", ">", fields.Datetime.now()),
            ]
        )
        kinds = dict(rows._fields["kind"]._description_selection(self.env))
        return [
            {
                "id": row.id,
                "kind": kinds[row.kind],
                "reason": row.reason,
                "handler": row.handler_id.name or False,
            }
            for row in rows
        ]

    def _reports(self, partner):
        rows = self.env["hcrm.person.report"].search(
            [("partner_id", "=", partner.id), ("date_reversed", "=", False)]
        )
        kinds = dict(rows._fields["kind"]._description_selection(self.env))
        return [
            {
                "id": row.id,
                "kind": kinds[row.kind],
                "date": fields.Datetime.to_string(row.create_date),
                "user": row.user_id.name or False,
            }
            for row in rows
        ]

    def _messages(self, partner):
        rows = self.env["hcrm.message"].search(
            [("partner_id", "=", partner.id)], limit=LAST_MESSAGES
        )
        purposes = dict(self._labels("purpose"))
        channels = dict(self._labels("channel"))
        states = dict(self._labels("state"))
        return [
            {
                "id": row.id,
                "date": fields.Datetime.to_string(row.date_sent or row.date_planned),
                "purpose": purposes[row.purpose],
                "channel": channels[row.channel],
                "state": row.state,
                "state_label": states[row.state],
                "reason": row.verdict in ("refuse", "defer") and row.reason or False,
                "subject": row.subject or row.topic or False,
            }
            for row in rows
        ]
