"""Patients of GNU Health, who stands beside them, and who pays."""

from __future__ import annotations

from typing import Any

from .gnuhealth_fhir import (
    clean,
    concept,
    ext,
    extension,
    extensions,
    instant,
    patient,
    resource,
)
from .gnuhealth_stream import Stream

_GENDERS = {"m": "male", "f": "female", "nb": "other", "other": "other"}
# concubinage is a domestic partnership in FHIR's words
_MARITAL = {"s": "S", "m": "M", "c": "T", "w": "W", "d": "D", "x": "L"}
_SYSTEMS = {
    "phone": ("phone", None),
    "mobile": ("phone", "mobile"),
    "fax": ("fax", None),
    "email": ("email", None),
    "website": ("url", None),
}
_EDUCATION = {
    "1": "primary",
    "2": "primary",
    "3": "secondary",
    "4": "secondary",
    "5": "university",
}
# identifier types of Tryton and GNU Health to FHIR's; the rest keep their own word
_IDENTIFIERS = {"cn_ric": "NI", "passport": "PPN"}
_IDENTIFIER_WORDS = {
    "country_id": "Country ID",
    "medical_record": "Other medical record",
    "ghealth_federation": "GNU Health Federation",
}
# what staff write into the free text beside a relative
_RELATIONS = {
    "MTH": "mother mom mum madre 母亲 妈妈",
    "FTH": "father dad padre 父亲 爸爸",
    "SPS": "spouse husband wife partner esposo esposa 配偶 丈夫 妻子",
    "CHILD": "child son daughter hijo hija 儿子 女儿 子女",
    "SIB": "sibling brother sister hermano hermana 兄弟 姐妹",
    "GRPRN": "grandmother grandfather grandparent abuela abuelo",
    "GUARD": "guardian tutor 监护人",
    "FRND": "friend neighbour neighbor amigo amiga 朋友",
}
_RELATION_OF = {
    word: code for code, line in _RELATIONS.items() for word in line.split()
}


def person(row: dict[str, Any]) -> dict:
    """A patient with the person behind them.

    The number of the card is the PUID. Staff of the hospital who are patients too
    are confidential as staff. A person merged into another points at them.
    """
    ext_id = ext("gnuhealth_patient", row["id"])
    merged_into = row["merged_into"]
    return resource(
        "Patient",
        ext_id,
        active=row["active"] is not False and row["person_active"] is not False,
        link=[{"type": "replaced-by", "other": patient(merged_into)}]
        if merged_into
        else None,
        identifier=_identifiers(row),
        name=_names(row),
        gender=_GENDERS.get(row["gender"] or row["biological_sex"] or "", "unknown"),
        birthDate=_birthdate(row),
        maritalStatus=concept(None, _MARITAL.get(row["marital_status"])),
        telecom=_telecom(row["contacts"]),
        address=_addresses(row),
        communication=[{"language": concept(row["language"]), "preferred": True}]
        if row["language"]
        else None,
        extension=extensions(
            extension("confidentiality", valueCode="staff")
            if row["is_healthprof"]
            else None,
            extension("occupation", valueString=row["occupation"]),
            extension("education", valueCode=_EDUCATION.get(row["education"])),
        ),
        **_death(row),
    )


def _names(row: dict[str, Any]) -> list[dict]:
    """The name of the person first; others as GNU Health keeps them."""
    names = [_name("official", row["lastname"], row["name"])]
    for item in row["names"] or []:
        if item["use"] != "official":
            names.append(_name(item["use"], item["family"], item["given"]))
    return names


def _name(use: str | None, family: str | None, given: str | None) -> dict:
    return clean({"use": use, "family": family, "given": [given] if given else None})


def _birthdate(row: dict[str, Any]) -> str | None:
    """An estimated date is true to the year."""
    dob = row["dob"]
    return dob[:4] if dob and row["est_dob"] else dob


