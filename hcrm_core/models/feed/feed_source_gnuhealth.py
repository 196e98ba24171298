from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...feed_adapters.gnuhealth_connection import is_schema_name


class HcrmFeedSource(models.Model):
    _inherit = "hcrm.feed.source"

    database_schema = fields.Char(
        "Schema",
        help="Schema that holds the tables of the HIS. Empty: the one its user sees.",
    )

    @api.constrains("database_schema")
    def _check_database_schema(self):
        for source in self.filtered("database_schema"):
            if not is_schema_name(source.database_schema):
                raise ValidationError(
                    self.env._(
                        "%s is no name of a schema. Write letters, digits and"
                        " underscores only.",
                        source.database_schema,
                    )
                )

    def _config(self, spool, since=None):
        config = super()._config(spool, since)
        if self.database_schema:
            config.options["schema"] = self.database_schema
        return config
