from odoo import models

from ..people.person_details import PERSON_COLUMNS
from .people_columns import CONSTANT, CONSTRAINTS, DERIVED, METHODS


class HcrmFeedPeopleGuard(models.AbstractModel):
    """Decides whether people may be written in sets, and says why not.

    Compares the installed ``res.partner`` with the reviewed tables: a stored
    compute, an override of ``create`` or ``write``, a constraint, an automation
    or audit rule that nobody has reviewed sends the page to the ORM.
    """

    _name = "hcrm.feed.people.guard"
    _description = "Guard of the People Writer"

    def _reason_for_orm(self):
        """Return why people must be written by the ORM, in words; "" if they need not.

        Looks at classes in memory and at three small tables: cheap enough to be
        asked for every page, so that a rule switched on today counts today.
        """
        return (
            self._method_reason()
            or self._column_reason()
            or self._constraint_reason()
            or self._rule_reason()
            or self._properties_reason()
        )

    # ------------------------------------------------------------------
    # CODE
    # ------------------------------------------------------------------

    def _method_reason(self):
        for name, reviewed in METHODS.items():
            for module in self._owners(name):
                if module == "":
                    return self.env._(
                        "Something changes %(method)s of contacts while the server "
                        "runs, e.g. an automation or audit rule.",
                        method=name,
                    )
                if module not in reviewed:
                    return self.env._(
                        "The add-on %(module)s changes how contacts are saved "
                        "(%(method)s).",
                        module=module,
                        method=name,
                    )
        return ""

    def _owners(self, method):
        """Yield the modules that define ``method`` on res.partner, "" for a patch."""
        for cls in type(self.env["res.partner"]).__mro__:
            if method not in cls.__dict__:
                continue
            if "pool" in cls.__dict__:
                # classes of the registry define nothing by themselves
                yield ""
            else:
                yield getattr(cls, "_module", None) or "orm"

    def _column_reason(self):
        Partner = self.env["res.partner"]
        written = set(PERSON_COLUMNS)
        defaults = set(Partner._add_missing_default_values({}))
        for name, field in Partner._fields.items():
            if not field.store:
                continue
            if name in written and self._is_special(field):
                return self.env._(
                    "The field %(field)s of contacts is stored in a way of its own.",
                    field=name,
                )
            if field.compute and not self._is_reviewed(name, field):
                return self.env._(
                    "The add-on %(module)s computes and stores %(field)s on contacts.",
                    module=field._module or self.env._("(customisation)"),
                    field=name,
                )
            if field.required and not field.compute and name not in written | defaults:
                return self.env._(
                    "The field %(field)s of contacts is required and has no default.",
                    field=name,
                )
        return ""

    def _is_special(self, field):
        return field.inverse or field.translate or field.company_dependent

    def _is_reviewed(self, name, field):
        compute, _rule = DERIVED.get(name) or CONSTANT.get(name) or (None, None)
        method = field.compute
        return compute == (method if isinstance(method, str) else method.__name__)

    def _constraint_reason(self):
        Partner = self.env["res.partner"]
        seen = set(PERSON_COLUMNS) | set(Partner._add_missing_default_values({}))
        for method in Partner._constraint_methods:
            module = method.__module__.split(".")[2]
            if not seen.isdisjoint(method._constrains) and (
                (module, method.__name__) not in CONSTRAINTS
            ):
                return self.env._(
                    "The add-on %(module)s checks contacts when they are saved "
                    "(%(method)s).",
                    module=module,
                    method=method.__name__,
                )
        return ""

    # ------------------------------------------------------------------
    # DATA
    # ------------------------------------------------------------------

    def _rule_reason(self):
        """Automation and audit rules see create and write; sets would pass them by."""
        for model, domain in (
            ("base.automation", [("model_name", "=", "res.partner")]),
            (
                "auditlog.rule",
                [("model_id.model", "=", "res.partner"), ("state", "=", "subscribed")],
            ),
        ):
            if model not in self.env:
                continue
            rule = self.env[model].sudo().search(domain, limit=1)
            if rule:
                return self.env._(
                    "The rule %(rule)s watches contacts.", rule=rule.display_name
                )
        return ""

    def _properties_reason(self):
        definition = (
            self.env["properties.base.definition"]
            .sudo()
            ._get_definition_for_property_field("res.partner", "properties")
        )
        if any("default" in item for item in definition.properties_definition or ()):
            return self.env._("Properties of contacts have default values.")
        return ""
