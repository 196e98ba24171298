"""Fill a GNU Health through its own models, as its staff would.

Runs in GNU Health's own Python environment, a process of its own:
``python seed.py DATABASE`` with TRYTOND_DATABASE_URI. The one line it
prints is a JSON object: what the steps of the journey need to know of what was made.
"""

import datetime
import json
import sys
from decimal import Decimal

from proteus import Model, Wizard, config
from trytond.modules.account.tests.tools import (
    create_chart,
    create_fiscalyear,
    get_accounts,
)
from trytond.modules.account_invoice.tests.tools import (
    create_payment_term,
    set_fiscalyear_invoice_sequences,
)
from trytond.modules.company.tests.tools import create_company
from trytond.modules.currency.tests.tools import get_currency

NOW = datetime.datetime.utcnow().replace(microsecond=0)
TODAY = NOW.date()
DAY = datetime.timedelta(days=1)
HOUR = datetime.timedelta(hours=1)
# admission compares UTC with this zone's day; both are the same here
ZONE = "Africa/Abidjan"
PEOPLE = [
    # given, family, sex, birth, estimated, marital state
    ("芳", "王", "f", (1980, 3, 5), False, "m"),
    ("伟", "李", "m", (1975, 11, 20), False, "m"),
    ("秀英", "张", "f", (1950, 1, 1), True, "w"),
    ("Ana Isabel", "Betz", "f", (1985, 10, 4), False, "c"),
    ("Matt", "Zenon Betz", "m", (1981, 6, 7), False, "x"),
    ("娜", "刘", "f", (1996, 7, 15), False, "s"),
    ("强", "陈", "m", (1990, 2, 28), False, "d"),
    ("静", "杨", "f", (1988, 12, 12), False, "m"),
    ("磊", "赵", "m", (2001, 9, 9), False, "s"),
    ("洋", "黄", "nb", (1999, 5, 1), False, "s"),
    ("O'Neil", "Müller-Ñandú", "u", (1970, 8, 30), False, None),
    ("敏", "周", "f", (1983, 4, 18), False, "m"),
]


def get(name):
    return Model.get(name)


def save(model, /, **values):
    record = get(model)(**values)
    record.save()
    return record


class Hospital:
    """The house: company, institution, ward, beds, staff."""

    def __init__(self):
        self.currency = get_currency("USD")
        party = save(
            "party.party",
            name="Green Hospital",
            is_person=False,
            is_patient=False,
            is_institution=True,
        )
        create_company(party=party, currency=self.currency)
        (self.company,) = get("company.company").find([])
        self.company.timezone = ZONE
        self.company.save()
        self.institution = save(
            "gnuhealth.institution",
            party=party,
            code="GREEN",
            institution_type="hospital",
            public_level="public",
        )
        user = config.get_config()
        user._context = get("res.user").get_preferences(True, {})
        self.unit = save(
            "gnuhealth.hospital.unit",
            name="Internal Medicine",
            institution=self.institution,
            code="IM",
        )
        self.ward = save(
            "gnuhealth.hospital.ward",
            name="Ward 3 East",
            institution=self.institution,
            unit=self.unit,
            gender="unisex",
            number_of_beds=6,
        )
        (self.unit_of_measure,) = get("product.uom").find([("name", "=", "Unit")])
        self.doctors = [
            self._doctor("Cordara", "Cameron", "f", "Cardiology"),
            self._doctor("建国", "林", "m", "Pediatrics"),
        ]
        self.beds = [self._bed(f"Bed {number}") for number in range(1, 7)]

    def _doctor(self, given, family, sex, specialty):
        party = save(
            "party.party",
            name=given,
            lastname=family,
            gender=sex,
            is_person=True,
            is_healthprof=True,
            is_patient=False,
        )
        doctor = save(
            "gnuhealth.healthprofessional",
            party=party,
            institution=self.institution,
            code=f"LIC-{family}",
        )
        (found,) = get("gnuhealth.specialty").find([("name", "=", specialty)], limit=1)
        save("gnuhealth.hp_specialty", healthprof=doctor, specialty=found, mainsp=True)
        return doctor

    def product(self, name, price="0", **values):
        template = get("product.template")()
        template.name = name
        template.type = values.pop("type", "goods")
        template.default_uom = self.unit_of_measure
        template.list_price = Decimal(price)
        template.save()
        (product,) = template.products
        for key, value in values.items():
            setattr(product, key, value)
        product.save()
        return product

    def _bed(self, name):
        return save(
            "gnuhealth.hospital.bed",
            product=self.product(name, is_bed=True),
            institution=self.institution,
            ward=self.ward,
            bed_type="gatch",
        )

    def login_as_doctor(self):
        """Discharging and signing is for a professional: the admin is the first."""
        party = self.doctors[0].party
        (admin,) = get("res.user").find([("login", "=", "admin")])
        party.internal_user = admin
        party.save()


