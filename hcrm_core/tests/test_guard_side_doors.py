import ast
import pathlib
import re
import tempfile

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

import odoo.addons

from . import side_doors
from .common import ROLES, HcrmCommon
from .test_guard_restricted import FACTS

ADDON = pathlib.Path(__file__).parents[1]
# the one door through which facts enter (DESIGN.md, laws 1 and 3)
FEED = ADDON / "models" / "feed"
FACT_TABLES = tuple(model.replace(".", "_") for model in FACTS)
# written outside the feed, each for its reason: {(file, model): reason}
OWN_FACTS = {
    ("desk.py", "hcrm.event"): "what our own desk saw: somebody arrived",
    ("rule_act.py", "hcrm.event"): "what a rule itself did, for other rules",
    ("desk.py", "hcrm.appointment"): "the two columns of the arrival at our desk",
}
WRITES = {
    "create",
    "write",
    "unlink",
    "copy",
    "_write",
    "_create",
    "name_create",
    "load",
}
# libraries that can send something somewhere
NETWORK = {
    "aiohttp",
    "ftplib",
    "http.client",
    "httpx",
    "paramiko",
    "requests",
    "smtplib",
    "socket",
    "subprocess",
    "urllib.request",
    "urllib3",
    "xmlrpc.client",
}
SQL_WRITE = re.compile(
    r"\b(?:insert\s+into|update|delete\s+from|copy|truncate(?:\s+table)?)\s+\"?({})\b".format(
        "|".join(FACT_TABLES)
    ),
    re.IGNORECASE,
)


def sources(folder=ADDON, without=(ADDON / "tests",)):
    """Yield (path, tree) of every Python file below ``folder``."""
    for path in sorted(folder.rglob("*.py")):
        if not any(path.is_relative_to(other) for other in without):
            yield path, ast.parse(path.read_text(encoding="utf-8"))


# the modules that talk to other machines: readers of the HIS, and the gateways that
# the sender of governed messages uses
DOORS = {
    "http_source.py",
    "http_common.py",
    "kannel.py",
    "mail_server.py",
    "token_common.py",
    "whatsapp.py",
}
# routes of telephone systems, gateways and signed links: each checks a secret before
# anything else
MACHINES = {"caller.py", "gateway.py", "preference.py"}
# buttons of facts that only open a list
READING = {"hcrm.appointment": {"action_open_clashes"}}


# ways in which a message may leave, each known and why it is no side door:
# {addon: reason}, of Odoo and of ours
WAYS_OUT = {
    "base": "the mail server itself; its callers are looked for",
    "mail": "mail.mail, whose send is hooked; Twilio there relays video calls",
    "sms": "sms.sms, whose _send is hooked",
    "sms_twilio": "a provider behind sms.sms._send, and the setup of its account",
    "mass_mailing_sms": "test texts to numbers that a marketing user types in",
    "snailmail": "letters by post of documents; the suite prints its own",
    "snailmail_account": "invoices by post",
    "iap": "looks up companies, sends nothing to people",
    "partner_autocomplete": "looks up companies, sends nothing to people",
    "hcrm_core": "the gate, and what stands behind it",
}


