import logging

from odoo import http
from odoo.exceptions import AccessError
from odoo.http import request

from ..tools.attempts import Attempts

_logger = logging.getLogger(__name__)

# wrong secrets a minute for one integration from one address, per worker
_wrong = Attempts(limit=10, seconds=60)
# the longest number anybody may write
MAX_NUMBER = 64


class CallerController(http.Controller):
    @http.route(
        "/hcrm/caller",
        type="http",
        auth="none",
        methods=["POST"],
        csrf=False,
        save_session=False,
        readonly=True,
    )
    def find(self, number=None, **_others):
        """Answer a telephone system: who may be calling? (R4, R14)

        ``POST`` with ``Authorization: Bearer SECRET`` and the number as JSON
        (``{"number": "..."}``) or as a form field, never in the address, which web
        servers write to their logs. The secret is that of an integration
        (``hcrm.integration``); the answer is what its user may see, as
        ``{"callers": [...]}`` of ``hcrm_find_by_phone`` with the address of the card.
        """
        secret = request.httprequest.headers.get("Authorization", "")
        secret = secret.removeprefix("Bearer ").strip()
        Integration = request.env["hcrm.integration"]
        source = (request.httprequest.remote_addr, Integration._get_code(secret))
        if wait := _wrong.wait(source):
            return self._refuse(429, "Too many wrong secrets. Try later.", wait)
        found = Integration._authenticate_secret(secret)
        if not found:
            _wrong.note(source)
            _logger.warning(
                "caller lookup: wrong or withdrawn secret from %s", source[0]
            )
            return self._refuse(401, "The secret is wrong or was withdrawn.")
        if number is None and request.httprequest.is_json:
            body = request.httprequest.get_json(silent=True)
            number = body.get("number") if isinstance(body, dict) else None
        if not isinstance(number, str) or not 0 < len(number.strip()) <= MAX_NUMBER:
            return self._refuse(400, "Send the number that calls as 'number'.")
        request.update_env(user=found.uid, context=found.context)
        try:
            callers = request.env["res.partner"].hcrm_find_by_phone(number)
        except AccessError:
            return self._refuse(403, "The user of this integration finds no callers.")
        for caller in callers:
            caller["url"] = f"/odoo/hcrm-card/{caller['id']}"
        return request.make_json_response({"callers": callers})

    def _refuse(self, status, sentence, wait=None):
        headers = {"Retry-After": str(wait)} if wait else {}
        if status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return request.make_json_response(
            {"error": sentence}, headers=headers, status=status
        )