def make_people():
    """Patients with contacts, addresses and numbers; one save each: Tryton gives one
    PUID per call."""
    china = save("country.country", name="China", code="CN", code3="CHN")
    parties = []
    for number, (given, family, sex, birth, estimated, marital) in enumerate(PEOPLE):
        party = get("party.party")(
            name=given,
            lastname=family,
            gender=sex,
            dob=datetime.date(*birth),
            est_dob=estimated,
            marital_status=marital,
            is_person=True,
            is_patient=True,
            citizenship=china,
        )
        party.contact_mechanisms.new(type="mobile", value=f"+86 139 1675 8{number:03}")
        if number % 2:
            party.contact_mechanisms.new(type="email", value=f"p{number}@example.com")
        if number % 3 == 0:
            party.contact_mechanisms.new(
                type="phone",
                value=f"+86 21 6289 1{number:03}",
                emergency=True,
                remarks="sister",
            )
        address = party.addresses.new()
        address.street = f"{number + 1} Nanjing Road\nFlat {number}"
        address.city = "上海" if number % 2 else "Shanghai"
        address.postal_code = f"2000{number:02}"
        address.country = china
        if number % 4 == 1:
            party.alternative_identification = True
            party.alternative_ids.new(
                alternative_id_type="passport",
                code=f"E1234567{number}",
                expiration_date=datetime.date(2031, 1, 1),
            )
        party.save()
        if number % 5 == 0:
            save(
                "gnuhealth.person_name",
                party=party,
                use="maiden",
                family="Alias",
                given=f"Born{number}",
            )
        parties.append(party)
    return parties


def patient_of(party):
    (patient,) = get("gnuhealth.patient").find([("party", "=", party.id)])
    return patient


def make_appointments(house, patients):
    """One in every state, and slots that nobody booked."""
    states = ("confirmed", "checked_in", "done", "user_cancelled", "center_cancelled")
    found = {}
    for number, state in enumerate((*states, "no_show")):
        found[state] = save(
            "gnuhealth.appointment",
            patient=patients[number],
            healthprof=house.doctors[number % 2],
            speciality=house.doctors[number % 2].main_specialty.specialty,
            institution=house.institution,
            appointment_date=NOW + number * DAY,
            state="confirmed",
        )
        if state != "confirmed":
            found[state].state = state
            found[state].save()
    found["free"] = save(
        "gnuhealth.appointment",
        patient=None,
        healthprof=house.doctors[0],
        appointment_date=NOW + 9 * DAY,
        state="free",
    )
    return found


def pathology(code):
    (found,) = get("gnuhealth.pathology").find([("code", "=", code)])
    return found


def make_stays(house, patients):
    """One in every state; the expected end of each lies ahead."""
    found = {}
    wanted = ("free", "confirmed", "hospitalized", "done", "finished", "cancelled")
    for number, state in enumerate(wanted):
        stay = save(
            "gnuhealth.inpatient.registration",
            patient=patients[number],
            admission_type="elective" if number % 2 else "emergency",
            hospitalization_date=NOW,
            discharge_date=NOW + 5 * DAY,
            attending_physician=house.doctors[0],
            admission_reason=pathology("I10"),
            bed=house.beds[number],
            institution=house.institution,
        )
        found[state] = stay
        if state == "free":
            continue
        stay.click("confirmed")
        if state in ("confirmed", "cancelled"):
            if state == "cancelled":
                stay.click("cancel")
            continue
        stay.click("admission")
        if state in ("done", "finished"):
            stay.discharge_reason = "home"
            stay.discharge_dx = pathology("I10")
            stay.save()
            stay.click("discharge")
        if state == "finished":
            stay.click("bedclean")
    return found


