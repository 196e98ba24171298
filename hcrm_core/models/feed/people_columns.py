"""What the set-based people writer stands in for, reviewed name by name.

The writer inserts and updates ``res_partner`` without ``create`` and ``write``.
It may do so only while every stored column and every method that would have
had a say is listed here; the guard compares these tables with the installed
registry and hands the page to the ORM where something is not listed.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import phonenumbers

from odoo.tools import email_normalize

# what ORM batches and the set-based path mean by "importing": no tracking, no
# log, no follower, no signup mail
IMPORT_CONTEXT = {
    "tracking_disable": True,
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
    "mail_notrack": True,
    "no_reset_password": True,
    "active_test": False,
    # details are written by the caller: create and write of ours keep out
    "hcrm_details_in_sets": True,
}


# A Chinese mobile number in E.164, without the ranges where the library might take
# the first digits for the code of a carrier (11, 12, 179).
_MOBILE_CN_RE = re.compile(r"\+861(?:[3-689]\d|7[0-8])\d{8}", re.ASCII)


@cache
def _known_cn_re() -> re.Pattern:
    """Return the library's own pattern of mobile numbers of China."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region("CN")
    return re.compile(metadata.mobile.national_number_pattern, re.ASCII)


def _sanitize_mobile_cn(number: str) -> str | None:
    """Return a number that ``_MOBILE_CN_RE`` reads as ``phone_format`` would.

    It is read already: what is left is whether the library knows its range. Reading
    it twice again, as ``phone_format`` does, takes longer than writing the person.
    """
    if _known_cn_re().fullmatch(number, 3):
        return number
    found = phonenumbers.PhoneNumber(country_code=86, national_number=int(number[3:]))
    return number if phonenumbers.is_valid_number(found) else None


@dataclass
class Frame:
    """What the rules of computed columns may look at, for one page."""

    env: Any
    sanitized: dict[tuple[str, int], str | None] = field(default_factory=dict)

    def sanitize(self, number: str, country_id: int | None) -> str | None:
        """Return the number as ``phone_sanitized`` holds it."""
        if _MOBILE_CN_RE.fullmatch(number):
            return _sanitize_mobile_cn(number)
        key = (number, country_id or 0)
        if key not in self.sanitized:
            country = self.env["res.country"].browse(country_id or ())
            country = country or self.env.company.country_id
            self.sanitized[key] = (
                self.env["res.partner"]._phone_format_number(number, country) or None
            )
        return self.sanitized[key]


Rule = Callable[[dict[str, Any], Frame], Any]


def _complete_name(values, frame):
    return (values["name"] or "").strip()


def _email_normalized(values, frame):
    email = values["email"]
    return (email and email_normalize(email, strict=False)) or None


def _phone_sanitized(values, frame):
    phone = values["phone"]
    return frame.sanitize(phone, values["country_id"]) if phone else None


# Stored computed columns that follow from what the HIS tells: written by insert
# and by update. {field: (its compute method, rule)}
DERIVED: dict[str, tuple[str, Rule]] = {
    "complete_name": ("_compute_complete_name", _complete_name),
    "email_normalized": ("_compute_email_normalized", _email_normalized),
    "phone_sanitized": ("_compute_phone_sanitized", _phone_sanitized),
}

# Stored computed columns that are the same for every new person, without parent,
# company and user. {field: (its compute method, value)}; SELF is the new id.
SELF = object()
CONSTANT: dict[str, tuple[str, Any]] = {
    "commercial_partner_id": ("_compute_commercial_partner", SELF),
    "commercial_company_name": ("_compute_commercial_company_name", None),
    "company_registry": ("_compute_company_registry", None),
    # only of children; told by the HIS, else the default
    "lang": ("_compute_lang", None),
    "partner_share": ("_compute_partner_share", True),
    "properties": ("_compute", None),
    "user_id": ("_compute_user_id", None),
    # hr: nobody is an employee before an employee record names them
    "employee": ("_compute_employee", False),
    # sizes of an image that a new person does not have
    "image_1024": ("_compute_related", None),
    "image_512": ("_compute_related", None),
    "image_256": ("_compute_related", None),
    "image_128": ("_compute_related", None),
}

# Methods on the way of create and write, and why the version of each module does
# nothing to a person that the writer does not do itself.
_ORM = "the ORM itself"
METHODS: dict[str, dict[str, str]] = {
    "create": {
        "orm": _ORM,
        "base": "website, parent and its address: a person has none of them",
        "mail": "followers, log and tracking are off in the import context",
        "hcrm_core": "makes persons of classes; the writer writes their details itself",
    },
    "write": {
        "orm": _ORM,
        "base": "parent, children, users, bank accounts: such people go by the ORM",
        "mail": "tracking is off in the import context",
        "snailmail": "letters not yet sent: such people go by the ORM",
        "hcrm_core": "refreshes details, which the writer writes itself",
    },
    "default_get": {"orm": _ORM, "base": "parent_id and a leaked default_type"},
    "_add_missing_default_values": {"orm": _ORM},
    "_prepare_create_values": {"orm": _ORM},
    "_create": {"orm": _ORM},
    "_write": {"orm": _ORM},
    "_write_multi": {"orm": _ORM},
    "_validate_fields": {"orm": _ORM},
    "_fields_sync": {"base": "parent and children: such people go by the ORM"},
    "_children_sync": {"base": "children: such people go by the ORM"},
    "_get_complete_name": {"base": "the name alone, without company and parent"},
    "_compute_complete_name": {"base": "calls _get_complete_name"},
    "_compute_email_normalized": {"mail": "email_normalize of the email"},
    "_compute_phone_sanitized": {"phone_validation": "E.164 by country"},
    "_phone_format": {"phone_validation": "calls _phone_format_number"},
    "_phone_format_number": {"phone_validation": "called by the writer as well"},
    "_phone_get_number_fields": {"phone_validation": "the phone field"},
    "_phone_get_country": {
        "phone_validation": "the person's country, else the company's",
    },
    "_compute_commercial_partner": {"base": "the person"},
    "_compute_commercial_company_name": {"base": "empty without a company"},
    "_compute_company_registry": {"base": "keeps what is stored"},
    "_compute_lang": {"base": "keeps what is stored without a parent"},
    "_compute_partner_share": {"base": "True without a user"},
    "_compute_user_id": {"base": "empty without a parent"},
    "_compute_employee": {"hr": "False without an employee"},
}

# Constraints that can see what the HIS tells or what a new person starts with.
CONSTRAINTS: dict[tuple[str, str], str] = {}

# Reasons why one person is not as simple as the tables above say. Such people are
# updated by the ORM, one by one. {table: condition on it, p is the partner}
UNUSUAL = {
    "res_partner": "c.parent_id = p.id",
    "res_users": "c.partner_id = p.id",
    "res_partner_bank": "c.partner_id = p.id",
    "snailmail_letter": "c.partner_id = p.id AND c.state NOT IN ('sent', 'canceled')",
}