@tagged("post_install", "-at_install", "hcrm_core_security")
class TestGuardSideDoors(HcrmCommon):
    """Facts enter through the feed alone, and nothing goes back to the HIS."""

    # ------------------------------------------------------------------
    # NOBODY WRITES A FACT
    # ------------------------------------------------------------------
    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_no_role_writes_a_fact(self):
        person = self._make_person("Wang Fang")
        story = self._add_story(person)
        for role in ROLES:
            env = self._as(role)
            for model in FACTS:
                fact = story[model].with_env(env)
                with self.subTest(role=role, model=model):
                    for operation in ("create", "write", "unlink"):
                        self.assertFalse(env[model].has_access(operation))
                    with self.assertRaises(AccessError):
                        fact.write(
                            {"tz_offset": 1} if "tz_offset" in fact else {"key": 1}
                        )
                    with self.assertRaises(AccessError):
                        fact.unlink()
                    with self.assertRaises(AccessError):
                        env[model].create(
                            {"partner_id": person.id, "company_id": self.company_a.id}
                        )

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_no_fact_is_written_through_its_person(self):
        """Commands on the partner's lists are no way around."""
        person = self._make_person("Wang Fang")
        env = self._as("manager")
        fact_fields = [
            name
            for name, field in person._fields.items()
            if field.comodel_name in FACTS and field.type == "one2many"
        ]
        for name in fact_fields:
            with self.assertRaises(AccessError, msg=name):
                person.with_env(env).write(
                    {name: [(0, 0, {"company_id": self.company_a.id})]}
                )

    def test_facts_have_no_public_method_of_their_own(self):
        """What can be called on a fact over RPC is what Odoo itself offers."""
        plain = set(dir(self.env["hcrm.identifier.type"]))
        for model in FACTS:
            public = {
                name
                for name in dir(type(self.env[model]))
                if not name.startswith("_")
                and callable(getattr(type(self.env[model]), name))
            }
            self.assertFalse(public - plain - READING.get(model, set()), model)

    def test_only_the_feed_writes_facts(self):
        """No code outside the feed's room creates, changes or deletes a fact."""
        found = set()
        for path, tree in sources(without=(ADDON / "tests", FEED)):
            for node in ast.walk(tree):
                for model in self._facts_written(node):
                    found.add((path.name, model))
        self.assertFalse(found - OWN_FACTS.keys())

    def _facts_written(self, node):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for table in SQL_WRITE.findall(node.value):
                yield table.lower().replace("_", ".", 1)
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in WRITES
        ):
            for inner in ast.walk(node.func.value):
                if isinstance(inner, ast.Constant) and inner.value in FACTS:
                    yield inner.value

    # ------------------------------------------------------------------
    # NOTHING GOES TO THE HIS
    # ------------------------------------------------------------------
    def test_feed_only_reads(self):
        """Law 1: no adapter can send; one that fetches uses GET and HEAD alone."""
        for path, tree in sources(ADDON / "feed_adapters"):
            for node in ast.walk(tree):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    self.assertNotIn(
                        node.func.attr,
                        {"post", "put", "patch", "delete", "sendall", "sendto"},
                        f"{path.name}:{node.lineno}",
                    )

    def test_no_code_reaches_out(self):
        """Law 3: connections are opened by the readers of sources alone."""
        for path, tree in sources():
            if path.name in DOORS:
                continue
            for node in ast.walk(tree):
                names = []
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    names = [node.module] + [
                        f"{node.module}.{alias.name}" for alias in node.names
                    ]
                self.assertFalse(NETWORK & set(names), f"{path.name}: {names}")

    def test_no_message_leaves_past_the_governor(self):
        """D1: whatever else on the addons path can send is named here."""
        found = {}
        for root in map(pathlib.Path, odoo.addons.__path__):
            if root.is_dir():
                for addon, name, line, what in side_doors.ways_out(root):
                    found.setdefault(addon, []).append(f"{name}:{line} {what}")
        self.assertIn("overrides sms.sms._send", str(found["hcrm_core"]))
        others = {
            addon: doors
            for addon, doors in found.items()
            if addon not in WAYS_OUT and not addon.startswith("hcrm_test_")
        }
        self.assertFalse(others)

    def test_the_scan_finds_side_doors(self):
        """Five addons with a way out each, and one without."""
        codes = {
            "smtp": "import smtplib\n",
            "jump": "class A:\n _inherit = 'sms.sms'\n def _send(self):\n  pass\n",
            "both": "class A:\n _inherit = ['mail.mail', 'x']\n def send(self):\n  1\n",
            "api": "def go(api):\n api._send_sms_batch([])\n",
            "vendor": "import requests\nURL = 'https://sms.example.com/send'\n",
            "honest": "import requests\nURL = 'https://weather.example.com'\n",
        }
        with tempfile.TemporaryDirectory() as folder:
            for addon, code in codes.items():
                path = pathlib.Path(folder, addon, "models.py")
                path.parent.mkdir()
                (path.parent / "__manifest__.py").write_text("{}")
                path.write_text(code)
            found = {door[0] for door in side_doors.ways_out(pathlib.Path(folder))}
        self.assertEqual(found, codes.keys() - {"honest"})

    def test_no_public_route(self):
        """No route is open to whoever is not logged in, but to the machines that show
        a secret of their own."""
        for path, tree in sources():
            if path.parent.name == "controllers" and path.name in MACHINES:
                continue
            for node in ast.walk(tree):
                if isinstance(node, ast.keyword) and node.arg == "auth":
                    self.assertNotIn(
                        getattr(node.value, "value", None),
                        ("public", "none"),
                        f"{path.name}:{node.value.lineno}",
                    )

    # ------------------------------------------------------------------
    # WHAT A CLIENT MAY CALL
    # ------------------------------------------------------------------
    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_the_desk_serves_its_own_entity_alone(self):
        """Methods of the desks are open to RPC; the appointment's rules hold."""
        appointment = self._add_appointment(self._make_person("Wang Fang"))
        for role in ("agent_b", "outsourced_agent", "head_office"):
            with self.assertRaises(AccessError, msg=role):
                self._as(role)["hcrm.desk"].greet(appointment.id)
        self.assertFalse(appointment.date_greeted)
