"""FHIR R4 records as JSON text.

The records are written by the million, so they are put together as text; every
value comes from this package and holds neither quotes nor backslashes, except
what goes through :func:`text`.
"""

from __future__ import annotations

import json

from .org import BASE, EXT

TERM = "http://terminology.hl7.org/CodeSystem"
ICD10 = "http://hl7.org/fhir/sid/icd-10"
LOINC = "http://loinc.org"
ATC = "http://www.whocc.no/atc"
ICD9 = "http://hl7.org/fhir/sid/icd-9-cm"
CHARGE = f"{BASE}/CodeSystem/charge-category"
KIND = f"{BASE}/CodeSystem/coverage-kind"
ENCOUNTER_CLASS = {
    "AMB": f"{TERM}/v3-ActCode",
    "EMER": f"{TERM}/v3-ActCode",
    "IMP": f"{TERM}/v3-ActCode",
    "VR": f"{TERM}/v3-ActCode",
    "CHECKUP": f"{BASE}/CodeSystem/encounter-class",
}


def dump(resource: dict) -> str:
    return json.dumps(resource, ensure_ascii=False, separators=(",", ":"))


def encounter(
    ext_id, number, status, klass, pid, dept, campus, doctor, start, end="", ward="",
    bed="", reason="", disposition="", part_of="", kind="",
):  # fmt: skip
    """A visit or stay; ``dept``, ``campus`` are references, ``doctor`` a code."""
    location = f'{{"location":{{"reference":"{campus}"}}}}'
    if ward:
        location += (
            f',{{"location":{{"display":"{ward}"}},"physicalType":{{"coding":[{{"code":"wa"}}]}}}}'
            f',{{"location":{{"display":"{bed}"}},"physicalType":{{"coding":[{{"code":"bd"}}]}}}}'
        )
    return (
        f'{{"resourceType":"Encounter","id":"{ext_id}","identifier":[{{"value":"{number}"}}],'
        f'"status":"{status}","class":{{"system":"{ENCOUNTER_CLASS[klass]}","code":"{klass}"}},'
        + (f'"type":[{{"text":"{kind}"}}],' if kind else "")
        + f'"subject":{{"reference":"Patient/{pid}"}},'
        f'"participant":[{{"individual":{{"reference":"Practitioner/{doctor}"}}}}],'
        f'"period":{{"start":"{start}"'
        + (f',"end":"{end}"' if end else "")
        + "},"
        + (f'"reasonCode":[{{"text":"{reason}"}}],' if reason else "")
        + (
            f'"hospitalization":{{"dischargeDisposition":{{"text":"{disposition}"}}}},'
            if disposition
            else ""
        )
        + (f'"partOf":{{"reference":"Encounter/{part_of}"}},' if part_of else "")
        + f'"location":[{location}],"serviceProvider":{{"reference":"{dept}"}}}}'
    )


def condition(ext_id, pid, enc, disease, status, onset, recorded, category, abated=""):
    return (
        f'{{"resourceType":"Condition","id":"{ext_id}","clinicalStatus":{{"coding":[{{"system":'
        f'"{TERM}/condition-clinical","code":"{status}"}}]}},"verificationStatus":{{"coding":[{{"system":'
        f'"{TERM}/condition-ver-status","code":"confirmed"}}]}},"category":[{{"coding":[{{"system":'
        f'"{TERM}/condition-category","code":"{category}"}}]}}],"code":{{"coding":[{{"system":"{ICD10}",'
        f'"code":"{disease.code}","display":"{disease.en}"}}],"text":"{disease.zh}"}},'
        f'"subject":{{"reference":"Patient/{pid}"}},'
        + (f'"encounter":{{"reference":"Encounter/{enc}"}},' if enc else "")
        + f'"onsetDateTime":"{onset}",'
        + (f'"abatementDateTime":"{abated}",' if abated else "")
        + f'"recordedDate":"{recorded}"}}'
    )


def observation(ext_id, pid, enc, test, value, when):
    value = round(value, test.digits) if test.digits else int(value)
    low, high = test.low, test.high
    flag = "H" if high is not None and value > high else "N"
    if low is not None and value < low:
        flag = "L"
    if low is None and high is None:
        extra = ""
    else:
        bounds = []
        if low is not None:
            bounds.append(f'"low":{{"value":{low},"unit":"{test.unit}"}}')
        if high is not None:
            bounds.append(f'"high":{{"value":{high},"unit":"{test.unit}"}}')
        extra = (
            f',"interpretation":[{{"coding":[{{"system":"{TERM}/v3-ObservationInterpretation",'
            f'"code":"{flag}"}}]}}],"referenceRange":[{{{",".join(bounds)}}}]'
        )
    return (
        f'{{"resourceType":"Observation","id":"{ext_id}","status":"final","category":[{{"coding":[{{'
        f'"system":"{TERM}/observation-category","code":"{test.kind}"}}]}}],"code":{{"coding":[{{'
        f'"system":"{LOINC}","code":"{test.code}","display":"{test.en}"}}],"text":"{test.zh}"}},'
        f'"subject":{{"reference":"Patient/{pid}"}},"encounter":{{"reference":"Encounter/{enc}"}},'
        f'"effectiveDateTime":"{when}","valueQuantity":{{"value":{value},"unit":"{test.unit}",'
        f'"system":"http://unitsofmeasure.org","code":"{test.unit}"}}{extra}}}'
    )


