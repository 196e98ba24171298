from odoo import api, fields, models
from odoo.exceptions import AccessError

from .purposes import PURPOSES

# models whose mails are about the account of the user who gets them
ACCOUNTS = ("res.users", "portal.wizard.user", "auth_totp.device", "auth.passkey.key")


class CodePurpose(str):
    """A purpose that only Python code can give: over RPC a context holds plain texts.

    Security messages know no consent, hours or limits, so no client may say that its
    message is one. It equals no plain text, because environments of equal contexts are
    shared.
    """

    def __eq__(self, other):
        return isinstance(other, CodePurpose) and str.__eq__(self, other)

    def __hash__(self):
        return hash((CodePurpose, str(self)))


SECURITY = CodePurpose("security")


class HcrmStockPurpose(models.AbstractModel):
    """What a row of Odoo's own text or mail models is for.

    It is the stored ``hcrm_purpose``: given by the template, the composer or the
    context key of that name. Where nobody said anything, the row's origin tells:

    * a mail about a user's own account (reset, invitation, sign-in) is ``security``;
    * a message about one business document (appointment, ticket, order), and an
      answer to somebody who wrote to us, is ``service``;
    * everything else, and all that is sent in mass mode, is marketing.
    """

    _name = "hcrm.stock.purpose"
    _description = "Purpose of a Stock Message"

    hcrm_purpose = fields.Selection(
        PURPOSES,
        "Purpose",
        default=lambda self: self._default_hcrm_purpose(),
        copy=False,
        help="What the message is for; empty: its origin tells, else marketing.",
    )

    @api.model
    def _default_hcrm_purpose(self):
        """The purpose in the context; a client cannot claim that it is security."""
        given = self.env.context.get("hcrm_purpose") or ""
        purpose = str(given)
        if purpose == "security" and not isinstance(given, CodePurpose):
            return False
        return purpose if purpose in dict(PURPOSES) else False

    @api.model
    def _hcrm_in_purpose(self, records, template):
        """``records`` in a context that tells what the messages of a template are for.

        That a template is about security is for administrators to say.
        """
        purpose = template and getattr(template, "hcrm_purpose", False)
        if not purpose or records.env.context.get("hcrm_purpose"):
            return records
        return records.with_context(hcrm_purpose=CodePurpose(purpose))

    def _check_hcrm_security(self):
        """Whatever is for security passes consent and hours: no user's word for it."""
        if self.env.su or self.env.user.has_group("base.group_system"):
            return
        if any(row.hcrm_purpose == "security" for row in self):
            raise AccessError(
                self.env._("Only an administrator can mark a template as security.")
            )


class MailMessage(models.Model):
    _name = "mail.message"
    _inherit = ["mail.message", "hcrm.stock.purpose"]

    def _hcrm_origin_purposes(self):
        """What the origin of each message says: ``{message id: purpose}``."""
        answered = self._hcrm_answered()
        purposes = {}
        for message in self:
            if message.model in ACCOUNTS:
                purpose = "security"
            elif message.model and message.res_id and message.model != "res.partner":
                purpose = "service"
            elif message.model and message.res_id in answered:
                purpose = "service"
            else:
                purpose = "marketing"
            purposes[message.id] = purpose
        return purposes

    def _hcrm_answered(self):
        """Ids of people whose card holds an e-mail they wrote to us."""
        cards = {m.res_id for m in self if m.model == "res.partner" and m.res_id}
        # sudo: whether somebody wrote, not what
        rows = self.sudo()._read_group(
            [
                ("model", "=", "res.partner"),
                ("res_id", "in", list(cards)),
                ("message_type", "=", "email"),
                ("author_id", "in", list(cards)),
            ],
            ["author_id"],
        )
        return {author.id for (author,) in rows}


class MailTemplate(models.Model):
    _name = "mail.template"
    _inherit = ["mail.template", "hcrm.stock.purpose"]

    @api.constrains("hcrm_purpose")
    def _check_hcrm_purpose(self):
        self._check_hcrm_security()

    def send_mail_batch(self, res_ids, *args, **kwargs):
        me = self._hcrm_in_purpose(self, self)
        return super(MailTemplate, me).send_mail_batch(res_ids, *args, **kwargs)


