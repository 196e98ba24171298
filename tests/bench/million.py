"""A million people by SQL, with the tokens the product itself would write."""

from __future__ import annotations

import io
import random

SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋"
    "余于杜叶程苏魏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛"
)
GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华文玉兰红建国志海燕波宁贵福生龙"
    "元全国胜学祥才发武新利清飞彬富顺信子杰楠榕风航弘义兴良海山仁波宁贵福生林小晓雨"
)


def build(env, people: int, batch: int = 100_000) -> None:
    """Insert ``people`` people of the first company with a file, a phone and tokens."""
    from odoo.addons.hcrm_core.tools.tokens import person_tokens

    cr = env.cr
    company = env["res.company"].search([], limit=1, order="id").id
    klass = env.ref("hcrm_core.person_class_outpatient").id
    mrn_type = env.ref("hcrm_core.identifier_type_mr").id
    rng = random.Random(7)
    cr.execute("SELECT max(id) + 1000 FROM res_partner")
    first = cr.fetchone()[0]
    for start in range(0, people, batch):
        tokens, rows = io.StringIO(), io.StringIO()
        for number in range(start, min(start + batch, people)):
            partner = first + number
            name = rng.choice(SURNAMES) + "".join(
                rng.choice(GIVEN) for _ in range(1 if rng.random() < 0.25 else 2)
            )
            phone = f"+86199{number:08d}"
            mrn = f"M{number:08d}"
            birth = f"{rng.randint(1930, 2024)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
            visit = f"{rng.randint(2023, 2026)}-{rng.randint(1, 10):02d}-{rng.randint(1, 28):02d}"
            rows.write(f"{partner}\t{name}\t{phone}\t{mrn}\t{birth}\t{visit}\n")
            for token in person_tokens(name, identifiers=(mrn,), numbers=(phone,)):
                tokens.write(f"{partner}\t{token}\n")
        cr.execute(
            "CREATE TEMP TABLE IF NOT EXISTS bench_people (id int, name text, phone text, "
            "mrn text, birth date, visit date); TRUNCATE bench_people"
        )
        rows.seek(0)
        cr._obj.copy_expert("COPY bench_people FROM STDIN", rows)
        _insert(cr, company, klass, mrn_type)
        tokens.seek(0)
        cr._obj.copy_expert(
            "COPY hcrm_person_search (partner_id, token) FROM STDIN", tokens
        )
    cr.execute("SELECT setval('res_partner_id_seq', (SELECT max(id) FROM res_partner))")
    env.invalidate_all()


def _insert(cr, company: int, klass: int, mrn_type: int) -> None:
    cr.execute(
        """
        INSERT INTO res_partner (
            id, name, complete_name, type, active, phone, phone_sanitized,
            commercial_partner_id, partner_share, lang, hcrm_birthdate, hcrm_gender,
            hcrm_status, create_uid, write_uid, create_date, write_date)
        SELECT id, name, name, 'contact', true, phone, phone, id, true, 'en_US', birth,
               CASE id %% 2 WHEN 0 THEN 'male' ELSE 'female' END, 'current', 1, 1,
               now() at time zone 'utc', now() at time zone 'utc'
          FROM bench_people;
        INSERT INTO hcrm_person_metrics (id) SELECT id FROM bench_people;
        UPDATE res_partner p SET hcrm_metrics_id = b.id FROM bench_people b WHERE p.id = b.id;
        INSERT INTO hcrm_person_company (
            partner_id, company_id, class_id, confidentiality, disclosure, date_last_visit,
            visit_count)
        SELECT id, %(company)s, %(klass)s, 'normal', 'open', visit, 1 FROM bench_people;
        INSERT INTO hcrm_contact_point (
            partner_id, company_id, system, value, number, e164, rank, is_feed)
        SELECT id, %(company)s, 'phone', phone, phone, phone, 1, true FROM bench_people;
        INSERT INTO hcrm_person_identifier (
            partner_id, type_id, company_id, value, value_norm, is_unique)
        SELECT id, %(mrn)s, %(company)s, mrn, mrn, true FROM bench_people;
        """,
        {"company": company, "klass": klass, "mrn": mrn_type},
    )