def medication(ext_id, pid, enc, drug, status, when, doctor, end):
    return (
        f'{{"resourceType":"MedicationRequest","id":"{ext_id}","status":"{status}","intent":"order",'
        f'"medicationCodeableConcept":{{"coding":[{{"system":"{ATC}","code":"{drug.code}",'
        f'"display":"{drug.en}"}}],"text":"{drug.zh}"}},"subject":{{"reference":"Patient/{pid}"}},'
        f'"encounter":{{"reference":"Encounter/{enc}"}},"authoredOn":"{when}","requester":{{"reference":'
        f'"Practitioner/{doctor}"}},"dosageInstruction":[{{"text":"{drug.dose}"}}],"dispenseRequest":{{'
        f'"validityPeriod":{{"start":"{when[:10]}","end":"{end}"}},"quantity":{{"value":1,"unit":"盒"}},'
        f'"expectedSupplyDuration":{{"value":{drug.days},"unit":"d","code":"d"}}}}}}'
    )


def procedure(
    ext_id, pid, enc, code, zh, en, category, status, start, end, dept, doctor, outcome=""
):  # fmt: skip
    return (
        f'{{"resourceType":"Procedure","id":"{ext_id}","status":"{status}","category":{{"coding":[{{'
        f'"code":"{category}"}}]}},"code":{{"coding":[{{"system":"{ICD9}","code":"{code}",'
        f'"display":"{en}"}}],"text":"{zh}"}},"subject":{{"reference":"Patient/{pid}"}},'
        f'"encounter":{{"reference":"Encounter/{enc}"}},"performedPeriod":{{"start":"{start}",'
        f'"end":"{end}"}},"performer":[{{"actor":{{"reference":"Practitioner/{doctor}"}},'
        f'"onBehalfOf":{{"reference":"{dept}"}}}}]'
        + (f',"outcome":{{"text":"{outcome}"}}' if outcome else "")
        + "}"
    )


def allergy(ext_id, pid, row, when):
    code, zh, en, category, criticality, reaction = row[:6]
    return (
        f'{{"resourceType":"AllergyIntolerance","id":"{ext_id}","clinicalStatus":{{"coding":[{{"system":'
        f'"{TERM}/allergyintolerance-clinical","code":"active"}}]}},"type":"allergy",'
        f'"category":["{category}"],"criticality":"{criticality}","code":{{"coding":[{{"system":'
        f'"{BASE}/CodeSystem/substance","code":"{code}","display":"{en}"}}],"text":"{zh}"}},'
        f'"patient":{{"reference":"Patient/{pid}"}},"recordedDate":"{when}","reaction":[{{'
        f'"manifestation":[{{"text":"{reaction}"}}]}}]}}'
    )


def appointment(
    ext_id, pid, status, start, end, created, dept, campus, doctor, service, channel,
    reason="",
):  # fmt: skip
    return (
        f'{{"resourceType":"Appointment","id":"{ext_id}","extension":[{{"url":"{EXT}/department",'
        f'"valueReference":{{"reference":"{dept}"}}}},{{"url":"{EXT}/channel","valueString":'
        f'"{channel}"}}],"status":"{status}",'
        + (f'"cancelationReason":{{"text":"{reason}"}},' if reason else "")
        + f'"serviceType":[{{"text":"{service}"}}],'
        + (f'"start":"{start}","end":"{end}",' if start else "")
        + f'"created":"{created}","participant":[{{"actor":{{"reference":"Patient/{pid}"}},"status":'
        f'"accepted"}},{{"actor":{{"reference":"Practitioner/{doctor}"}},"status":"accepted"}},'
        f'{{"actor":{{"reference":"{campus}"}},"status":"accepted"}}]}}'
    )


def charge(
    ext_id, pid, enc, kind, category, name, amount, split, cost, when, dept, doctor,
    status="billed",
):  # fmt: skip
    """A line of the bill; ``split`` maps payers to amounts that add up to ``amount``."""
    parts = "".join(
        f',{{"url":"{payer}","valueDecimal":{value:.2f}}}'
        for payer, value in split
        if value
    )
    return (
        f'{{"resourceType":"ChargeItem","id":"{ext_id}","extension":[{{"url":"{EXT}/charge-kind",'
        f'"valueCode":"{kind}"}},{{"url":"{EXT}/payer-split","extension":[{{"url":"cost",'
        f'"valueDecimal":{cost:.2f}}}{parts}]}}],"status":"{status}","code":{{"coding":[{{"system":'
        f'"{CHARGE}","code":"{category}"}}],"text":"{name}"}},"subject":{{"reference":"Patient/{pid}"}},'
        f'"context":{{"reference":"Encounter/{enc}"}},"occurrenceDateTime":"{when}","performer":[{{'
        f'"actor":{{"reference":"Practitioner/{doctor}"}}}}],"performingOrganization":{{"reference":'
        f'"{dept}"}},"quantity":{{"value":1}},"priceOverride":{{"value":{amount:.2f},'
        f'"currency":"CNY"}}}}'
    )


def coverage(ext_id, pid, kind, payor, number, start, plan=""):
    return (
        f'{{"resourceType":"Coverage","id":"{ext_id}","status":"active","type":{{"coding":[{{"system":'
        f'"{KIND}","code":"{kind}"}}]}},"subscriberId":"{number}","beneficiary":{{"reference":'
        f'"Patient/{pid}"}},"period":{{"start":"{start}"}},"payor":[{{"display":"{payor}"}}]'
        + (
            f',"class":[{{"type":{{"coding":[{{"code":"plan"}}]}},"value":"{plan}"}}]'
            if plan
            else ""
        )
        + "}"
    )
