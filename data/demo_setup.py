"""The demo's legal entities, campuses, departments and one user per role.

Runs in Odoo's shell: ``setup(env)``. Safe to run again: what exists is updated,
never doubled. Patients come through the feed afterwards; run it once more after
the load and the demo's doctor is linked to the practitioner of the HIS.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import NamedTuple

PASSWORD = "hcrm-demo"
LANGUAGES = ("en_US", "zh_CN")


def _hospital():
    """The generator's own lists, so that feed and set-up name the same rows."""
    folder = Path(__file__).resolve().parent
    if "hospital" not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            "hospital",
            folder / "hospital" / "__init__.py",
            submodule_search_locations=[str(folder / "hospital")],
        )
        module = importlib.util.module_from_spec(spec)
        sys.modules["hospital"] = module
        spec.loader.exec_module(module)
    from hospital import org

    return org


class Role(NamedTuple):
    """A user of the demo; ``group`` is a role of hcrm_core."""

    login: str
    group: str
    role: str
    role_zh: str
    name: str
    lang: str = "zh_CN"
    entities: tuple = ("HQ01",)
    campus: str = "E"
    departments: tuple = ()
    practitioner: str = ""


ROLES = (
    Role("desk", "front_desk", "Front desk", "导诊台", "陈晓雯"),
    Role("desk2", "front_desk", "Front desk, Suzhou", "导诊台（苏州）", "陆思佳",
         entities=("HQ02",), campus="S"),
    Role("vip", "vip_centre", "VIP centre", "贵宾中心", "顾文静", entities=("HQ01", "HQ02")),
    Role("agent", "agent", "Call-centre agent", "呼叫中心坐席", "何婷婷"),
    Role("outsourced", "outsourced_agent", "Outsourced agent", "外包坐席", "吕佳怡"),
    Role("nurse", "nurse", "Follow-up nurse", "随访护士", "沈静怡",
         departments=("CAR", "RES", "GSU")),
    Role("doctor", "doctor", "Doctor", "医生", "", departments=("CAR",), practitioner="CAR01"),
    Role("head", "department_head", "Department head", "科主任", "", departments=("OBS", "GYN"),
         entities=("HQ02",), campus="S", practitioner="OBS01"),
    Role("quality", "quality_officer", "Quality officer", "质控专员", "程志豪"),
    Role("privacy", "privacy_officer", "Privacy officer", "隐私专员", "范琳",
         entities=("HQ01", "HQ02")),
    Role("marketing", "marketing", "Marketing", "市场专员", "姚俊"),
    Role("partner", "partner_manager", "Partner manager", "合作管理", "崔振宇"),
    Role("manager", "crm_manager", "CRM manager", "客户关系经理", "Helen Zhou", "en_US",
         entities=("HQ01", "HQ02")),
    Role("centre", "centre_head", "Head of centre", "中心主任", "丁国平", entities=("HQ01", "HQ02")),
    Role("group", "head_office", "Group head office", "集团总部", "James Lin", "en_US",
         entities=("HQ01", "HQ02")),
    Role("api", "integrator", "Integrator (API)", "系统集成", "Integration", "en_US",
         entities=("HQ01", "HQ02")),
)  # fmt: skip


def setup(env) -> list[dict]:
    """Make or update everything; return one row per login, administrator first."""
    org = _hospital()
    env = env(context=dict(env.context, lang="en_US", tracking_disable=True))
    _activate_languages(env)
    companies = _companies(env, org)
    env = env(
        context=dict(
            env.context, allowed_company_ids=[c.id for c in companies.values()]
        )
    )
    campuses = _campuses(env, org, companies)
    departments = _departments(env, org, companies, campuses)
    admin = env.ref("base.user_admin")
    admin.write(
        {
            "company_ids": [(4, company.id) for company in companies.values()],
            "tz": "Asia/Shanghai",
        }
    )
    rows = [
        {
            "role": "Administrator",
            "role_zh": "系统管理员",
            "login": admin.login,
            "password": os.environ.get("HCRM_ADMIN_PASSWORD", "admin"),
            "lang": admin.lang,
        }
    ]
    for role in ROLES:
        _user(env, org, role, companies, campuses, departments)
        rows.append(
            {
                "role": role.role,
                "role_zh": role.role_zh,
                "login": role.login,
                "password": PASSWORD,
                "lang": role.lang,
            }
        )
    return rows


