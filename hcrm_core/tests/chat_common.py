"""People who write to the hospital, for the tests of chat, inbox and triage."""

from odoo import fields

from ..providers.base import Event
from .common import HcrmWorld


class ChatWorld(HcrmWorld):
    """Mixin: a gateway for texts at both hospitals, and people who write."""

    @classmethod
    def _setup_world(cls):
        result = super()._setup_world()
        cls.gateway, cls.gateway_b = cls.env["hcrm.gateway"].create(
            [
                {
                    "name": f"Texts {company.name}",
                    "company_id": company.id,
                    "signature": "【医院】",
                    "url": "http://127.0.0.1:1/",
                }
                for company in (cls.company_a, cls.company_b)
            ]
        )
        cls.wrote = 0
        return result

    @classmethod
    def _text(cls, peer, *texts, gateway=None, date=None):
        """Somebody writes from ``peer``; returns the messages as taken in."""
        gateway = gateway or cls.gateway
        events = [cls._event(peer, text, date) for text in texts]
        cls.env["hcrm.message.event"]._append(gateway.id, events)
        last = cls.env["hcrm.inbound"].search([], order="id desc", limit=1).id or 0
        cls.env["hcrm.message.event"]._apply_batch()
        return cls.env["hcrm.inbound"].search([("id", ">", last)], order="id")

    @classmethod
    def _event(cls, peer, text, date=None):
        cls.wrote += 1
        return Event(f"in:{cls.wrote}", "inbound", peer=peer, text=text, at=date)

    @classmethod
    def _conversation(cls, person, company=None):
        return cls.env["hcrm.conversation"].search(
            [
                ("partner_id", "=", person.id),
                ("company_id", "=", (company or cls.company_a).id),
            ]
        )

    @classmethod
    def _open_always(cls):
        """The desk never closes, so that a test runs alike at night."""
        cls.company_a.write(
            {
                "hcrm_inbox_from": 0,
                "hcrm_inbox_to": 24,
                "phone": "021 5555 0000",
                "street": "Nanjing Road 1",
            }
        )
        cls.env["hcrm.day"].create(
            {
                "company_id": cls.company_a.id,
                "date": fields.Datetime.context_timestamp(
                    cls.company_a.with_context(tz="Asia/Shanghai"),
                    fields.Datetime.now(),
                ).date(),
                "name": "Open",
                "kind": "special",
            }
        )
