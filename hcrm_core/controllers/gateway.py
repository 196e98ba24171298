import hmac
import logging

from odoo import http
from odoo.http import request

from ..providers.base import Forbidden

_logger = logging.getLogger(__name__)

# no receipt and no text message is longer
MAX_BODY = 256 * 1024


class GatewayController(http.Controller):
    @http.route(
        "/hcrm/gateway/<string:token>",
        type="http",
        auth="none",
        methods=["GET", "POST"],
        csrf=False,
        save_session=False,
        readonly=False,
    )
    def callback(self, token, **_fields):
        """Receipts and texts of a gateway: checked, stored, nothing else (F103).

        The address carries the gateway's token, each callback its signature. One
        worker applies later what is stored here.
        """
        Gateway = request.env["hcrm.gateway"].sudo()  # sudo: the token is the login
        gateway = Gateway.search([("token", "=", token)], limit=1)
        if not gateway or not hmac.compare_digest(gateway.token, token):
            return request.make_response("unknown", status=404)
        http_request = request.httprequest
        if (http_request.content_length or 0) > MAX_BODY:
            return request.make_response("too large", status=413)
        provider = gateway._provider()
        query = http_request.args.to_dict()
        try:
            if (answer := provider.handshake(query)) is not None:
                return request.make_response(answer, [("Content-Type", "text/plain")])
            events = provider.parse_callback(
                query,
                http_request.get_data(),
                http_request.query_string,
                http_request.headers,
            )
        except Forbidden:
            _logger.warning("gateway %s: callback with a wrong signature", gateway.id)
            return request.make_response("forbidden", status=403)
        finally:
            provider.close()
        Event = request.env["hcrm.message.event"].sudo()  # sudo: append-only inbox
        if Event._append(gateway.id, events):
            # sudo: wake the worker that applies
            request.env.ref("hcrm_core.ir_cron_message_apply").sudo()._trigger()
        return request.make_response(provider.callback_answer)
