import base64
import os
import re
import shutil

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...feed_adapters.fhir_spool import SUFFIXES


class HcrmFeedUpload(models.TransientModel):
    """Bring a file from one's own computer to a source and read it."""

    _name = "hcrm.feed.upload"
    _description = "Upload a File to the Feed"

    source_id = fields.Many2one(
        "hcrm.feed.source",
        domain="[('is_upload', '=', True)]",
        help="The HIS the file comes from. Records are recognised within one source, so"
        " files of one HIS belong to one source.",
    )
    name = fields.Char(
        "New Source", help="Name of the HIS, where it is not in the list yet."
    )
    file = fields.Binary(required=True, attachment=False)
    filename = fields.Char()

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        if "source_id" in fields_list and "source_id" not in values:
            last = self.env["hcrm.feed.source"].search(
                [("is_upload", "=", True)], limit=1, order="id desc"
            )
            values["source_id"] = last.id
        return values

    def action_upload(self):
        """Put the file where the source reads, and start a run."""
        self.ensure_one()
        source = self.source_id or self._make_source()
        source.check_access("write")
        source.path = self._store(source)
        return source.action_start()

    def _make_source(self):
        if not self.name:
            raise UserError(
                self.env._("Choose the source the file comes from, or name a new one.")
            )
        return self.env["hcrm.feed.source"].create(
            {"name": self.name, "is_upload": True}
        )

    def _store(self, source) -> str:
        """Write the file below the upload folder; earlier files of the source go."""
        name = re.sub(r"[^\w.-]+", "_", os.path.basename(self.filename or "")).lstrip(
            "."
        )
        if not name.lower().endswith(SUFFIXES):
            raise UserError(
                self.env._(
                    "%(name)s is not a FHIR file. It must end in %(suffixes)s.",
                    name=self.filename or "?",
                    suffixes=", ".join(SUFFIXES),
                )
            )
        active = source.run_ids.filtered(lambda run: run.state in ("queued", "running"))
        if active:
            raise UserError(
                self.env._(
                    "%s is being read already. Stop that run first.", source.name
                )
            )
        folder = os.path.join(source._data_folder("upload"), str(source.id))
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        path = os.path.join(folder, name)
        with open(path, "wb") as out:
            out.write(base64.b64decode(self.file))
        return path
