"""What goes wrong between us and a web source, in words."""

from __future__ import annotations

from odoo import api, models

from .feed_reason import Lenient


class HcrmFeedReason(models.AbstractModel):
    _inherit = "hcrm.feed.reason"

    @api.model
    def _source_sentence(self, code: str, values: dict) -> str:
        sentence = self._web_sentences().get(code)
        if sentence is None:
            return super()._source_sentence(code, values)
        return sentence % Lenient(values)

    @api.model
    def _web_sentences(self) -> dict[str, str]:
        """What goes wrong on the way to a web source."""
        return {
            "url_empty": self.env._("Enter the address of the service (https://...)."),
            "url_wrong": self.env._(
                "%(url)s is not the address of a web service. It must start with https://."
            ),
            "url_insecure": self.env._(
                "%(url)s is not encrypted. Health records are only fetched over https://."
            ),
            "url_with_login": self.env._(
                "Take user and password out of the address %(url)s and enter them in their"
                " own fields."
            ),
            "other_origin": self.env._(
                "The service sends us on to %(url)s, which is another machine than the"
                " address of the source. Nothing was asked there."
            ),
            "redirected": self.env._(
                "%(url)s sends us on to %(target)s. Enter the final address in the source."
            ),
            "token_url_empty": self.env._(
                "Enter the token address; OAuth2 gets its token there."
            ),
            "key_unreadable": self.env._(
                "The private key in Secret cannot be read. Paste the whole PEM text of an"
                " RSA key, or of a P-384 key, without a passphrase."
            ),
            "bad_certificate": self.env._(
                "The certificate of %(url)s cannot be trusted. Have it renewed, or have the"
                " hospital's own certificate authority installed on this server."
            ),
            "timeout": self.env._(
                "%(url)s takes too long to answer; reading goes on later where it stopped."
            ),
            "server_error": self.env._(
                "%(url)s reports a failure of its own (status %(status)s); reading goes on"
                " later where it stopped."
            ),
            "http_status": self.env._(
                "%(url)s refuses the request (status %(status)s). Check address and version"
                " of the service."
            ),
            "truncated_answer": self.env._(
                "The answer of %(url)s is cut off before its end; it is asked for again. If"
                " this stays so, make the page of the source smaller."
            ),
            "empty_answer": self.env._(
                "%(url)s sends an empty answer; it is asked again later."
            ),
            "web_page": self.env._(
                "%(url)s sends a web page instead of data. Check the address, and whether a"
                " log-in page or a proxy stands in between."
            ),
            "answer_not_json": self.env._(
                "%(url)s does not answer in JSON. Check the address of the source."
            ),
            **self._fhir_sentences(),
            "answer_too_large": self.env._(
                "%(url)s sends more than %(limit)s MB at once. Make the page of the source"
                " smaller, or read exported files instead."
            ),
        }

    @api.model
    def _fhir_sentences(self) -> dict[str, str]:
        """What a FHIR server does that stops a run."""
        return {
            "not_fhir": self.env._(
                "%(url)s is not a FHIR server. The address must be its base, e.g."
                " https://his.hospital.example/fhir"
            ),
            "fhir_version": self.env._(
                "%(url)s speaks FHIR %(version)s; R4 (4.0.1) is needed. Ask for the R4"
                " address of the server."
            ),
            "no_types": self.env._(
                "%(url)s offers none of the types that are read. Check Only Types and what"
                " the login may see."
            ),
            "type_refused": self.env._(
                "The server lists %(type)s but does not let us read it (%(url)s). Have the"
                " login allowed to, or name the other types in Only Types."
            ),
            "not_bundle": self.env._(
                "%(url)s answered a search with %(kind)s instead of a bundle. Check the"
                " server's interface."
            ),
            "pages_in_circle": self.env._(
                "%(url)s sends pages of %(type)s that it sent before, without end. The"
                " server's paging is broken; nothing of the type was taken as complete."
            ),
            "pages_expire": self.env._(
                "The server forgets its pages of %(type)s faster than they can be read"
                " (%(url)s). Have it keep searches longer, or make the pages of the source"
                " smaller."
            ),
            "no_next_page": self.env._(
                "%(url)s holds more %(type)s than it sends, and does not say where the rest"
                " is. Have paging switched on at the server."
            ),
        }

    @api.model
    def _note_sentence(self, code: str, values: dict) -> str:
        """A finding of a connection test that is no failure."""
        sentences = {
            "server": self.env._("%(server)s answers (FHIR %(version)s)."),
            "no_stamps": self.env._(
                "Does not tell when these changed, so they are read whole every time:"
                " %(types)s"
            ),
            "no_filter": self.env._(
                "Cannot search for changes in these, so they are read whole and compared:"
                " %(types)s"
            ),
            "deletions": self.env._("Tells of deletions with the changes: %(types)s"),
            "db_answers": self.env._("The database %(database)s answers."),
            "db_may_write": self.env._(
                "The user %(login)s could also write to the HIS. We never do, but have the"
                " HIS take every right but SELECT away."
            ),
        }
        sentence = sentences.get(code)
        return sentence % Lenient(values) if sentence else f"{code} {values}"
