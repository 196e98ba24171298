"""The hospital group: two legal entities, three campuses, departments, doctors."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from . import names

BASE = "https://hcrm.example/fhir"
EXT = f"{BASE}/StructureDefinition"
ORG_SYSTEM = f"{BASE}/org"


@dataclass(frozen=True, slots=True)
class Entity:
    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Campus:
    code: str
    entity: str
    zh: str
    en: str
    area_code: str
    outside_prefix: str
    own_numbers: str
    city: str
    state: str
    street: str


@dataclass(frozen=True, slots=True)
class Department:
    code: str
    campus: str
    zh: str
    en: str
    is_sensitive: bool = False
    neutral_zh: str = ""
    neutral_en: str = ""
    beds: int = 0
    doctors: int = 4


@dataclass(slots=True)
class Doctor:
    code: str
    name: str
    sex: str
    title: str
    department: str
    left: int | None = None  # day on which the doctor left, relative to until


ENTITIES = (
    Entity("HQ01", "海青总医院", "Haiqing General Hospital"),
    Entity("HQ02", "海青妇儿医院", "Haiqing Women's and Children's Hospital"),
)
CAMPUSES = (
    Campus("E", "HQ01", "东院区", "East Campus", "021", "9", "02110000", "上海市",
           "上海市", "示范东路100号"),
    Campus("W", "HQ01", "西院区", "West Campus", "021", "0", "02110000", "上海市",
           "上海市", "示范西路200号"),
    Campus("S", "HQ02", "苏州院区", "Suzhou Campus", "0512", "9", "05121000", "苏州市",
           "江苏省", "示范南路300号"),
)  # fmt: skip
DEPARTMENTS = (
    Department("CAR", "E", "心血管内科", "Cardiology", beds=40, doctors=6),
    Department("END", "E", "内分泌科", "Endocrinology", beds=20, doctors=5),
    Department("RES", "E", "呼吸内科", "Respiratory Medicine", beds=40, doctors=6),
    Department("GAS", "E", "消化内科", "Gastroenterology", beds=30, doctors=5),
    Department("NEU", "E", "神经内科", "Neurology", beds=30, doctors=5),
    Department("ONC", "E", "肿瘤科", "Oncology", beds=40, doctors=6),
    Department("GSU", "E", "普外科", "General Surgery", beds=40, doctors=6),
    Department("EMR", "E", "急诊科", "Emergency", doctors=6),
    Department("CHK", "E", "体检中心", "Health Check-up Centre", doctors=4),
    Department("ORT", "W", "骨科", "Orthopaedics", beds=40, doctors=6),
    Department("URO", "W", "泌尿外科", "Urology", beds=20, doctors=4),
    Department("OPH", "W", "眼科", "Ophthalmology", beds=10, doctors=4),
    Department("ENT", "W", "耳鼻喉科", "Ear, Nose and Throat", beds=10, doctors=4),
    Department("DER", "W", "皮肤科", "Dermatology", doctors=4),
    Department("DEN", "W", "口腔科", "Dentistry", doctors=4),
    Department("TCM", "W", "中医科", "Traditional Chinese Medicine", doctors=4),
    Department("PSY", "W", "精神心理科", "Psychiatry", True, "综合门诊一区",
               "Outpatient Zone 1", beds=20, doctors=4),
    Department("INF", "W", "感染科（艾滋病门诊）", "Infectious Diseases (HIV Clinic)",
               True, "综合门诊二区", "Outpatient Zone 2", beds=20, doctors=4),
    Department("OBS", "S", "产科", "Obstetrics", beds=40, doctors=8),
    Department("GYN", "S", "妇科", "Gynaecology", beds=30, doctors=6),
    Department("PED", "S", "儿科", "Paediatrics", beds=40, doctors=8),
    Department("NEO", "S", "新生儿科", "Neonatology", beds=20, doctors=4),
    Department("REP", "S", "生殖医学中心", "Reproductive Medicine", True, "综合门诊三区",
               "Outpatient Zone 3", doctors=4),
    Department("PEM", "S", "儿科急诊", "Paediatric Emergency", doctors=5),
)  # fmt: skip

CAMPUS = {c.code: c for c in CAMPUSES}
DEPARTMENT = {d.code: d for d in DEPARTMENTS}
ENTITY_OF = {d.code: CAMPUS[d.campus].entity for d in DEPARTMENTS}
TITLES = ("主任医师", "副主任医师", "主治医师", "主治医师", "住院医师")
# The cardiologist who went to another hospital: her patients are worth asking.
LEFT_DOCTOR = "CAR02"
LEFT_DAY = -150


def department_ref(code: str) -> str:
    return f"Organization/dept-{ENTITY_OF[code]}-{code}"


def campus_ref(code: str) -> str:
    return f"Location/campus-{code}"


def doctors() -> dict[str, list[Doctor]]:
    """Doctors by department; always the same people, whatever the seed."""
    rng = Random(20_250_101)
    seen, result = set(), {}
    for department in DEPARTMENTS:
        staff = []
        for number in range(1, department.doctors + 1):
            while True:
                sex = "male" if rng.random() < 0.5 else "female"
                name = names.surname(rng) + names.given(rng, sex, 1962 + number * 5)
                if name not in seen and name != "王伟":
                    break
            seen.add(name)
            code = f"{department.code}{number:02d}"
            staff.append(
                Doctor(
                    code,
                    name,
                    sex,
                    TITLES[min(number - 1, len(TITLES) - 1)],
                    department.code,
                    LEFT_DAY if code == LEFT_DOCTOR else None,
                )
            )
        result[department.code] = staff
    return result
