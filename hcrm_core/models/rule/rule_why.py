from datetime import datetime

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.orm.domains import DomainCondition, DomainNary, DomainNot

# figures about people who must not be named are whole fives
COARSE = 5
NEGATIVE = {"!=", "not in", "not any", "not ilike", "not like", "not =like"}
DATES = ("date_start", "date_recorded", "date", "date_planned", "date_due")


class HcrmRuleWhy(models.AbstractModel):
    """A condition on people in words, and the facts that make it true of somebody."""

    _name = "hcrm.rule.why"
    _description = "Reasons of a Rule"

    # ------------------------------------------------------------------
    # walking a condition
    # ------------------------------------------------------------------

    @api.model
    def _leaves(self, domain: Domain, path="", sign=True):
        """Yield (path of fields, leaf, whether it is asked for and not excluded),
        those inside “any” included."""
        if isinstance(domain, DomainCondition):
            full = f"{path}{domain.field_expr}"
            wanted = sign != (domain.operator in NEGATIVE)
            yield full, domain, wanted
            if domain.operator in ("any", "not any") and isinstance(
                domain.value, Domain | list
            ):
                yield from self._leaves(Domain(domain.value), f"{full}.", wanted)
        elif isinstance(domain, DomainNot):
            yield from self._leaves(domain.child, path, not sign)
        elif isinstance(domain, DomainNary):
            for child in domain.children:
                yield from self._leaves(child, path, sign)

    @api.model
    def _field_of(self, path: str, model="res.partner"):
        """The last field of a path and its model, or (None, None)."""
        Model, field = self.env[model], None
        for name in path.split("."):
            if Model is None or name not in Model._fields:
                return None, None
            field, owner = Model._fields[name], Model
            Model = self.env[field.comodel_name] if field.relational else None
        return owner, field

    @api.model
    def _is_closed(self, domain: Domain) -> bool:
        """Whether a condition reads a field or model that is not open to the user."""
        for path, _leaf, _wanted in self._leaves(domain):
            Model, names = self.env["res.partner"], path.split(".")
            for name in names:
                field = Model._fields.get(name)
                if field is None:
                    break
                if not Model.has_access("read") or not Model._has_field_access(
                    field, "read"
                ):
                    return True
                if field.relational:
                    Model = self.env[field.comodel_name]
                    if not Model.has_access("read"):
                        return True
        return False

    @api.model
    def _is_rule_closed(self, rule) -> bool:
        """Whether people must not be named to the user, because the rule picks them by
        what is not open to the user."""
        if rule.trigger == "event" and rule.event_kind_id.is_clinical:
            if not self.env["hcrm.timeline"]._is_clinical():
                return True
        return any(map(self._is_closed, rule._parts(rule._domain())))

    @api.model
    def _coarse(self, count: int) -> int:
        """A count that does not tell of a single person."""
        return count // COARSE * COARSE

    @api.model
    def _is_clinical(self, domain: Domain) -> bool:
        """Whether a condition reads what only clinical roles may read."""
        for path, _leaf, _wanted in self._leaves(domain):
            Model = self.env["res.partner"]
            for name in path.split("."):
                field = Model._fields.get(name)
                if field is None:
                    break
                if "hcrm_core.group_clinical" in (field.groups or ""):
                    return True
                if field.relational:
                    Model = self.env[field.comodel_name]
        return False

    # ------------------------------------------------------------------
    # in words
    # ------------------------------------------------------------------

    @api.model
    def _text(self, domain: Domain, model="res.partner") -> str:
        """A condition as part of a sentence."""
        if domain.is_true():
            return self.env._("everybody")
        if isinstance(domain, DomainNot):
            return self.env._("not (%s)", self._text(domain.child, model))
        if isinstance(domain, DomainNary):
            texts = [self._text(child, model) for child in domain.children]
            if domain.OPERATOR == "&":
                return self.env._(" and ").join(texts)
            return "(" + self.env._(" or ").join(texts) + ")"
        if isinstance(domain, DomainCondition):
            return self._leaf_text(domain, model)
        return self.env._("a condition of the system")

    def _leaf_text(self, leaf, model):
        _owner, field = self._field_of(leaf.field_expr, model)
        label = self._path_label(leaf.field_expr, model)
        operator, value = leaf.operator, leaf.value
        if operator in ("any", "not any") and field is not None:
            inner = self._text(Domain(value), field.comodel_name)
            if operator == "any":
                return self.env._("%(what)s with %(which)s", what=label, which=inner)
            return self.env._("no %(what)s with %(which)s", what=label, which=inner)
        if value is False or value is None:
            is_flag = field is not None and field.type == "boolean"
            if operator in ("=", "in") and not is_flag:
                return self.env._("%s is not known", label)
            if operator in ("!=", "not in") and not is_flag:
                return self.env._("%s is known", label)
        return self.env._(
            "%(what)s %(compares)s %(value)s",
            what=label,
            compares=self._operator_text(operator, field),
            value=self._value_text(field, value, operator),
        )

    def _operator_text(self, operator, field):
        is_date = field is not None and field.type in ("date", "datetime")
        words = {
            "=": self.env._("is"),
            "!=": self.env._("is not"),
            "in": self.env._("is"),
            "not in": self.env._("is not"),
            "<": self.env._("is before") if is_date else self.env._("is below"),
            ">": self.env._("is after") if is_date else self.env._("is above"),
            "<=": self.env._("is at latest") if is_date else self.env._("is at most"),
            ">=": self.env._("is at earliest")
            if is_date
            else self.env._("is at least"),
            "ilike": self.env._("contains"),
            "not ilike": self.env._("does not contain"),
            "=like": self.env._("is like"),
            "=ilike": self.env._("is like"),
            "child_of": self.env._("belongs to"),
        }
        return words.get(operator, operator)

    @api.model
    def _path_label(self, path, model="res.partner"):
        Model, labels = self.env[model], []
        for name in path.split("."):
            field = Model._fields.get(name) if Model is not None else None
            if field is None:
                labels.append(name)
                break
            labels.append(field._description_string(self.env) or name)
            Model = self.env[field.comodel_name] if field.relational else None
        return " › ".join(labels)

    def _value_text(self, field, value, operator="="):
        values = value if isinstance(value, list | tuple | set | frozenset) else [value]
        values = sorted(values, key=str) if not isinstance(value, list) else values
        if field is None:
            return ", ".join(map(str, values))
        if field.relational and all(isinstance(one, int) for one in values):
            # sudo: names of what the rule was set to
            records = (
                self.env[field.comodel_name]
                .sudo()
                .browse([one for one in values if one])
            )
            return self.env._(" or ").join(records.exists().mapped("display_name"))
        if field.type == "selection":
            labels = dict(field._description_selection(self.env))
            return self.env._(" or ").join(str(labels.get(v, v)) for v in values)
        if field.type == "boolean":
            return self.env._("yes") if values[0] else self.env._("no")
        if operator in ("=like", "=ilike"):
            return ", ".join(str(one).replace("%", "…") for one in values)
        return ", ".join(self._plain(one) for one in values)

    def _plain(self, value) -> str:
        if isinstance(value, datetime):
            local = fields.Datetime.context_timestamp(self, value)
            return f"{local:%Y-%m-%d %H:%M}"
        if isinstance(value, float):
            return f"{value:g}"
        return str(value)

    # ------------------------------------------------------------------
    # the facts
    # ------------------------------------------------------------------

    @api.model
    def _evidence(self, partners, domain: Domain) -> dict[int, str]:
        """What makes a condition true of these people: person -> text. One query per
        condition, whatever their number.

        :param partners: people of whom it is true, as the rule sees them
        """
        if isinstance(domain, DomainNary):
            found = {}
            for child in domain.children:
                met = partners.search(Domain("id", "in", partners.ids) & child)
                for person, text in self._evidence(met, child).items():
                    found[person] = (
                        f"{found[person]}; {text}" if person in found else text
                    )
            return found
        if isinstance(domain, DomainCondition):
            return self._leaf_evidence(partners, domain)
        text = self._text(domain)
        return dict.fromkeys(partners.ids, text)

    def _leaf_evidence(self, partners, leaf):
        name, _dot, rest = leaf.field_expr.partition(".")
        field = partners._fields.get(name)
        if field is None:
            return dict.fromkeys(partners.ids, self._text(leaf))
        if name == "hcrm_chronic_group_ids" and leaf.operator in ("in", "="):
            ids = leaf.value if isinstance(leaf.value, list | tuple) else [leaf.value]
            groups = (
                self.env["hcrm.chronic.group"]
                .sudo()
                .browse(one for one in leaf.value if one)
                if not isinstance(leaf.value, int)
                else self.env["hcrm.chronic.group"].sudo().browse(ids)
            )
            return self._facts(
                partners, "hcrm.condition", groups._get_condition_domain()
            )
        if field.type == "one2many" and field.inverse_name == "partner_id":
            return self._row_evidence(partners, leaf, field, rest)
        label = self._path_label(name)
        return {
            partner.id: self.env._(
                "%(what)s: %(value)s",
                what=label,
                value=self._field_text(partner, field),
            )
            for partner in partners
        }

    def _row_evidence(self, partners, leaf, field, rest):
        if leaf.operator in NEGATIVE or not (rest or leaf.operator == "any"):
            return dict.fromkeys(partners.ids, self._text(leaf))
        inner = Domain(rest, leaf.operator, leaf.value) if rest else Domain(leaf.value)
        return self._facts(partners, field.comodel_name, inner)

    def _facts(self, partners, model, domain):
        """The newest record of each person that meets a condition, named and dated."""
        Model = partners.env[model]
        name = next((one for one in DATES if one in Model._fields), "id")
        rows = Model.search(
            Domain("partner_id", "in", partners.ids) & domain, order=f"{name} desc"
        )
        found = {}
        for row in rows:
            if row.partner_id.id not in found:
                found[row.partner_id.id] = self.env._(
                    "%(kind)s: %(what)s, %(date)s",
                    kind=self.env[model]._description,
                    what=self._name_of(row),
                    date=self._plain(row[name]) if name != "id" and row[name] else "?",
                )
        return found

    def _name_of(self, row):
        parts = [row.display_name or ""]
        if "code" in row._fields and row.code:
            parts.append(f"({row.code})")
        if "department_id" in row._fields and row.department_id:
            parts.append(row.department_id.display_name)
        return " ".join(filter(None, parts))

    def _field_text(self, record, field):
        value = record[field.name]
        if field.relational:
            return ", ".join(value.mapped("display_name")) or "–"
        if field.type == "selection":
            return dict(field._description_selection(self.env)).get(value, value or "–")
        if field.type == "boolean":
            return self.env._("yes") if value else self.env._("no")
        return self._plain(value) if value not in (False, None) else "–"
