import binascii
import logging
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import hash_sign, verify_hash_signed

from .governor import ADOLESCENT, ADULT
from .purposes import CHANNELS, CONSENT_PURPOSES, OUTREACH

_logger = logging.getLogger(__name__)

# what each token opens; one for one thing never opens another
PREFERENCES, UNSUBSCRIBE = "hcrm_core.preferences", "hcrm_core.unsubscribe"
PREFERENCE_DAYS = 60
# a message lies in a mailbox for long, and its way out must still be one
UNSUBSCRIBE_DAYS = 400
# decided channel by channel; the others are one question each. Care is not asked.
BY_CHANNEL = ("service", *OUTREACH)
AS_A_WHOLE = tuple(
    code for code, _label in CONSENT_PURPOSES if code not in (*BY_CHANNEL, "care")
)


@dataclass(slots=True, frozen=True)
class Visit:
    """Whose choices a link opens, and who makes them.

    :ivar giver: guardian or proxy who decides; empty: the person
    """

    partner: Any
    company: Any
    giver: Any


class LinkDead(Exception):
    """The link opens nothing: forged, expired, or its person is not there any more."""


class HcrmPreference(models.AbstractModel):
    """A person's own choices about being contacted, behind a signed link (R5).

    A link is bound to one person at one legal entity and to who decides, expires, and
    serves one purpose. Opening it changes nothing; each change is a row of evidence.
    """

    _name = "hcrm.preference"
    _description = "Contact Preferences"

    # ------------------------------------------------------------------
    # links
    # ------------------------------------------------------------------

    @api.model
    def _link(self, partner, company, giver=None) -> str:
        """The address of the page of ``partner``'s choices at ``company``."""
        token = self._sign(PREFERENCES, PREFERENCE_DAYS, partner, company, giver)
        return f"{self._base_url(company)}/hcrm/preferences/{token}"

    @api.model
    def _link_of_message(self, message) -> str:
        """The page for who reads ``message``; empty where nobody may decide."""
        giver = self._giver(
            message.partner_id, message.company_id, message.recipient_id
        )
        if giver is None:
            return ""
        return self._link(message.partner_id, message.company_id, giver)

    @api.model
    def _unsubscribe_url(self, message) -> str:
        """The one-click address of an e-mail (RFC 8058). Everybody may say no, so it
        needs no guardian."""
        if not message.partner_id:
            return ""
        token = self._sign(
            UNSUBSCRIBE,
            UNSUBSCRIBE_DAYS,
            message.partner_id,
            message.company_id,
            message.recipient_id - message.partner_id,
        )
        return f"{self._base_url(message.company_id)}/hcrm/unsubscribe/{token}"

    @api.model
    def _base_url(self, company) -> str:
        """Where people reach us; staff may work under another address (C6)."""
        return (company.hcrm_public_url or company.get_base_url()).rstrip("/")

    def _sign(self, scope, days, partner, company, giver) -> str:
        return hash_sign(
            self.sudo().env,  # sudo: the secret of the database
            scope,
            [partner.id, company.id, giver.id if giver else 0],
            expiration=timedelta(days=days),
        )

    # ------------------------------------------------------------------
    # opening
    # ------------------------------------------------------------------

    @api.model
    def _open(self, token: str, scope: str = PREFERENCES) -> Visit:
        """Whose choices ``token`` opens; :class:`LinkDead` where it opens nothing."""
        try:
            values = verify_hash_signed(self.sudo().env, scope, token)
        except (ValueError, IndexError, binascii.Error):
            values = None
        if not values:
            raise LinkDead("forged or expired")
        return self._visit(*values, is_refusal=scope == UNSUBSCRIBE)

    def _visit(self, partner_id, company_id, giver_id, is_refusal=False) -> Visit:
        """The visit of a link that is genuine, where its person is still there.

        :param is_refusal: the link can only say no, which needs no guardian
        """
        Partner = self.env["res.partner"].with_context(active_test=False)
        partner = Partner.browse(partner_id).exists()
        company = self.env["res.company"].browse(company_id).exists()
        giver = Partner.browse(giver_id).exists()
        if not partner or not company or giver_id and not giver:
            raise LinkDead("gone")
        if partner.hcrm_status in ("merged", "erased", "deceased"):
            raise LinkDead(partner.hcrm_status)
        if company not in partner.hcrm_file_ids.company_id:
            raise LinkDead("no file")
        allowed = self._giver(partner, company, giver)
        if not is_refusal and (allowed is None or allowed != giver):
            raise LinkDead("another person decides now")
        return Visit(partner, company, giver)

    def _giver(self, partner, company, reader=None):
        """Who decides for ``partner``: empty for the person, a guardian or proxy in
        force, None where nobody can.

        Under 14 only a guardian decides (R5): the reader where it is one, else the
        first.
        """
        Partner = self.env["res.partner"]
        reader = (reader or Partner) - partner
        is_child = self._age(partner, company) < ADOLESCENT
        if not is_child and not reader:
            return Partner
        # sudo: relations decide, the page shows none
        relations = (
            self.env["hcrm.person.relation"]
            .sudo()
            .search(
                [
                    ("partner_id", "=", partner.id),
                    ("company_id", "=", company.id),
                    ("must_not_know", "=", False),
                    ("is_current", "=", True),
                    ("relative_id.hcrm_status", "in", (False, "current")),
                ],
                order="id",
            )
        )
        if is_child:
            guardians = relations.filtered("is_guardian").relative_id
            if reader:
                return guardians & reader or None
            return guardians[:1] or None
        proxies = relations.filtered(
            lambda row: row.is_proxy and row.proxy_scope == "all"
        ).relative_id
        return proxies & reader or None

    def _age(self, partner, company) -> int:
        """Years on the hospital's day; who has no birth date is of age."""
        if not partner.hcrm_birthdate:
            return ADULT
        return relativedelta(self._today(company), partner.hcrm_birthdate).years

    def _today(self, company):
        return fields.Date.context_today(self.with_context(tz=company.hcrm_tz))

    # ------------------------------------------------------------------
    # what was chosen
    # ------------------------------------------------------------------

    @api.model
    def _choices(self, visit: Visit) -> list[dict]:
        """The topics of the page: what each is for, its words, and for every channel
        whether it is on.

        A topic without words cannot be agreed to; it is shown only while something of
        it is on, to be switched off.
        """
        is_on = self._reader(visit)
        texts = self._texts(visit.company)
        labels = dict(
            self.env["hcrm.consent"]._fields["purpose"]._description_selection(self.env)
        )
        channels = self._channels(visit.company)
        topics = []
        for purpose in (*BY_CHANNEL, *AS_A_WHOLE):
            asked = channels if purpose in BY_CHANNEL else [(False, "")]
            text = texts.get(purpose)
            switches = [
                {
                    "name": f"{purpose}:{channel or ''}",
                    "label": label,
                    "channel": channel,
                    "is_on": is_on(purpose, channel),
                }
                for channel, label in asked
            ]
            if text or any(switch["is_on"] for switch in switches):
                topics.append(
                    {
                        "purpose": purpose,
                        "label": labels[purpose],
                        "text": text,
                        "switches": switches,
                    }
                )
        return topics

    def _reader(self, visit: Visit):
        """A function (purpose, channel) -> whether it is on, as the governor sees it."""
        # sudo: the person looks at their own choices
        Consent = self.env["hcrm.consent"].sudo()
        current = Consent._current(visit.partner, visit.company)
        bases = self._bases(visit.company)
        today = self._today(visit.company)

        def is_on(purpose, channel):
            rows = [
                row
                for row in (current.get((purpose, c)) for c in {channel, False})
                if row
            ]
            row = max(rows, key=lambda r: (r.date, r.id), default=None)
            if row and row.decision == "withdrawn":
                return False
            if row and self._counts(row, visit, today):
                return True
            return bases(purpose, channel) == "opt_out"

        return is_on

    def _counts(self, row, visit, today) -> bool:
        """Whether a consent is in force: its term, and coming of age (R5)."""
        if row.date_end and row.date_end < today:
            return False
        born = visit.partner.hcrm_birthdate
        if not born:
            return True
        age = relativedelta(today, born).years
        if age < ADOLESCENT:
            return bool(row.given_by_id)
        asked_anew = ADULT if age >= ADULT else ADOLESCENT
        return row.date.date() >= born + relativedelta(years=asked_anew)

    def _bases(self, company):
        """A function (purpose, channel) -> opt_in or opt_out, by the policies; what no
        policy names needs an agreement."""
        # sudo: rules of the house, nobody's secret
        policies = (
            self.env["hcrm.message.policy"]
            .sudo()
            .search([("company_id", "in", (False, company.id))])
            .sorted(lambda row: (not row.company_id, not row.channel))
        )

        def basis(purpose, channel):
            return next(
                (
                    row.basis
                    for row in policies
                    if row.purpose == purpose and row.channel in (False, channel)
                ),
                "opt_in",
            )

        return basis

    def _texts(self, company) -> dict:
        """The newest words for each purpose, the entity's own before the group's."""
        # sudo: words meant for everybody
        texts = (
            self.env["hcrm.consent.text"]
            .sudo()
            .search(
                [("company_id", "in", (False, company.id)), ("channel", "=", False)]
            )
            .sorted(lambda text: (bool(text.company_id), text.version, text.id))
        )
        return {text.purpose: text for text in texts}

    def _channels(self, company) -> list[tuple[str, str]]:
        """Channels by which this entity reaches people."""
        # sudo: whether there is a way, not which
        used = (
            self.env["hcrm.gateway"]
            .sudo()
            ._read_group([("company_id", "=", company.id)], ["channel"])
        )
        codes = {channel for (channel,) in used} | {"sms", "call"}
        labels = self.env["hcrm.message"]._fields["channel"]._description_selection
        return [
            (code, label)
            for code, label in labels(self.env)
            if code in codes and code in dict(CHANNELS)
        ]

    # ------------------------------------------------------------------
    # choosing
    # ------------------------------------------------------------------

    @api.model
    def _save(self, visit: Visit, wanted: set[str], note: str = ""):
        """Record what changed: ``wanted`` are the names of the switches that are on.

        :return: the new rows of evidence; none where nothing changed
        """
        self._lock(visit.partner)
        rows = self.env["hcrm.consent"]
        for topic in self._choices(visit):
            for decision in ("granted", "withdrawn"):
                changed = [
                    switch
                    for switch in topic["switches"]
                    if (switch["name"] in wanted) == (decision == "granted")
                    and switch["is_on"] != (decision == "granted")
                ]
                if decision == "granted" and not topic["text"]:
                    continue  # nobody agrees to words they did not see
                for switch in changed:
                    rows |= self._record(visit, topic, switch, decision, note)
        return rows

    @api.model
    def _withdraw_outreach(self, visit: Visit, channel: str, note: str):
        """One click: no more surveys, research, offers by ``channel``. Said twice it is
        recorded once."""
        self._lock(visit.partner)
        # sudo: the signed link speaks for the person
        Consent = self.env["hcrm.consent"].sudo()
        current = Consent._current(visit.partner, visit.company)
        open_purposes = [
            purpose
            for purpose in OUTREACH
            if not self._is_withdrawn(current, purpose, channel)
        ]
        return Consent._decide(
            visit.partner,
            visit.company,
            open_purposes,
            "withdrawn",
            "web",
            channel=channel,
            given_by_id=visit.giver.id,
            note=note,
        )

    @staticmethod
    def _is_withdrawn(current, purpose, channel) -> bool:
        rows = [
            current[key]
            for key in ((purpose, channel), (purpose, False))
            if key in current
        ]
        row = max(rows, key=lambda r: (r.date, r.id), default=None)
        return bool(row) and row.decision == "withdrawn"

    def _record(self, visit, topic, switch, decision, note):
        # sudo: the signed link speaks for the person
        return (
            self.env["hcrm.consent"]
            .sudo()
            ._decide(
                visit.partner,
                visit.company,
                [topic["purpose"]],
                decision,
                "web",
                channel=switch["channel"],
                text_id=topic["text"].id if topic["text"] else False,
                given_by_id=visit.giver.id,
                note=note,
            )
        )

    def _lock(self, partner) -> None:
        """One choice after the other: a double click records nothing twice."""
        self.env.cr.execute(
            "SELECT id FROM hcrm_person_metrics WHERE id = %s FOR NO KEY UPDATE",
            (partner.id,),
        )

    # ------------------------------------------------------------------
    # for staff and integrators
    # ------------------------------------------------------------------

    @api.model
    def _for_staff(self, partner):
        """The links to hand to ``partner``, with the right to record decisions.

        :return: dict of ``url``, ``short_url`` (fits a text message), ``days``, ``giver``
            (who decides, False: the person)
        """
        partner.check_access("read")
        self.env["hcrm.consent"].check_access("create")
        company = self.env.company
        giver = self._giver(partner, company)
        if giver is None:
            raise UserError(
                self.env._(
                    "The person is under 14: record the guardian first, who decides."
                )
            )
        return {
            "url": self._link(partner, company, giver),
            "short_url": self.env["hcrm.preference.link"]._short_url(
                partner, company, giver
            ),
            "days": PREFERENCE_DAYS,
            # sudo: the name of the guardian, whom the card shows
            "giver": giver.sudo().display_name or False,
        }

    @api.model
    def _send(self, partner, channel):
        """Queue a message with the link; the governor decides as always."""
        links = self._for_staff(partner)
        company = self.env.company
        body = self.env._(
            "%(hospital)s: choose how we may contact you: %(link)s",
            hospital=company.name,
            link=links["short_url"] if channel == "sms" else links["url"],
        )
        # sudo: the right was checked above; rows are written by the system alone
        return (
            self.env["hcrm.message"]
            .sudo()
            ._queue(
                [
                    {
                        "partner_id": partner.id,
                        "company_id": company.id,
                        "purpose": "service",
                        "channel": channel,
                        "subject": self.env._("Your choices"),
                        "body": body,
                        "user_id": self.env.uid,
                        "key": f"preference:{secrets.token_hex(8)}",
                    }
                ]
            )
        )
