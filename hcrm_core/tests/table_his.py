"""A hospital's FHIR records as the tables a Chinese HIS would hold them in.

Written apart from the table source that reads them back: pinyin and Chinese column
names, numeric codes, GB18030 bytes, local time without a zone, refunds as negative
rows, one row and number per card a person was given. Pure Python.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

GB = "gb18030"
EXT = "https://hcrm.example/fhir/StructureDefinition/"
# s short text, t long text, b GB18030 bytes, m local time, d date, n number
TABLES: dict[str, str] = {
    "gy_jgxx": "JGDM s, JGMC s",
    "gy_ksxx": "JGDM s, KSDM s, KSMC s, ZFPB s",
    "gy_yqxx": "YQDM s, YQMC s, JGDM s",
    "gy_ygxx": "YGDM s, YGXM b, XB s, JGDM s, KSDM s, ZC s, LZRQ d, ZFPB s",
    "ms_brxx": "BRID s, ZSYH s, BRXM b, BRBM b, XB s, CSRQ s, JGDM s, DZ b, CS s, SF s,"
    " YB s, GJ s, HYZK s, SWRQ d, BMJB s, HM b, TSTX b, BZGK s, ZY s, YS s, JZSD s,"
    " YYDM s, YYMC b, XGSJ m",
    "ms_brzj": "BRID s, XH n, ZJLX s, JGDM s, ZJHM s, QSRQ d, JZRQ d",
    "ms_brlx": "BRID s, XH n, LXLX s, LXHM s, SYZ s",
    "ms_lxr": "LXRID s, BRID s, LXRBRID s, GX s, XM b, XB s, CSRQ s, SJHM s, JHR s, JJ s,"
    " DL s, DLFW s, BGZ s, GTR s",
    "bx_brbx": "BXID s, BRID s, BXLB s, BXHM s, BXMC s, SXRQ d",
    "mz_jzxx": "JZHM s, MZH s, BRID s, JZLX s, JZZT s, JGDM s, KSDM s, YSDM s, YQDM s,"
    " JZSJ m, JSSJ m, JZYY t, BQ s, CH s, LKFS s, SJJZ s",
    "zy_zyxx": "JZHM s, ZYH s, BRID s, ZYZT s, JGDM s, KSDM s, YSDM s, YQDM s, RYSJ m,"
    " CYSJ m, RYYY t, BQ s, CH s, CYFS s, SJJZ s",
    "gh_yyxx": "YYID s, BRID s, YSDM s, YQDM s, JGDM s, KSDM s, YYFS s, YYZT s, YYSJ m,"
    " JSSJ m, DJSJ m, YYKS s, QXYY s",
    "zd_brzd": "诊断序号 s, BRID s, JZHM s, 诊断编码 s, 诊断名称 t, 诊断类别 s, 状态 s,"
    " 发病日期 d, 治愈日期 d, 诊断时间 m",
    "gm_brgm": "GMID s, BRID s, GMDM s, GMMC t, GMLB s, CD s, FY t, JLRQ d",
    "ss_ssxx": "SSID s, BRID s, JZHM s, SSDM s, SSMC t, SSLB s, SSJG s, KSSJ m, JSSJ m,"
    " YSDM s, JGDM s, KSDM s",
    "yf_cfmx": "CFID s, BRID s, JZHM s, YPDM s, YPMC t, CFZT s, YF t, SL n, DW s, TS n,"
    " KFSJ m, KSRQ d, JSRQ d, YSDM s",
    "jy_jgmx": "JGID s, BRID s, JZHM s, XMDM s, XMMC s, JG n, DW s, CKXX n, CKSX n, TS s,"
    " JCSJ m",
    "tz_tzjl": "TZID s, BRID s, JZHM s, LB s, XMDM s, XMMC s, SZ n, DW s, CKXX n, CKSX n,"
    " TS s, CLSJ m",
    "sf_fymx": "FYID s, BRID s, JZHM s, FYLX s, FYLB s, FYMC b, FYSJ m, YSDM s, JGDM s,"
    " KSDM s, SL n, JE n, TC n, ZH n, ZF n, SB n, DWZF n, CB n",
}
SEX = {"male": "1", "female": "2"}
PAPERS = {
    "MR": "00",
    "RIC": "01",
    "PPN": "02",
    "SSN": "03",
    "HMT": "04",
    "HRP": "05",
    "TWP": "06",
    "FPR": "07",
    "RIC15": "08",
    "MIL": "09",
    "BC": "10",
    "NONE": "99",
}
CONTACTS = {("phone", "mobile"): "1", ("phone", "home"): "2", ("email", None): "3"}
RELATIONS = {
    "MTH": "1",
    "FTH": "2",
    "SPS": "3",
    "HUSB": "31",
    "DAU": "4",
    "SON": "5",
    "CHILD": "6",
    "SIB": "7",
    "FRND": "8",
    "PRN": "9",
    "FAMMEMB": "0",
}
VISITS = {"AMB": "1", "EMER": "2", "CHECKUP": "3", "VR": "4", "HH": "5"}
VISIT_STATES = {"in-progress": "1", "finished": "2", "onleave": "3", "cancelled": "9"}
VISIT_STATES |= {"planned": "0", "arrived": "4", "triaged": "5"}
CHARGES = {"charge": "1", "refund": "1", "deposit": "3", "settlement": "4"}
CATEGORIES = {
    name: f"{number:02d}"
    for number, name in enumerate(
        "registration drug material laboratory imaging treatment operation bed checkup"
        " other".split(),
        1,
    )
}
Row = dict[str, Any]


def columns(table: str) -> list[tuple[str, str]]:
    """(name, kind) of the columns of a table."""
    return [tuple(part.split()) for part in TABLES[table].split(", ")]


def rows_of(records: Iterable[dict]) -> dict[str, list[Row]]:
    """Every record as rows of the tables."""
    tables: dict[str, list[Row]] = {name: [] for name in TABLES}
    writer = _Writer(tables)
    records = list(records)
    writer.cards = _second_cards(records)
    for record in records:
        writer.add(record)
    return tables


def _second_cards(records: list[dict]) -> dict[str, str]:
    """Person -> legal entity of their second card, who have numbers of two."""
    cards = {}
    for record in records:
        if record["resourceType"] != "Patient":
            continue
        entities = [item["system"][-4:] for item in _numbers(record)]
        if len(set(entities)) > 1:
            cards[record["id"]] = next(e for e in entities if e != entities[0])
    return cards


def _numbers(record: dict) -> list[dict]:
    return [
        item
        for item in record["identifier"]
        if item["type"]["coding"][0]["code"] == "MR" and "/mrn/" in item["system"]
    ]


class _Writer:
    """Takes records apart; ``tables`` gets the rows."""

    def __init__(self, tables: dict[str, list[Row]]):
        self.tables = tables
        self.cards: dict[str, str] = {}

    def add(self, record: dict) -> None:
        writer: Callable[[dict], None] = getattr(self, "_" + record["resourceType"])
        writer(record)

    def put(self, table: str, **row: Any) -> None:
        self.tables[table].append(row)

    def brid(self, reference: dict | None, entity: str = "") -> str | None:
        """The card a row carries: the second one for what happened at its entity."""
        person = _id(reference)
        if not person:
            return None
        number = person.removeprefix("pt-")
        return _second(number) if self.cards.get(person) == entity else number

    # places and staff

    def _Organization(self, record: dict) -> None:
        if record["type"][0]["coding"][0]["code"] == "prov":
            self.put("gy_jgxx", JGDM=record["id"], JGMC=record["name"])
            return
        entity, code = _department(record["id"])
        off = "0" if record["active"] else "1"
        self.put("gy_ksxx", JGDM=entity, KSDM=code, KSMC=record["name"], ZFPB=off)

    def _Location(self, record: dict) -> None:
        entity = _id(record["managingOrganization"])
        code = record["id"].removeprefix("campus-")
        self.put("gy_yqxx", YQDM=code, YQMC=record["name"], JGDM=entity)

    def _Practitioner(self, record: dict) -> None:
        own = _extensions(record)
        entity, code = _department(_id(own["department"]))
        self.put(
            "gy_ygxx",
            YGDM=record["id"],
            YGXM=record["name"][0]["text"],
            XB=SEX[record["gender"]],
            JGDM=entity,
            KSDM=code,
            ZC=record["qualification"][0]["code"]["text"],
            LZRQ=own.get("date-left"),
            ZFPB="0" if record["active"] else "1",
        )

    # people

    def _Patient(self, record: dict) -> None:
        number = record["id"].removeprefix("pt-")
        row = self._card(record, number)
        self.put("ms_brxx", **row)
        papers = record["identifier"]
        second = self.cards.get(record["id"])
        if second:
            other = _second(number)
            self.put("ms_brxx", **{**row, "BRID": other})
            elsewhere = [item for item in _numbers(record) if second in item["system"]]
            rest = [item for item in papers if item not in elsewhere]
            shared = [item for item in rest if item not in _numbers(record)]
            self._papers(other, elsewhere + shared)
            self._contacts(other, record)
            papers = rest
        self._papers(number, papers)
        self._contacts(number, record)

    def _card(self, record: dict, number: str) -> Row:
        own = _extensions(record)
        names = {item["use"]: item["text"] for item in record["name"]}
        home = (record.get("address") or [{}])[0]
        language = (record.get("communication") or [{}])[0].get("language", {})
        marital = record.get("maritalStatus", {}).get("coding", [{}])[0].get("code")
        return {
            "BRID": number,
            "ZSYH": f"ZS{number}",
            "BRXM": names.get("official"),
            "BRBM": names.get("nickname"),
            "XB": SEX.get(record["gender"], "9"),
            "CSRQ": record.get("birthDate", "").replace("-", "") or None,
            "JGDM": _id(record["managingOrganization"]),
            "DZ": (home.get("line") or [None])[0],
            "CS": home.get("city"),
            "SF": home.get("state"),
            "YB": home.get("postalCode"),
            "GJ": home.get("country"),
            "HYZK": {"M": "20", "D": "40", "S": "10", "W": "30"}.get(marital),
            "SWRQ": record.get("deceasedDateTime"),
            "BMJB": {"staff": "1", "public": "2", "sensitive": "3"}.get(
                own.get("confidentiality")
            ),
            "HM": own.get("alias"),
            "TSTX": own.get("service-alert"),
            "BZGK": "1" if own.get("disclosure") == "shielded" else None,
            "ZY": own.get("occupation"),
            "YS": own.get("diet"),
            "JZSD": own.get("preferred-time"),
            "YYDM": (language.get("coding") or [{}])[0].get("code"),
            "YYMC": language.get("text"),
            "XGSJ": "2026-11-20 08:00:00",
        }

    def _papers(self, number: str, papers: list[dict]) -> None:
        for index, item in enumerate(papers):
            kind = item["type"]["coding"][0]["code"]
            period = item.get("period", {})
            self.put(
                "ms_brzj",
                BRID=number,
                XH=index + 1,
                ZJLX=PAPERS[kind],
                JGDM=item["system"][-4:] if kind == "MR" else None,
                ZJHM=item["value"],
                QSRQ=period.get("start"),
                JZRQ=period.get("end"),
            )

    def _contacts(self, number: str, record: dict) -> None:
        for index, item in enumerate(record.get("telecom", ())):
            self.put(
                "ms_brlx",
                BRID=number,
                XH=item.get("rank", index + 1),
                LXLX=CONTACTS[item["system"], item.get("use")],
                LXHM=item["value"],
                SYZ=_extensions(item).get("whose"),
            )

    def _RelatedPerson(self, record: dict) -> None:
        own = _extensions(record)
        self.put(
            "ms_lxr",
            LXRID=record["id"][1:],
            BRID=self.brid(record["patient"]),
            LXRBRID=self.brid(own.get("patient")),
            GX=RELATIONS[record["relationship"][0]["coding"][0]["code"]],
            XM=record["name"][0]["text"],
            XB=SEX[record["gender"]],
            CSRQ=record.get("birthDate", "").replace("-", "") or None,
            SJHM=record["telecom"][0]["value"],
            JHR=_yes(own.get("is-guardian")),
            JJ=_yes(own.get("emergency")),
            DL=_yes(own.get("is-proxy")),
            DLFW={"all": "1", "booking": "2", "results": "3", "billing": "4"}.get(
                own.get("proxy-scope")
            ),
            BGZ=_yes(own.get("must-not-know")),
            GTR=_yes(own.get("speak-with")),
        )

    def _Coverage(self, record: dict) -> None:
        kinds = {"urban_employee": "310", "resident": "390", "commercial": "07"}
        self.put(
            "bx_brbx",
            BXID=record["id"][1:],
            BRID=self.brid(record["beneficiary"]),
            BXLB=kinds.get(record["type"]["coding"][0]["code"], "08"),
            BXHM=record["subscriberId"],
            BXMC=record["payor"][0]["display"],
            SXRQ=record["period"]["start"],
        )

    # visits

    def _Encounter(self, record: dict) -> None:
        entity, code = _department(_id(record["serviceProvider"]))
        places = {
            item["physicalType"]["coding"][0]["code"]: item["location"]["display"]
            for item in record["location"]
            if "physicalType" in item
        }
        stay = record.get("hospitalization", {}).get("dischargeDisposition", {})
        row = {
            "JZHM": record["id"][1:],
            "BRID": self.brid(record["subject"], entity),
            "JGDM": entity,
            "KSDM": code,
            "YSDM": _id(record["participant"][0]["individual"]),
            "YQDM": _id(record["location"][0]["location"]).removeprefix("campus-"),
            "BQ": places.get("wa"),
            "CH": places.get("bd"),
            "SJJZ": (_id(record.get("partOf")) or "")[1:] or None,
        }
        start, end = (_local(record["period"].get(key)) for key in ("start", "end"))
        why = (record.get("reasonCode") or [{}])[0].get("text")
        state = VISIT_STATES[record["status"]]
        number = record["identifier"][0]["value"]
        kind = record["class"]["code"]
        if kind == "IMP":
            self.put(
                "zy_zyxx",
                **row,
                ZYH=number,
                ZYZT=state,
                RYSJ=start,
                CYSJ=end,
                RYYY=why,
                CYFS=stay.get("text"),
            )
        else:
            self.put(
                "mz_jzxx",
                **row,
                MZH=number,
                JZLX=VISITS[kind],
                JZZT=state,
                JZSJ=start,
                JSSJ=end,
                JZYY=why,
                LKFS=stay.get("text"),
            )

    def _Appointment(self, record: dict) -> None:
        own = _extensions(record)
        entity, code = _department(_id(own["department"]))
        actors = dict(
            item["actor"]["reference"].split("/") for item in record["participant"]
        )
        person = {"reference": f"Patient/{actors['Patient']}"}
        self.put(
            "gh_yyxx",
            YYID=record["id"][1:],
            BRID=self.brid(person, entity),
            YSDM=actors["Practitioner"],
            YQDM=actors["Location"].removeprefix("campus-"),
            JGDM=entity,
            KSDM=code,
            YYFS=own["channel"],
            YYZT=record["status"],
            YYSJ=_local(record["start"]),
            JSSJ=_local(record.get("end")),
            DJSJ=_local(record.get("created")),
            YYKS=record["serviceType"][0]["text"],
            QXYY=record.get("cancelationReason", {}).get("text"),
        )

    # facts

    def _fact(self, record: dict, key: str = "encounter", who: str = "subject") -> Row:
        visit = _id(record.get(key))
        return {
            "BRID": self.brid(record[who]),
            "JZHM": visit[1:] if visit else None,
        }

    def _Condition(self, record: dict) -> None:
        category = record["category"][0]["coding"][0]["code"]
        self.put(
            "zd_brzd",
            **self._fact(record),
            诊断序号=record["id"][1:],
            诊断编码=record["code"]["coding"][0]["code"],
            诊断名称=record["code"]["text"],
            诊断类别="2" if category == "problem-list-item" else "1",
            状态=record["clinicalStatus"]["coding"][0]["code"][0].upper(),
            发病日期=record.get("onsetDateTime"),
            治愈日期=record.get("abatementDateTime"),
            诊断时间=_local(record["recordedDate"]),
        )

    def _AllergyIntolerance(self, record: dict) -> None:
        self.put(
            "gm_brgm",
            GMID=record["id"][1:],
            BRID=self.brid(record["patient"]),
            GMDM=record["code"]["coding"][0]["code"],
            GMMC=record["code"]["text"],
            GMLB={"medication": "1", "food": "2", "environment": "3"}[
                record["category"][0]
            ],
            CD={"high": "重", "low": "轻"}[record["criticality"]],
            FY=record["reaction"][0]["manifestation"][0]["text"],
            JLRQ=record["recordedDate"],
        )

    def _Procedure(self, record: dict) -> None:
        who = record["performer"][0]
        entity, code = _department(_id(who["onBehalfOf"]))
        self.put(
            "ss_ssxx",
            **self._fact(record),
            SSID=record["id"][1:],
            SSDM=record["code"]["coding"][0]["code"],
            SSMC=record["code"]["text"],
            SSLB=record["category"]["coding"][0]["code"][:2].upper(),
            SSJG=record.get("outcome", {}).get("text"),
            KSSJ=_local(record["performedPeriod"]["start"]),
            JSSJ=_local(record["performedPeriod"]["end"]),
            YSDM=_id(who["actor"]),
            JGDM=entity,
            KSDM=code,
        )

    def _MedicationRequest(self, record: dict) -> None:
        supply = record["dispenseRequest"]
        drug = record["medicationCodeableConcept"]
        self.put(
            "yf_cfmx",
            **self._fact(record),
            CFID=record["id"][1:],
            YPDM=drug["coding"][0]["code"],
            YPMC=drug["text"],
            CFZT={"active": "1", "completed": "2", "stopped": "3"}[record["status"]],
            YF=record["dosageInstruction"][0]["text"],
            SL=supply["quantity"]["value"],
            DW=supply["quantity"]["unit"],
            TS=supply["expectedSupplyDuration"]["value"],
            KFSJ=_local(record["authoredOn"]),
            KSRQ=supply["validityPeriod"]["start"],
            JSRQ=supply["validityPeriod"]["end"],
            YSDM=_id(record["requester"]),
        )

    def _Observation(self, record: dict) -> None:
        limits = (record.get("referenceRange") or [{}])[0]
        category = record["category"][0]["coding"][0]["code"]
        said = (record.get("interpretation") or [{}])[0].get("coding", [{}])[0]
        value = record["valueQuantity"]
        row = {
            **self._fact(record),
            "XMDM": record["code"]["coding"][0]["code"],
            "XMMC": record["code"]["text"],
            "DW": value["unit"],
            "CKXX": limits.get("low", {}).get("value"),
            "CKSX": limits.get("high", {}).get("value"),
            "TS": {"N": "正常", "H": "↑", "L": "↓"}.get(said.get("code")),
        }
        when = _local(record["effectiveDateTime"])
        if category == "laboratory":
            number = record["id"][1:]
            self.put("jy_jgmx", **row, JGID=number, JG=value["value"], JCSJ=when)
        else:
            self.put(
                "tz_tzjl",
                **row,
                TZID=record["id"][1:],
                LB="1" if category == "vital-signs" else "2",
                SZ=value["value"],
                CLSJ=when,
            )

    def _ChargeItem(self, record: dict) -> None:
        own = _extensions(record)
        entity, code = _department(_id(record["performingOrganization"]))
        parts = own["payer-split"]
        self.put(
            "sf_fymx",
            BRID=self.brid(record["subject"], entity),
            JZHM=_id(record["context"])[1:],
            FYID=record["id"][1:],
            FYLX=CHARGES[own["charge-kind"]],
            FYLB=CATEGORIES[record["code"]["coding"][0]["code"]],
            FYMC=record["code"]["text"],
            FYSJ=_local(record["occurrenceDateTime"]),
            YSDM=_id(record["performer"][0]["actor"]),
            JGDM=entity,
            KSDM=code,
            SL=record["quantity"]["value"],
            JE=record["priceOverride"]["value"],
            TC=parts.get("pooled"),
            ZH=parts.get("account"),
            ZF=parts.get("self"),
            SB=parts.get("commercial"),
            DWZF=parts.get("employer"),
            CB=parts.get("cost"),
        )


def _second(number: str) -> str:
    return "9" + number[1:]


def _id(reference: dict | None) -> str | None:
    return reference["reference"].partition("/")[2] if reference else None


def _department(ext_id: str) -> tuple[str, str]:
    _dept, entity, code = ext_id.split("-", 2)
    return entity, code


def _yes(value: Any) -> str | None:
    return "1" if value else None


def _local(value: str | None) -> str | None:
    """A time with +08:00 as the hospital's clock showed it."""
    if value is None:
        return None
    match = re.match(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)\+08:00$", value)
    assert match, value
    return f"{match.group(1)} {match.group(2)}"


