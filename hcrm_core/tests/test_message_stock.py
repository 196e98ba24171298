from datetime import datetime
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged

from odoo.addons.hcrm_core.models.message.stock_purpose import SECURITY
from odoo.addons.mail.tests.common import MailCase
from odoo.addons.sms.tests.common import MockSMS

from .governor_common import GovernorCommon

# ten in the morning, and half past nine in the evening, in Shanghai
MORNING, EVENING = "2026-03-11 02:00:00", "2026-03-11 13:30:00"


class StockCommon(GovernorCommon, MockSMS):
    """People as the table of situations describes them, and Odoo's own rows to them."""

    number = "13812345678"

    def setUp(self):
        super().setUp()
        # tests keep one transaction
        cron = type(self.env["ir.cron"])
        self.patch(cron, "_commit_progress", lambda *_args, **_kwargs: float("inf"))

    def _person(self, told=""):
        return self._make_situation_person(
            self._tokens(told), datetime.fromisoformat(MORNING)
        )

    def _text(self, person=None, purpose=False, **vals):
        company = vals.pop("company", self.company_a)
        return (
            self.env["sms.sms"]
            .with_company(company)
            .create(
                {
                    "partner_id": person.id if person else False,
                    "number": f"+86{self.number}",
                    "body": "Bring your papers",
                    "hcrm_purpose": purpose,
                    **vals,
                }
            )
        )

    def _record(self, row):
        return self.env["hcrm.message"].search(
            [("res_model", "=", row._name), ("res_id", "=", row.id)]
        )


