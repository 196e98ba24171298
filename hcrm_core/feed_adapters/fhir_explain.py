"""What of a record becomes which field, for a person to read.

The table of paths stands beside the mappers, not in them: it is what a clerk is
shown. A test holds it against what the mappers really fill.
"""

from __future__ import annotations

import copy
import json
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from .canonical import Mapped, Problem, Record
from .fhir_context import EXTENSION, MapContext
from .fhir_map import map_record
from .fhir_values import extension_value

ATTEMPTS = 8
SAID_LIMIT = 240
_VISIT = "encounter_id:encounter"
_LIFE = "date_start:{0}.start date_end:{0}.end"
_FACT = f"name:code code:code {_VISIT} partner_id:subject"
_BILL = (
    "state:status category:type date:billablePeriod.start amount:total"
    " amount_self:total amount_commercial:payment name:item code:item"
    " encounter_id:item department_id:provider practitioner_id:provider"
    " partner_id:patient currency:total"
)
_ABOUT = (
    "name:name aliases:name gender:gender birthdate:birthDate street:address"
    " street2:address city:address zip:address state_name:address"
    " country_code:address contacts:telecom identifiers:identifier"
)
_TABLE = {
    "Organization": "name:name code:identifier kind:type active:active _parent:partOf",
    "Location": "name:name code:identifier kind:physicalType active:status"
    " _parent:partOf _company:managingOrganization",
    "Practitioner": "name:name code:identifier title:qualification active:active"
    " date_left:+date-left department_id:+department",
    "Patient": f"{_ABOUT} status:active deceased_date:deceasedDateTime"
    " marital_status:maritalStatus spoken_language:communication lang:communication"
    " confidentiality:+confidentiality alias:+alias alert:+service-alert"
    " disclosure:+disclosure occupation:+occupation education:+education diet:+diet"
    " preferred_time:+preferred-time _company:managingOrganization",
    "RelatedPerson": f"partner_id:patient relation:relationship relative_id:+patient {_ABOUT}",
    "Coverage": "state:status kind:type payor:payor number:subscriberId plan:class"
    f" {_LIFE.format('period')} partner_id:beneficiary _payor:payor",
    "Encounter": f"state:status kind:class number:identifier {_LIFE.format('period')}"
    " type_name:type type_code:type reason:reasonCode"
    " discharge_to:hospitalization.dischargeDisposition ward:location bed:location"
    " campus_id:location department_id:serviceProvider practitioner_id:participant"
    " encounter_id:partOf partner_id:subject",
    "Appointment": "state:status date_start:start date_end:end date_booked:created"
    " service:serviceType channel:appointmentType cancel_reason:cancelationReason"
    " partner_id:participant practitioner_id:participant campus_id:participant"
    " department_id:participant encounter_id:+encounter",
    "AllergyIntolerance": "name:code code:code state:clinicalStatus category:category"
    f" criticality:criticality reaction:reaction date_recorded:recordedDate {_VISIT}"
    " partner_id:patient",
    "Condition": f"{_FACT} state:clinicalStatus verification:verificationStatus"
    " category:category severity:severity date_onset:onset date_abated:abatement"
    " date_recorded:recordedDate is_primary:+is-primary",
    "Procedure": f"{_FACT} state:status category:category outcome:outcome"
    " date_start:performed date_end:performedPeriod.end practitioner_id:performer"
    " department_id:performer",
    "Immunization": "name:vaccineCode code:vaccineCode state:status"
    f" date_start:occurrence practitioner_id:performer department_id:performer {_VISIT}"
    " partner_id:patient",
    "MedicationRequest": "name:medication code:medication state:status"
    " dosage:dosageInstruction quantity:dispenseRequest.quantity"
    " unit:dispenseRequest.quantity days:dispenseRequest.expectedSupplyDuration"
    f" date_start:authoredOn date_end:dispenseRequest.validityPeriod {_VISIT}"
    " practitioner_id:requester partner_id:subject",
    "MedicationStatement": "name:medication code:medication state:status dosage:dosage"
    " date_start:effective date_end:effectivePeriod.end encounter_id:context"
    " partner_id:subject",
    "Observation": f"{_FACT} state:status category:category date:effective value:value"
    " value_text:value unit:value ref_low:referenceRange ref_high:referenceRange"
    " interpretation:interpretation",
    "ChargeItem": "name:code code:code category:code kind:+charge-kind state:status"
    " quantity:quantity date:occurrence amount:priceOverride currency:priceOverride"
    " amount_pooled:+payer-split amount_account:+payer-split"
    " amount_self:+payer-split amount_commercial:+payer-split"
    " amount_employer:+payer-split cost:+payer-split encounter_id:context"
    " department_id:performingOrganization practitioner_id:performer"
    " partner_id:subject",
    "Claim": _BILL,
    "ExplanationOfBenefit": f"{_BILL} _claim:claim",
}
# type -> [(our field, where it comes from)], as it is shown
PATHS: dict[str, list[tuple[str, str]]] = {
    res_type: [tuple(pair.split(":", 1)) for pair in line.split()]
    for res_type, line in _TABLE.items()
}
# worked out, or of no interest to a person
HIDDEN = {
    "source_state",
    "_end_first_seen",
    "tz_offset",
    "code_system",
    "has_value",
    "birthdate_precision",
    "class_code",
}
_ENVELOPE = {"resourceType", "id", "meta", "text", "extension", "implicitRules"}


