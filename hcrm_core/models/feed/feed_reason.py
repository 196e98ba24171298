"""What is wrong with a record or a source, and what to do, in words."""

from __future__ import annotations

from odoo import api, models

from ...feed_adapters.canonical import Problem, Record


class HcrmFeedReason(models.AbstractModel):
    """Sentences for the problems that adapters and mappers name by a code."""

    _name = "hcrm.feed.reason"
    _description = "Feed Reasons"

    @api.model
    def _sentence(self, record: Record, problem: Problem) -> str:
        """The sentence of a problem of one record."""
        values = {"type": record.type, "id": record.ext_id, **problem.values}
        sentence = self._sentences().get(problem.code)
        if sentence is None:
            return self.env._(
                "%(type)s %(id)s could not be taken over (%(code)s).",
                type=record.type,
                id=record.ext_id,
                code=problem.code,
            )
        return sentence % Lenient(values)

    @api.model
    def _inbox_sentence(self, row) -> str | None:
        """The sentence of a row of the inbox, None where the row is an old one."""
        if row.reason_code == "never_came":
            sentence = self._never_came(row.source_id.waiting_days)
            return sentence.replace("{wait}", f"{row.wait_type}/{row.wait_ext_id}")
        if not row.reason_code or row.reason_values is None:
            return None
        record = Record(row.res_type, row.ext_id)
        return self._sentence(record, Problem(row.reason_code, row.reason_values or {}))

    @api.model
    def _title(self, code: str) -> str:
        """A problem in two or three words, the same for all records that have it."""
        title = self._titles().get(code)
        return title or (code or "").replace("_", " ").capitalize() or "-"

    def _titles(self) -> dict[str, str]:
        return {
            "not_json": self.env._("Not JSON"),
            "broken_json": self.env._("Damaged JSON"),
            "truncated_json": self.env._("Cut off before its end"),
            "bad_encoding": self.env._("Text is not UTF-8"),
            "not_object": self.env._("Not a record"),
            "no_type": self.env._("Type is missing"),
            "no_id": self.env._("Id is missing"),
            "too_large": self.env._("Too large"),
            "damaged_archive": self.env._("Damaged archive"),
            "wrong_type": self.env._("Value of the wrong type"),
            "wrong_shape": self.env._("Not built as FHIR says"),
            "bad_number": self.env._("Impossible number"),
            "impossible_date": self.env._("Impossible date"),
            "end_before_start": self.env._("Ends before it starts"),
            "unknown_value": self.env._("Unknown code"),
            "no_person": self.env._("Nobody's record"),
            "no_name": self.env._("Name is missing"),
            "waiting": self.env._("Waits for another record"),
            "partial": self.env._("A link is missing"),
            "never_came": self.env._("What it waits for never came"),
            "write_failed": self.env._("Refused by the database"),
            "too_long": self.env._("Text is too long"),
            "person_refused": self.env._("Person could not be written"),
            "column_date": self.env._("Date in another form"),
            "column_number": self.env._("Not a number"),
            "partner_missing": self.env._("No contact behind the patient"),
            "partner_has_parent": self.env._("Contact belongs to another contact"),
        }

    def _sentences(self) -> dict[str, str]:
        return {
            "not_json": self.env._(
                "This is not JSON. Check that the export is FHIR (NDJSON or a bundle) and"
                " not a table or an error page."
            ),
            "broken_json": self.env._(
                "The JSON of this record is damaged. Export it again."
            ),
            "truncated_json": self.env._(
                "The record is cut off before its end. Export the file again."
            ),
            "bad_encoding": self.env._(
                "The text is not UTF-8. Export the file as UTF-8."
            ),
            "not_object": self.env._(
                "A FHIR resource was expected here, but this is another value."
            ),
            "no_type": self.env._("The resource does not say its type (resourceType)."),
            "no_id": self.env._(
                "The resource has no usable id, so it could not be found again."
            ),
            "too_large": self.env._(
                "The record is larger than the source allows (%(size)s bytes). Raise"
                " Largest Record on the source if it is right."
            ),
            "damaged_archive": self.env._(
                "The archive %(file)s is damaged. Copy it again."
            ),
            "wrong_type": self.env._(
                "The field %(field)s holds a value of the wrong type. It must be corrected"
                " in the HIS or its interface."
            ),
            "wrong_shape": self.env._(
                "The record is not built as FHIR R4 says (%(error)s)."
            ),
            "bad_number": self.env._("The number in %(field)s cannot be right."),
            "impossible_date": self.env._(
                "%(value)s in %(field)s is not a possible date."
            ),
            "end_before_start": self.env._(
                "It ends (%(end)s) before it starts (%(start)s)."
            ),
            "unknown_value": self.env._("%(value)s is not a known value of %(field)s."),
            "no_person": self.env._("The record does not say whose it is."),
            "no_name": self.env._(
                "The record does not say what it is (%(field)s is empty)."
            ),
            "waiting": self.env._("Waits for %(wait)s, which has not come yet."),
            "partial": self.env._("Written without %(wait)s, which has not come yet."),
            "write_failed": self.env._("The database refused the record: %(error)s"),
            "too_long": self.env._(
                "%(field)s is longer than %(limit)s characters. It must be corrected in"
                " the HIS."
            ),
            "person_refused": self.env._("The person could not be written: %(error)s"),
        }

    @api.model
    def _never_came(self, days: int) -> str:
        return self.env._(
            "%(wait)s did not come within %(days)s days. Check in the HIS whether it exists,"
            " then retry.",
            wait="{wait}",
            days=days,
        )

    @api.model
    def _source_sentence(self, code: str, values: dict) -> str:
        """The sentence of a problem of the source as a whole."""
        sentences = {
            "path_empty": self.env._(
                "Say which file or folder on the server is to be read."
            ),
            "path_missing": self.env._(
                "%(path)s does not exist on the server, or the server may not read it."
            ),
            "path_forbidden": self.env._(
                "%(path)s lies outside the folders that the server allows (%(roots)s). Move"
                " the files there, or have the system parameter hcrm_core.feed_roots changed."
            ),
            "no_files": self.env._(
                "There is no .ndjson, .json, .gz or .zip file in %(path)s."
            ),
            "unreadable_path": self.env._("%(path)s cannot be read: %(error)s"),
            "disk": self.env._(
                "The disk of the server is full or cannot be written (%(path)s)."
            ),
            "unreachable": self.env._(
                "%(url)s does not answer (%(error)s). Check address, network and whether"
                " the HIS runs; reading goes on where it stopped."
            ),
            "too_many_requests": self.env._(
                "%(url)s asks to wait; reading goes on later where it stopped."
            ),
            "login_refused": self.env._(
                "%(url)s refuses the login. Check user and secret of the source."
            ),
            "db_empty": self.env._("Say which database is to be read."),
            "db_unreachable": self.env._(
                "The database %(database)s on %(host)s does not answer (%(error)s). Check"
                " host, port and network; reading goes on where it stopped."
            ),
            "db_refused": self.env._(
                "The database %(database)s on %(host)s refuses us (%(error)s). Check"
                " database, user and secret of the source."
            ),
            "db_gone": self.env._(
                "The database broke off (%(error)s); reading goes on where it stopped."
            ),
            "db_slow": self.env._(
                "The database needs more than %(seconds)s s for a page; it is asked again"
                " later. Make the pages of the source smaller if that goes on."
            ),
            "db_no_right": self.env._(
                "The user %(login)s may not read all that is needed (%(error)s). Have the"
                " HIS grant SELECT on it, and nothing more."
            ),
            "db_schema": self.env._(
                "The database is built otherwise than expected (%(error)s). Check the"
                " version of the HIS."
            ),
            "db_not_gnuhealth": self.env._(
                "%(database)s has no patients of GNU Health that the user may read. Check"
                " the database, and that the user has SELECT on all its tables."
            ),
            "cannot_list": self.env._(
                "Sources of this kind cannot tell which records exist, so deletions are"
                " not found by comparing."
            ),
            "same_page": self.env._(
                "The source answers the same page again and again, so its end is never"
                " reached. Nothing of the repetition was kept; have its paging repaired,"
                " then resume the run."
            ),
            **self._table_sentences(),
            "unknown_kind": self.env._(
                "No reader is installed for sources of the kind %(kind)s."
            ),
        }
        sentence = sentences.get(code)
        return sentence % Lenient(values) if sentence else f"{code} {values}"


class Lenient(dict):
    """Values for a sentence; one that is not there reads as a dash."""

    def __missing__(self, key):
        return "-"
