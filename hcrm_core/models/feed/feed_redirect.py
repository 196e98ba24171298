"""The source merged one record into another: one card stands for both from then on."""

from __future__ import annotations

from odoo import api, models

from .page_state import Item, PageState, Result, Target


class HcrmFeedRedirect(models.AbstractModel):
    """Follow what the HIS merges, in whatever order its records come.

    A merged record is first written as what it is, then its card is redirected to
    the card of the survivor, so that it makes no difference whether we knew it
    before. Where survivor and old record are one card already, only the identity
    changes. A survivor that has not come yet is waited for.
    """

    _name = "hcrm.feed.redirect"
    _description = "Feed Redirects"

    @api.model
    def _before(self, items: list[Item]) -> set[int]:
        """Which identities lead to another card already; those that no longer shall
        get a card of their own again.

        What moved stays where it is; new records go to the old card (HIS.md item 4).
        """
        ids = [item.identity_id for item in items if item.identity_id]
        if not ids:
            return set()
        self.env.cr.execute(
            "SELECT id, old_card_id FROM hcrm_feed_identity"
            " WHERE id = ANY(%s) AND state = 'redirected'",
            (ids,),
        )
        cards = dict(self.env.cr.fetchall())
        parted = [
            item
            for item in items
            if cards.get(item.identity_id) and "_survivor" not in item.links
        ]
        if parted:
            self._part(parted, cards)
        return set(cards)

    def _part(self, items: list[Item], cards: dict[int, int]) -> None:
        """Open the old cards of records and tell both cards' readers."""
        old_ids = [cards[item.identity_id] for item in items]
        self.env["hcrm.person.redirect"]._reopen(old_ids)
        notes = {}
        for item in items:
            notes[item.res_id] = notes[cards[item.identity_id]] = self.env._(
                "The HIS took its record %s and another one apart again. What had moved"
                " to the joined card stays there until somebody moves it; new records"
                " go to the card of their own.",
                item.record.ext_id,
            )
            item.res_id = cards[item.identity_id]
        self.env["res.partner"].browse(notes)._message_log_batch(bodies=notes)
        self.env.flush_all()

    @api.model
    def _apply(
        self,
        page: PageState,
        items: list[Item],
        result: Result,
        redirected: set[int],
    ) -> None:
        """Redirect the cards of records that the source merged into others.

        :param redirected: identities that were redirected before
        """
        merged = [
            item
            for item in items
            if item.links.get("_survivor")
            and item.res_id
            and item.record.ext_id not in result.problems
        ]
        if not merged:
            return
        pairs, same = {}, []
        for item in merged:
            survivor = item.links["_survivor"]
            item.state = "redirected"
            if item.res_id == survivor:
                if item.identity_id and item.identity_id not in redirected:
                    same.append(item)
            else:
                item.old_card = item.res_id
                pairs.setdefault(item.res_id, survivor)
        moved = self.env["hcrm.person.redirect"]._redirect(pairs)
        self._repoint(moved)
        for item in items:
            item.res_id = moved.get(item.res_id, item.res_id)
        result.redirects = moved
        result.visited |= self._files_of({*moved, *moved.values()})
        events = [
            (new_id, item.company_id, "cards_joined", f"person:{old_id}:joined", None)
            for item in merged
            for old_id, new_id in moved.items()
            if item.old_card == old_id
        ]
        self.env["hcrm.feed.record.events"]._write_people(page, events)
        self._hear_survivors(page, same)

    def _repoint(self, moved: dict[int, int]) -> None:
        """All records that became the old cards are the new ones now."""
        if moved:
            self.env.cr.execute(
                "UPDATE hcrm_feed_identity i SET res_id = v.new_id"
                " FROM unnest(%s::int[], %s::int[]) AS v(old_id, new_id)"
                " WHERE i.res_id = v.old_id AND i.res_model = 'res.partner'",
                (list(moved), list(moved.values())),
            )

    def _files_of(self, partner_ids: set[int]) -> set[tuple[int, int]]:
        """Hospitals where visits of these people must be counted anew."""
        if not partner_ids:
            return set()
        self.env.cr.execute(
            "SELECT partner_id, company_id FROM hcrm_person_company"
            " WHERE partner_id = ANY(%s)",
            (list(partner_ids),),
        )
        return set(self.env.cr.fetchall())

    def _hear_survivors(self, page: PageState, same: list[Item]) -> None:
        """The merged record may have spoken for a card that it shared.

        The survivor speaks for it from now on, so its record is taken again when it
        is read next, whether it changed or not.
        """
        if not same:
            return
        ids = [item.res_id for item in same]
        self.env.cr.execute(
            "UPDATE hcrm_feed_identity SET content_hash = '' WHERE res_id = ANY(%s)"
            " AND res_model = 'res.partner' AND state = 'live' AND source_id = %s"
            " AND NOT id = ANY(%s)",
            (ids, page.source.id, [item.identity_id for item in same]),
        )
        self.env["hcrm.feed.reconcile"]._read_whole(page.source, ["Patient"])

    @api.model
    def _remember(self, page: PageState, moved: dict[int, int]) -> None:
        """What the page knows of the old cards is true of the new ones."""
        for key, target in page.known.items():
            if target.res_model == "res.partner" and target.res_id in moved:
                page.known[key] = Target(
                    target.res_model, moved[target.res_id], *target[2:]
                )
        page.seen = {(moved.get(p, p), c) for p, c in page.seen}
        page.visited |= {(moved.get(p, p), c) for p, c in page.visited}
