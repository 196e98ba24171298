from odoo import api, fields, models
from odoo.exceptions import UserError


class HcrmShiftSwap(models.Model):
    """Two colleagues change shifts, or one takes another's: asked and accepted."""

    _name = "hcrm.shift.swap"
    _description = "Shift Swap"
    _order = "id desc"
    _rec_name = "shift_id"

    company_id = fields.Many2one(related="shift_id.company_id", store=True)
    shift_id = fields.Many2one(
        "hcrm.shift", required=True, ondelete="cascade", index=True
    )
    from_user_id = fields.Many2one("res.users", "Asked By", required=True)
    to_user_id = fields.Many2one(
        "res.users", "Asked", required=True, ondelete="cascade", index=True
    )
    other_shift_id = fields.Many2one(
        "hcrm.shift",
        "Against",
        ondelete="cascade",
        index="btree_not_null",
        help="Empty: nothing in return.",
    )
    note = fields.Char()
    state = fields.Selection(
        [
            ("asked", "Asked"),
            ("accepted", "Accepted"),
            ("declined", "Declined"),
            ("withdrawn", "Withdrawn"),
        ],
        required=True,
        default="asked",
    )
    date_answered = fields.Datetime("Answered")

    _one_uniq = models.UniqueIndex(
        "(shift_id) WHERE state = 'asked'", "A colleague was asked for this shift."
    )

    @api.model
    def _ask(self, shift, to_user, other=None, note=""):
        """Ask a colleague to take one's own coming shift, or to change it."""
        if shift.user_id != self.env.user:
            raise UserError(self.env._("Only your own shift can be swapped."))
        if shift.date_start <= fields.Datetime.now():
            raise UserError(self.env._("This shift has begun. Hand it over instead."))
        if other and other.user_id != to_user:
            raise UserError(self.env._("Choose a shift of the colleague you ask."))
        team = shift.group_id
        if team and team not in to_user.sudo().all_group_ids:
            raise UserError(self.env._("%s does not work in this team.", to_user.name))
        # sudo: everybody may ask, only the roster's keeper writes shifts
        swap = self.sudo().create(
            {
                "shift_id": shift.id,
                "from_user_id": self.env.uid,
                "to_user_id": to_user.id,
                "other_shift_id": other.id if other else False,
                "note": note or False,
            }
        )
        swap._tell()
        return swap

    def _tell(self):
        self.env["hcrm.task"]._touch_holders(
            self.from_user_id | self.to_user_id, self.env["res.groups"]
        )

    def _reply(self, accepts):
        """Yes changes the roster at once; no leaves it."""
        self.ensure_one()
        me = self.sudo()
        if me.to_user_id != self.env.user:
            raise UserError(self.env._("Only the colleague who was asked answers."))
        me.lock_for_update()
        if me.state != "asked":
            raise UserError(self.env._("This was answered already."))
        me.write(
            {
                "state": "accepted" if accepts else "declined",
                "date_answered": fields.Datetime.now(),
            }
        )
        if accepts:
            shift, other = me.shift_id, me.other_shift_id
            if shift.user_id != me.from_user_id or (
                other and other.user_id != me.to_user_id
            ):
                raise UserError(self.env._("The roster has changed. Ask anew."))
            both = shift | other
            # the two change hands in one step: one after the other would overlap
            both.write({"state": "absent"})
            shift.write({"user_id": me.to_user_id.id})
            if other:
                other.write({"user_id": me.from_user_id.id})
            both.write({"state": "planned"})
        me._tell()
        return me