@dataclass(slots=True)
class Line:
    """One field of ours beside what the record says.

    :ivar said: what stands there, shortened to words
    :ivar value: what becomes of it, None where nothing does
    :ivar ref: (type, id) of the record it points at, for references
    :ivar problem: why it cannot be used
    :ivar unknown: the code in it that nobody understands, though it is written
    """

    column: str
    path: str
    said: str = ""
    value: Any = None
    ref: tuple[str, str] | None = None
    problem: Problem | None = None
    unknown: str = ""


@dataclass(slots=True)
class Explained:
    """:ivar problems: those that belong to no line; :ivar unused: keys not read"""

    lines: list[Line] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unused: list[tuple[str, str]] = field(default_factory=list)


def explain(record: Record, context: MapContext) -> Explained:
    """Map a record as the feed does, and past what is in its way."""
    data = record.data or {}
    context = replace(context, unknown=Counter())
    mapped, problems = _map_all(record, context)
    result = Explained(problems=list(problems))
    unknown = {key.partition(".")[2]: code for key, code in context.unknown}
    for column, path in PATHS.get(record.type, ()):
        line = Line(column, path.lstrip("+"), said(look_up(data, path)))
        line.value = mapped.values.get(column)
        line.ref = mapped.refs.get(column)
        line.problem = _take(result.problems, line.path)
        line.unknown = unknown.pop(line.path, "") if not line.problem else ""
        if line.problem or line.ref or line.value not in (None, "", [], False):
            result.lines.append(line)
        elif line.said and not _is_shown(result.lines, line.path):
            result.lines.append(line)
    read = {path.split(".")[0] for _column, path in PATHS.get(record.type, ())}
    for key, value in data.items():
        if key not in _ENVELOPE and not any(key.startswith(name) for name in read):
            result.unused.append((key, said(value)))
    return result


def _is_shown(lines: list[Line], path: str) -> bool:
    return any(line.path == path for line in lines)


def _take(problems: list[Problem], path: str) -> Problem | None:
    """The problem of this path, taken out of the list."""
    for problem in problems:
        name = str(problem.values.get("field") or "")
        if name and (path == name or path.split(".")[0].startswith(name)):
            problems.remove(problem)
            return problem
    return None


