"""Types, fields and values of the feed in the reader's words."""

from __future__ import annotations

from datetime import datetime

from odoo import api, fields, models
from odoo.tools import format_date, format_datetime

from ...feed_adapters.fhir_codes import CODE_FIELDS
from ...feed_adapters.fhir_explain import PATHS
from .record_writer import MODEL_OF_TYPE

# type at the source -> model that holds it here
MODELS = {
    "Organization": "hcrm.department",
    "Location": "hcrm.campus",
    "Practitioner": "hcrm.practitioner",
    "Patient": "res.partner",
    "RelatedPerson": "res.partner",
    **MODEL_OF_TYPE,
}
# a person's details are kept in other models than the person
_FILE = "confidentiality alias alert disclosure"
_PROFILE = "spoken_language marital_status occupation education diet preferred_time"
_DETAIL_MODELS = {
    **dict.fromkeys(_FILE.split(), "hcrm.person.company"),
    **dict.fromkeys(_PROFILE.split(), "hcrm.person.profile"),
}
_PARTNER_FIELDS = {
    "aliases": "hcrm_other_names",
    "gender": "hcrm_gender",
    "birthdate": "hcrm_birthdate",
    "status": "hcrm_status",
    "deceased_date": "hcrm_deceased_date",
    "state_name": "state_id",
    "country_code": "country_id",
    "contacts": "hcrm_contact_point_ids",
    "identifiers": "hcrm_identifier_ids",
}


class HcrmFeedWords(models.AbstractModel):
    """What a clerk reads instead of FHIR's names."""

    _name = "hcrm.feed.words"
    _description = "Feed Words"

    @api.model
    def _type_label(self, res_type: str) -> str:
        """The type of a record in words; an unknown one as the source says it."""
        return {
            "Organization": self.env._("Organisation"),
            "Location": self.env._("Place"),
            "Practitioner": self.env._("Practitioner"),
            "Patient": self.env._("Patient"),
            "RelatedPerson": self.env._("Relative"),
            "Coverage": self.env._("Coverage"),
            "Encounter": self.env._("Visit"),
            "Appointment": self.env._("Appointment"),
            "AllergyIntolerance": self.env._("Allergy"),
            "Condition": self.env._("Diagnosis"),
            "Procedure": self.env._("Procedure"),
            "Immunization": self.env._("Vaccination"),
            "MedicationRequest": self.env._("Prescription"),
            "MedicationStatement": self.env._("Medication"),
            "Observation": self.env._("Result"),
            "ChargeItem": self.env._("Charge"),
            "Claim": self.env._("Claim"),
            "ExplanationOfBenefit": self.env._("Insurer's Decision"),
            "Unreadable": self.env._("Unreadable"),
        }.get(res_type, res_type or "-")

    def _target(self, res_type: str, column: str):
        """The field of ours a column of the mapper goes into, if any."""
        model = MODELS.get(res_type)
        if model == "res.partner":
            model = _DETAIL_MODELS.get(column, model)
            if model == "res.partner":
                column = _PARTNER_FIELDS.get(column, column)
        if column == "currency":
            column = "currency_id"
        return self.env[model]._fields.get(column) if model else None

    @api.model
    def _field_label(self, res_type: str, column: str) -> str:
        """Our name of the field that a column of the mapper goes into."""
        own = {
            "_parent": self.env._("Part Of"),
            "_company": self.env._("Legal Entity"),
            "_payor": self.env._("Insurer"),
            "_claim": self.env._("Claim"),
            "partner_id": self.env._("Patient"),
            "relative_id": self.env._("Is a Patient Too"),
            "relation": self.env._("Relation"),
            "kind": self.env._("Kind"),
            "date": self.env._("When"),
            "date_start": self.env._("Start"),
            "date_end": self.env._("End"),
        }
        if column in own:
            return own[column]
        target = self._target(res_type, column)
        if target is None:
            return column.strip("_")
        return target._description_string(self.env)

    @api.model
    def _said_label(self, res_type: str, name: str) -> str:
        """Our name of what stands in a field of the source, else that field."""
        for column, path in PATHS.get(res_type, ()):
            if path.lstrip("+").split(".")[0].startswith(name) or column == name:
                return self._field_label(res_type, column)
        return name

    @api.model
    def _value_words(self, res_type: str, column: str, value, zone: str = "") -> str:
        """A value of the mapper in words.

        :param zone: time zone of the hospital, for times (which are UTC here)
        """
        if value is None or value is False or value == "" or value == []:
            return ""
        if value is True:
            return self.env._("Yes")
        if isinstance(value, (list, tuple)):
            return "; ".join(self._value_words(res_type, "", item) for item in value)
        if isinstance(value, dict):
            return self._detail_words(value)
        target = self._target(res_type, column) if column else None
        if target is not None and target.type == "selection":
            return dict(target._description_selection(self.env)).get(value, str(value))
        if target is not None and target.type == "datetime":
            stamp = datetime.fromisoformat(value)
            return format_datetime(self.env, stamp, tz=zone or "UTC")
        if target is not None and target.type == "date":
            return format_date(self.env, fields.Date.to_date(value))
        return f"{value:g}" if isinstance(value, float) else str(value)

    def _detail_words(self, value: dict) -> str:
        """A contact point, an identity number or a relation."""
        if "system" in value:
            point = self.env["hcrm.contact.point"]._fields
            words = [value["value"]]
            for name in ("system", "use", "whose"):
                options = dict(point[name]._description_selection(self.env))
                if value.get(name) and not (name == "whose" and value[name] == "self"):
                    words.append(options.get(value[name], value[name]))
            return f"{words[0]} ({', '.join(words[1:])})"
        if "type" in value:
            return f"{value['type']} {value['value']}"
        kinds = self.env["hcrm.person.relation"]._fields["kind"]
        words = [
            dict(kinds._description_selection(self.env)).get(value.get("kind"), "")
        ]
        for name, said in value.items():
            field = self.env["hcrm.person.relation"]._fields.get(name)
            if said is True and field is not None:
                words.append(field._description_string(self.env))
        return ", ".join(filter(None, words))

    # ------------------------------------------------------------------
    # codes
    # ------------------------------------------------------------------

    @api.model
    def _code_label(self, key: str) -> str:
        """Our name of a field whose codes are mapped."""
        spec = CODE_FIELDS[key]
        return self.env[spec.model]._fields[spec.column]._description_string(self.env)

    @api.model
    def _code_options(self, key: str | None) -> list[tuple[str, str]]:
        """The values of ours that a code may mean, in words."""
        if key not in CODE_FIELDS:
            return []
        spec = CODE_FIELDS[key]
        target = self.env[spec.model]._fields[spec.column]
        return target._description_selection(self.env)
