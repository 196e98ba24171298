"""What moves when one card comes to stand for another, over all models."""

from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .common import HcrmCommon

# columns that name a person and stay, and why
STAYS = {
    "hcrm.person.company.partner_id": "joined, not moved",
    "hcrm.person.profile.partner_id": "joined, not moved",
    "hcrm.person.search.partner_id": "written anew from the card",
    "hcrm.person.origin.partner_id": "tells what the feed wrote on this card",
    "hcrm.duplicate.candidate.left_id": "the pair is closed",
    "hcrm.duplicate.candidate.right_id": "the pair is closed",
    "hcrm.merge.log.old_id": "tells of both cards",
    "hcrm.merge.log.new_id": "tells of both cards",
    "hcrm.feed.identity.old_card_id": "the way back",
    "hcrm.preference.link.partner_id": "opens the card it was given for, or nothing",
    "hcrm.preference.link.giver_id": "opens the card it was given for, or nothing",
    "hcrm.feed.vanished.partner_id": "a record of the HIS",
}


@tagged("post_install", "-at_install")
class TestPeopleMergePlan(HcrmCommon):
    """Seam ``_hcrm_merge_plan``; F76."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old = cls._make_person("王小芳")
        cls.new = cls._make_person("王芳")

    def _join(self):
        self.env["hcrm.person.redirect"]._redirect({self.old.id: self.new.id})

    def test_every_column_that_names_a_person_has_a_plan(self):
        """A model that forgets it would leave its rows on a card nobody opens."""
        planned = {
            f"{move.model}.{move.column}"
            for move in self.env["hcrm.person.redirect"]._moves()
        }
        named = {
            f"{name}.{field.name}"
            for name, model in self.env.registry.items()
            if name.startswith("hcrm.") and model._auto and not model._transient
            for field in model._fields.values()
            if field.type == "many2one"
            and field.comodel_name == "res.partner"
            and field.store
        }
        self.assertFalse(named - planned - set(STAYS))
        self.assertFalse(planned & set(STAYS))

    def test_what_we_hold_of_a_person_moves(self):
        """Notes, files, reminders, holds and tasks; followers are not doubled."""
        note = self.old.message_post(body="prefers the morning")
        self.old.activity_schedule(summary="call", user_id=self.env.uid)
        both = self.env.user.partner_id
        (self.old + self.new).message_subscribe(both.ids)
        paper = self.env["ir.attachment"].create(
            {"name": "a", "res_model": "res.partner", "res_id": self.old.id}
        )
        hold = self.env["hcrm.hold"].create(
            {
                "partner_id": self.old.id,
                "company_id": self.env.company.id,
                "kind": "request",
                "reason": "wants no offers",
            }
        )
        task = self.env["hcrm.task"]._open(
            [
                {
                    "partner_id": self.old.id,
                    "kind_id": self.env["hcrm.task.kind"].search([], limit=1).id,
                    "name": "call",
                }
            ]
        )
        self._join()
        self.assertEqual(note.res_id, self.new.id)
        self.assertEqual(self.new.activity_ids.summary, "call")
        self.assertEqual(paper.res_id, self.new.id)
        self.assertEqual((hold.partner_id, task.partner_id), (self.new, self.new))
        follows = self.env["mail.followers"].search(
            [("res_model", "=", "res.partner"), ("partner_id", "=", both.id)]
        )
        self.assertEqual(len(follows.filtered(lambda f: f.res_id == self.new.id)), 1)
        self.assertNotIn(self.old.id, follows.mapped("res_id"))

    def _decide(self, partner, decision, days_ago, channel=False, purpose="marketing"):
        return self.env["hcrm.consent"].create(
            {
                "partner_id": partner.id,
                "company_id": self.env.company.id,
                "purpose": purpose,
                "channel": channel,
                "decision": decision,
                "date": fields.Datetime.now() - timedelta(days=days_ago),
            }
        )

    def _says(self, channel):
        current = self.env["hcrm.consent"]._current(self.new, self.env.company)
        row = current.get(("marketing", channel)) or current.get(("marketing", False))
        return row and row.decision

    def test_a_refusal_on_either_card_stays(self):
        """HIS.md item 4: consent as the most restrictive."""
        self._decide(self.old, "withdrawn", 20, "sms")
        self._decide(self.new, "granted", 5)
        self._join()
        self.assertEqual(self._says("sms"), "withdrawn")
        self.assertEqual(self._says("email"), "granted")

    def test_who_changed_their_mind_on_one_card_keeps_it(self):
        """A refusal that was taken back on the same card is none."""
        self._decide(self.old, "withdrawn", 20, "sms")
        self._decide(self.old, "granted", 10, "sms")
        self._decide(self.new, "granted", 5, "sms")
        self._join()
        self.assertEqual(self._says("sms"), "granted")
        self.assertEqual(
            self.env["hcrm.consent"].search_count([("partner_id", "=", self.new.id)]), 3
        )