@tagged("post_install", "-at_install", "hcrm_core_message")
@freeze_time(MORNING)
class TestMessageStockSms(StockCommon):
    """Texts of Odoo's own queue pass the one gate (D1, C1-C4)."""

    def test_allowed_and_refused(self):
        """No purpose is marketing; the refused row says why, in the reader's words."""
        row_good = self._text(self._person("consent=marketing"))
        never = self._text(self._person())
        with self.mockSMSGateway():
            (row_good | never).send()
        self.assertEqual(row_good.state, "pending")
        self.assertEqual(
            (never.state, never.failure_type), ("canceled", "hcrm_refused")
        )
        self.assertIn("did not agree", never.hcrm_why)
        self.env["res.lang"]._activate_lang("zh_CN")
        chinese = never.with_context(lang="zh_CN").hcrm_why
        self.assertNotEqual(chinese, never.hcrm_why)
        self.assertEqual(self._record(row_good).state, "accepted")
        self.assertEqual(self._record(never).reason_code, "no_consent")

    def test_purposes(self):
        """Care goes without a tick; security goes at once and leaves no words."""
        for purpose in ("care", "security"):
            row = self._text(self._person(), purpose)
            with self.mockSMSGateway():
                row.send()
            self.assertEqual(row.state, "pending", purpose)
            self.assertEqual(bool(self._record(row).body), purpose == "care")

    def test_client_cannot_claim_security(self):
        """Over RPC a context holds plain texts: no client skips consent and hours."""
        Sms = self.env["sms.sms"].with_context(hcrm_purpose="security")
        self.assertFalse(Sms.create({"number": "+8613900001111"}).hcrm_purpose)
        Sms = Sms.with_context(hcrm_purpose=SECURITY)
        self.assertEqual(Sms.create({"number": "+8613"}).hcrm_purpose, "security")

    def test_two_companies(self):
        """The hospital that sends decides: known there, agreed there (R3)."""
        person = self._person("consent=marketing")
        here, there = self._text(person), self._text(person, company=self.company_b)
        with self.mockSMSGateway():
            (here | there).send()
        self.assertEqual((here.state, there.state), ("pending", "canceled"))
        self.assertEqual(there.hcrm_reason_code, "not_known")

    def test_bare_numbers(self):
        """A bare number is matched; marketing to nobody we know is refused."""
        self._person("withdrawn=marketing")
        known, unknown = self._text(), self._text(number="+8613812345678")
        colleague = self._text(number="+8613812345670", purpose="care")
        with self.mockSMSGateway():
            (known | unknown | colleague).send()
        self.assertEqual(known.hcrm_reason_code, "withdrawn")
        self.assertEqual(unknown.hcrm_reason_code, "unknown_recipient")
        self.assertEqual(colleague.state, "pending")

    def test_staff_and_contacts_untouched(self):
        """Colleagues and ordinary contacts get their texts at any hour."""
        staff = self._text(self.users["agent"].partner_id, number="+8613812345670")
        supplier = self.env["res.partner"].create({"name": "Supplier"})
        other = self._text(supplier, number="+8613812345671")
        with freeze_time(EVENING), self.mockSMSGateway():
            (staff | other).send()
        self.assertEqual((staff | other).mapped("state"), ["pending", "pending"])

    def test_guardian_gets_it(self):
        """The text of a child goes to its guardian."""
        child = self._person("age=8 guardian=yes")
        row = self._text(child, "care")
        with self.mockSMSGateway():
            row.send()
        points = self.relative.hcrm_contact_point_ids
        self.assertEqual(
            row.number, points.filtered(lambda p: p.system == "phone").e164
        )

    def test_deferred_starves_nobody(self):
        """A deferred row waits for its hour; those behind it go; then it goes (R10)."""
        self.env["ir.config_parameter"].set_param("sms.session.batch.size", 1)
        Sms = self.env["sms.sms"]
        Sms.search([]).unlink()
        with freeze_time(EVENING), self.mockSMSGateway():
            late = self._text(self._person("consent=marketing"))
            code = self._text(self._person(), "security")
            Sms._process_queue()
            Sms._process_queue()
        self.assertEqual((late.state, code.state), ("outgoing", "pending"))
        self.assertEqual(late.hcrm_not_before, datetime(2026, 3, 12, 1))
        self.assertIn("hours", late.hcrm_why)
        triggers = self.env["ir.cron.trigger"].search(
            [("cron_id", "=", self.env.ref("sms.ir_cron_sms_scheduler_action").id)]
        )
        self.assertIn(late.hcrm_not_before, triggers.mapped("call_at"))
        with freeze_time("2026-03-12 01:00:00"), self.mockSMSGateway():
            Sms._process_queue()
        self.assertEqual((late.state, late.hcrm_why), ("pending", False))

    def test_counts_against_the_limits(self):
        """What Odoo sent counts: the outbox does not send a second offer that day."""
        person = self._person("consent=marketing")
        with self.mockSMSGateway():
            self._text(person).send()
        second = self._text(person)
        with self.mockSMSGateway():
            second.send()
        self.assertEqual((second.state, second.hcrm_reason_code), ("outgoing", "cap"))

    def test_failed_at_the_provider_counts_not(self):
        """What the provider would not take uses up no limit."""
        row = self._text(self._person("consent=marketing"))
        with self.mockSMSGateway(sim_error="credit"):
            row.send()
        self.assertEqual((row.state, self._record(row).state), ("error", "failed"))

    def test_notification_closes(self):
        """The chatter's notification of a refused text is over and says why."""
        person = self._person("reported=deceased")
        with self.mockSMSGateway():
            message = person._message_sms(
                "Hello", partner_ids=person.ids, sms_numbers=None
            )
        notification = message.notification_ids
        self.assertEqual(notification.notification_status, "canceled")
        self.assertEqual(notification.failure_type, "hcrm_refused")
        self.assertIn("died", notification.hcrm_why)
        self.assertIn("died", notification.format_failure_reason())

    def test_composer(self):
        """The composer asks what the text is for; mass mode is marketing."""
        people = self._person() | self._person()

        def compose(**vals):
            wizard = (
                self.env["sms.composer"]
                .with_context(active_ids=people.ids, default_res_model="res.partner")
                .create(
                    {
                        "composition_mode": "mass",
                        "mass_force_send": True,
                        "body": "Hello",
                        "res_ids": repr(people.ids),
                        **vals,
                    }
                )
            )
            with self.mockSMSGateway():
                rows = wizard._action_send_sms_mass()
            return rows

        self.assertEqual(set(compose().mapped("state")), {"canceled"})
        self.assertEqual(
            set(compose(hcrm_purpose="service").mapped("state")), {"pending"}
        )

    def test_query_count(self):
        """Judging 2 and 50 rows costs the same number of queries."""
        counts = []
        for size in (2, 50):
            rows = self.env["sms.sms"]
            for n in range(size):
                person = self._person("" if n % 2 else "consent=marketing")
                rows |= self._text(person)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            rows._hcrm_pass_gate()
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])


