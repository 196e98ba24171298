import hashlib
import hmac
import secrets
from typing import NamedTuple

from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools.misc import frozendict

PREFIX = "hcrm"
GROUP = "hcrm_core.group_integrator"


class Found(NamedTuple):
    """Whom an accepted secret acts as."""

    uid: int
    context: frozendict


class HcrmIntegration(models.Model):
    """A system that asks us without a person behind it: the telephone system.

    An administrator makes it and hands over its secret, which is shown once. Of the
    secret only a hash is kept: it is 256 random bits, so a fast hash is as good as a
    slow one. A new secret replaces the old one at once; archiving withdraws it.
    What is asked is answered, and logged, as the integration's user.
    """

    _name = "hcrm.integration"
    _description = "Integration"
    _order = "name, id"

    name = fields.Char(required=True, help="The system that asks, e.g. PBX of campus A")
    active = fields.Boolean(default=True)
    user_id = fields.Many2one(
        "res.users",
        "Acts As",
        required=True,
        ondelete="restrict",
        domain=lambda self: [("all_group_ids", "in", self.env.ref(GROUP).ids)],
        help="A user with the integrator role; people are found as this user may.",
    )
    company_id = fields.Many2one(
        "res.company",
        "Legal Entity",
        required=True,
        default=lambda self: self.env.company,
        help="Callers are looked for among the people of this entity.",
    )
    code = fields.Char(
        "Begin of Secret",
        readonly=True,
        copy=False,
        help="The part of the secret that tells integrations apart.",
    )
    secret_hash = fields.Char(copy=False, groups=fields.NO_ACCESS)
    date_secret = fields.Datetime("Secret Made On", readonly=True, copy=False)

    _code_uniq = models.UniqueIndex(
        "(code) WHERE code IS NOT NULL", "Make a new secret: this one exists."
    )

    # ------------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------------
    @api.constrains("user_id", "company_id")
    def _check_user(self):
        for integration in self:
            user = integration.user_id
            if not user.has_group(GROUP) or user._is_admin():
                raise ValidationError(
                    self.env._(
                        "%s is no integrator. Choose a user with the integrator role "
                        "and no administration rights.",
                        user.name,
                    )
                )
            if integration.company_id not in user.company_ids:
                raise ValidationError(
                    self.env._(
                        "%(user)s does not work for %(company)s. Add the legal entity "
                        "to the user, or choose another user.",
                        user=user.name,
                        company=integration.company_id.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        integrations = super().create(vals_list)
        self.env.registry.clear_cache()
        return integrations

    def write(self, vals):
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()
        return result

    # ------------------------------------------------------------------
    # SECRET
    # ------------------------------------------------------------------
    def action_new_secret(self):
        """Make a secret, void the one before, and show it this once."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Secret of %s", self.name),
            "res_model": "hcrm.integration.show",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_secret": self._make_secret()},
        }

    def _make_secret(self):
        self.check_access("write")
        code, key = secrets.token_hex(4), secrets.token_urlsafe(32)
        secret = f"{PREFIX}-{code}-{key}"
        # sudo: nobody has access to the hash
        self.sudo().write(
            {
                "code": code,
                "secret_hash": self._hash(secret),
                "date_secret": fields.Datetime.now(),
            }
        )
        return secret

    @api.model
    def _hash(self, secret):
        return hashlib.sha256(secret.encode()).hexdigest()

    @api.model
    def _get_code(self, secret):
        """Return which integration a secret claims to be of; None for no secret."""
        parts = secret.split("-", 2)
        return parts[1] if len(parts) == 3 and parts[0] == PREFIX else None

    @api.model
    def _authenticate_secret(self, secret) -> Found | None:
        """Return whom a secret acts as; None where it is wrong or withdrawn."""
        known, found = self._get_known().get(self._get_code(secret), ("", None))
        # an unknown code takes the time of a known one
        is_right = hmac.compare_digest(self._hash(secret), known or self._hash(""))
        return found if is_right and known else None

    @api.model
    @tools.ormcache()
    def _get_known(self) -> dict:
        """Return {code: (hash, whom it acts as)} of what is in force.

        Kept in memory, for every incoming call asks; changes of integrations, users
        and their groups clear it in all workers.
        """
        # sudo: asked before anybody is logged in
        in_force = Domain("secret_hash", "!=", False) & Domain(
            "user_id.active", "=", True
        )
        return {
            integration.code: (
                integration.secret_hash,
                Found(
                    integration.user_id.id,
                    frozendict(
                        lang=integration.user_id.lang or "en_US",
                        tz=integration.user_id.tz,
                        allowed_company_ids=[integration.company_id.id],
                    ),
                ),
            )
            for integration in self.sudo().search(in_force)
            if integration.user_id.has_group(GROUP)
            and integration.company_id in integration.user_id.company_ids
        }


class HcrmIntegrationShow(models.AbstractModel):
    """The secret on the screen: it comes with the action and is stored nowhere."""

    _name = "hcrm.integration.show"
    _description = "Show a Secret Once"

    # the client asks for the default of a record with an id
    id = fields.Id()
    secret = fields.Char(readonly=True)