class SmsTemplate(models.Model):
    _name = "sms.template"
    _inherit = ["sms.template", "hcrm.stock.purpose"]

    @api.constrains("hcrm_purpose")
    def _check_hcrm_purpose(self):
        self._check_hcrm_security()


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    def _hcrm_told(self, source):
        """Self, in the context of what a template (or its xmlid) is for."""
        if isinstance(source, str):
            source = self.env.ref(source, raise_if_not_found=False)
        return self.env["hcrm.stock.purpose"]._hcrm_in_purpose(self, source)

    def message_post_with_source(self, source_ref, **kwargs):
        me = self._hcrm_told(source_ref)
        return super(MailThread, me).message_post_with_source(source_ref, **kwargs)

    def message_mail_with_source(self, source_ref, **kwargs):
        me = self._hcrm_told(source_ref)
        return super(MailThread, me).message_mail_with_source(source_ref, **kwargs)

    def _message_sms_with_template(
        self, template=False, template_xmlid=False, template_fallback="", **kwargs
    ):
        """The template tells what the text is for."""
        me = self._hcrm_told(template or template_xmlid)
        return super(MailThread, me)._message_sms_with_template(
            template=template,
            template_xmlid=template_xmlid,
            template_fallback=template_fallback,
            **kwargs,
        )

    def _routing_create_bounce_email(self, *args, **kwargs):
        """Whoever wrote to us is told what became of it."""
        me = self.with_context(hcrm_purpose="service")
        return super(MailThread, me)._routing_create_bounce_email(*args, **kwargs)


class MailComposeMessage(models.TransientModel):
    _inherit = "mail.compose.message"

    hcrm_purpose = fields.Selection(
        lambda self: self._hcrm_choices(),
        "Purpose",
        compute="_compute_hcrm_purpose",
        store=True,
        readonly=False,
        help="What the message is for. The person's consent, hours and limits depend on"
        " it; empty: its origin tells, else marketing.",
    )

    @api.model
    def _hcrm_choices(self):
        return [pair for pair in PURPOSES if pair[0] != "security"]

    @api.depends("template_id")
    def _compute_hcrm_purpose(self):
        choices = dict(self._hcrm_choices())
        for wizard in self:
            purpose = wizard.template_id.hcrm_purpose
            wizard.hcrm_purpose = purpose if purpose in choices else wizard.hcrm_purpose

    def _hcrm_said(self):
        return self.hcrm_purpose or self.env.context.get("hcrm_purpose")

    def _action_send_mail_comment(self, res_ids):
        me = self.with_context(hcrm_purpose=self._hcrm_said())
        return super(MailComposeMessage, me)._action_send_mail_comment(res_ids)

    def _action_send_mail_mass_mail(self, res_ids, auto_commit=False):
        me = self.with_context(hcrm_purpose=self._hcrm_said() or "marketing")
        return super(MailComposeMessage, me)._action_send_mail_mass_mail(
            res_ids, auto_commit=auto_commit
        )


class SmsComposer(models.TransientModel):
    _inherit = "sms.composer"

    hcrm_purpose = fields.Selection(
        lambda self: self.env["mail.compose.message"]._hcrm_choices(),
        "Purpose",
        compute="_compute_hcrm_purpose",
        store=True,
        readonly=False,
        help="What the text is for. The person's consent, hours and limits depend on"
        " it; empty: its origin tells, else marketing.",
    )

    @api.depends("template_id")
    def _compute_hcrm_purpose(self):
        choices = dict(self.env["mail.compose.message"]._hcrm_choices())
        for wizard in self:
            purpose = wizard.template_id.hcrm_purpose
            wizard.hcrm_purpose = purpose if purpose in choices else wizard.hcrm_purpose

    def _hcrm_said(self):
        return self.hcrm_purpose or self.env.context.get("hcrm_purpose")

    def _action_send_sms_comment(self, records=None):
        me = self.with_context(hcrm_purpose=self._hcrm_said())
        return super(SmsComposer, me)._action_send_sms_comment(records)

    def _action_send_sms_numbers(self):
        me = self.with_context(hcrm_purpose=self._hcrm_said())
        return super(SmsComposer, me)._action_send_sms_numbers()

    def _action_send_sms_mass(self, records=None):
        me = self.with_context(hcrm_purpose=self._hcrm_said() or "marketing")
        return super(SmsComposer, me)._action_send_sms_mass(records)


class ResUsers(models.Model):
    _inherit = "res.users"

    def _action_reset_password(self, signup_type="reset"):
        """Resets and invitations reach their user whatever was agreed to."""
        me = self.with_context(hcrm_purpose=SECURITY)
        return super(ResUsers, me)._action_reset_password(signup_type=signup_type)

    def _notify_security_setting_update(self, *args, **kwargs):
        me = self.with_context(hcrm_purpose=SECURITY)
        return super(ResUsers, me)._notify_security_setting_update(*args, **kwargs)
