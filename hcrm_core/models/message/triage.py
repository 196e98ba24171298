from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ..people.contact_point import WHOSE

MAX_NUMBERS = 50
# who may be meant; a number on more people is nobody's
MAX_CANDIDATES = 8


class HcrmTriage(models.AbstractModel):
    """Messages of which nobody knows whose they are: the list, and one click each.

    Candidates are read under the record rules of the user: a restricted person is no
    candidate, nor counted (R8).
    """

    _name = "hcrm.triage"
    _description = "Messages Without a Person"

    # ------------------------------------------------------------------
    # READ
    # ------------------------------------------------------------------

    @api.model
    @api.readonly
    def get_triage(self, limit=MAX_NUMBERS):
        """The numbers that wrote and belong to nobody, or to several, oldest first.

        :return: dict of ``rows`` (``peer``, ``company_id``, ``conversation_id``,
            ``channel``, ``count``, ``date``, ``texts``, ``is_optout``,
            ``candidates``), ``total``, ``whose`` (choices), ``can_write``
        """
        Inbound = self.env["hcrm.inbound"]
        domain = Domain("state", "=", "triage") & Domain(
            "company_id", "in", self.env.companies.ids
        )
        limit = max(1, min(int(limit), MAX_NUMBERS))
        groups = Inbound._read_group(
            domain,
            ["company_id", "peer"],
            ["__count", "date:min"],
            order="date:min, company_id, peer",
        )
        shown = groups[:limit]
        inbound = Inbound.search(
            domain & Domain("peer", "in", [peer for _c, peer, _n, _d in shown])
        )
        by_number = inbound.grouped(lambda row: (row.company_id, row.peer))
        candidates = self._candidates(by_number)
        conversations = self._conversation_ids(by_number)
        return {
            "rows": [
                self._prepare_row(
                    by_number[company, peer],
                    count,
                    date,
                    candidates[company, peer],
                    conversations.get((company, peer), False),
                )
                for company, peer, count, date in shown
            ],
            "total": len(groups),
            "whose": [
                list(pair)
                for pair in self.env["hcrm.contact.point"]
                ._fields["whose"]
                ._description_selection(self.env)
            ],
            "can_write": Inbound.has_access("write"),
        }

    def _prepare_row(self, inbound, count, date, candidates, conversation_id):
        channels = dict(inbound._fields["channel"]._description_selection(self.env))
        last = inbound[0]
        return {
            "peer": last.peer,
            "company_id": last.company_id.id,
            "company": last.company_id.name,
            "conversation_id": conversation_id,
            "channel": last.channel,
            "channel_label": channels.get(last.channel, ""),
            "count": count,
            "date": fields.Datetime.to_string(date),
            "texts": [row.body or "" for row in inbound[:3]],
            "is_optout": "optout" in inbound.mapped("meaning"),
            "is_urgent": any(inbound.mapped("is_urgent")),
            "candidates": candidates,
        }

    def _conversation_ids(self, by_number):
        rows = self.env["hcrm.conversation"].search(
            [
                ("partner_id", "=", False),
                ("peer", "in", [peer for _company, peer in by_number]),
            ]
        )
        return {(row.company_id, row.peer): row.id for row in rows}

    def _candidates(self, by_number):
        """Who may be meant by each number, as R13 tells people: {key: [line]}."""
        peers = [peer for _company, peer in by_number]
        points = self.env["hcrm.contact.point"].search(
            [
                ("number", "in", peers),
                ("company_id", "in", self.env.companies.ids),
                ("is_wrong", "=", False),
            ],
            order="company_id, number, rank, id",
        )
        answered = {
            (row.company_id, row.peer): row.answers_id.partner_id
            for rows in by_number.values()
            for row in rows
            if row.answers_id
        }
        visible = points.partner_id._filtered_access("read")
        whose = dict(points._fields["whose"]._description_selection(self.env))
        lines = {}
        for company in {company for company, _peer in by_number}:
            lines[company] = visible._hcrm_desk_lines(company)
        found = {key: [] for key in by_number}
        for point in points:
            key = (point.company_id, point.number)
            rows = found.get(key)
            if rows is None or point.partner_id not in visible:
                continue
            if len(rows) < MAX_CANDIDATES and not any(
                row["id"] == point.partner_id.id for row in rows
            ):
                rows.append(
                    {
                        **lines[point.company_id][point.partner_id.id],
                        "whose": whose.get(point.whose, ""),
                        "is_last": answered.get(key) == point.partner_id,
                    }
                )
        return found

    # ------------------------------------------------------------------
    # ONE CLICK
    # ------------------------------------------------------------------

    @api.model
    def assign(self, company_id, peer, partner_id, whose=None):
        """The messages are this person's: they move to the card, and count as theirs.

        :param whose: where the number is not on the card yet: whose it is; empty, it
            is not added
        :return: id of the person's conversation
        """
        inbound = self._get_inbound(company_id, peer)
        company = inbound.company_id
        partner = self.env["res.partner"].browse(int(partner_id)).exists()
        partner = partner._filtered_access("read")
        if not partner or company not in partner.hcrm_file_ids.company_id:
            raise UserError(
                self.env._(
                    "This person has no file at %s. Register them there first.",
                    company.name,
                )
            )
        if whose:
            self._add_number(partner, company, inbound[0], whose)
        optouts = inbound.filtered(lambda row: row.meaning == "optout")
        inbound.write({"partner_id": partner.id, "state": "new"})
        self._settle_optouts(optouts)
        self._drop_conversation(company, peer)
        Conversation = self.env["hcrm.conversation"]
        Conversation.sudo()._heard(inbound)
        conversation = Conversation._of_person(partner, company, create=True)
        conversation._log("assigned", note=peer)
        conversation._notify("new")
        return conversation.id

    def _settle_optouts(self, optouts):
        """Who said no is known now: nothing beyond care, on any channel (C8)."""
        if not optouts:
            return
        optouts.write({"state": "done", "user_id": self.env.uid})
        self.env["hcrm.consent"].create(
            optouts[0]._prepare_withdrawal_vals(optouts.partner_id.ids)
        )

    def _add_number(self, partner, company, inbound, whose):
        if whose not in dict(WHOSE):
            raise UserError(self.env._("Ask whose number it is and choose it."))
        system = {"email": "email", "wechat": "wechat"}.get(inbound.channel, "phone")
        Point = self.env["hcrm.contact.point"]
        read = Point._read_vals(
            {"company_id": company.id, "system": system, "value": inbound.peer}
        )
        known = Point.search(
            [
                ("partner_id", "=", partner.id),
                ("company_id", "=", company.id),
                ("system", "=", system),
                ("number", "=", read["number"]),
            ]
        )
        if known:
            known.write({"is_wrong": False})
        else:
            Point.create(
                {
                    "partner_id": partner.id,
                    "company_id": company.id,
                    "system": system,
                    "use": "mobile" if system == "phone" else False,
                    "value": inbound.peer,
                    "whose": whose,
                    "rank": 2,
                }
            )

    @api.model
    def junk(self, company_id, peer):
        """An offer or a machine: done, and nobody's."""
        inbound = self._get_inbound(company_id, peer)
        inbound.write({"meaning": "junk", "state": "done", "user_id": self.env.uid})
        self._drop_conversation(inbound.company_id, peer)

    @api.model
    def wrong_number(self, company_id, peer):
        """Whoever wrote is not whom the number is said to be: nothing goes there (R9)."""
        inbound = self._get_inbound(company_id, peer)
        inbound.write(
            {"meaning": "wrong_person", "state": "done", "user_id": self.env.uid}
        )
        inbound[0]._apply_wrong_person()
        self._drop_conversation(inbound.company_id, peer)

    def _get_inbound(self, company_id, peer):
        """The messages of a number that wait, if the user may settle them."""
        Inbound = self.env["hcrm.inbound"]
        if not Inbound.has_access("write"):
            raise AccessError(
                self.env._(
                    "Only roles that register people may say whose a message is. Ask"
                    " the front desk."
                )
            )
        inbound = Inbound.search(
            [
                ("company_id", "=", int(company_id)),
                ("peer", "=", str(peer)),
                ("state", "=", "triage"),
            ]
        )
        if not inbound:
            raise UserError(
                self.env._("A colleague settled this number already; refresh the list.")
            )
        return inbound

    def _drop_conversation(self, company, peer):
        """The number's own conversation ends: its messages are elsewhere now."""
        # sudo: nobody deletes conversations by hand
        conversations = (
            self.env["hcrm.conversation"]
            .sudo()
            .search(
                [
                    ("partner_id", "=", False),
                    ("company_id", "=", company.id),
                    ("peer", "=", peer),
                ]
            )
        )
        conversations._notify("gone")
        conversations.unlink()
