import logging

from markupsafe import Markup

from odoo import http
from odoo.http import request

from ..models.message.preference import UNSUBSCRIBE, LinkDead
from ..tools.attempts import Attempts

_logger = logging.getLogger(__name__)

# dead links a minute from one address, and changes an hour on one page, per worker
_dead = Attempts(limit=20, seconds=60)
_changes = Attempts(limit=30, seconds=3600)
# nothing of these pages is kept, told on, framed, or runs a script
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
}


class PreferenceController(http.Controller):
    """A person's own choices, behind a signed link. Opening one changes nothing."""

    @http.route(
        ["/hcrm/preferences/<string:token>", "/hcrm/p/<string:code>"],
        type="http",
        auth="public",
        methods=["GET"],
        save_session=False,
        sitemap=False,
        readonly=True,
    )
    def show(self, token=None, code=None, lang=None, saved=None, **_others):
        """The page, as it stands."""
        visit, answer = self._visit(token, code, lang)
        return answer or self._page(visit, is_saved=bool(saved))

    @http.route(
        ["/hcrm/preferences/<string:token>", "/hcrm/p/<string:code>"],
        type="http",
        auth="public",
        methods=["POST"],
        csrf=False,  # the signed link is the proof; there is no session
        save_session=False,
        sitemap=False,
        readonly=False,
    )
    def save(self, token=None, code=None, lang=None, **form):
        """Record what was changed; back to the page, which then tells so."""
        visit, answer = self._visit(token, code, lang)
        if answer:
            return answer
        if wait := _changes.wait(visit.partner.id):
            return self._refuse(429, wait)
        _changes.note(visit.partner.id)
        wanted = set(request.httprequest.form.getlist("on"))
        if form.get("all") == "stop":
            wanted = set()
        self._preferences()._save(visit, wanted, note=request.env.lang)
        here = request.httprequest.path
        answer = request.redirect(f"{here}?saved=1&lang={request.env.lang}", 303)
        answer.headers.update(HEADERS)
        return answer

    @http.route(
        "/hcrm/unsubscribe/<string:token>",
        type="http",
        auth="public",
        methods=["GET", "POST"],
        csrf=False,  # RFC 8058: the mailbox provider posts, without a session
        save_session=False,
        sitemap=False,
        readonly=False,
    )
    def unsubscribe(self, token, lang=None, **_others):
        """One click out of surveys, research and offers by e-mail. Only a POST does it;
        a GET, as link checkers send, asks."""
        visit, answer = self._visit(token, None, lang, UNSUBSCRIBE)
        if answer:
            return answer
        is_done = request.httprequest.method == "POST"
        if is_done:
            self._preferences()._withdraw_outreach(visit, "email", "List-Unsubscribe")
        return self._render(
            "hcrm_core.hcrm_unsubscribe_page",
            {"company": visit.company, "is_done": is_done},
        )

    # ------------------------------------------------------------------
    # helpers
    # ------------------------------------------------------------------

    def _preferences(self):
        # sudo: the signed link speaks for the person, and for nobody else
        return request.env["hcrm.preference"].sudo()

    def _visit(self, token, code, lang, scope=None):
        """(visit, None), or (None, the page that says that the link is dead)."""
        source = request.httprequest.remote_addr
        if wait := _dead.wait(source):
            return None, self._refuse(429, wait)
        Preference = self._preferences()
        try:
            if code:
                visit = Preference.env["hcrm.preference.link"]._open_code(code)
            else:
                visit = Preference._open(token, *filter(None, (scope,)))
        except LinkDead as error:
            _dead.note(source)
            _logger.info("preference link from %s: %s", source, error)
            self._speak(lang or request.httprequest.accept_languages.best)
            return None, self._refuse(404)
        self._speak(lang or visit.partner.lang or visit.company.partner_id.lang)
        return visit, None

    def _speak(self, lang) -> None:
        """Go on in ``lang`` where it is installed."""
        installed = [code for code, _name in self._languages()]
        lang = (lang or "").replace("-", "_")
        known = next((c for c in installed if c == lang), None) or next(
            (c for c in installed if lang and c[:2] == lang[:2]), installed[0]
        )
        request.update_context(lang=known)

    def _languages(self):
        # sudo: which languages there are
        return request.env["res.lang"].sudo().get_installed()

    def _page(self, visit, is_saved):
        visit = self._in_language(visit)
        return self._render(
            "hcrm_core.hcrm_preference_page",
            {
                "company": visit.company,
                "whose": self._whose(visit),
                "topics": self._preferences()._choices(visit),
                "is_saved": is_saved,
                "languages": self._languages(),
            },
        )

    def _in_language(self, visit):
        env = self._preferences().env
        return type(visit)(*(record.with_env(env) for record in _fields(visit)))

    def _whose(self, visit) -> str:
        """A hint that several people on one phone understand, and no one else: the
        first letter of the name. None for restricted persons (R8)."""
        if (visit.partner.hcrm_confidentiality or "normal") != "normal":
            return ""
        name = (visit.partner.name or "").strip()
        return f"{name[0]}＊" if name else ""

    def _refuse(self, status, wait=0):
        if not request.env.lang:
            self._speak(request.httprequest.accept_languages.best)
        answer = self._render("hcrm_core.hcrm_preference_dead", {"is_busy": bool(wait)})
        answer.status_code = status
        if wait:
            answer.headers["Retry-After"] = str(wait)
        return answer

    def _render(self, template, values):
        # "lang" is a name of QWeb's own
        values["page_lang"] = (request.env.lang or "en_US").replace("_", "-")
        html = request.env["ir.qweb"].sudo()._render(template, values)
        return request.make_response(
            Markup("<!DOCTYPE html>\n") + html,
            headers=[("Content-Type", "text/html; charset=utf-8"), *HEADERS.items()],
        )


def _fields(visit):
    return visit.partner, visit.company, visit.giver
