from dateutil.relativedelta import relativedelta

from odoo import fields, models
from odoo.exceptions import UserError

HOURS_PARAMETER = "hcrm_core.break_glass_hours"
LIMIT_PARAMETER = "hcrm_core.break_glass_per_hour"


class HcrmBreakGlass(models.TransientModel):
    """Open a confidential file in an emergency, with a reason (R8).

    Whoever knows the whole number of the person gets a grant for a few hours; the
    try is logged, hit or miss, and the privacy officers are told of each hit. A
    number of nobody, of another hospital's person and a mistyped one give the same
    answer. A miss is an answer, no error, so that it counts and stays logged.
    """

    _name = "hcrm.break.glass"
    _description = "Open a Confidential File"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    person_number = fields.Char(
        "Record or Identity Number",
        required=True,
        help="The whole number, as on the paper or the wristband.",
    )
    reason = fields.Char(required=True)

    def action_open(self):
        """Give the grant and open the card; tell a miss and keep the wizard open."""
        self.ensure_one()
        reason = self._check_reason()
        self._check_rate()
        Access = self.env["hcrm.person.access"]
        person_sudo = Access._people_by_number(
            self.person_number, self.company_id
        ).sudo()
        # the number of a person nobody may be sure about is kept by its end alone
        tail = f"…{self.person_number.strip()[-4:]}"
        if len(person_sudo) != 1:
            self.env["hcrm.access.log"]._append_break_glass((), tail, reason)
            return self._answer_miss()
        self.env["hcrm.access.log"]._append_break_glass(person_sudo.ids, tail, reason)
        person = person_sudo.with_env(self.env)
        if not person._filtered_access("read"):
            self._grant(person_sudo, reason)
            self._tell_privacy_officers()
            person.invalidate_recordset()
        return {**person.action_hcrm_open_card(), "target": "main"}

    def _check_reason(self):
        reason = " ".join((self.reason or "").split())
        if len(reason) < 4:
            raise UserError(
                self.env._(
                    "Say in a few words why you must see the file now; the privacy "
                    "officer reads it."
                )
            )
        return reason

    def _check_rate(self):
        """Refuse whoever tries numbers: hits and misses of the last hour count."""
        limit = self._get_parameter(LIMIT_PARAMETER, 5)
        since = fields.Datetime.now() - relativedelta(hours=1)
        # sudo: the log is the privacy officer's
        tries = (
            self.env["hcrm.access.log"]
            .sudo()
            .search_count(
                [
                    ("company_id", "=", self.company_id.id),
                    ("date", ">", since),
                    ("user_id", "=", self.env.uid),
                    ("kind", "=", "break_glass"),
                ],
                limit=limit,
            )
        )
        if tries >= limit:
            raise UserError(
                self.env._(
                    "You have opened, or tried to open, %s confidential files within "
                    "an hour. Ask the privacy officer or your manager for access.",
                    limit,
                )
            )

    def _get_parameter(self, name, default):
        # sudo: settings of the administrator
        value = self.env["ir.config_parameter"].sudo().get_param(name)
        return int(value) if value and value.isdigit() and int(value) else default

    def _grant(self, person_sudo, reason):
        now = fields.Datetime.now()
        hours = self._get_parameter(HOURS_PARAMETER, 4)
        # sudo: nobody but the privacy officer gives grants, except here
        self.env["hcrm.person.access"].sudo().create(
            {
                "partner_id": person_sudo.id,
                "user_id": self.env.uid,
                "company_id": self.company_id.id,
                "kind": "break_glass",
                "reason": reason,
                "date_start": now,
                "date_end": now + relativedelta(hours=hours),
            }
        )

    def _tell_privacy_officers(self):
        """Mail whoever must know; who was opened, and why, stands on their desk."""
        group = self.env.ref("hcrm_core.group_privacy_officer")
        # sudo: colleagues, whatever the rules of users
        officers_sudo = group.sudo().all_user_ids.filtered(
            lambda user: self.company_id in user.company_ids
        )
        if not officers_sudo:
            return
        self.env["mail.thread"].sudo().message_notify(
            partner_ids=officers_sudo.partner_id.ids,
            subject=self.env._("A confidential file was opened"),
            body=self.env._(
                "%(user)s opened a confidential file without a grant of the care team. "
                "Who it was and the reason stand on your desk.",
                user=self.env.user.name,
            ),
        )

    def _answer_miss(self):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning",
                "message": self.env["hcrm.person.access"]._nobody_sentence(
                    self.person_number, self.company_id
                ),
            },
        }
