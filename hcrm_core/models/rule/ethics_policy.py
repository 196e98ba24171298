import re
from fnmatch import fnmatchcase

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

PURPOSES_ASKED = ("care", "service", "survey", "research", "marketing")


class HcrmEthicsPolicy(models.Model):
    """What the hospital does not do, whatever a rule or a campaign says (F195, F257).

    Two kinds: people to whom nothing is sold, and questions that care must not ask
    (care is equal, R19). Kept as data, changed with a reason, and every change is
    kept. Asked when a rule is saved, when it is started and whenever it acts.
    """

    _name = "hcrm.ethics.policy"
    _description = "Ethics Policy"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", "Legal Entity", help="Empty: every hospital of the group."
    )
    note = fields.Text("Why", required=True, translate=True)
    kind = fields.Selection(
        [
            ("spare", "People who are spared"),
            ("equal", "Questions that must not be asked"),
        ],
        required=True,
        default="spare",
    )
    on_care = fields.Boolean("Care")
    on_service = fields.Boolean("Service")
    on_survey = fields.Boolean("Survey")
    on_research = fields.Boolean("Research")
    on_marketing = fields.Boolean("Marketing")
    # ---- who is spared
    code_prefixes = fields.Char(
        "Sensitive Diagnoses",
        help="Beginnings of ICD-10 codes, comma-separated, e.g. C, F, B20.",
    )
    is_sensitive_place = fields.Boolean(
        "Seen in a Sensitive Department", help="Departments marked as sensitive."
    )
    event_kind_ids = fields.Many2many(
        "hcrm.event.kind",
        string="Never After",
        help="No rule for these purposes answers one of these events.",
    )
    loss_months = fields.Integer(
        "Months After a Loss", help="A pregnancy lost, or a relative's death; 0: none."
    )
    minor_age = fields.Integer("Younger Than", help="0: no age is spared.")
    is_shielded = fields.Boolean(
        "Diagnosis Not Disclosed", help="People who do not know of their illness (R4)."
    )
    # ---- what must not be asked
    field_patterns = fields.Text(
        "Facts Not Asked",
        help="One a line; a star stands for anything, e.g. *tier*.",
    )
    change_reason = fields.Char(
        "Reason of the Change",
        help="Asked for with every change, and kept.",
    )
    change_ids = fields.One2many(
        "hcrm.ethics.change", "policy_id", "Changes", readonly=True
    )

    @api.constrains("kind", "code_prefixes", "field_patterns")
    def _check_content(self):
        for policy in self:
            for prefix in policy._prefixes():
                if not re.fullmatch(r"[A-Z][0-9A-Z.\-]*", prefix):
                    raise ValidationError(
                        self.env._(
                            "“%s” is no beginning of an ICD-10 code. Write e.g. C, F,"
                            " B20.",
                            prefix,
                        )
                    )
            if policy.kind == "equal" and not policy._patterns():
                raise ValidationError(
                    self.env._("Say which facts must not be asked, one a line.")
                )

    def write(self, vals):
        """Every change says why; running rules that it forbids are stopped."""
        told = set(vals) - {"change_reason", "sequence"}
        if told and not self.env.context.get("install_mode"):
            reason = (vals.get("change_reason") or "").strip()
            if not reason:
                raise UserError(self.env._("Give the reason of the change."))
            self._log_change(vals, reason)
        res = super().write({**vals, "change_reason": False} if told else vals)
        if told:
            self._stop_forbidden()
        return res

    def _log_change(self, vals, reason):
        names = [
            name for name in vals if name in self._fields and name != "change_reason"
        ]
        # sudo: the history is written by nobody by hand
        self.env["hcrm.ethics.change"].sudo().create(
            [
                {
                    "policy_id": policy.id,
                    "reason": reason,
                    "user_id": self.env.uid,
                    "what": "; ".join(
                        f"{self._fields[name]._description_string(self.env)}: "
                        f"{policy._shown(name, policy[name])} → "
                        f"{policy._shown(name, vals[name])}"
                        for name in names
                    ),
                }
                for policy in self
            ]
        )

    def _shown(self, name, value):
        if isinstance(value, models.BaseModel):
            return ", ".join(value.mapped("display_name")) or "–"
        return str(value) if value not in (False, None, "") else "–"

    def _stop_forbidden(self):
        """Running rules that a policy forbids from now on."""
        # sudo: rules of every hospital
        for rule in self.env["hcrm.rule"].sudo().search([("is_running", "=", True)]):
            refusal = rule._find_refusal()
            if refusal:
                rule._stop(refusal)
                rule.problem = refusal[:300]

    def _get_purposes(self):
        return {code for code in PURPOSES_ASKED if self[f"on_{code}"]}

    def _prefixes(self) -> list[str]:
        parts = re.split(r"[,，;；\s]+", self.code_prefixes or "")
        return [part.upper() for part in parts if part]

    def _patterns(self) -> list[str]:
        return [line.strip() for line in (self.field_patterns or "").split() if line]

    def _refusal(self) -> str:
        return self.env._("Ethics policy “%s” protects the person.", self.name)

    # ------------------------------------------------------------------
    # people
    # ------------------------------------------------------------------

    def _touches_sql(self, person: SQL) -> SQL:
        """Whether a person is one of those who are spared.

        :param person: the person's id in the query around it
        """
        today = fields.Date.context_today(self)
        branches = []
        if self._prefixes():
            branches.append(
                SQL(
                    "EXISTS (SELECT FROM hcrm_condition d WHERE d.partner_id = %s"
                    " AND d.code LIKE ANY(%s) AND COALESCE(d.source_state, '')"
                    " NOT IN ('deleted', 'entered-in-error'))",
                    person,
                    [f"{prefix}%" for prefix in self._prefixes()],
                )
            )
        if self.is_sensitive_place:
            branches.append(
                SQL(
                    "EXISTS (SELECT FROM hcrm_encounter v JOIN hcrm_department w"
                    " ON w.id = v.department_id AND w.is_sensitive"
                    " WHERE v.partner_id = %s AND v.state != 'cancelled')",
                    person,
                )
            )
        if self.loss_months:
            since = SQL(
                "(%s::date - make_interval(months => %s))", today, self.loss_months
            )
            branches.append(self._loss_sql(person, since))
        if self.minor_age:
            branches.append(
                SQL(
                    "EXISTS (SELECT FROM res_partner k WHERE k.id = %s"
                    " AND k.hcrm_birthdate > %s::date - make_interval(years => %s))",
                    person,
                    today,
                    self.minor_age,
                )
            )
        if self.is_shielded:
            branches.append(
                SQL(
                    "EXISTS (SELECT FROM hcrm_person_company f WHERE f.partner_id = %s"
                    " AND f.disclosure = 'shielded')",
                    person,
                )
            )
        return SQL("(%s)", SQL(" OR ").join(branches)) if branches else SQL("false")

    def _loss_sql(self, person: SQL, since: SQL) -> SQL:
        return SQL(
            "EXISTS (SELECT FROM hcrm_person_report l WHERE l.partner_id = %(person)s"
            " AND l.kind = 'pregnancy_lost' AND l.date_reversed IS NULL"
            " AND COALESCE(l.date_event, l.create_date::date) >= %(since)s)"
            " OR EXISTS (SELECT FROM hcrm_person_relation y JOIN res_partner q"
            " ON q.id = y.relative_id WHERE y.partner_id = %(person)s"
            " AND q.hcrm_deceased_date >= %(since)s)"
            " OR EXISTS (SELECT FROM hcrm_person_relation y JOIN res_partner q"
            " ON q.id = y.partner_id WHERE y.relative_id = %(person)s"
            " AND q.hcrm_deceased_date >= %(since)s)",
            person=person,
            since=since,
        )

    # ------------------------------------------------------------------
    # conditions
    # ------------------------------------------------------------------

    def _find_offence(self, domain) -> str | None:
        """The part of a condition that this policy does not allow, in words."""
        Why = self.env["hcrm.rule.why"].sudo()
        for path, leaf, wanted in Why._leaves(domain):
            if self.kind == "equal":
                bare = path.lower()
                if any(fnmatchcase(bare, pattern) for pattern in self._patterns()):
                    return Why._path_label(path)
            elif wanted and self._aims_at(path, leaf):
                return Why._text(leaf, self._model_of(path, leaf))
        return None

    def _model_of(self, path, leaf):
        """The model a leaf inside “any” speaks of."""
        outer = path[: len(path) - len(leaf.field_expr)].rstrip(".")
        if not outer:
            return "res.partner"
        return self.env["hcrm.rule.why"]._field_of(outer)[1].comodel_name

    def _aims_at(self, path, leaf):
        """Whether a leaf picks out people because of what is spared."""
        if self._prefixes():
            if path.endswith("hcrm_chronic_group_ids"):
                return self._aims_at_groups(leaf)
            if "hcrm_condition_ids" in path and not path.endswith("hcrm_condition_ids"):
                return self._aims_at_codes(path, leaf)
        if self.is_sensitive_place and "department" in path:
            if path.endswith("is_sensitive"):
                return True
            if path.endswith(("department_id", "department_ids")):
                return self._aims_at_places(leaf)
        if path.endswith(("confidentiality", "hcrm_confidentiality")):
            values = (
                leaf.value if isinstance(leaf.value, list | tuple) else [leaf.value]
            )
            return self.is_sensitive_place and "sensitive" in values
        return self.is_shielded and path.endswith("disclosure")

    def _aims_at_groups(self, leaf):
        Group = self.env["hcrm.chronic.group"].sudo()
        value = leaf.value
        if isinstance(value, int):
            value = [value]
        if isinstance(value, str):
            groups = Group.search([("name", "ilike", value)])
        elif leaf.operator == "any":
            groups = Group.search(value)
        else:
            groups = Group.browse(one for one in value if isinstance(one, int) and one)
        return any(map(self._overlaps, groups._get_prefixes()))

    def _aims_at_codes(self, path, leaf):
        value = leaf.value
        values = value if isinstance(value, list | tuple | set) else [value]
        texts = [one for one in values if isinstance(one, str)]
        if path.endswith(".code"):
            return any(self._overlaps(one.upper().strip("%")) for one in texts)
        if not texts or not path.endswith(".name"):
            return False
        # by its name: whether diagnoses of that name carry a sensitive code
        Condition = self.env["hcrm.condition"].sudo()
        rows = Condition._read_group(
            [("name", leaf.operator, value)], ["code"], limit=2000
        )
        return any(
            code and code.upper().startswith(prefix)
            for (code,) in rows
            for prefix in self._prefixes()
        )

    def _aims_at_places(self, leaf):
        Department = self.env["hcrm.department"].sudo()
        value = [leaf.value] if isinstance(leaf.value, int) else leaf.value
        if isinstance(value, str):
            found = Department.search([("name", "ilike", value)])
        elif leaf.operator == "any":
            found = Department.search(value)
        else:
            found = Department.browse(
                one for one in value if isinstance(one, int) and one
            )
        return any(found.mapped("is_sensitive"))

    def _overlaps(self, code):
        return any(
            code.startswith(prefix) or prefix.startswith(code)
            for prefix in self._prefixes()
            if code
        )


class HcrmEthicsChange(models.Model):
    """A change of an ethics policy: who, when, what and why. Never rewritten."""

    _name = "hcrm.ethics.change"
    _description = "Change of an Ethics Policy"
    _order = "id desc"
    _rec_name = "reason"

    policy_id = fields.Many2one(
        "hcrm.ethics.policy", required=True, ondelete="restrict", index=True
    )
    user_id = fields.Many2one("res.users", "Who", required=True, ondelete="restrict")
    reason = fields.Char(required=True)
    what = fields.Text("What Changed")