def make_visits(house, patients, appointments):
    """Evaluations, under way and ended, with what was measured and found."""
    visits = []
    for number, patient in enumerate(patients[:6]):
        visit = get("gnuhealth.patient.evaluation")(
            patient=patient,
            healthprof=house.doctors[number % 2],
            evaluation_start=NOW - (number + 1) * DAY,
            evaluation_type="telemedicine" if number == 4 else "outpatient",
            urgency="c" if number == 5 else "a",
            visit_type="followup" if number % 2 else "new",
            specialty=house.doctors[number % 2].main_specialty.specialty,
            chief_complaint=f"Cough for {number + 2} days",
            institution=house.institution,
            systolic=120 + number,
            diastolic=80,
            bpm=70 + number,
            temperature=36.5,
            weight=70.5,
            height=171.0,
        )
        visit.diagnosis = pathology("J20.9" if number % 2 else "E11.9")
        if number == 0:
            visit.secondary_conditions.new(pathology=pathology("I10"))
            visit.diagnostic_hypothesis.new(pathology=pathology("J45.9"))
        if number == 2:
            visit.appointment = appointments["done"]
        visit.save()
        if number % 3 != 1:
            visit.click("end_evaluation")
        visits.append(visit)
    return visits


def make_facts(house, patients):
    """Diseases, allergies, medication, laboratory."""
    for number, patient in enumerate(patients[:8]):
        save(
            "gnuhealth.patient.disease",
            patient=patient,
            pathology=pathology("I10" if number % 2 else "E11.9"),
            diagnosed_date=TODAY - 400 * DAY,
            healed_date=TODAY - DAY if number == 6 else None,
            status="h" if number == 6 else "c",
            is_active=number != 7,
            disease_severity="2_mo",
            healthprof=house.doctors[0],
        )
    save(
        "gnuhealth.patient.disease",
        patient=patients[0],
        pathology=pathology("Z88.0"),
        is_allergy=True,
        allergy_type="da",
        disease_severity="3_sv",
        short_comment="Rash",
        diagnosed_date=TODAY - 30 * DAY,
    )
    drug = get("gnuhealth.medicament").find([], limit=1)[0]
    (unit,) = get("gnuhealth.dose.unit").find([("name", "=", "mg")])
    for number, patient in enumerate(patients[:4]):
        patient.medications.new(
            medicament=drug,
            dose=500.0,
            dose_unit=unit,
            frequency=8,
            frequency_unit="hours",
            duration=7,
            duration_period="days",
            start_treatment=NOW - 3 * DAY,
            end_treatment=NOW + 4 * DAY,
            is_active=number != 1,
            discontinued=number == 2,
            discontinued_reason="Nausea" if number == 2 else None,
        )
        patient.save()
    # the field is read-only: a row made on its own belongs to nobody
    save("gnuhealth.patient.medication", medicament=drug, start_treatment=NOW)
    return drug


def make_prescription(house, patient, drug):
    order = get("gnuhealth.prescription.order")(
        patient=patient,
        healthprof=house.doctors[0],
        prescription_date=NOW - DAY,
        prescription_warning_ack=True,
    )
    order.prescription_line.new(
        medicament=drug, quantity=20, duration=10, duration_period="days"
    )
    order.save()
    return order


def make_laboratory(house, patients):
    """An ordered test whose results were entered, and one still open."""
    tests = get("gnuhealth.lab.test_type").find([("code", "=", "CBC")])
    test = tests[0] if tests else get("gnuhealth.lab.test_type").find([])[0]
    reports = []
    for number, patient in enumerate(patients[:2]):
        report = get("gnuhealth.lab")(
            test=test,
            source_type="patient",
            patient=patient,
            date_requested=NOW - 2 * DAY,
            date_analysis=NOW - DAY,
            requestor=house.doctors[0],
        )
        report.save()
        report.click("complete_criteareas")
        report.reload()
        for position, line in enumerate(report.critearea):
            if position < 3:
                line.result = 5.5 + position
            elif position == 3:
                line.result_text = "Normal"
        report.save()
        if number == 0:
            report.click("generate_document")
        reports.append(report)
    return reports