def _death(row: dict[str, Any]) -> dict[str, Any]:
    died = row["dod"] or row["newborn_died"]
    if died:
        return {"deceasedDateTime": instant(died)}
    return {"deceasedBoolean": True if row["deceased"] or row["is_stillborn"] else None}


def _identifiers(row: dict[str, Any]) -> list[dict]:
    found = []
    if row["ref"]:
        found.append({"type": concept("PUID", "MR"), "value": row["ref"]})
    if row["federation_account"]:
        found.append(
            {
                "type": concept("GNU Health Federation", "OTH"),
                "value": row["federation_account"],
            }
        )
    for item in row["identifiers"] or []:
        if item["code"]:
            found.append(_identifier(item, row["citizenship"]))
    return found


def _identifier(item: dict[str, Any], citizenship: str | None) -> dict:
    kind = item["type"] or "other"
    code = _IDENTIFIERS.get(kind)
    if kind == "country_id" and citizenship == "CN":
        code = "NI"
    words = item["words"] or _IDENTIFIER_WORDS.get(kind, kind)
    return clean(
        {
            "type": concept(words, code or "OTH"),
            "value": item["code"],
            "period": clean({"end": item["end"]}),
        }
    )


def _telecom(contacts: list[dict] | None) -> list[dict]:
    """Contact points; one for emergencies is a relative's and never written to."""
    found = []
    for item in contacts or []:
        if not item["value"]:
            continue
        system, use = _SYSTEMS.get(item["type"], ("other", None))
        whose = extension("whose", valueCode="other") if item["emergency"] else None
        found.append(
            clean(
                {
                    "system": system,
                    "use": use,
                    "value": item["value"],
                    "rank": len(found) + 1,
                    "extension": extensions(whose),
                }
            )
        )
    return found


def _addresses(row: dict[str, Any]) -> list[dict]:
    """Addresses of the person's own, else the home the district knows of."""
    own = [_address(item) for item in row["addresses"] or []]
    if not own and row["home"]:
        own = [_address({**row["home"], "is_work": False})]
    return [item for item in own if len(item) > 1]


def _address(item: dict[str, Any]) -> dict:
    lines = [line.strip() for line in (item["street"] or "").splitlines()]
    return clean(
        {
            "use": "work" if item["is_work"] else "home",
            "line": [line for line in lines if line],
            "district": item.get("district"),
            "city": item["city"],
            "postalCode": item["zip"],
            "state": item["state"],
            "country": item["country"],
        }
    )


def mother(row: dict[str, Any]) -> dict | None:
    """The mother of a newborn: a patient, too."""
    if not (row["patient"] and row["mother"]):
        return None
    return resource(
        "RelatedPerson",
        ext("gnuhealth_newborn", row["id"]),
        patient=patient(row["patient"]),
        relationship=[concept(None, "MTH")],
        extension=extensions(
            extension("patient", valueReference=patient(row["mother"])),
            extension("is-guardian", valueBoolean=True),
        ),
    )


def relative(row: dict[str, Any]) -> dict | None:
    """A relative that staff noted beside an address of the patient."""
    words = (row["relationship"] or "").strip()
    code = next(
        (_RELATION_OF[word] for word in words.lower().split() if word in _RELATION_OF),
        None,
    )
    values: dict[str, Any] = {
        "patient": patient(row["patient"]),
        "relationship": [concept(words or None, code)] if code or words else None,
        "extension": extensions(
            extension("patient", valueReference=patient(row["relative_patient"])),
        ),
    }
    if not row["relative_patient"]:
        values.update(
            name=[_name("official", row["lastname"], row["name"])],
            gender=_GENDERS.get(row["gender"] or "", "unknown"),
            birthDate=_birthdate(row),
            telecom=_telecom(row["contacts"]),
        )
    return resource("RelatedPerson", ext("party_address", row["id"]), **values)


