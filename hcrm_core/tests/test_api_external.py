import http.cookiejar
import urllib.request
from datetime import timedelta
from urllib.parse import urlsplit

from odoo import fields
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import HcrmWorld

try:
    import odoorpc
except ImportError:  # a test tool, in the lock file of the tests
    odoorpc = None

PASSWORD = "integrator"


class Refused(Exception):
    """The server refused a call; how it says so differs per transport."""


def rpc_args(method, ids, kwargs):
    """Positional arguments of a call: the records, and what ``create`` insists on."""
    if method == "create":
        return [kwargs.pop("vals_list")]
    return [] if ids is None else [list(ids)]


class JsonTwo:
    """Odoo's present API: one POST per call, an API key in the header."""

    def __init__(self, case, role="integrator"):
        self.case = case
        self.key = case._api_key(role)

    def call(self, model, method, ids=(), context=None, **kwargs):
        response = self.case.url_open(
            f"/json/2/{model}/{method}",
            json={"ids": list(ids), "context": context or {}, **kwargs},
            headers={
                "Authorization": f"Bearer {self.key}",
                "X-Odoo-Database": self.case.env.cr.dbname,
            },
        )
        if response.status_code != 200:
            assert response.status_code in (401, 403, 404, 422), response.text
            raise Refused(response.json().get("message") or response.text)
        return response.json()


class OdooRpc:
    """odoorpc, the client most integrations use: JSON-RPC with login and password."""

    def __init__(self, case):
        self.case = case
        jar = http.cookiejar.CookieJar()
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        url = urlsplit(case.base_url())
        with self._at_the_server():
            self.client = odoorpc.ODOO(url.hostname, port=url.port, opener=opener)
            self.client.login(case.env.cr.dbname, "integrator", PASSWORD)

    def _at_the_server(self):
        self.case.env.flush_all()
        self.case.env.invalidate_all()
        return self.case.allow_requests(all_requests=True)

    def call(self, model, method, ids=None, context=None, **kwargs):
        if context:
            kwargs["context"] = context
        args = rpc_args(method, ids, kwargs)
        with self._at_the_server():
            try:
                return self.client.execute_kw(model, method, args, kwargs)
            except odoorpc.error.RPCError as error:
                raise Refused(str(error)) from error


class XmlRpc:
    """Plain XML-RPC, with an API key for the password."""

    def __init__(self, case):
        self.case = case
        self.key = case._api_key()
        self.db = case.env.cr.dbname
        self.uid = case.xmlrpc_common.authenticate(self.db, "integrator", self.key, {})

    def call(self, model, method, ids=None, context=None, **kwargs):
        if context:
            kwargs["context"] = context
        args = rpc_args(method, ids, kwargs)
        try:
            return self.case.xmlrpc_object.execute_kw(
                self.db, self.uid, self.key, model, method, args, kwargs
            )
        except Exception as error:
            if type(error).__name__ != "Fault":
                raise
            raise Refused(str(error)) from error


