import ast

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...feed_adapters.base import AdapterError
from ...feed_adapters.odoo_presets import PRESETS, fitting

KINDS = ("odoo_local", "odoo_json2")


class HcrmFeedSource(models.Model):
    _inherit = "hcrm.feed.source"

    kind = fields.Selection(
        selection_add=[
            ("odoo_local", "HIS addons in this database"),
            ("odoo_json2", "HIS addons in another Odoo (JSON-2)"),
        ],
        ondelete={"odoo_local": "cascade", "odoo_json2": "cascade"},
    )
    preset = fields.Selection(
        [(key, preset["label"]) for key, preset in PRESETS.items()],
        help="Ready-made mapping of a HIS known from the field; edit it afterwards.",
    )
    model_ids = fields.One2many("hcrm.feed.model", "source_id", "Models")

    @api.model_create_multi
    def create(self, vals_list):
        sources = super().create(vals_list)
        self.env.registry.clear_cache()
        return sources

    def write(self, vals):
        done = super().write(vals)
        if "kind" in vals:
            self.env.registry.clear_cache()
        if vals.keys() & {"kind", "active"}:
            self.model_ids._sync_button()
        return done

    def unlink(self):
        # by the ORM: the buttons go with their mappings
        self.model_ids.unlink()
        done = super().unlink()
        self.env.registry.clear_cache()
        return done

    def _config(self, spool, since=None):
        config = super()._config(spool, since)
        if self.kind in KINDS:
            config.options["models"] = [
                # sudo: the mapping goes to the adapter, which the caller never sees
                one._as_option()
                for one in self.sudo().model_ids
            ]
        if self.kind == "odoo_local":
            config.search_read = self._read_local
        return config

    @api.model
    def _read_local(self, model, domain, names, order, limit) -> list[dict]:
        """``search_read`` of this database, and nothing else.

        The HIS is read past its access rules, archived records among them, in a
        subtransaction that cannot write: an override that would, fails.
        """
        # sudo: the administrator said what is read; nothing is written
        Model = self.env[model].sudo().with_context(active_test=False)
        self.env.flush_all()
        cr = self.env.cr
        cr.execute("SAVEPOINT hcrm_read_only")
        try:
            cr.execute("SET LOCAL transaction_read_only = on")
            return Model.search_read(domain, names, order=order, limit=limit, load=None)
        finally:
            # not released first: only this takes the setting back
            cr.execute("ROLLBACK TO SAVEPOINT hcrm_read_only")
            cr.execute("RELEASE SAVEPOINT hcrm_read_only")

    # ------------------------------------------------------------------
    # presets
    # ------------------------------------------------------------------

    def action_use_preset(self):
        """Add the models of the preset that the HIS has, with the fields it has."""
        self.ensure_one()
        self.env["hcrm.feed.model"].check_access("create")
        if not self.preset:
            raise UserError(self.env._("Choose a preset first."))
        adapter = self._adapter("preset")
        known = set(self.model_ids.mapped("model"))
        try:
            found = [
                vals
                for sequence, one in enumerate(PRESETS[self.preset]["models"])
                if one["model"] not in known
                and (vals := self._preset_vals(adapter.reader, one, sequence))
            ]
        except AdapterError as error:
            raise UserError(
                self.env["hcrm.feed.reason"]._source_sentence(error.code, error.values)
            ) from error
        finally:
            adapter.cleanup()
        if not found and not known:
            raise UserError(
                self.env._(
                    "The HIS has none of the models of this preset (%s). Choose another,"
                    " or add its models by hand.",
                    ", ".join(one["model"] for one in PRESETS[self.preset]["models"]),
                )
            )
        self.env["hcrm.feed.model"].create(found)

    def _preset_vals(self, reader, one, sequence):
        """Values of a mapping; None where the HIS does not have the model."""
        try:
            reader.fields(one["model"])
        except AdapterError as error:
            if error.code != "model_missing":
                raise
            return None
        leaves = ast.literal_eval(one.get("domain", "[]"))
        if not all(_has(reader, one["model"], leaf[0]) for leaf in leaves):
            return None
        lines = []
        for target, choices in one["fields"].items():
            paths = fitting(choices, lambda path: _has(reader, one["model"], path))
            if paths:
                lines.append(
                    {
                        "target": target,
                        "path": " + ".join(paths),
                        "value_map": one.get("values", {}).get(target),
                    }
                )
        lines += [
            {"target": target, "constant": value}
            for target, value in one.get("constants", {}).items()
        ]
        if not lines:
            return None
        return {
            "source_id": self.id,
            "sequence": sequence,
            "model": one["model"],
            "res_type": one["type"],
            "domain": one.get("domain", "[]"),
            "person_path": one.get("person"),
            "field_ids": [
                fields.Command.create({"sequence": place, **line})
                for place, line in enumerate(lines)
            ],
        }


def _has(reader, model: str, path: str) -> bool:
    """Whether a path leads to a field of the HIS."""
    for name in path.split("."):
        try:
            found = reader.fields(model).get(name)
        except AdapterError:
            return False
        if found is None:
            return False
        model = found[1] or model
    return True
