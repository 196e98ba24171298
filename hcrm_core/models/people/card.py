from dataclasses import dataclass

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain

# how many rows of a section the card carries; the tabs page through the rest
LIMIT = 20
# what the hospital would like to know of everybody; the rest is optional
PROFILE_FIELDS = (
    "preferred_practitioner_id",
    "preferred_time",
    "spoken_language",
    "diet",
    "occupation",
    "education",
    "marital_status",
    "living",
    "has_children",
    "housing",
    "needs",
)


@dataclass
class Subject:
    """The person of a card, with what every section asks for."""

    partner: models.BaseModel
    files: models.BaseModel  # at the user's hospitals, the current one first
    is_clinical: bool

    @property
    def file(self):
        return self.files[:1]


class HcrmCard(models.AbstractModel):
    """The 360° card: everything the current user may know of a person, in one call.

    Each section is a method ``_section_<name>(subject)`` that returns plain data,
    or None when the user has no right to it: the section is then absent from the
    card, not empty. Sections are bounded and cost a fixed number of queries, so
    the card of a person with 5,000 facts costs what the card of a new one does.
    Other addons add theirs by overriding ``_card_sections``.
    """

    _name = "hcrm.card"
    _description = "360° Card of a Person"

    @api.model
    def _card_sections(self):
        return [
            "head",
            "identifiers",
            "files",
            "contacts",
            "relatives",
            "allergies",
            "problems",
            "stay",
            "next_visits",
            "last_visits",
            "stages",
            "spend",
            "coverage",
            "profile",
            "sources",
            "told",
            "alerts",
        ]

    @api.model
    def _get_card(self, partner):
        """Card of ``partner``, whom the current user must be allowed to read."""
        partner.check_access("read")
        subject = self._subject(partner)
        card = {"id": partner.id, "can_register": self._can("hcrm.contact.point")}
        for name in self._card_sections():
            section = getattr(self, f"_section_{name}")(subject, card)
            if section is not None:
                card[name] = section
        return card

    @api.model
    def _subject(self, partner):
        files = self.env["hcrm.person.company"].search_fetch(
            [("partner_id", "=", partner.id)],
            limit=LIMIT,
        )
        files = files.sorted(lambda file: file.company_id != self.env.company)
        return Subject(partner, files, self._timeline()._is_clinical())

    @api.model
    def _timeline(self):
        return self.env["hcrm.timeline"]

    @api.model
    def _can(self, model, operation="create"):
        return self.env[model].has_access(operation)

    @api.model
    def _fetch(self, model, domain, order=None, limit=LIMIT):
        """Records of a section, or None without the right to read the model."""
        Model = self.env[model]
        if not Model.has_access("read"):
            return None
        return Model.search_fetch(domain, order=order, limit=limit)

    @api.model
    def _label(self, record, name):
        """Label of a selection in the user's language."""
        value = record[name]
        labels = dict(record._fields[name]._description_selection(self.env))
        return labels.get(value, value) or False

    # ------------------------------------------------------------------
    # WHO IT IS
    # ------------------------------------------------------------------

    @api.model
    def _section_head(self, subject, card):
        partner, file = subject.partner, subject.file
        return {
            "name": partner.display_name,
            "sex": partner.hcrm_gender or False,
            "sex_label": self._label(partner, "hcrm_gender"),
            "birthdate": self._date(partner.hcrm_birthdate),
            "birthdate_precision": partner.hcrm_birthdate_precision or "day",
            "age": self._age(partner),
            "status": partner.hcrm_status or "current",
            "status_label": self._label(partner, "hcrm_status"),
            "deceased_date": self._date(partner.hcrm_deceased_date),
            "merged_into_id": partner.hcrm_merged_into_id.id,
            "class_name": file.class_id.name,
            "class_code": file.class_id.code,
            "class_color": file.class_id.color,
            "is_vip": any(subject.files.mapped("is_vip")),
            "confidentiality": partner.hcrm_confidentiality or "normal",
            "confidentiality_label": self._label(partner, "hcrm_confidentiality"),
            "owner": self._named(file.owner_id),
            "city": partner.city or False,
        }

    @api.model
    def _date(self, value):
        return fields.Date.to_string(value) if value else False

    @api.model
    def _datetime(self, value):
        return fields.Datetime.to_string(value) if value else False

    @api.model
    def _named(self, record):
        return {"id": record.id, "name": record.display_name} if record else False

    @api.model
    def _age(self, partner):
        """Age in words: days and months for the youngest, at death for the dead."""
        birth = partner.hcrm_birthdate
        if not birth:
            return False
        today = fields.Date.context_today(
            self.with_context(tz=self.env.company.hcrm_tz)
        )
        age = relativedelta(partner.hcrm_deceased_date or today, birth)
        if partner.hcrm_birthdate_precision == "year":
            return self.env._("about %s years", age.years)
        if age.years >= 3:
            return self.env._("%s years", age.years)
        if age.years or age.months:
            return self.env._("%s months", age.years * 12 + age.months)
        return self.env._("%s days", max(age.days, 0))

    @api.model
    def _section_identifiers(self, subject, card):
        """Numbers of the person; national ones in full for those who register."""
        identifiers = self._fetch(
            "hcrm.person.identifier", [("partner_id", "=", subject.partner.id)]
        )
        if identifiers is None:
            return None
        in_full = self.env.user.has_group("hcrm_core.group_register")
        today = fields.Date.context_today(self)
        rows = [
            {
                "id": identifier.id,
                "type": identifier.type_id.name,
                "code": identifier.type_id.code,
                "value": identifier.value if in_full else identifier.value_masked,
                "company": identifier.company_id.name or False,
                "date_end": self._date(identifier.date_end),
                "is_expired": bool(identifier.date_end and identifier.date_end < today),
                "hint": identifier.hint or False,
            }
            for identifier in identifiers
        ]
        card["head"]["mrn"] = next(
            (r["value"] for r in rows if r["code"] == "MR"), False
        )
        return rows

    @api.model
    def _section_files(self, subject, card):
        """The person's files at the user's hospitals (R3: only theirs)."""
        return [
            {
                "id": file.id,
                "company": file.company_id.name,
                "class_name": file.class_id.name,
                "owner": self._named(file.owner_id),
                "date_opened": self._datetime(file.opened_at),
                "touchpoint": self._label(file, "opened_touchpoint"),
                "date_first_visit": self._date(file.date_first_visit),
                "date_last_visit": self._date(file.date_last_visit),
                "visit_count": file.visit_count,
            }
            for file in subject.files
        ]

    # ------------------------------------------------------------------
    # HOW TO REACH THEM, AND WHO ELSE
    # ------------------------------------------------------------------

    @api.model
    def _section_contacts(self, subject, card):
        points = self._fetch(
            "hcrm.contact.point", [("partner_id", "=", subject.partner.id)]
        )
        if points is None:
            return None
        owners = points.whose_partner_id._filtered_access("read")
        points = points.sorted(
            lambda p: (p.is_wrong, p.use == "old", p.system != "phone", p.rank, p.id)
        )
        return [
            {
                "id": point.id,
                "system": point.system,
                "use_label": self._label(point, "use"),
                "value": point.value,
                "number": point.number,
                "extension": point.extension or False,
                "whose": point.whose or "self",
                "whose_label": self._label(point, "whose"),
                "whose_partner": self._named(point.whose_partner_id & owners),
                "is_verified": point.is_verified,
                "is_shared": point.is_shared,
                "is_wrong": point.is_wrong,
                "is_junk": point.is_junk,
                "is_old": point.use == "old",
            }
            for point in points
        ]

    @api.model
    def _section_relatives(self, subject, card):
        """Relations both ways; people the user may not see leave no trace (R8)."""
        partner = subject.partner
        relations = self._fetch(
            "hcrm.person.relation",
            Domain("partner_id", "=", partner.id)
            | Domain("relative_id", "=", partner.id),
            # who must not be told is never beyond the limit
            order="must_not_know desc nulls last, is_proxy desc nulls last, id",
            limit=LIMIT * 2,
        )
        if relations is None:
            return None
        people = (relations.partner_id | relations.relative_id) - partner
        people = people._filtered_access("read")
        today = fields.Date.context_today(self)
        rows = []
        for relation in relations:
            is_reverse = relation.relative_id == partner
            other = relation.partner_id if is_reverse else relation.relative_id
            if other in people:
                rows.append(self._relative(relation, other, is_reverse, today))
        # the same two people told from the other side: nothing new
        told = {row["partner_id"] for row in rows if not row["is_reverse"]}
        rows = [
            row for row in rows if not (row["is_reverse"] and row["partner_id"] in told)
        ]
        rows.sort(key=lambda row: (row["is_ended"], row["is_reverse"], row["id"]))
        return rows

    @api.model
    def _relative(self, relation, other, is_reverse, today):
        kind = self._label(relation, "kind")
        return {
            "id": relation.id,
            "partner_id": other.id,
            "name": other.display_name,
            "phone": other.phone or False,
            "kind": relation.kind,
            "kind_label": self.env._("is the %s of", kind.lower())
            if is_reverse
            else kind,
            "is_reverse": is_reverse,
            "is_guardian": relation.is_guardian,
            "is_proxy": relation.is_proxy,
            "is_emergency": relation.is_emergency,
            "must_not_know": relation.must_not_know,
            "proxy_scope": relation.proxy_scope or False,
            "scope_label": self._label(relation, "proxy_scope"),
            "date_start": self._date(relation.date_start),
            "date_end": self._date(relation.date_end),
            "is_ended": bool(relation.date_end and relation.date_end < today),
            "note": relation.note or False,
        }

    # ------------------------------------------------------------------
    # WHAT PEOPLE TOLD, AND WHERE THE CARD COMES FROM
    # ------------------------------------------------------------------

    @api.model
    def _section_profile(self, subject, card):
        """Habits and how complete they are (F24, F25); the note for clinicians (F23)."""
        profiles = self._fetch(
            "hcrm.person.profile", [("partner_id", "=", subject.partner.id)]
        )
        if profiles is None:
            return None
        profile = profiles.sorted(lambda p: p.company_id != self.env.company)[:1]
        strings = profiles.fields_get(
            [*PROFILE_FIELDS, "psych_note"], ["string", "type"]
        )
        rows, missing = [], []
        for name in (*PROFILE_FIELDS, "psych_note"):
            if name not in strings:  # no right to the field
                continue
            value = self._profile_value(profile, name, strings[name]["type"])
            if value:
                rows.append(
                    {"name": name, "label": strings[name]["string"], "value": value}
                )
            elif name in PROFILE_FIELDS:
                missing.append(strings[name]["string"])
        return {
            "id": profile.id,
            "rows": rows,
            "missing": missing,
            "completeness": round(100 * (1 - len(missing) / len(PROFILE_FIELDS))),
        }

    @api.model
    def _profile_value(self, profile, name, column_type):
        if not profile or not profile[name]:
            return False
        if column_type == "selection":
            return self._label(profile, name)
        if column_type == "many2one":
            return profile[name].display_name
        return profile[name]

    @api.model
    def _section_told(self, subject, card):
        """Which source told which field, where several records describe the person."""
        count = sum(row["count"] for row in card["sources"] if row["kind"] == "feed")
        if count < 2:
            return None
        return self.env["hcrm.person.origin"]._told(subject.partner)

    @api.model
    def _section_sources(self, subject, card):
        """Systems that feed this card (F17), of the user's hospitals only.

        Read as superuser: who may read the card may know where it comes from,
        without the right to open the feed.
        """
        groups = (
            self.env["hcrm.feed.identity"]
            .sudo()
            ._read_group(
                [
                    ("res_model", "=", "res.partner"),
                    ("res_id", "=", subject.partner.id),
                    ("source_id.company_id", "in", self.env.companies.ids),
                ],
                ["source_id"],
                ["__count", "updated_at:max"],
            )
        )
        rows = [
            {
                "name": source.name,
                "kind": "feed",
                "count": count,
                "date": self._datetime(updated),
            }
            for source, count, updated in groups
        ]
        rows += [
            {
                "name": self._label(file, "opened_touchpoint"),
                "kind": file.opened_touchpoint,
                "count": 1,
                "date": self._datetime(file.opened_at),
            }
            for file in subject.files
            if file.opened_touchpoint and file.opened_touchpoint != "feed"
        ]
        return rows

    # ------------------------------------------------------------------
    # ALERTS
    # ------------------------------------------------------------------

    @api.model
    def _section_alerts(self, subject, card):
        """What must be seen before anything else, the gravest first."""
        alerts = [
            *self._status_alerts(subject, card),
            *self._allergy_alerts(card),
            *self._silence_alerts(subject, card),
            *self._service_alerts(subject, card),
        ]
        return [
            {"kind": kind, "level": level, "icon": icon, "text": text}
            for kind, level, icon, text in alerts
        ]

    @api.model
    def _status_alerts(self, subject, card):
        status = card["head"]["status"]
        if status == "deceased":
            yield (
                "deceased",
                "dark",
                "circle",
                self.env._("Deceased. Contact nobody under this name."),
            )
        elif status == "gone":
            yield (
                "gone",
                "warning",
                "chain-broken",
                self.env._("No longer at the source system."),
            )
        elif status == "merged":
            yield (
                "merged",
                "warning",
                "compress",
                self.env._("Merged: use the other card."),
            )
        elif status == "erased":
            yield (
                "erased",
                "dark",
                "eraser",
                self.env._("Erased at the person's request."),
            )
        if card["head"]["confidentiality"] != "normal":
            yield (
                "confidential",
                "danger",
                "lock",
                self.env._("Confidential: %s", card["head"]["confidentiality_label"]),
            )

    @api.model
    def _allergy_alerts(self, card):
        names = [
            a["name"] for a in card.get("allergies") or [] if a["criticality"] == "high"
        ]
        if names:
            text = self.env._("Severe allergy: %s", ", ".join(names))
            yield "allergy", "danger", "exclamation-triangle", text

    @api.model
    def _silence_alerts(self, subject, card):
        """The two silences of R4: what the person, and what others must not hear."""
        for file in subject.files.filtered(lambda f: f.disclosure == "shielded")[:1]:
            contact = file.disclosure_contact_id._filtered_access("read")
            text = self.env._(
                "Diagnosis not disclosed to the person. Speak with the family."
            )
            if contact:
                text = self.env._(
                    "Diagnosis not disclosed to the person. Speak with %s.",
                    contact.display_name,
                )
            yield "shielded", "danger", "eye-slash", text
        names = [
            row["name"]
            for row in card.get("relatives") or []
            if row["must_not_know"] and not row["is_reverse"] and not row["is_ended"]
        ]
        if names:
            text = self.env._("Must not be told anything: %s", ", ".join(names))
            yield "must_not_know", "danger", "user-times", text

    @api.model
    def _service_alerts(self, subject, card):
        for file in subject.files.filtered("alert"):
            yield "service", "info", "bell", file.alert
        usable = [
            point
            for point in card.get("contacts") or []
            if not (point["is_wrong"] or point["is_junk"] or point["is_old"])
        ]
        if card.get("contacts") and not usable:
            yield (
                "unreachable",
                "warning",
                "phone",
                self.env._("No usable contact point: ask for one."),
            )
