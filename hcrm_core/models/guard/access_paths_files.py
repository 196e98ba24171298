"""Pictures, documents and messages of people: reading them is logged too."""

from odoo import api, models


class IrBinary(models.AbstractModel):
    _inherit = "ir.binary"

    def _find_record(
        self,
        xmlid=None,
        res_model="ir.attachment",
        res_id=None,
        access_token=None,
        field=None,
    ):
        """Note whose picture or document ``/web/image`` and ``/web/content`` give."""
        record = super()._find_record(xmlid, res_model, res_id, access_token, field)
        if not self.env.su:
            self._hcrm_note_file(record.sudo(), field)
        return record

    @api.model
    def _hcrm_note_file(self, record_sudo, field):
        kind = "document"
        owner_sudo = record_sudo
        if record_sudo._name == "ir.attachment":
            Owner_sudo = self.env.get(record_sudo.res_model or "")
            if Owner_sudo is None:
                return
            owner_sudo = Owner_sudo.sudo().browse(record_sudo.res_id).exists()
            field = record_sudo.res_field
        if owner_sudo._name == "res.partner":
            people_sudo = owner_sudo.filtered("hcrm_metrics_id")
            if field and people_sudo:
                # initials drawn for who has no picture tell nothing
                if not people_sudo.with_context(bin_size=True).image_128:
                    return
                kind = "picture"
        elif names := getattr(owner_sudo, "_person_fields", ()):
            people_sudo = owner_sudo.mapped(names[0])
        else:
            return
        self.env["hcrm.access.log"]._note(
            kind, people_sudo.with_env(self.env), is_known=True
        )


class MailMessage(models.Model):
    _inherit = "mail.message"

    @api.model
    def _message_fetch(self, domain, *, thread=None, **options):
        """Note whose notes and messages the web client shows."""
        found = super()._message_fetch(domain, thread=thread, **options)
        if thread and thread._name == "res.partner" and found.get("messages"):
            person = self.env["res.partner"].browse(thread.id)
            self.env["hcrm.access.log"]._note("thread", person)
        return found

    @api.private
    def fetch(self, field_names=None):
        result = super().fetch(field_names)
        self._hcrm_note_read()
        return result

    def _fetch_query(self, query, fields):
        fetched = super()._fetch_query(query, fields)
        fetched._hcrm_note_read()
        return fetched

    def _hcrm_note_read(self):
        """Note that messages were read which may stand on people."""
        if not self.env.su:
            models_ = self._fields["model"]._get_cache(self.env)
            on_people = self.browse(
                id_
                for id_ in self._ids
                if models_.get(id_, "res.partner") == "res.partner"
            )
            self.env["hcrm.access.log"]._note_fetched(on_people)