def _extensions(record: dict) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in record.get("extension", ()):
        name = item["url"].removeprefix(EXT)
        if "extension" in item:
            found[name] = {
                part["url"]: next(v for k, v in part.items() if k.startswith("value"))
                for part in item["extension"]
            }
        else:
            found[name] = next(v for k, v in item.items() if k.startswith("value"))
    return found


# ----------------------------------------------------------------------
# the two kinds of database
# ----------------------------------------------------------------------

POSTGRES = {
    "s": "varchar(200)",
    "t": "text",
    "b": "bytea",
    "m": "timestamp",
    "d": "date",
    "n": "numeric(14,4)",
}
MARIADB = {
    "s": "varchar(200)",
    "t": "varchar(500)",
    "b": "varbinary(800)",
    "m": "datetime",
    "d": "date",
    "n": "decimal(14,4)",
}


def fill(cursor: Any, kinds: dict[str, str], tables: dict[str, list[Row]], text) -> int:
    """Create the tables and write the rows; ``text`` makes a string what the
    driver of this database takes. Returns the number of rows."""
    total = 0
    for name, rows in tables.items():
        described = columns(name)
        body = ", ".join(f"{column} {kinds[kind]}" for column, kind in described)
        key = described[0][0]
        keys = f"{key}, XH" if name in ("ms_brzj", "ms_brlx") else key
        if name == "gy_ksxx":
            keys = "JGDM, KSDM"
        cursor.execute(text(f"CREATE TABLE {name} ({body}, PRIMARY KEY ({keys}))"))
        marks = ", ".join(["%s"] * len(described))
        insert = text(f"INSERT INTO {name} VALUES ({marks})")
        for start in range(0, len(rows), 1000):
            chunk = rows[start : start + 1000]
            cursor.executemany(
                insert,
                [[_cell(row, item, text) for item in described] for row in chunk],
            )
        total += len(rows)
    return total


def _cell(row: Row, described: tuple[str, str], text) -> Any:
    column, kind = described
    value = row.get(column)
    if value is None:
        return None
    if kind == "b":
        return str(value).encode(GB)
    return text(value) if isinstance(value, str) else value