@tagged("post_install", "-at_install", "hcrm_core_message")
@freeze_time(MORNING)
class TestMessageStockMail(StockCommon, MailCase):
    """Odoo's own mails pass the one gate, recipient by recipient (D1, C1-C4)."""

    def _mail(self, partners=None, email_to=False, purpose=False, **vals):
        company = vals.pop("company", self.company_a)
        return (
            self.env["mail.mail"]
            .with_company(company)
            .create(
                {
                    "subject": "From the hospital",
                    "body_html": "<p>Hello</p>",
                    "recipient_ids": partners.ids if partners else [],
                    "email_to": email_to,
                    "hcrm_purpose": purpose,
                    "auto_delete": False,
                    **vals,
                }
            )
        )

    def _person(self, told=""):
        person = super()._person(told)
        person.email = f"p{self.counter}@example.com"
        return person

    def _send(self, mails):
        with self.mock_mail_gateway():
            mails.send()
        return self._mails

    def test_each_recipient_for_itself(self):
        """Some may get it, some may not: the mail goes to those who may."""
        good, never = self._person("consent=marketing"), self._person()
        mail = self._mail(good | never, purpose="marketing")
        sent = self._send(mail)
        self.assertEqual(mail.state, "sent")
        self.assertEqual(len(sent), 1)
        self.assertIn(good.email, str(sent))
        self.assertEqual(self._record(mail).mapped("state"), ["refused", "accepted"])

    def test_refused_says_why(self):
        """Nobody may get it: cancelled, with our kind of failure and the sentence."""
        mail = self._mail(self._person())
        self.assertFalse(self._send(mail))
        self.assertEqual((mail.state, mail.failure_type), ("cancel", "hcrm_refused"))
        self.assertIn("did not agree", mail.hcrm_why)
        self.assertEqual(mail.failure_reason, mail.hcrm_why)

    def test_security_is_never_blocked(self):
        """A password reset reaches its user at night, whatever was refused."""
        person = self._person("withdrawn=service withdrawn=marketing hold=dispute")
        user = self.env["res.users"].create(
            {
                "login": person.email,
                "partner_id": person.id,
                "group_ids": [self.env.ref("base.group_portal").id],
                "company_id": self.company_a.id,
                "company_ids": self.company_a.ids,
            }
        )
        with freeze_time(EVENING), self.mock_mail_gateway():
            user._action_reset_password()
        self.assertEqual(len(self._mails), 1)
        with freeze_time(EVENING), self.mock_mail_gateway():
            user._notify_security_setting_update("New sign-in", "From a new device")
        self.assertEqual(len(self._mails), 1)
        # an invitation to the portal: its template is about the user's account
        template = self.env.ref("auth_signup.portal_set_password_email")
        with freeze_time(EVENING), self.mock_mail_gateway():
            template.send_mail(user.id, force_send=True, raise_exception=True)
        self.assertEqual(len(self._mails), 1)

    def test_staff_untouched(self):
        """Notes to colleagues go at any hour, by partner or by address."""
        staff = self.users["agent"]
        by_partner = self._mail(staff.partner_id)
        by_address = self._mail(email_to=staff.email_formatted)
        with freeze_time(EVENING):
            sent = self._send(by_partner | by_address)
        self.assertEqual(len(sent), 2)

    def test_documents_and_answers(self):
        """About a document: service. On the card: marketing, unless it is an answer."""
        person = self._person("withdrawn=marketing")
        event = self.env["calendar.event"].create(
            {
                "name": "Consultation",
                "start": "2026-03-12 02:00:00",
                "stop": "2026-03-12 03:00:00",
            }
        )
        with self.mock_mail_gateway():
            event.message_notify(
                partner_ids=person.ids, body="At ten", subject="Tomorrow"
            )
        self.assertEqual(len(self._mails), 1)
        post = {"partner_ids": person.ids, "subtype_xmlid": "mail.mt_comment"}
        with self.mock_mail_gateway():
            told = person.message_post(body="Our offer", **post)
        self.assertFalse(self._mails)
        notification = told.notification_ids
        self.assertEqual(notification.notification_status, "canceled")
        self.assertIn("said no", notification.hcrm_why)
        person.message_post(
            body="May I come at ten?", message_type="email", author_id=person.id
        )
        with self.mock_mail_gateway():
            person.message_post(body="Yes", **post)
        self.assertEqual(len(self._mails), 1)

    def test_template_tells_the_purpose(self):
        """A template says what its mails are for."""
        person = self._person()
        template = self.env["mail.template"].create(
            {
                "name": "After the visit",
                "model_id": self.env.ref("base.model_res_partner").id,
                "subject": "How was it?",
                "body_html": "<p>Tell us</p>",
                "use_default_to": False,
                "partner_to": "{{ object.id }}",
                "email_from": "hospital@example.com",
            }
        )
        for purpose, count in ((False, 0), ("survey", 1)):
            template.hcrm_purpose = purpose
            with self.mock_mail_gateway():
                template.send_mail(person.id, force_send=True)
            self.assertEqual(len(self._mails), count, purpose)

    def test_only_administrators_mark_security(self):
        """No user's template skips consent and hours."""
        template = self.env["mail.template"].create({"name": "Sale", "subject": "-"})
        with self.assertRaises(AccessError):
            template.with_env(self._as("marketing")).hcrm_purpose = "security"

    def test_deferred_in_a_mail_of_their_own(self):
        """Who has to wait gets it later; the colleague on the same mail now."""
        person = self._person()
        mail = self._mail(person | self.users["agent"].partner_id, purpose="service")
        with freeze_time(EVENING):
            sent = self._send(mail)
        self.assertEqual(len(sent), 1)
        later = self.env["mail.mail"].search([("scheduled_date", "!=", False)], limit=1)
        self.assertEqual(later.recipient_ids, person)
        self.assertEqual(later.scheduled_date, datetime(2026, 3, 12, 0))
        with freeze_time("2026-03-12 00:00:00"), self.mock_mail_gateway():
            self.env["mail.mail"].process_email_queue()
        self.assertEqual(later.state, "sent")

    def test_deferred_starves_nobody(self):
        """A mail that waits as a whole leaves the queue until its hour."""
        mail = self._mail(self._person(), purpose="service")
        with freeze_time(EVENING):
            self.assertFalse(self._send(mail))
        self.assertEqual((mail.state, mail.scheduled_date.hour), ("outgoing", 0))
        with freeze_time(EVENING), self.mock_mail_gateway():
            self.env["mail.mail"].process_email_queue()
        self.assertFalse(self._mails)

    def test_addresses_in_the_text_field(self):
        """Bare addresses are matched; who may not get it is taken out."""
        person = self._person("withdrawn=service")
        mail = self._mail(
            email_to=f"Lin <{person.email}>, Supplier <s@example.com>",
            purpose="service",
        )
        sent = self._send(mail)
        self.assertNotIn(person.email, str(sent))
        self.assertIn("s@example.com", str(sent))

    def test_judged_once(self):
        """What the outbox hands over was judged there."""
        person = self._person("reported=deceased")
        message = self.env["hcrm.message"].create(
            {"partner_id": person.id, "channel": "email", "uuid": "mail-once"}
        )
        mail = self._mail(person, hcrm_message_id=message.id)
        self.assertTrue(self._send(mail))

    def test_server_down(self):
        """What the mail server would not take counts against no limit."""
        mail = self._mail(self._person("consent=marketing"), purpose="marketing")
        with (
            self.mock_mail_gateway(),
            patch.object(
                type(self.env["ir.mail_server"]),
                "send_email",
                side_effect=UserError("down"),
            ),
            self.assertLogs("odoo.addons.mail.models.mail_mail", "ERROR"),
        ):
            mail.send()
        self.assertEqual(
            (mail.state, self._record(mail).state), ("exception", "failed")
        )

    def test_query_count(self):
        """Judging 2 and 50 mails costs the same number of queries."""
        counts = []
        for size in (2, 50):
            mails = self.env["mail.mail"]
            for n in range(size):
                person = self._person("" if n % 2 else "consent=marketing")
                mails |= self._mail(person, purpose="marketing")
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            mails._hcrm_pass_gate()
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])