@tagged("post_install", "-at_install", "hcrm_core_api")
class TestApiExternal(HcrmWorld, HttpCase):
    """One suite of calls over every transport, as a user with the integrator group
    alone; what the group does not allow is refused the same way on all."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._setup_world()
        cls.users["integrator"].password = PASSWORD
        cls.known = cls._make_person("Zhang Wei", phone="13922220000", mrn="Z-100")
        cls._add_story(cls.known)
        cls.other = cls._make_person("Li Na", cls.company_b, phone="13922220001")
        cls.hidden = cls._make_person(
            "Gao Secret", phone="13922220002", mrn="S-1", confidentiality="sensitive"
        )
        cls.env["hcrm.feed.source"].create(
            {"name": "HIS", "company_id": cls.company_a.id}
        )
        cls.env["hcrm.feed.source"].create(
            {
                "name": "Laboratory",
                "kind": "push",
                "company_id": cls.company_a.id,
                "push_user_ids": [(6, 0, cls.users["integrator"].ids)],
            }
        )

    def _api_key(self, role="integrator"):
        user = self.users[role]
        expiry = fields.Datetime.now() + timedelta(hours=1)
        return (
            self.env["res.users.apikeys"]
            .with_user(user)
            ._generate("rpc", "external system", expiry)
        )

    # ------------------------------------------------------------------
    # THE SUITE
    # ------------------------------------------------------------------
    def _run_suite(self, client):
        """Work as an external system does; return what it saw, without ids."""
        seen = {}
        answer = client.call(
            "res.partner",
            "hcrm_register",
            vals={
                "name": "Wang Fang",
                "birthdate": "1980-05-12",
                "gender": "female",
                "phone": "13933330001",
                "identity_number": "110105198005120028",
                "touchpoint": "api",
            },
        )
        registered = answer.pop("id")
        seen["registered"] = answer
        again = client.call(
            "res.partner",
            "hcrm_register",
            vals={"name": "Wang Fang", "identity_number": "110105198005120028"},
        )
        self.assertEqual(again["id"], registered, "registering twice makes one person")
        prospect = self.env.ref("hcrm_core.person_class_prospect").id
        [created] = client.call(
            "res.partner",
            "create",
            vals_list=[{"name": "Wang Lei", "hcrm_class_id": prospect}],
        )
        seen["created"] = client.call(
            "res.partner", "read", ids=[created], fields=["name", "hcrm_status"]
        )[0]
        del seen["created"]["id"]
        seen["found"] = client.call(
            "res.partner",
            "search_read",
            domain=[("display_name", "ilike", "wang"), ("hcrm_class_id", "!=", False)],
            fields=["name"],
            order="name",
        )
        seen["found"] = [row["name"] for row in seen["found"]]
        card = client.call("res.partner", "hcrm_get_card", partner_id=registered)
        seen["card"] = {
            "name": card["head"]["name"],
            "birthdate": card["head"]["birthdate"],
            "phones": [point["number"] for point in card["contacts"]],
            "sections": sorted(card),
        }
        callers = client.call("res.partner", "hcrm_find_by_phone", number="13933330001")
        seen["callers"] = [caller["display_name"] for caller in callers]
        self.assertEqual([caller["id"] for caller in callers], [registered])
        known = client.call("res.partner", "hcrm_get_card", partner_id=self.known.id)
        seen["known_sections"] = sorted(known)
        timeline = client.call(
            "res.partner", "hcrm_get_timeline", partner_id=self.known.id
        )
        seen["kinds"] = sorted({row["kind"] for row in timeline["rows"]})
        seen["pushed"] = self._push(client)
        return seen

    def _push(self, client):
        """Push a person, a visit of nobody known and nonsense; twice, and delete."""
        person = {
            "resourceType": "Patient",
            "id": "p1",
            "name": [{"text": "Pushed Person"}],
            "telecom": [{"system": "phone", "value": "13955550000"}],
        }
        visit = {
            "resourceType": "Encounter",
            "id": "e1",
            "status": "finished",
            "subject": {"reference": "Patient/p9"},
        }
        gone = {"resourceType": "Patient", "id": "p1", "deleted": True}
        seen = []
        for resources in (
            [person, visit, {"resourceType": "Patient"}],
            [person],
            [gone],
        ):
            answer = client.call("hcrm.feed.source", "hcrm_push", resources=resources)
            seen += [row["result"] for row in answer["records"]]
        [found] = client.call("res.partner", "hcrm_find_by_phone", number="13955550000")
        self.assertEqual(found["display_name"], "Pushed Person")
        return seen

    def _expect(self):
        card = self._as("integrator")["res.partner"].hcrm_get_card(self.known.id)
        return {
            "registered": {"created": True, "warnings": [], "candidates": []},
            "created": {"name": "Wang Lei", "hcrm_status": "current"},
            "found": ["Wang Fang", "Wang Lei"],
            "card": {
                "name": "Wang Fang",
                "birthdate": "1980-05-12",
                "phones": ["+8613933330001"],
                "sections": sorted(card),
            },
            "callers": ["Wang Fang"],
            "known_sections": sorted(card),
            "kinds": ["appointment", "encounter"],
            "pushed": ["created", "waiting", "quarantined", "unchanged", "changed"],
        }

    def _assert_suite(self, client):
        seen, expected = self._run_suite(client), self._expect()
        for step, value in expected.items():
            self.assertEqual(seen[step], value, step)
        for section in ("allergies", "problems", "spend"):
            self.assertNotIn(section, seen["known_sections"])

    def test_json_2(self):
        self._assert_suite(JsonTwo(self))

    @mute_logger("odoo.addons.rpc.controllers.jsonrpc")
    def test_odoorpc(self):
        self._assert_suite(self._odoorpc())

    @mute_logger("odoo.addons.rpc.controllers.xmlrpc")
    def test_xml_rpc(self):
        self._assert_suite(XmlRpc(self))

    def _odoorpc(self):
        self.assertTrue(odoorpc, "pip install odoorpc, as docker/requirements.txt says")
        return OdooRpc(self)

    # ------------------------------------------------------------------
    # WHAT IS REFUSED
    # ------------------------------------------------------------------
    def _forbidden_calls(self):
        """Yield (why, call) of what an external system may not do."""
        known, other, hidden = self.known.ids, self.other.ids, self.hidden.ids
        company_b = {"allowed_company_ids": self.company_b.ids}
        visit = self.env["hcrm.encounter"].search([("partner_id", "in", known)]).ids
        partner = "res.partner"
        # methods that are ours alone
        yield "private method", (partner, "_hcrm_refresh", known, {})
        yield "private method", (partner, "_search", None, {"domain": []})
        yield "private SQL", (partner, "_hcrm_hidden_sql", None, {"person": "1"})
        # clinical facts, charges, tokens, feed
        for model in (
            "hcrm.condition",
            "hcrm.allergy",
            "hcrm.procedure",
            "hcrm.medication",
            "hcrm.observation",
            "hcrm.charge",
            "hcrm.person.search",
            "hcrm.person.metrics",
            "hcrm.feed.source",
            "hcrm.feed.run",
            "hcrm.feed.inbox",
            "hcrm.feed.identity",
        ):
            yield model, (model, "search_read", None, {"domain": []})
        yield (
            "clinical field",
            (
                "hcrm.encounter",
                "read",
                visit,
                {"fields": ["reason"]},
            ),
        )
        yield (
            "clinical filter",
            (
                "hcrm.encounter",
                "search",
                None,
                {"domain": [("reason", "!=", False)]},
            ),
        )
        # people of others, and restricted ones
        for ids in (other, hidden):
            yield "read", (partner, "read", ids, {"fields": ["name"]})
            yield "card", (partner, "hcrm_get_card", None, {"partner_id": ids[0]})
            yield (
                "timeline",
                (
                    partner,
                    "hcrm_get_timeline",
                    None,
                    {"partner_id": ids[0]},
                ),
            )
            yield "write", (partner, "write", ids, {"vals": {"name": "x"}})
        yield (
            "other company",
            (
                partner,
                "read",
                other,
                {"fields": ["name"], "context": company_b},
            ),
        )
        # facts and what decides who sees whom
        yield "fact", ("hcrm.encounter", "write", visit, {"vals": {"state": "planned"}})
        yield "fact", ("hcrm.encounter", "unlink", visit, {})
        yield "delete", (partner, "unlink", known, {})
        files = self.known.hcrm_file_ids.ids
        yield "delete file", ("hcrm.person.company", "unlink", files, {})
        yield "scope", (partner, "write", known, {"vals": {"hcrm_metrics_id": False}})
        yield (
            "grant",
            (
                "hcrm.person.access",
                "create",
                None,
                {"vals_list": [{"person_number": "S-1", "user_id": self.env.uid}]},
            ),
        )
        yield (
            "rights",
            (
                "res.users",
                "write",
                self.users["integrator"].ids,
                {"vals": {"group_ids": [(4, self.env.ref("base.group_system").id)]}},
            ),
        )

    def _assert_refusals(self, client):
        for why, (model, method, ids, kwargs) in self._forbidden_calls():
            with self.subTest(why=why, model=model, method=method):
                if isinstance(client, JsonTwo):
                    ids = ids or ()
                with self.assertRaises(Refused):
                    client.call(model, method, ids, **kwargs)
        for number in ("13922220001", "13922220002"):
            self.assertEqual(
                client.call("res.partner", "hcrm_find_by_phone", number=number), []
            )
        names = ["Li Na", "Gao Secret"]
        domain = [("name", "in", names)]
        count = client.call("res.partner", "search_count", domain=domain)
        self.assertEqual(count, 0)
        self.assertEqual(self.known.hcrm_confidentiality, False)

    @mute_logger(
        "odoo.http",
        "odoo.addons.base.models.ir_model",
        "odoo.addons.base.models.ir_rule",
    )
    def test_json_2_refuses(self):
        self._assert_refusals(JsonTwo(self))

    @mute_logger(
        "odoo.http",
        "odoo.addons.rpc.controllers.jsonrpc",
        "odoo.addons.base.models.ir_model",
        "odoo.addons.base.models.ir_rule",
    )
    def test_odoorpc_refuses(self):
        self._assert_refusals(self._odoorpc())

    @mute_logger(
        "odoo.http",
        "odoo.addons.rpc.controllers.xmlrpc",
        "odoo.addons.base.models.ir_model",
        "odoo.addons.base.models.ir_rule",
    )
    def test_xml_rpc_refuses(self):
        self._assert_refusals(XmlRpc(self))

    @mute_logger("odoo.http")
    def test_others_do_not_push(self):
        for role in ("agent", "agent_b"):
            with self.assertRaises(Refused):
                JsonTwo(self, role).call(
                    "hcrm.feed.source",
                    "hcrm_push",
                    resources=[{"resourceType": "Patient", "id": "p1"}],
                )

    @mute_logger("odoo.http", "odoo.addons.base.models.res_users")
    def test_an_expired_or_wrong_key_opens_nothing(self):
        client = JsonTwo(self)
        client.call("res.partner", "search_count", domain=[])
        self.env.cr.execute(
            "UPDATE res_users_apikeys SET expiration_date = now() - interval '1 minute'"
            " WHERE user_id = %s",
            (self.users["integrator"].id,),
        )
        with self.assertRaises(Refused):
            client.call("res.partner", "search_count", domain=[])
        client.key = "0" * 40
        with self.assertRaises(Refused):
            client.call("res.partner", "search_count", domain=[])

    # ------------------------------------------------------------------
    # R3 OVER THE API
    # ------------------------------------------------------------------
    def test_another_entity_learns_that_consent_is_needed_and_nothing_else(self):
        """R3: one person, two entities: B is told "known in the group, consent
        needed" and no phone, diagnosis or visit, until the person consents."""
        person = self._make_person("Sun Li", phone="13944440000")
        self._add_identifier(person, "ric", "110105197504040028")
        self._add_story(person)
        client = JsonTwo(self, "agent_b")
        vals = {"name": "Sun Li", "identity_number": "110105197504040028"}
        answer = client.call("res.partner", "hcrm_register", vals=vals)
        self.assertFalse(answer["id"])
        self.assertFalse(answer["candidates"])
        self.assertEqual(
            [warning["code"] for warning in answer["warnings"]], ["known_in_group"]
        )
        for told in ("13944440000", "Hypertension", "Cardiology", str(person.id)):
            self.assertNotIn(told, str(answer))
        found = client.call("res.partner", "hcrm_find_by_phone", number="13944440000")
        self.assertEqual(found, [])
        answer = client.call(
            "res.partner", "hcrm_register", vals={**vals, "consent": True}
        )
        self.assertEqual(answer["id"], person.id)
        card = client.call("res.partner", "hcrm_get_card", partner_id=person.id)
        self.assertEqual(card["head"]["name"], "Sun Li")
        self.assertEqual(card["contacts"], [])
        timeline = client.call("res.partner", "hcrm_get_timeline", partner_id=person.id)
        self.assertEqual(timeline["rows"], [])
