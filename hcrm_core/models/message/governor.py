from datetime import datetime

from odoo import api, models
from odoo.tools import SQL

from .governor_request import REQUEST_COLUMNS
from .message import COUNTED
from .purposes import ANSWER_HOURS, CARING, OUTREACH

# how far ahead a window is looked for; the longest holidays end long before
HORIZON_DAYS = 40
ADULT, ADOLESCENT = 18, 14
EVERY = SQL()  # no further condition


class HcrmGovernor(models.AbstractModel):
    """The one door of every outgoing message: allow, refuse, redirect or defer.

    A verdict is made at the moment of sending, for a whole set of requests in one
    statement. What it decides is told by the table of situations in
    ``data/governor/situations.csv``, written before this code (R21).

    Verdict columns: ``n`` of the request, ``verdict``, ``reason`` (a code),
    ``until`` (naive UTC, for deferred ones), ``recipient_id`` (who gets it),
    ``address``, ``is_neutral`` (others may read it: no clinical word).
    """

    _name = "hcrm.governor"
    _description = "Message Governor"

    @api.model
    def _verdicts(
        self, requests: list[dict], now: datetime, is_question: bool = False
    ) -> list[dict]:
        """Verdicts on ``requests``, in their order.

        :param requests: dicts with the keys of ``REQUEST_COLUMNS`` but ``n``
        :param now: naive UTC, the moment of sending
        :param is_question: each is asked for itself; none takes up the limits of the
            others
        """
        if not requests:
            return []
        casts = {
            "n": "int",
            "partner_id": "int",
            "company_id": "int",
            "is_greeting": "bool",
            "is_urgent": "bool",
            "is_answer": "bool",
            "date_stale": "timestamp",
        }
        columns = [
            SQL(
                "%s::%s[]",
                [
                    n if name == "n" else request.get(name) or None
                    for n, request in enumerate(requests)
                ],
                SQL(casts.get(name, "text")),
            )
            for name in REQUEST_COLUMNS
        ]
        source = SQL(
            "SELECT * FROM unnest(%s) AS u(%s)",
            SQL(", ").join(columns),
            SQL(", ").join(SQL.identifier(name) for name in REQUEST_COLUMNS),
        )
        self.env.cr.execute(
            SQL("%s ORDER BY n", self._verdicts_sql(source, now, is_question))
        )
        return self.env.cr.dictfetchall()

    @api.model
    def _verdicts_sql(
        self, requests: SQL, now: datetime, is_question: bool = False
    ) -> SQL:
        """The verdicts on a SELECT of ``REQUEST_COLUMNS``, as a SELECT."""
        self.env.flush_all()
        return SQL(
            """
            SELECT * FROM (
            WITH q AS (%(requests)s),
            r AS MATERIALIZED (%(people)s),
            f AS MATERIALIZED (%(facts)s),
            j AS MATERIALIZED (SELECT f.*, %(refusal)s AS refusal FROM f),
            c AS (%(counted)s),
            t AS (%(timed)s)
            SELECT n,
                   CASE WHEN refusal IS NOT NULL THEN 'refuse'
                        WHEN until IS NOT NULL AND date_stale < until THEN 'refuse'
                        WHEN until IS NOT NULL THEN 'defer'
                        WHEN other_id IS NOT NULL OR is_merged THEN 'redirect'
                        ELSE 'allow' END AS verdict,
                   CASE WHEN refusal IS NOT NULL THEN refusal
                        WHEN until IS NOT NULL AND date_stale < until THEN 'stale'
                        WHEN until IS NOT NULL THEN CASE WHEN free > %(now)s
                                                         THEN 'cap' ELSE 'window' END
                        WHEN other_id IS NOT NULL THEN other_reason
                        WHEN is_merged THEN 'merged'
                        WHEN is_staff THEN 'staff'
                        WHEN is_child AND quality = 'guardian' THEN 'guardian'
                        WHEN is_private THEN 'neutral'
                        ELSE 'ok' END AS reason,
                   CASE WHEN refusal IS NULL THEN until END AS until,
                   COALESCE(other_id, person_id) AS recipient_id,
                   COALESCE(other_address, address, asked_address) AS address,
                   COALESCE(is_private, false) AS is_neutral
              FROM t) verdict
            """,
            requests=requests,
            people=self._people_sql(now),
            facts=self._facts_sql(now),
            refusal=self._refusal_sql(now),
            counted=self._counted_sql(now, is_question),
            timed=self._timed_sql(now),
            now=now,
        )

    # ------------------------------------------------------------------
    # who it is for
    # ------------------------------------------------------------------

    def _people_sql(self, now) -> SQL:
        """The person of each request: a merged card's is the one that survives it, and
        a bare address is looked up (a colleague, one person, none or several)."""
        return SQL(
            """
            SELECT q.n, q.company_id, q.channel, q.topic, q.asked_address, q.date_stale,
                   COALESCE(q.purpose, 'marketing') AS purpose,
                   COALESCE(q.is_greeting, false) AS is_greeting,
                   COALESCE(q.is_urgent, false) AS is_urgent,
                   COALESCE(q.is_answer, false) AND %(answers)s AS is_answer,
                   CASE q.channel WHEN 'email' THEN 'email' WHEN 'wechat' THEN 'wechat'
                                  WHEN 'letter' THEN 'letter' ELSE 'phone' END AS system,
                   q.partner_id IS NULL AS is_bare, b.people,
                   COALESCE(lo.hcrm_merged_into_id, q.partner_id, st.partner_id,
                            b.partner_id) AS person_id,
                   lo.hcrm_merged_into_id IS NOT NULL AS is_merged,
                   (%(now)s::timestamp AT TIME ZONE 'UTC') AT TIME ZONE co.hcrm_tz AS local,
                   co.hcrm_tz AS tz, cc.code = 'CN' AS is_china
              FROM q
              JOIN res_company co ON co.id = q.company_id
              LEFT JOIN res_partner cp ON cp.id = co.partner_id
              LEFT JOIN res_country cc ON cc.id = cp.country_id
              LEFT JOIN res_partner lo ON lo.id = q.partner_id
                    AND lo.hcrm_status = 'merged'
              LEFT JOIN LATERAL (
                   SELECT u.partner_id FROM res_users u
                     JOIN res_partner p ON p.id = u.partner_id
                    WHERE q.partner_id IS NULL AND u.active AND NOT u.share
                      AND (q.channel = 'email' AND q.asked_address
                           IN (p.email_normalized, lower(u.login))
                           OR q.channel <> 'email' AND p.phone_sanitized = q.asked_address)
                    LIMIT 1) st ON true
              LEFT JOIN LATERAL (
                   SELECT CASE WHEN st.partner_id IS NULL
                               THEN count(DISTINCT p.partner_id) END AS people,
                          CASE WHEN count(DISTINCT p.partner_id) = 1
                               THEN min(p.partner_id) END AS partner_id
                     FROM hcrm_contact_point p
                    WHERE q.partner_id IS NULL AND p.number = q.asked_address
                      AND p.company_id = q.company_id) b ON true
            """,
            answers=self._answers_sql(now),
            now=now,
        )

    def _answers_sql(self, now) -> SQL:
        """Whether the person wrote to us just now: who asks gets an answer, whatever
        the hour and however much was sent. Nobody's word is taken for it."""
        return SQL(
            "(q.purpose IN %(caring)s AND EXISTS (SELECT FROM hcrm_inbound i"
            " WHERE i.partner_id = COALESCE(lo.hcrm_merged_into_id, q.partner_id, b.partner_id)"
            " AND i.company_id = q.company_id AND i.date <= %(now)s"
            " AND i.date > %(now)s::timestamp - %(hours)s * interval '1 hour'"
            " AND i.meaning <> 'wrong_person'))",
            caring=CARING,
            hours=ANSWER_HOURS,
            now=now,
        )

    def _facts_sql(self, now) -> SQL:
        """All a verdict looks at, one row a request."""
        return SQL(
            """
            SELECT r.*, pa.hcrm_status AS status,
                   pa.hcrm_metrics_id IS NOT NULL AS is_person,
                   f.id AS file_id, f.confidentiality,
                   age.years < %(adolescent)s AS is_child,
                   us.id IS NOT NULL AS is_staff,
                   rep.deceased AS is_reported_dead, rep.lost AS is_pregnancy_lost,
                   k.state AS consent, k.frequency, po.basis, po.hour_from, po.hour_to,
                   po.workdays_only, po.cap_day, po.cap_week, po.cap_month,
                   a.address, a.quality,
                   COALESCE(g.relative_id, x.relative_id) AS other_id,
                   COALESCE(g.address, x.address) AS other_address,
                   CASE WHEN g.relative_id IS NOT NULL THEN 'guardian'
                        WHEN x.relative_id IS NOT NULL THEN 'proxy' END AS other_reason,
                   COALESCE(d.is_work, extract(isodow FROM r.local) < 6) AS is_work,
                   COALESCE(d.is_memorial, false) AS is_memorial,
                   (a.quality IN ('relative', 'unlabelled') OR f.disclosure = 'shielded'
                    OR f.confidentiality = 'sensitive' OR r.people > 1) AS is_private
              FROM r
              LEFT JOIN res_partner pa ON pa.id = r.person_id
              LEFT JOIN hcrm_person_company f
                     ON f.partner_id = r.person_id AND f.company_id = r.company_id
              LEFT JOIN LATERAL (SELECT extract(year FROM
                     age(r.local::date, pa.hcrm_birthdate))::int AS years) age ON true
              LEFT JOIN LATERAL (SELECT u.id FROM res_users u
                     WHERE u.partner_id = r.person_id AND u.active AND NOT u.share
                     LIMIT 1) us ON true
              LEFT JOIN LATERAL (
                   SELECT bool_or(kind = 'deceased') AS deceased,
                          bool_or(kind = 'pregnancy_lost') AS lost
                     FROM hcrm_person_report e
                    WHERE e.partner_id = r.person_id AND e.date_reversed IS NULL) rep
                     ON true
              LEFT JOIN LATERAL (%(consent)s) k ON r.purpose <> 'security'
              LEFT JOIN LATERAL %(policy)s po ON true
              LEFT JOIN LATERAL (%(address)s) a ON true
              LEFT JOIN LATERAL (%(guardian)s) g ON true
              LEFT JOIN LATERAL (%(proxy)s) x ON true
              LEFT JOIN hcrm_day d ON d.company_id = r.company_id
                    AND d.date = r.local::date AND d.campus_id IS NULL
                    AND d.department_id IS NULL
            """,
            adolescent=ADOLESCENT,
            consent=self._consent_sql(),
            policy=self.env["hcrm.message.policy"]._best_sql(SQL("r")),
            address=self._address_sql(
                SQL("r.person_id"),
                SQL("age.years"),
                SQL("AND (r.asked_address IS NULL OR p.number = r.asked_address)"),
            ),
            guardian=self._relative_sql(
                SQL(
                    "v.is_guardian AND age.years < %s AND r.purpose <> 'security'"
                    " AND COALESCE(a.quality, '') <> 'guardian'",
                    ADOLESCENT,
                )
            ),
            proxy=self._relative_sql(
                SQL(
                    "v.is_proxy AND (v.proxy_scope = 'all'"
                    " OR v.proxy_scope = 'booking' AND r.purpose = 'service')"
                    " AND r.purpose IN %s AND COALESCE(a.quality, 'no_address')"
                    " NOT IN ('own', 'relative', 'guardian', 'unlabelled')",
                    CARING,
                )
            ),
        )

    def _consent_sql(self) -> SQL:
        """The newest decision about the purpose: granted, withdrawn, expired, age.

        Under 14 only a guardian's counts; one given before the person turned 14, or
        18, ended that day (R5).
        """
        return SQL(
            """
            SELECT c.frequency_per_month AS frequency,
                   CASE WHEN c.decision = 'withdrawn' THEN 'withdrawn'
                        WHEN c.date_end < r.local::date THEN 'expired'
                        WHEN age.years < %(adolescent)s AND c.given_by_id IS NULL THEN NULL
                        WHEN age.years >= %(adult)s AND c.date < pa.hcrm_birthdate
                             + make_interval(years => %(adult)s) THEN 'age'
                        WHEN age.years >= %(adolescent)s AND c.date < pa.hcrm_birthdate
                             + make_interval(years => %(adolescent)s) THEN 'age'
                        ELSE 'granted' END AS state
              FROM hcrm_consent c
             WHERE c.partner_id = r.person_id AND c.company_id = r.company_id
               AND c.purpose = r.purpose AND (c.channel IS NULL OR c.channel = r.channel)
          ORDER BY c.date DESC, c.id DESC LIMIT 1
            """,
            adolescent=ADOLESCENT,
            adult=ADULT,
        )

    def _address_sql(self, person: SQL, years: SQL, asked: SQL = EVERY) -> SQL:
        """The best address of a person for the channel, and how good it is.

        ``own``; ``guardian`` (a child's parent); ``unlabelled`` (a child's number
        that says nobody's); ``relative`` (shared, or a relative's); else why not.

        :param asked: condition that the request names the address, if it does
        """
        return SQL(
            """
            SELECT s.address, s.quality FROM (
                SELECT COALESCE(p.e164, p.number) AS address, p.rank, p.id,
                       CASE WHEN p.is_wrong THEN 'wrong_number'
                            WHEN p.is_junk THEN 'junk_number'
                            WHEN p.use = 'old' THEN 'no_address'
                            WHEN r.channel IN ('sms', 'whatsapp') AND (p.use = 'home'
                                 OR p.e164 LIKE '+86%%' AND p.e164 NOT LIKE '+861%%')
                                 THEN 'no_address'
                            WHEN p.whose = 'other' THEN 'not_own_number'
                            WHEN %(years)s < %(adolescent)s
                                 AND p.whose IN ('mother', 'father', 'guardian')
                                 THEN 'guardian'
                            WHEN %(years)s < %(adolescent)s THEN 'unlabelled'
                            WHEN p.is_shared OR p.whose <> 'self' THEN 'relative'
                            ELSE 'own' END AS quality
                  FROM hcrm_contact_point p
                 WHERE p.partner_id = %(person)s AND p.company_id = r.company_id
                   AND p.system = r.system %(asked)s
             UNION ALL
                SELECT pa.street, 1, 0, 'own' FROM res_partner pa
                 WHERE r.system = 'letter' AND pa.id = %(person)s AND pa.street <> ''
                 ) s
          ORDER BY array_position(ARRAY['own', 'guardian', 'unlabelled', 'relative',
                   'not_own_number', 'wrong_number', 'junk_number', 'no_address'],
                   s.quality), s.rank, s.id
             LIMIT 1
            """,
            person=person,
            years=years,
            asked=asked,
            adolescent=ADOLESCENT,
        )

    def _relative_sql(self, role: SQL) -> SQL:
        """A guardian or proxy in force who may be told and can be reached.

        :param role: condition on the relation ``v``; what it says of the request
            alone is decided before the relations are looked at
        """
        return SQL(
            """
            SELECT v.relative_id, o.address
              FROM hcrm_person_relation v
              JOIN res_partner e ON e.id = v.relative_id
               AND COALESCE(e.hcrm_status, 'current') = 'current'
              JOIN LATERAL (%(address)s) o ON o.quality IN ('own', 'relative')
             WHERE v.partner_id = r.person_id AND v.company_id = r.company_id AND %(role)s
               AND NOT COALESCE(v.must_not_know, false)
               AND (v.date_start IS NULL OR v.date_start <= r.local::date)
               AND (v.date_end IS NULL OR v.date_end >= r.local::date)
               AND NOT EXISTS (SELECT FROM hcrm_person_report e
                    WHERE e.partner_id = v.relative_id AND e.kind = 'deceased'
                      AND e.date_reversed IS NULL)
          ORDER BY v.id LIMIT 1
            """,
            role=role,
            address=self._address_sql(SQL("v.relative_id"), SQL("NULL::int")),
        )

    # ------------------------------------------------------------------
    # why not
    # ------------------------------------------------------------------

    def _refusal_sql(self, now) -> SQL:
        """The code of the first reason to refuse; NULL where there is none."""
        return SQL(
            """CASE
            WHEN is_staff THEN NULL
            WHEN purpose = 'staff' THEN 'not_staff'
            WHEN person_id IS NULL AND purpose IN ('survey', 'research', 'marketing')
                 THEN CASE WHEN people > 1 THEN 'not_own_number'
                           ELSE 'unknown_recipient' END
            WHEN person_id IS NULL THEN NULL
            WHEN NOT is_person THEN NULL
            WHEN status = 'erased' THEN 'erased'
            WHEN status = 'deceased' OR is_reported_dead THEN 'deceased'
            WHEN purpose = 'security' THEN %(address)s
            WHEN status = 'gone' THEN 'gone'
            WHEN file_id IS NULL THEN 'not_known'
            WHEN %(stopped)s THEN 'stopped'
            WHEN %(held)s THEN 'hold'
            WHEN is_pregnancy_lost AND topic = 'pregnancy' THEN 'pregnancy_lost'
            WHEN confidentiality = 'sensitive'
                 AND purpose IN ('survey', 'research', 'marketing') THEN 'sensitive'
            WHEN is_greeting AND is_memorial THEN 'memorial'
            WHEN consent = 'withdrawn' THEN 'withdrawn'
            WHEN basis = 'opt_in' AND consent IS DISTINCT FROM 'granted'
                 THEN CASE consent WHEN 'expired' THEN 'consent_expired'
                                   WHEN 'age' THEN 'consent_age'
                                   ELSE 'no_consent' END
            WHEN channel = 'whatsapp' AND is_china AND NOT %(abroad)s THEN 'abroad'
            WHEN %(blacklisted)s THEN 'blacklisted'
            WHEN other_id IS NULL AND %(address)s IS NOT NULL THEN %(address)s
            WHEN date_stale < %(now)s THEN 'stale'
            END""",
            address=self._address_refusal_sql(),
            stopped=self._stopped_sql(),
            held=self._held_sql(now),
            abroad=self._abroad_sql(),
            blacklisted=self._blacklisted_sql(),
            now=now,
        )

    def _address_refusal_sql(self) -> SQL:
        """Why the best address will not do; a child is reached through its guardian.

        A code goes to the address that is being proved, on the card or not."""
        return SQL(
            """(CASE
            WHEN quality = 'own' OR quality = 'guardian' THEN NULL
            WHEN quality IS NULL AND purpose = 'security' AND asked_address <> ''
                 THEN NULL
            WHEN quality IN ('relative', 'unlabelled') AND purpose IN %s THEN NULL
            WHEN is_child THEN 'no_guardian'
            WHEN quality IS NULL THEN 'no_address'
            WHEN quality = 'relative' THEN 'not_own_number'
            ELSE quality END)""",
            (*CARING, "security"),
        )

    def _stopped_sql(self) -> SQL:
        return SQL(
            "EXISTS (SELECT FROM hcrm_message_stop s WHERE s.company_id = f.company_id"
            " AND s.date_end IS NULL AND (s.topic IS NULL OR s.topic = f.topic)"
            " AND f.purpose = ANY(string_to_array(s.stops, ',')))"
        )

    def _held_sql(self, now) -> SQL:
        """Whether any hold, of this room or another's, stops the request."""
        branches = self.env["hcrm.hold"]._hcrm_hold_sql()
        return SQL(
            "EXISTS (SELECT FROM (%(holds)s) h WHERE h.partner_id = f.person_id"
            " AND h.company_id = f.company_id"
            " AND (h.channel IS NULL OR h.channel = f.channel)"
            " AND h.date_start <= %(now)s AND (h.date_end IS NULL OR h.date_end > %(now)s)"
            " AND (f.purpose = ANY(string_to_array(h.stops, ','))"
            " OR f.is_greeting AND 'greeting' = ANY(string_to_array(h.stops, ','))))",
            holds=SQL(" UNION ALL ").join(branches),
            now=now,
        )

    def _abroad_sql(self) -> SQL:
        """Whether the newest decision on transfer abroad is a consent in force."""
        return SQL(
            "COALESCE((SELECT c.decision = 'granted'"
            " AND (c.date_end IS NULL OR c.date_end >= f.local::date)"
            " FROM hcrm_consent c WHERE c.partner_id = f.person_id"
            " AND c.company_id = f.company_id AND c.purpose = 'transfer_abroad'"
            " AND (c.channel IS NULL OR c.channel = f.channel)"
            " ORDER BY c.date DESC, c.id DESC LIMIT 1), false)"
        )

    def _blacklisted_sql(self) -> SQL:
        """Odoo's own blacklists are somebody's word against mass messages."""
        return SQL(
            "(purpose IN %s AND (EXISTS (SELECT FROM phone_blacklist b"
            " WHERE b.active AND b.number = f.address AND f.system = 'phone')"
            " OR EXISTS (SELECT FROM mail_blacklist b"
            " WHERE b.active AND b.email = f.address AND f.system = 'email')))",
            OUTREACH,
        )

    # ------------------------------------------------------------------
    # when
    # ------------------------------------------------------------------

    def _counted_sql(self, now, is_question: bool) -> SQL:
        """How often the person was reached, and the place of the request among those
        of this very set."""
        return SQL(
            """
            SELECT j.*, m.times, m.today, m.outreach_today,
                   row_number() OVER (PARTITION BY j.company_id, j.person_id, j.purpose,
                       j.refusal IS NULL, %(own)s ORDER BY j.n) - 1 AS before,
                   row_number() OVER (PARTITION BY j.company_id, j.person_id,
                       j.purpose IN %(outreach)s, j.refusal IS NULL, %(own)s
                       ORDER BY j.n) - 1 AS outreach_before
              FROM j
              LEFT JOIN LATERAL (
                   SELECT array_agg(s.date_sent ORDER BY s.date_sent DESC)
                              FILTER (WHERE s.purpose = j.purpose) AS times,
                          count(*) FILTER (WHERE s.purpose = j.purpose AND s.date_sent
                              >= date_trunc('day', j.local) AT TIME ZONE j.tz
                                 AT TIME ZONE 'UTC') AS today,
                          count(*) FILTER (WHERE s.purpose IN %(outreach)s
                              AND s.date_sent >= date_trunc('day', j.local)
                                 AT TIME ZONE j.tz AT TIME ZONE 'UTC') AS outreach_today
                     FROM hcrm_message s
                    WHERE s.partner_id = j.person_id AND s.company_id = j.company_id
                      AND s.state IN %(counted)s
                      AND s.date_sent > %(now)s::timestamp - interval '30 days'
                      AND j.refusal IS NULL AND NOT j.is_staff) m ON true
            """,
            outreach=OUTREACH,
            own=SQL("j.n") if is_question else SQL("0"),
            counted=COUNTED,
            now=now,
        )

    def _timed_sql(self, now) -> SQL:
        """``free``: when the limits allow it; ``until``: when it may go, NULL is now."""
        return SQL(
            """
            SELECT c.*, l.free, CASE WHEN %(always)s THEN l.free ELSE w.until END AS until
              FROM c
              LEFT JOIN LATERAL (SELECT GREATEST(%(day)s, %(week)s, %(month)s) AS free) l
                     ON c.is_person AND NOT c.is_staff AND c.purpose <> 'security'
                    AND NOT c.is_answer
              LEFT JOIN LATERAL (
                   SELECT GREATEST(l.free, %(now)s) AT TIME ZONE 'UTC' AT TIME ZONE c.tz
                          AS start) b ON true
              LEFT JOIN LATERAL (
                   -- an hour that comes twice, when clocks change, is not read back
                   SELECT CASE WHEN b.start >= o.day + c.hour_from * interval '1 hour'
                          THEN GREATEST(l.free, %(now)s)
                          ELSE (o.day + c.hour_from * interval '1 hour')
                               AT TIME ZONE c.tz AT TIME ZONE 'UTC' END AS until
                     FROM generate_series(
                              b.start::date::timestamp, b.start::date + %(horizon)s,
                              interval '1 day') o(day)
                     LEFT JOIN hcrm_day e ON e.company_id = c.company_id
                           AND e.date = o.day AND e.campus_id IS NULL
                           AND e.department_id IS NULL
                    WHERE b.start < o.day + c.hour_to * interval '1 hour'
                      AND (NOT c.workdays_only
                           OR COALESCE(e.is_work, extract(isodow FROM o.day) < 6))
                      AND c.refusal IS NULL AND c.is_person AND NOT c.is_staff
                      AND c.hour_from IS NOT NULL
                      AND (l.free > %(now)s OR NOT (%(open)s))
                 ORDER BY o.day LIMIT 1) w ON true
            """,
            day=self._day_free_sql(),
            week=self._period_free_sql(SQL("c.cap_week"), 7, now),
            month=self._period_free_sql(
                SQL(
                    "CASE WHEN c.consent = 'granted' AND c.frequency > 0"
                    " THEN LEAST(c.frequency, COALESCE(NULLIF(c.cap_month, 0),"
                    " c.frequency)) ELSE c.cap_month END"
                ),
                30,
                now,
            ),
            open=self._open_sql(),
            always=self._always_open_sql(),
            now=now,
            horizon=HORIZON_DAYS,
        )

    def _open_sql(self) -> SQL:
        """Whether the window is open now."""
        return SQL(
            "%s OR (NOT c.workdays_only OR c.is_work)"
            " AND c.local - date_trunc('day', c.local) >= c.hour_from * interval '1 hour'"
            " AND c.local - date_trunc('day', c.local) < c.hour_to * interval '1 hour'",
            self._always_open_sql(),
        )

    def _always_open_sql(self) -> SQL:
        """Letters, urgent care, answers and codes know no hours."""
        return SQL(
            "(c.channel = 'letter' OR c.purpose = 'security' OR c.is_answer"
            " OR c.is_urgent AND c.purpose = 'care')"
        )

    def _day_free_sql(self) -> SQL:
        """Tomorrow, local time, where today's limits are used up."""
        return SQL(
            "CASE WHEN c.cap_day > 0 AND c.today + c.before >= c.cap_day"
            " OR c.purpose IN %s AND c.outreach_today + c.outreach_before >= 1"
            " THEN (date_trunc('day', c.local) + interval '1 day')"
            " AT TIME ZONE c.tz AT TIME ZONE 'UTC' END",
            OUTREACH,
        )

    def _period_free_sql(self, cap: SQL, days: int, now) -> SQL:
        """When the message that uses up the limit leaves the last ``days`` days."""
        return SQL(
            "(CASE WHEN (%(cap)s) > 0 THEN CASE"
            " WHEN c.before >= (%(cap)s) THEN %(now)s::timestamp + %(days)s * interval '1 day'"
            " WHEN c.times[(%(cap)s) - c.before] > %(now)s::timestamp"
            "      - %(days)s * interval '1 day'"
            " THEN c.times[(%(cap)s) - c.before] + %(days)s * interval '1 day' END END)",
            cap=cap,
            days=days,
            now=now,
        )