@tagged("post_install", "-at_install", "hcrm_core_message")
@freeze_time(MORNING)
class TestMessageGatewayOdoo(StockCommon):
    """The outbox hands over to Odoo's own text service, judged once (F103)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gateway = cls.env["hcrm.gateway"].create(
            {
                "name": "Odoo",
                "company_id": cls.company_a.id,
                "kind": "odoo",
                "signature": "[Hospital] ",
                "optout_text": "Reply T to stop",
                "rate": 0,
            }
        )

    def _queue(self, purpose="care"):
        return self.env["hcrm.message"]._queue(
            [
                {
                    "partner_id": self._person("consent=marketing").id,
                    "company_id": self.company_a.id,
                    "purpose": purpose,
                    "channel": "sms",
                    "body": "Bring your papers",
                }
            ]
        )

    def _send(self, **mock):
        Message = self.env["hcrm.message"]
        with self.mockSMSGateway(**mock):
            Message._hand_over(Message._claim())
        self.env.invalidate_all()  # written on a cursor of its own

    def _row(self, message):
        return self.env["sms.sms"].search([("hcrm_message_id", "=", message.id)])

    def test_handed_over_and_told(self):
        """Accepted by the service; its receipts come through Odoo's callback."""
        message = self._queue()
        self._send()
        row = self._row(message)
        self.assertEqual((message.state, message.verdict), ("accepted", "allow"))
        self.assertEqual(row.body, "[Hospital] Bring your papers")
        self.assertTrue(row.to_delete)
        tracker = self.env["sms.tracker"].search([("sms_uuid", "=", row.uuid)])
        tracker._action_update_from_sms_state("sent")
        tracker._action_update_from_sms_state("sent")
        self.env["hcrm.message.event"]._apply_batch()
        self.assertEqual(message.state, "delivered")

    def test_refused_by_the_service(self):
        """A bad number ends at once; an outage leaves care waiting for another try."""
        bad = self._queue()
        self._send(sim_error="wrong_number_format")
        self.assertEqual((bad.state, bad.failure), ("failed", "address"))
        care, offer = self._queue(), self._queue("marketing")
        self._send(sim_error="jsonrpc_exception")
        self.assertEqual((care.state, offer.state), ("queued", "unknown"))
        care.date_planned = MORNING
        self._send()
        self.assertEqual(care.state, "accepted")
        self.assertEqual(len(self._row(care)), 1)

    def test_codes_leave_no_words(self):
        """What was in a security text stands nowhere afterwards."""
        message = self._queue("security")
        self._send()
        self.assertFalse(self._row(message).body)

    def test_queue_leaves_them_alone(self):
        """Odoo's queue never sends what the outbox has in hand."""
        message = self._queue()
        claimed = self.env["hcrm.message"]._claim()
        claimed._take_in_hand(self.gateway)
        self.env["sms.sms"].search([("state", "=", "outgoing")]).unlink()
        with self.mockSMSGateway():
            self.env["sms.sms"]._process_queue()
            self._row(message).resend_failed()
        self.assertFalse(self._sms)
