from odoo import http


class EmptyController(http.Controller):
    @http.route(
        "/hcrm_bench/empty",
        type="http",
        auth="none",
        methods=["POST"],
        csrf=False,
        save_session=False,
        readonly=True,
    )
    def empty(self):
        return ""
