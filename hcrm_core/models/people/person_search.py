from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.queries import Term, parse_query

# People looked at for one search. Whoever is met by more types one character more.
CANDIDATE_LIMIT = 1000
# a picker shows eight of them
PICKER_LIMIT = 200


class HcrmPersonSearch(models.Model):
    """Search tokens of people: what somebody may type to find them.

    Full name, every name suffix, pinyin in all readings, initials, identifiers,
    telephone tails; lower case. Matched by prefix, so that two-character
    Chinese names are found without a scan at a million people.

    The person is an id without a foreign key: checking it for each of the ten rows
    a person has took a third of the time to write them. Tokens go with their
    person (``unlink`` of res.partner), and a search looks each one up in the
    hospital files, so that what is left over finds nobody.
    """

    _name = "hcrm.person.search"
    _description = "Person Search Token"
    _log_access = False
    _rec_name = "token"

    partner_id = fields.Integer("Person", required=True)
    token = fields.Char(required=True)

    # prefix match, answered from the index alone
    _token_idx = models.Index("(token text_pattern_ops, partner_id)")
    # tokens of a person are replaced when a name or number changes
    _partner_idx = models.UniqueIndex("(partner_id, token)")

    @api.model
    def _forget(self, partner_ids: list[int]) -> None:
        """Remove the tokens of people who are deleted."""
        self.env.cr.execute(
            SQL(
                "DELETE FROM hcrm_person_search WHERE partner_id = ANY(%s)",
                list(partner_ids),
            )
        )
        self.invalidate_model()

    @api.model
    def _find_ids(self, text: str, limit: int = CANDIDATE_LIMIT) -> list[int]:
        """Return at most ``limit`` ids of people that ``text`` finds, best first.

        People of the user's hospitals only, looked up inside the query: those of
        a larger hospital never crowd them out. Record rules are the caller's.
        """
        terms = parse_query(text, self.env.company._hcrm_phone_plan())
        if not terms:
            return []
        query = self._find_sql(terms, limit)
        return list(dict.fromkeys(row[0] for row in self.env.execute_query(query)))

    @api.model
    def _find_sql(self, terms: list[Term], limit: int) -> SQL:
        """Return the query behind :meth:`_find_ids`: one index scan per branch of
        the heaviest term, the other terms checked on what it yields."""
        self.env["res.partner"].flush_model(["hcrm_birthdate"])
        self.env["hcrm.contact.point"].flush_model()
        self.env["hcrm.person.company"].flush_model(["partner_id", "company_id"])
        self.flush_model()
        driver, *others = terms
        branches = []
        if driver.phone_tail:
            branches.append(self._phone_branch(driver, others, limit))
        if driver.prefixes:
            branches.append(self._token_branch(driver, others, limit))
        if driver.birth:
            branches.append(self._birth_branch(driver, others, limit))
        return SQL(" UNION ALL ").join(branches)

    def _token_branch(self, term: Term, others: list[Term], limit: int) -> SQL:
        # USING ~<~ is the order of the index, so that the scan stops at the limit
        return SQL(
            """(SELECT s.partner_id FROM hcrm_person_search s
                WHERE %s AND %s ORDER BY s.token USING ~<~, s.partner_id LIMIT %s)""",
            self._prefix_sql(SQL("s.token"), term),
            self._conditions_sql(SQL("s.partner_id"), others),
            limit,
        )

    def _birth_branch(self, term: Term, others: list[Term], limit: int) -> SQL:
        return SQL(
            """(SELECT p.id FROM res_partner p
                WHERE p.hcrm_birthdate >= %s AND p.hcrm_birthdate < %s AND %s
                ORDER BY p.hcrm_birthdate LIMIT %s)""",
            *term.birth,
            self._conditions_sql(SQL("p.id"), others),
            limit,
        )

    def _phone_branch(self, term: Term, others: list[Term], limit: int) -> SQL:
        return SQL(
            """(SELECT c.partner_id FROM hcrm_contact_point c
                WHERE c.system = 'phone' AND right(c.number, 8) = %s
                  AND %s AND c.is_junk IS NOT TRUE AND %s LIMIT %s)""",
            term.phone_tail,
            self._company_sql(SQL("c.company_id")),
            self._conditions_sql(SQL("c.partner_id"), others),
            limit,
        )

    def _company_sql(self, column: SQL) -> SQL:
        # the system itself looks for people of all hospitals
        if self.env.su:
            return SQL("TRUE")
        return SQL("%s = ANY(%s)", column, self.env.companies.ids)

    def _conditions_sql(self, person: SQL, terms: list[Term]) -> SQL:
        """Return that ``person`` is known to the user's hospitals and meets ``terms``."""
        conditions = [
            SQL(
                """EXISTS (SELECT FROM hcrm_person_company f
                   WHERE f.partner_id = %s AND %s)""",
                person,
                self._company_sql(SQL("f.company_id")),
            )
        ]
        conditions.extend(self._term_sql(person, term) for term in terms)
        return SQL(" AND ").join(conditions)

    def _term_sql(self, person: SQL, term: Term) -> SQL:
        branches = []
        if term.prefixes:
            branches.append(
                SQL(
                    """EXISTS (SELECT FROM hcrm_person_search t
                       WHERE t.partner_id = %s AND %s)""",
                    person,
                    self._prefix_sql(SQL("t.token"), term),
                )
            )
        if term.birth:
            branches.append(
                SQL(
                    """EXISTS (SELECT FROM res_partner b WHERE b.id = %s
                       AND b.hcrm_birthdate >= %s AND b.hcrm_birthdate < %s)""",
                    person,
                    *term.birth,
                )
            )
        return SQL("(%s)", SQL(" OR ").join(branches))

    def _prefix_sql(self, column: SQL, term: Term) -> SQL:
        # prefixes hold letters and digits only, nothing that LIKE would read
        likes = (SQL("%s LIKE %s", column, f"{prefix}%") for prefix in term.prefixes)
        return SQL("(%s)", SQL(" OR ").join(likes))
