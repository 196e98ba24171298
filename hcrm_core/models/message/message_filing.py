from odoo import fields, models

from .settled import settled

# carriers of texts ask for these; an email has its own way out
TEXTED = "sms"


class HcrmMessage(models.Model):
    """What a carrier would refuse is refused before it is handed over (R9)."""

    _inherit = "hcrm.message"

    filing_id = fields.Many2one(
        "hcrm.gateway.filing", "Filed Text", readonly=True, ondelete="set null"
    )
    filing_values = fields.Json(readonly=True)

    def _send_group(self, gateway, group) -> None:
        kept = settled(self.env, lambda: group._keep_sendable(gateway))
        return super()._send_group(gateway, kept) if kept else None

    def _keep_sendable(self, gateway):
        """What the carrier of the gateway takes; the rest goes to another gateway, or
        is refused where there is none."""
        kept, problems = self.browse(), {}
        filings = gateway._live_filings() if gateway.requires_filing else ()
        is_signed = not gateway.requires_filing or gateway._is_signature_good()
        for message in self:
            problem = message._unsendable(gateway, filings, is_signed)
            if problem:
                problems.setdefault(problem, self.browse())
                problems[problem] |= message
            else:
                kept |= message
        for problem, messages in problems.items():
            messages._turn_away(gateway, problem)
        return kept

    def _unsendable(self, gateway, filings, is_signed):
        """Why the carrier would not take it; None if it does."""
        if (
            gateway.channel == TEXTED
            and self.purpose == "marketing"
            and not gateway.optout_text
        ):
            return "no_optout"
        if not gateway.requires_filing:
            return None
        if not is_signed:
            return "signature_unfiled"
        return None if self._find_filing(gateway, filings) else "template_unfiled"

    def _find_filing(self, gateway, filings) -> bool:
        """Keep which filed text it is, with what was filled in."""
        texts = {gateway._body_of(self), gateway._body_of(self, with_ending=True)}
        for filing in sorted(filings, key=lambda f: f.template_id != self.template_id):
            for text in texts:
                values = filing._match(text)
                if values is not None:
                    self.write({"filing_id": filing.id, "filing_values": values})
                    return True
        return False

    def _turn_away(self, gateway, problem):
        """To a gateway that takes it, without using up an attempt; else refused."""
        Gateway = self.env["hcrm.gateway"]
        refused = self.browse()
        groups = self.grouped(
            lambda m: (m.company_id, m.channel, m.purpose, m.tried_ids)
        )
        for (*request, tried_ids), messages in groups.items():
            tried = {*self._tried(tried_ids), gateway.id}
            if Gateway._for_purpose(*request, tried):
                kept = ",".join(map(str, sorted(tried)))
                messages.write(
                    {"state": "queued", "date_sent": False, "tried_ids": kept}
                )
            else:
                refused |= messages
        refused.write(
            {
                "state": "refused",
                "verdict": "refuse",
                "reason_code": problem,
                "date_sent": False,
            }
        )

    @staticmethod
    def _tried(text):
        return [int(part) for part in (text or "").split(",") if part]


class HcrmGovernorReason(models.AbstractModel):
    _inherit = "hcrm.governor.reason"

    def _wording(self):
        return {
            **super()._wording(),
            "template_unfiled": self.env._(
                "The text was not filed with the carrier, which would refuse it. File "
                "it, or use a template that was."
            ),
            "signature_unfiled": self.env._(
                "The gateway has no valid signature filed with the carrier."
            ),
            "no_optout": self.env._(
                "Marketing needs a way out: enter the opt-out words of the gateway."
            ),
        }