def _map_all(record: Record, context: MapContext) -> tuple[Mapped, list[Problem]]:
    """Map, take out what is in the way, map again; all problems at once."""
    if record.problem:
        return Mapped({}), [record.problem]
    data = copy.deepcopy(record.data)
    problems: list[Problem] = []
    for _attempt in range(ATTEMPTS):
        outcome = map_record(Record(record.type, record.ext_id, data), context)
        if outcome is None:
            break
        if isinstance(outcome, Mapped):
            return outcome, problems
        problems.append(outcome)
        if not _clear_way(record.type, data, outcome):
            break
    return Mapped({}), problems


def _clear_way(res_type: str, data: dict, problem: Problem) -> bool:
    """Take out of ``data`` what the problem speaks of; False where that is unknown."""
    name = str(problem.values.get("field") or "")
    if problem.code == "no_person":
        for column, path in PATHS.get(res_type, ()):
            if column == "partner_id" and not isinstance(data.get(path), dict):
                data[path] = {"reference": "Patient/?"}
                return True
        return False
    if problem.code == "no_name" and name:
        concept = {"text": "?", "display": "?"}
        if data.get(name) == concept:
            return False
        data[name] = concept
        return True
    if problem.code == "end_before_start":
        name = "period"
    before = json.dumps(data, default=str)
    for key in list(data):
        if name and (key.startswith(name) or key.lower().endswith(name)):
            del data[key]
    if isinstance(data.get("extension"), list) and name:
        data["extension"] = [
            item
            for item in data["extension"]
            if not (isinstance(item, dict) and _ends(item, name))
        ]
    return json.dumps(data, default=str) != before


def _ends(item: dict, name: str) -> bool:
    return str(item.get("url", "")).endswith(f"/{name}")


def look_up(data: dict, path: str) -> Any:
    """What stands at a path; ``+name`` is an extension, ``value`` any value[x]."""
    if path.startswith("+"):
        items = data.get("extension")
        for item in items if isinstance(items, list) else ():
            if isinstance(item, dict) and _ends(item, path[1:]):
                return extension_value(item)
        return None
    first, _dot, rest = path.partition(".")
    value = data.get(first)
    if value is None and not rest:
        value = next((data[key] for key in data if key.startswith(first)), None)
    for name in rest.split(".") if rest else ():
        value = value.get(name) if isinstance(value, dict) else None
    return value


def said(value: Any) -> str:
    """A FHIR value in a few words."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        text = "; ".join(filter(None, (said(item) for item in value[:6])))
        return _short(text + (" …" if len(value) > 6 else ""))
    if isinstance(value, dict):
        return _short(_said_object(value))
    return _short(str(value))


def _said_object(value: dict) -> str:
    if isinstance(value.get("coding"), list):
        codes = [said(item) for item in value["coding"]]
        text = value.get("text")
        return f"{text} ({', '.join(codes)})" if text else ", ".join(codes)
    if "code" in value and not isinstance(value["code"], (dict, list)):
        display = value.get("display") or value.get("unit")
        amount = value.get("value")
        words = [str(amount)] if amount is not None else []
        words.append(str(display or value["code"]))
        if display and amount is None:
            words.append(f"({value['code']})")
        return " ".join(words)
    if "reference" in value:
        display = value.get("display")
        return f"{display} ({value['reference']})" if display else value["reference"]
    if "url" in value and str(value["url"]).startswith(EXTENSION):
        return f"{value['url'][len(EXTENSION) :]}: {said(extension_value(value))}"
    parts = []
    for key, item in value.items():
        if key in ("use", "system", "id", "rank", "url", "extension", "period"):
            continue
        text = said(item)
        if text:
            parts.append(text)
    if not parts:
        return ", ".join(f"{key} {said(item)}" for key, item in value.items())
    return " ".join(parts)


def _short(text: str) -> str:
    return text if len(text) <= SAID_LIMIT else text[: SAID_LIMIT - 1] + "…"