def _activate_languages(env):
    missing = set(LANGUAGES) - {code for code, _name in env["res.lang"].get_installed()}
    if missing:
        langs = (
            env["res.lang"]
            .with_context(active_test=False)
            .search([("code", "in", list(missing))])
        )
        env["base.language.install"].create(
            {"lang_ids": [(6, 0, langs.ids)]}
        ).lang_install()


def _companies(env, org):
    """The main company becomes the first entity: nobody works in "My Company"."""
    Company = env["res.company"]
    currency = (
        env["res.currency"]
        .with_context(active_test=False)
        .search([("name", "=", "CNY")], limit=1)
    )
    currency.active = True
    result = {}
    for entity in org.ENTITIES:
        vals = {
            "name": f"{entity.en} {entity.zh}",
            "hcrm_code": entity.code,
            "hcrm_tz": "Asia/Shanghai",
            "country_id": env.ref("base.cn").id,
        }
        company = Company.search([("hcrm_code", "=", entity.code)], limit=1)
        main = env.ref("base.main_company")
        if not company and not result and not main.hcrm_code:
            company = main
        if company:
            company.write(vals)
        else:
            company = Company.create(dict(vals, currency_id=currency.id))
        # the language of its HIS: the feed writes names of departments in it
        company.partner_id.lang = "zh_CN"
        if company.currency_id != currency:
            company.currency_id = currency
        result[entity.code] = company
    return result


def _upsert(env, model, domain, vals, translated):
    """Create or update one row; ``translated`` maps fields to Chinese."""
    record = env[model].with_context(active_test=False).search(domain, limit=1)
    if record:
        record.write(vals)
    else:
        record = env[model].create(vals)
    record.with_context(lang="zh_CN").write(translated)
    return record


def _campuses(env, org, companies):
    result = {}
    for sequence, campus in enumerate(org.CAMPUSES, 1):
        company = companies[campus.entity]
        result[campus.code] = _upsert(
            env,
            "hcrm.campus",
            [("company_id", "=", company.id), ("code", "=", campus.code)],
            {
                "name": campus.en,
                "code": campus.code,
                "sequence": sequence * 10,
                "company_id": company.id,
                "country_id": env.ref("base.cn").id,
                "area_code": campus.area_code,
                "outside_prefix": campus.outside_prefix,
                "own_numbers": campus.own_numbers,
            },
            {"name": campus.zh},
        )
    return result


def _departments(env, org, companies, campuses):
    result = {}
    for sequence, department in enumerate(org.DEPARTMENTS, 1):
        campus = campuses[department.campus]
        company = companies[org.ENTITY_OF[department.code]]
        translated = {"name": department.zh}
        if department.is_sensitive:
            translated["neutral_name"] = department.neutral_zh
        result[department.code] = _upsert(
            env,
            "hcrm.department",
            [("company_id", "=", company.id), ("code", "=", department.code)],
            {
                "name": department.en,
                "code": department.code,
                "sequence": sequence * 10,
                "company_id": company.id,
                "campus_id": campus.id,
                "is_sensitive": department.is_sensitive,
                "neutral_name": department.neutral_en or False,
            },
            translated,
        )
    return result


def _user(env, org, role, companies, campuses, departments):
    Users = env["res.users"].with_context(active_test=False, no_reset_password=True)
    user = Users.search([("login", "=", role.login)], limit=1)
    own = [companies[code] for code in role.entities]
    practitioner = env["hcrm.practitioner"]
    name = role.name
    if role.practitioner:
        doctors = {d.code: d for staff in org.doctors().values() for d in staff}
        name = doctors[role.practitioner].name
        practitioner = practitioner.search(
            [
                ("code", "=", role.practitioner),
                ("company_id", "in", [c.id for c in own]),
            ],
            limit=1,
        )
    vals = {
        "name": name,
        "login": role.login,
        "email": f"{role.login}@example.com",
        "lang": role.lang,
        "tz": "Asia/Shanghai",
        "company_ids": [(6, 0, [company.id for company in own])],
        "company_id": own[0].id,
        "group_ids": [(6, 0, [env.ref(f"hcrm_core.group_{role.group}").id])],
        "hcrm_campus_id": campuses[role.campus].id,
        "hcrm_department_ids": [(6, 0, [departments[d].id for d in role.departments])],
    }
    if user:
        user.write(vals)
    else:
        user = Users.create(dict(vals, password=PASSWORD))
    if practitioner and practitioner.user_id != user:
        practitioner.user_id = user
    return user
