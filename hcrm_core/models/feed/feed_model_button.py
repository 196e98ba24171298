from odoo import api, fields, models

ADDON = "hcrm_core"
# the box of buttons, else the header, else the form itself: one node of every form,
# whatever the next version of the HIS makes of its view
PLACE = (
    "(//div[@name='button_box']"
    " | /form[not(//div[@name='button_box'])]/header"
    " | /form[not(//div[@name='button_box']) and not(header)])[1]"
)


class HcrmFeedModel(models.Model):
    """The button on the patient form of a HIS in this database that opens our card.

    Fields of ours show on a patient that delegates to ``res.partner``, methods do
    not: a view and an action are made from the mapping, and go with it. Both carry
    an XML id of this addon, so that uninstalling it leaves the HIS as it was.
    """

    _inherit = "hcrm.feed.model"

    has_button = fields.Boolean(
        "Button to the Card",
        default=True,
        help="The patient form of the HIS gets a button that opens the card.",
    )
    view_ids = fields.Many2many("ir.ui.view", readonly=True, copy=False)
    action_id = fields.Many2one("ir.actions.server", readonly=True, copy=False)

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records._sync_button()
        return records

    def write(self, vals):
        done = super().write(vals)
        if vals.keys() & {"has_button", "model", "res_type", "person_path"}:
            self._drop_button()
            self._sync_button()
        return done

    def unlink(self):
        self._drop_button()
        return super().unlink()

    def _sync_button(self):
        """Make the buttons that are wanted, take away those that are not."""
        for record in self:
            if not record._wants_button():
                record._drop_button()
            elif not record.action_id:
                record._make_button()

    def _wants_button(self) -> bool:
        self.ensure_one()
        source = self.source_id
        return (
            self.has_button
            and source.kind == "odoo_local"
            and source.active
            and self.res_type == "Patient"
            # contacts have the button already
            and self.model in self.env
            and self.model != "res.partner"
        )

    def _drop_button(self):
        # sudo: what was made for the mapping goes with it
        self.sudo().view_ids.unlink()
        self.sudo().action_id.unlink()

    def _make_button(self):
        self.ensure_one()
        # sudo: views and actions are the administrator's, like the mapping itself
        View = self.env["ir.ui.view"].sudo().with_context(active_test=True)
        forms = View.search(
            [
                ("model", "=", self.model),
                ("type", "=", "form"),
                ("mode", "=", "primary"),
                ("inherit_id", "=", False),
            ]
        )
        if not forms:
            return
        action = self._make_action()
        views = View.create(
            [
                {
                    "name": f"{self.model}.form.hcrm",
                    "model": self.model,
                    "inherit_id": form.id,
                    "mode": "extension",
                    # after the views of the HIS
                    "priority": 900,
                    "arch": self._button_arch(action),
                }
                for form in forms
            ]
        )
        self._name_as_ours(action, f"his_card_action_{self.id}")
        for view in views:
            self._name_as_ours(view, f"his_card_view_{self.id}_{view.inherit_id.id}")
        self.sudo().write({"view_ids": [(6, 0, views.ids)], "action_id": action.id})

    def _make_action(self):
        # sudo: see _make_button
        return (
            self.env["ir.actions.server"]
            .sudo()
            .create(
                {
                    "name": self.env._("Open the 360° Card"),
                    "model_id": self.env["ir.model"]._get_id(self.model),
                    "state": "code",
                    "code": f"action = env['hcrm.feed.model'].browse({self.id})"
                    "._open_card(record)",
                    "group_ids": [(6, 0, self.env.ref("hcrm_core.group_user").ids)],
                }
            )
        )

    def _button_arch(self, action) -> str:
        return (
            f'<xpath expr="{PLACE}" position="inside">'
            f'<button name="{action.id}" type="action" class="oe_stat_button"'
            ' icon="fa-id-card-o" string="360° Card" groups="hcrm_core.group_user"/>'
            "</xpath>"
        )

    @api.model
    def _name_as_ours(self, record, name):
        """Give a record an XML id: kept by updates, removed with this addon."""
        self.env["ir.model.data"].sudo().create(
            {
                "module": ADDON,
                "name": name,
                "model": record._name,
                "res_id": record.id,
                "noupdate": True,
            }
        )

    def _open_card(self, patient):
        """The card of the person a patient of the HIS is; as the user at the form."""
        # sudo: the path is the administrator's; the card itself checks who may open it
        path = self.sudo().person_path
        person = patient.sudo().mapped(path)[:1]
        Partner = self.env["res.partner"]
        return Partner._hcrm_card_person(person.id).action_hcrm_open_card()