def make_births(house, patients):
    """A live birth with its child, and a loss."""
    mother, other = patients[0], patients[7]
    for patient, result in ((mother, "live_birth"), (other, "stillbirth")):
        save(
            "gnuhealth.patient.pregnancy",
            patient=patient,
            gravida=1,
            lmp=TODAY - 285 * DAY,
            fetuses=1,
            current_pregnancy=False,
            pregnancy_end_result=result,
            pregnancy_end_date=NOW - 5 * DAY,
            healthprof=house.doctors[1],
        )
    baby = save(
        "party.party",
        name="宝宝",
        lastname="王",
        gender="m",
        dob=(NOW - 5 * DAY).date(),
        is_person=True,
        is_patient=True,
    )
    save(
        "gnuhealth.newborn",
        patient=patient_of(baby),
        mother=mother,
        birth_date=NOW - 5 * DAY,
        sex="m",
        weight=3300,
        length=50,
    )
    return baby


def make_rest(house, parties, patients):
    """Surgery, vaccination, insurance, a relative beside an address."""
    operation = save(
        "gnuhealth.surgery",
        patient=patients[1],
        description="Appendectomy",
        surgery_date=NOW - 20 * DAY,
        surgery_end_date=NOW - 20 * DAY + HOUR,
        surgeon=house.doctors[0],
        operating_room=save(
            "gnuhealth.hospital.or", name="OR 1", institution=house.institution
        ),
    )
    for button in ("confirmed", "start", "done"):
        operation.click(button)
    insurer = save(
        "party.party",
        name="Blue Shield",
        is_person=False,
        is_patient=False,
        is_insurance_company=True,
    )
    save(
        "gnuhealth.insurance",
        party=parties[0],
        company=insurer,
        number="BS-1",
        insurance_type="private",
        member_since=TODAY - 900 * DAY,
    )
    save(
        "party.address",
        party=parties[8],
        street="Elsewhere 1",
        relationship="mother",
        relative_id=parties[2],
    )
    return insurer


def open_books(house):
    """The accounts without which nothing can be invoiced; the category they give."""
    create_chart(house.company)
    year = create_fiscalyear(house.company, TODAY)
    set_fiscalyear_invoice_sequences(year).click("create_period")
    accounts = get_accounts(house.company)
    term = create_payment_term()
    term.save()
    settings = get("account.configuration")(1)
    settings.default_account_receivable = accounts["receivable"]
    settings.default_customer_payment_term = term
    settings.save()
    return save(
        "product.category",
        name="Services",
        accounting=True,
        account_revenue=accounts["revenue"],
        account_expense=accounts["expense"],
    )


def make_services(house, patients):
    """A service nobody has billed yet, one in a draft invoice, one in a posted one."""
    product = house.product("Consultation", "80.00", type="service")
    product.template.account_category = open_books(house)
    product.template.save()
    services = []
    for number, patient in enumerate(patients[:3]):
        service = get("gnuhealth.health_service")(
            patient=patient,
            company=house.company,
            institution=house.institution,
            service_date=TODAY - number * DAY,
        )
        service.service_line.new(product=product, desc="Consultation", qty=1 + number)
        service.save()
        services.append(service)
    for service in services[1:]:
        wizard = Wizard("gnuhealth.service.invoice.create", [service])
        wizard.execute("create_service_invoice")
    (posted,) = get("account.invoice").find([("reference", "=", services[2].name)])
    posted.click("post")


def main(database):
    config.set_trytond(database=database, user="admin")
    house = Hospital()
    house.login_as_doctor()
    parties = make_people()
    patients = [patient_of(party) for party in parties]
    appointments = make_appointments(house, patients)
    stays = make_stays(house, patients)
    make_visits(house, patients, appointments)
    drug = make_facts(house, patients)
    make_prescription(house, patients[4], drug)
    make_laboratory(house, patients)
    make_births(house, patients)
    make_rest(house, parties, patients)
    make_services(house, patients)
    print(
        json.dumps(
            {
                "parties": [party.id for party in parties],
                "patients": [patient.id for patient in patients],
                "appointments": {key: one.id for key, one in appointments.items()},
                "stays": {key: one.id for key, one in stays.items()},
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