def coverage(row: dict[str, Any]) -> dict:
    """An insurance of the patient."""
    kinds = {"state": "PUBLICPOL", "labour_union": "EHCPOL", "private": "HIP"}
    return resource(
        "Coverage",
        ext("gnuhealth_insurance", row["id"]),
        status="active",
        type_=concept(None, kinds.get(row["insurance_type"])),
        beneficiary=patient(row["patient"]),
        payor=[{"display": row["company"]}] if row["company"] else None,
        subscriberId=row["number"],
        class_=[{"name": row["plan"]}] if row["plan"] else None,
        period=clean({"start": row["member_since"], "end": row["member_exp"]}),
    )


_CONTACTS = """
       (SELECT json_agg(json_build_object('type', c.type, 'value', c.value,
                   'emergency', c.emergency)
                   ORDER BY c.emergency IS TRUE, c.sequence NULLS LAST, c.id)
          FROM party_contact_mechanism c
         WHERE c.party = p.id AND c.active) AS contacts"""
PATIENT = Stream(
    "Patient",
    "gnuhealth_patient",
    f"""
SELECT t.id, t.active, t.biological_sex, p.active AS person_active, p.name,
       p.lastname, p.gender, p.dob, p.est_dob, p.deceased, p.marital_status, p.ref,
       p.federation_account, p.is_healthprof, cz.code AS citizenship, dc.dod,
       {{education}} AS education,
       (SELECT o.name FROM gnuhealth_occupation o WHERE o.id = {{occupation}})
           AS occupation,
       (SELECT m.id FROM gnuhealth_patient m WHERE m.party = p.replaced_by)
           AS merged_into,
       (SELECT json_agg(json_build_object('use', n.use, 'family', n.family,
                   'given', n.given) ORDER BY n.id)
          FROM gnuhealth_person_name n WHERE n.party = p.id) AS names,
       (SELECT json_agg(i ORDER BY i.id) FROM (
            SELECT a.id, a.alternative_id_type AS type, a.code,
                   a.expiration_date AS "end", a.other_alternative_id_type AS words
              FROM gnuhealth_person_alternative_identification a WHERE a.party = p.id
         UNION ALL
            SELECT i.id, i.type, i.code, NULL, NULL
              FROM party_identifier i WHERE i.party = p.id AND i.active) i)
           AS identifiers,{_CONTACTS},
       (SELECT json_agg(json_build_object('is_work', a.is_work, 'street', a.street,
                   'city', a.city, 'zip', a.postal_code, 'state', s.name,
                   'country', k.code) ORDER BY a.sequence NULLS LAST, a.id)
          FROM party_address a
     LEFT JOIN country_country k ON k.id = a.country
     LEFT JOIN country_subdivision s ON s.id = a.subdivision
         WHERE a.party = p.id AND a.active AND a.relative_id IS NULL
           AND COALESCE(a.relationship, '') = '') AS addresses,
       (SELECT json_build_object('street', concat_ws(' ', d.address_street,
                   d.address_street_number), 'district', d.address_district,
                   'city', COALESCE(d.address_city, d.address_municipality),
                   'zip', d.address_zip, 'state', s.name, 'country', k.code)
          FROM gnuhealth_du d
     LEFT JOIN country_country k ON k.id = d.address_country
     LEFT JOIN country_subdivision s ON s.id = d.address_subdivision
         WHERE d.id = p.du) AS home,
       (SELECT g.name FROM party_party_lang l JOIN ir_lang g ON g.id = l.lang
         WHERE l.party = p.id ORDER BY l.company NULLS LAST, l.id LIMIT 1) AS language,
       {{newborn_died}} AS newborn_died,
       {{is_stillborn}} AS is_stillborn
  FROM gnuhealth_patient t
  JOIN party_party p ON p.id = t.party
LEFT JOIN gnuhealth_death_certificate dc ON dc.id = p.death_certificate
LEFT JOIN country_country cz ON cz.id = p.citizenship""",
    person,
    touched=(
        "party_party x JOIN gnuhealth_patient t ON t.party = x.id",
        "party_contact_mechanism x JOIN gnuhealth_patient t ON t.party = x.party",
        "party_address x JOIN gnuhealth_patient t ON t.party = x.party",
        "gnuhealth_person_name x JOIN gnuhealth_patient t ON t.party = x.party",
        "gnuhealth_person_alternative_identification x"
        " JOIN gnuhealth_patient t ON t.party = x.party",
        "party_identifier x JOIN gnuhealth_patient t ON t.party = x.party",
        "party_party_lang x JOIN gnuhealth_patient t ON t.party = x.party",
        "gnuhealth_death_certificate x JOIN party_party p ON p.death_certificate = x.id"
        " JOIN gnuhealth_patient t ON t.party = p.id",
        "gnuhealth_du x JOIN party_party p ON p.du = x.id"
        " JOIN gnuhealth_patient t ON t.party = p.id",
        "gnuhealth_newborn x JOIN gnuhealth_patient t ON t.id = x.patient",
    ),
    optional={
        "education": ("party_party", "education", "p.education"),
        "occupation": ("party_party", "occupation", "p.occupation"),
        "newborn_died": (
            "gnuhealth_newborn",
            "tod",
            "(SELECT max(b.tod) FROM gnuhealth_newborn b WHERE b.patient = t.id)",
        ),
        "is_stillborn": (
            "gnuhealth_newborn",
            "died_at_delivery",
            "EXISTS (SELECT 1 FROM gnuhealth_newborn b WHERE b.patient = t.id AND"
            " (b.died_at_delivery OR b.died_at_the_hospital"
            " OR b.died_being_transferred))",
        ),
    },
)
MOTHER = Stream(
    "RelatedPerson",
    "gnuhealth_newborn",
    "SELECT t.id, t.patient, t.mother FROM gnuhealth_newborn t",
    mother,
    where="t.patient IS NOT NULL AND t.mother IS NOT NULL",
)
RELATIVE = Stream(
    "RelatedPerson",
    "party_address",
    f"""
SELECT t.id, t.relationship, p.name, p.lastname, p.gender, p.dob, p.est_dob,
       pt.id AS patient, rp.id AS relative_patient,{_CONTACTS}
  FROM party_address t
  JOIN gnuhealth_patient pt ON pt.party = t.party
  JOIN party_party p ON p.id = t.relative_id
LEFT JOIN gnuhealth_patient rp ON rp.party = p.id""",
    relative,
    where="t.active AND t.relative_id IS NOT NULL AND t.relative_id != t.party"
    " AND EXISTS (SELECT 1 FROM gnuhealth_patient o WHERE o.party = t.party)",
    touched=(
        "party_party x JOIN party_address t ON t.relative_id = x.id",
        "party_contact_mechanism x JOIN party_address t ON t.relative_id = x.party",
    ),
)
COVERAGE = Stream(
    "Coverage",
    "gnuhealth_insurance",
    "SELECT t.id, t.insurance_type, t.number, t.member_since, t.member_exp,"
    " pt.id AS patient, c.name AS company, pl.name AS plan"
    " FROM gnuhealth_insurance t"
    " JOIN gnuhealth_patient pt ON pt.party = t.party"
    " LEFT JOIN party_party c ON c.id = t.company"
    " LEFT JOIN gnuhealth_insurance_plan ip ON ip.id = t.plan_id"
    " LEFT JOIN product_product pp ON pp.id = ip.product"
    " LEFT JOIN product_template pl ON pl.id = pp.template",
    coverage,
    where="EXISTS (SELECT 1 FROM gnuhealth_patient o WHERE o.party = t.party)",
    touched=("party_party x JOIN gnuhealth_insurance t ON t.company = x.id",),
)
STREAMS = (PATIENT, MOTHER, RELATIVE, COVERAGE)
