from unittest.mock import patch

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import HttpCase, TransactionCase, tagged
from odoo.tools import mute_logger

from ..controllers import caller
from ..tools.attempts import Attempts
from .common import HcrmWorld

URL = "/hcrm/caller"
LOGGER = "odoo.addons.hcrm_core.controllers.caller"


@tagged("post_install", "-at_install", "hcrm_core_security")
class TestGuardIntegration(HcrmWorld, HttpCase):
    """Caller lookup over HTTP by a telephone system (R4, R14, R22)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._setup_world()
        cls.person = cls._make_person("Zhang Wei", phone="13922220000")
        cls.integration = cls._integration("PBX")
        cls.secret = cls._secret(cls.integration)

    def setUp(self):
        super().setUp()
        self.patch(caller, "_wrong", Attempts(limit=3, seconds=60))

    @classmethod
    def _integration(cls, name, **vals):
        user = cls.users["integrator"]
        return cls.env["hcrm.integration"].create(
            {
                "name": name,
                "user_id": user.id,
                "company_id": cls.company_a.id,
                **vals,
            }
        )

    @classmethod
    def _secret(cls, integration):
        return integration.action_new_secret()["context"]["default_secret"]

    def _ask(self, number="13922220000", secret=None, **options):
        secret = self.secret if secret is None else secret
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        options.setdefault("json", {"number": number})
        return self.url_open(URL, headers=headers, method="POST", **options)

    def _callers(self, *args, **kwargs):
        response = self._ask(*args, **kwargs)
        self.assertEqual(response.status_code, 200, response.text)
        return response.json()["callers"]

    # ------------------------------------------------------------------
    # ANSWERS
    # ------------------------------------------------------------------
    def test_a_telephone_system_learns_who_calls(self):
        (found,) = self._callers()
        expected = self._as("integrator", self.company_a)["res.partner"]
        (direct,) = expected.hcrm_find_by_phone("13922220000")
        self.assertEqual(found, {**direct, "url": f"/odoo/hcrm-card/{self.person.id}"})
        self.assertEqual(self._callers(number="+86 139 2222 0000"), [found])
        form = self._ask(json=None, data={"number": "13922220000"})
        self.assertEqual(form.json()["callers"], [found])
        self.assertEqual(self._callers(number="13900000001"), [])

    def test_what_is_no_number_is_told(self):
        for body in ({}, {"number": 5}, {"number": " "}, {"number": "1" * 65}, []):
            self.assertEqual(self._ask(json=body).status_code, 400, body)
        # a number in the address would stand in the logs of web servers
        self.assertEqual(self.url_open(f"{URL}?number=1").status_code, 405)

    def test_rights_are_those_of_the_integrator(self):
        """R3, R8"""
        self._make_person("Hidden", phone="13933330000", confidentiality="sensitive")
        self._make_person("Other", companies=self.company_b, phone="13944440000")
        self.assertEqual(self._callers(number="13933330000"), [])
        self.assertEqual(self._callers(number="13944440000"), [])

    def test_each_answer_with_people_is_logged(self):
        """F235"""
        Log = self.env["hcrm.access.log"]
        last = Log.search([], limit=1).id or 0
        self._callers()
        self._callers(number="13900000001")
        log = Log.search([("id", ">", last)])
        self.assertRecordValues(
            log,
            [
                {
                    "kind": "caller",
                    "channel": "endpoint",
                    "person_ids": self.person.ids,
                    "query": "13922220000",
                    "user_id": self.users["integrator"].id,
                    "company_id": self.company_a.id,
                }
            ],
        )
        self.assertTrue(log.ip)

    def test_nothing_personal_in_the_server_log(self):
        with self.assertLogs("odoo", level="DEBUG") as logs:
            self._callers()
            self._ask(secret="hcrm-00000000-wrong")
        told = "\n".join(
            line for line in logs.output if not line.startswith("DEBUG:odoo.sql_db")
        )
        for word in (
            "Zhang",
            "13922220000",
            "2222 0000",
            self.secret,
            "00000000-wrong",
        ):
            self.assertNotIn(word, told)

    # ------------------------------------------------------------------
    # SECRETS
    # ------------------------------------------------------------------
    @mute_logger(LOGGER)
    def test_wrong_secrets_are_refused_alike(self):
        answers = set()
        for secret in (
            *("", "x", "hcrm-00000000-wrong", self.secret[:-1], self.secret + "x"),
            self.secret.upper(),
        ):
            self.patch(caller, "_wrong", Attempts(limit=3, seconds=60))
            response = self._ask(secret=secret)
            self.assertEqual(response.status_code, 401, secret)
            answers.add(response.text)
        self.assertEqual(len(answers), 1)

    @mute_logger(LOGGER)
    def test_rotated_and_withdrawn_secrets_stop_at_once(self):
        new = self._secret(self.integration)
        self.assertNotEqual(new, self.secret)
        self.assertEqual(self._ask().status_code, 401)
        self.assertTrue(self._callers(secret=new))
        self.integration.action_archive()
        self.assertEqual(self._ask(secret=new).status_code, 401)
        self.integration.action_unarchive()
        self.assertTrue(self._callers(secret=new))
        self.users["integrator"].active = False
        self.assertEqual(self._ask(secret=new).status_code, 401)

    @mute_logger(LOGGER)
    def test_wrong_secrets_are_slowed_down(self):
        """Only who claims to be the same integration from the same address waits."""
        wrong = self.secret[:-4] + "xxxx"
        for _attempt in range(3):
            self.assertEqual(self._ask(secret=wrong).status_code, 401)
        response = self._ask(secret=wrong)
        self.assertEqual(response.status_code, 429)
        self.assertGreater(int(response.headers["Retry-After"]), 0)
        self.assertEqual(self._ask().status_code, 429)
        other = self._secret(self._integration("PBX 2"))
        self.assertTrue(self._callers(secret=other))

    def test_the_secret_is_kept_nowhere(self):
        key = self.secret.split("-", 2)[2]
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT to_jsonb(i)::text FROM hcrm_integration i WHERE id = %s",
            [self.integration.id],
        )
        row = self.env.cr.fetchone()[0]
        self.assertNotIn(key, row)
        self.assertIn(self.integration.code, row)
        self.assertGreaterEqual(len(key), 43, "256 bits")
        admin = self.env(user=self.env.ref("base.user_admin"))
        with self.assertRaises(AccessError):
            admin["hcrm.integration"].browse(self.integration.id).read(["secret_hash"])

    def test_only_administrators_make_them(self):
        for role in ("integrator", "manager", "privacy_officer"):
            with self.assertRaises(AccessError):
                self.integration.with_env(self._as(role)).action_new_secret()

    def test_only_integrators_are_acted_as(self):
        with self.assertRaisesRegex(ValidationError, "is no integrator"):
            self._integration("PBX", user_id=self.users["nurse"].id)
        with self.assertRaisesRegex(ValidationError, "does not work for"):
            self.users["integrator"].company_ids = self.company_a
            self._integration("PBX", company_id=self.company_b.id)

    def test_secrets_are_compared_in_constant_time(self):
        Integration = self.env["hcrm.integration"]
        path = "odoo.addons.hcrm_core.models.guard.integration.hmac.compare_digest"
        for secret in (self.secret, "hcrm-00000000-x", "", "x"):
            with patch(path, return_value=False) as compare:
                self.assertIsNone(Integration._authenticate_secret(secret))
            compare.assert_called_once()


@tagged("post_install", "-at_install")
class TestGuardAttempts(TransactionCase):
    def test_a_share_a_minute(self):
        now = [0.0]
        attempts = Attempts(limit=2, seconds=60, clock=lambda: now[0])
        self.assertEqual(attempts.wait("a"), 0)
        attempts.note("a")
        now[0] = 10.0
        attempts.note("a")
        self.assertEqual(attempts.wait("a"), 50)
        self.assertEqual(attempts.wait("b"), 0)
        now[0] = 60.0
        self.assertEqual(attempts.wait("a"), 0)
