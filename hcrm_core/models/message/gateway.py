import json
import secrets
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ...providers.base import GatewayConfig, NotSent, provider_class
from .purposes import CHANNELS

# consecutive failed batches that open the breaker, and how long it stays open
BREAKER_LIMIT = 3
BREAKER_MINUTES = 1
BREAKER_MINUTES_MAX = 60


class HcrmGateway(models.Model):
    """A way out for one channel of one hospital: who is tried, in which order."""

    _name = "hcrm.gateway"
    _description = "Gateway"
    _order = "company_id, channel, sequence, id"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10, help="The smallest that works is used.")
    company_id = fields.Many2one(
        "res.company",
        "Legal Entity",
        required=True,
        default=lambda self: self.env.company,
    )
    channel = fields.Selection(CHANNELS, required=True, default="sms")
    kind = fields.Selection(
        [
            ("kannel", "Kannel"),
            ("http", "HTTP gateway by mapping"),
            ("smsd", "GSM modem (gammu-smsd)"),
        ],
        required=True,
        default="kannel",
    )
    takes = fields.Selection(
        [
            ("all", "Everything"),
            ("care", "Care and service"),
            ("outreach", "Surveys, research, marketing"),
        ],
        "Carries",
        required=True,
        default="all",
        help="Care and marketing leave by separate ports (R9).",
    )
    url = fields.Char("Address")
    login = fields.Char("User")
    secret = fields.Char(groups="base.group_system", copy=False)
    host = fields.Char()
    port = fields.Integer()
    database = fields.Char()
    sender = fields.Char("Sender Port or Name")
    signature = fields.Char(help="Filed signature, e.g. 【City Hospital】.")
    optout_text = fields.Char(
        "Opt-out Words",
        translate=True,
        help="Ends every marketing text, e.g. 退订回T; counts in the parts.",
    )
    options = fields.Text(help="Settings of the kind, as JSON.", default="{}")
    rate = fields.Integer(
        "Messages a Second", default=50, help="0: as fast as it goes."
    )
    cost_per_part = fields.Float(digits=(12, 4))
    is_foreign = fields.Boolean("Abroad", help="Needs consent to transfer abroad (R5).")
    token = fields.Char(
        "Callback Token",
        readonly=True,
        copy=False,
        groups="base.group_system",
        default=lambda self: secrets.token_urlsafe(24),
    )
    callback_secret = fields.Char(
        readonly=True,
        copy=False,
        groups="base.group_system",
        default=lambda self: secrets.token_urlsafe(32),
    )
    callback_url = fields.Char(
        "Callback Address", compute="_compute_callback_url", groups="base.group_system"
    )
    inbound_url = fields.Char(
        "Address for Texts",
        compute="_compute_inbound_url",
        groups="base.group_system",
        help="Texts from people go there, signed: Kannel's get-url.",
    )
    fail_count = fields.Integer("Failures in a Row", readonly=True)
    date_breaker = fields.Datetime("Rests Until", readonly=True)
    date_ok = fields.Datetime("Last Success", readonly=True)
    health = fields.Char("Last Check", readonly=True)

    _token_uniq = models.Constraint("UNIQUE(token)", "A callback token is used once.")
    _check_rate = models.Constraint("CHECK(rate >= 0)", "A rate is 0 or more.")

    @api.depends("token")
    def _compute_callback_url(self):
        for gateway in self:
            gateway.callback_url = (
                f"{gateway.get_base_url()}/hcrm/gateway/{gateway.token}"
            )

    @api.depends("token", "callback_secret", "kind", "url")
    def _compute_inbound_url(self):
        for gateway in self:
            try:
                provider = gateway._provider()
            except UserError:
                gateway.inbound_url = False
                continue
            gateway.inbound_url = provider.inbound_url()
            provider.close()

    @api.constrains("options")
    def _check_options(self):
        for gateway in self:
            try:
                options = json.loads(gateway.options or "{}")
            except ValueError as error:
                raise ValidationError(
                    self.env._("The settings are not JSON: %s", error)
                ) from error
            if not isinstance(options, dict):
                raise ValidationError(
                    self.env._("The settings are a JSON object: {…}.")
                )

    # ------------------------------------------------------------------
    # choosing
    # ------------------------------------------------------------------

    @api.model
    def _for_purpose(self, company, channel: str, purpose: str, tried=()):
        """The first gateway that works and was not tried yet; empty where none is."""
        port = "outreach" if purpose in ("survey", "research", "marketing") else "care"
        now = fields.Datetime.now()
        # sudo: who may send is decided by the governor; credentials stay inside
        for gateway in self.sudo().search(
            [
                ("company_id", "=", company.id),
                ("channel", "=", channel),
                ("takes", "in", ("all", port)),
                ("id", "not in", list(tried)),
            ]
        ):
            if not gateway.date_breaker or gateway.date_breaker <= now:
                return gateway
        return self.browse()

    def _provider(self):
        """The provider of this gateway, ready to send; close it after use."""
        self.ensure_one()
        cls = provider_class(self.kind)
        if cls is None:
            raise UserError(self.env._("No provider is installed for %s.", self.kind))
        try:
            return cls(GatewayConfig(**self._prepare_config_vals()))
        except ValueError as error:
            raise UserError(
                self.env._(
                    "The address must start with https://, except on this machine."
                )
            ) from error

    def _prepare_config_vals(self):
        """What the provider of this gateway is told; kinds add their own."""
        # sudo: credentials go to the provider, which the caller never shows
        me = self.sudo()
        return {
            "url": me.url or "",
            "login": me.login or "",
            "secret": me.secret or "",
            "callback_url": me.callback_url or "",
            "callback_secret": me.callback_secret or "",
            "host": me.host or "",
            "port": me.port,
            "database": me.database or "",
            "options": json.loads(me.options or "{}"),
        }

    # ------------------------------------------------------------------
    # health and breaker
    # ------------------------------------------------------------------

    def _book_success(self):
        self.write(
            {"fail_count": 0, "date_breaker": False, "date_ok": fields.Datetime.now()}
        )

    def _book_failure(self):
        """One more batch failed; after a few the gateway rests, longer each time."""
        for gateway in self:
            count = gateway.fail_count + 1
            values = {"fail_count": count}
            if count >= BREAKER_LIMIT:
                minutes = BREAKER_MINUTES * 2 ** min(count - BREAKER_LIMIT, 10)
                values["date_breaker"] = fields.Datetime.now() + timedelta(
                    minutes=min(minutes, BREAKER_MINUTES_MAX)
                )
            gateway.write(values)

    def action_check(self):
        """Ask the gateway whether it works."""
        self.ensure_one()
        self.check_access("write")
        provider = self._provider()
        try:
            health = provider.health()
        except NotSent as error:
            self.health = self.env._("Does not answer: %s", error)
            return
        finally:
            provider.close()
        self.health = (
            self.env._("Works. %s", health.detail)
            if health.ok
            else self.env._("Does not work: %s", health.detail)
        )
        if health.ok:
            self._book_success()

    def action_renew_secret(self):
        """New callback address and secret; the gateway must be told."""
        self.check_access("write")
        for gateway in self:
            gateway.sudo().write(
                {
                    "token": secrets.token_urlsafe(24),
                    "callback_secret": secrets.token_urlsafe(32),
                }
            )

    # ------------------------------------------------------------------
    # words
    # ------------------------------------------------------------------

    def _words(self, message) -> str:
        """What goes out: signature, text (neutral where others may read it), and the
        way out of marketing (R9)."""
        self.ensure_one()
        return f"{self.signature or ''}{self._body_of(message, with_ending=True)}"

    def _body_of(self, message, with_ending=False) -> str:
        """The text itself, neutral where others may read it, in its own language."""
        speaking = self._speaking(message.lang)
        body = message.body or ""
        if message.is_neutral and message.is_clinical:
            body = message.body_neutral or speaking.env._(
                "A message from %s waits for you. Please call us.",
                message.company_id.name,
            )
        ending = speaking.optout_text if message.purpose == "marketing" else ""
        if not (with_ending and ending):
            return body
        # words that are written apart stand apart
        blank = " " if body[-1:].isascii() and ending[:1].isascii() else ""
        return f"{body}{blank}{ending}"

    def _speaking(self, lang):
        """Speaking the language of a text, where it is installed."""
        known = lang and self.env["res.lang"]._get_data(code=lang)
        return self.with_context(lang=lang) if known else self
