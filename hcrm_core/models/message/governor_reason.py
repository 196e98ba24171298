from odoo import api, models
from odoo.tools import format_datetime


class HcrmGovernorReason(models.AbstractModel):
    """What a verdict says to people: why, and what can be done."""

    _name = "hcrm.governor.reason"
    _description = "Governor Reasons"

    @api.model
    def _sentence(self, message) -> str:
        """The sentence of a judged message; empty while nobody judged it."""
        if not message.reason_code:
            return ""
        sentence = self._sentences().get(message.reason_code, message.reason_code)
        if message.verdict == "defer":
            until = format_datetime(self.env, message.date_planned, dt_format="short")
            return self.env._(
                "%(why)s It goes at %(until)s.", why=sentence, until=until
            )
        return sentence

    @api.model
    def _sentences(self) -> dict[str, str]:
        """Reason code -> sentence, in the user's language."""
        return {**self._allowed(), **self._person(), **self._consent(), **self._time()}

    def _allowed(self):
        return {
            "ok": self.env._("Nothing stands against it."),
            "staff": self.env._("Goes to a colleague: staff are not governed."),
            "neutral": self.env._(
                "Goes in neutral words, because others may read it or the diagnosis is"
                " not to be named."
            ),
            "guardian": self.env._("Goes to the guardian: the person is under 14."),
            "proxy": self.env._("Goes to the authorised proxy."),
            "merged": self.env._("Goes to the card this one was merged into."),
        }

    def _person(self):
        return {
            "deceased": self.env._(
                "The person died or was reported dead. If that is wrong, have a second"
                " person take the report back."
            ),
            "erased": self.env._("The person's data were erased on request."),
            "gone": self.env._(
                "The HIS no longer has this person. Ask the HIS team before contacting them."
            ),
            "not_staff": self.env._(
                "Staff messages go to colleagues with a user only. Use another purpose."
            ),
            "not_known": self.env._(
                "The person has no file at this hospital and gave it no consent."
            ),
            "unknown_recipient": self.env._(
                "Nobody is known under this address. Register the person first."
            ),
            "no_address": self.env._(
                "There is no number or address for this channel. Ask for one at the next"
                " contact."
            ),
            "wrong_number": self.env._(
                "The number was reported wrong. Ask for the right one."
            ),
            "junk_number": self.env._(
                "The number is a placeholder or stands on too many cards."
            ),
            "not_own_number": self.env._(
                "The number is not the person's own: only care may use it."
            ),
            "no_guardian": self.env._(
                "The person is under 14 and no guardian can be reached. Add one."
            ),
            "sensitive": self.env._(
                "The person is legally sensitive: no surveys, research or marketing."
            ),
            "pregnancy_lost": self.env._(
                "The pregnancy was lost: nothing about it is sent."
            ),
            "hold": self.env._("A hold stands: see the holds on the card."),
        }

    def _consent(self):
        return {
            "no_consent": self.env._(
                "The person did not agree to this purpose on this channel. Ask, with the"
                " text for it."
            ),
            "withdrawn": self.env._("The person said no to this."),
            "consent_expired": self.env._(
                "The consent's term is over. Ask the person anew."
            ),
            "consent_age": self.env._(
                "The consent was given before the person came of age (14 or 18). Ask anew."
            ),
            "abroad": self.env._(
                "This provider is abroad, and the person did not agree to that."
            ),
            "blacklisted": self.env._(
                "The number or address is on Odoo's blacklist for mass messages."
            ),
        }

    def _time(self):
        return {
            "window": self.env._("Outside the hours for this purpose."),
            "cap": self.env._("The person was reached often enough for now."),
            "memorial": self.env._("No greetings on a memorial day."),
            "stale": self.env._("It came too late to be of use."),
            "stopped": self.env._(
                "Messages were stopped for the campaign or hospital."
            ),
        }
