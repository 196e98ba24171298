from contextlib import contextmanager

from odoo import http

from .tools import access_buffer


def remember_rpc_address():
    """Let the access log know the address of XML-RPC and JSON-RPC calls (F235).

    Odoo hides the request while it serves these two, and where several databases
    are served no model of ours is asked before. Hiding is the moment to look.
    """
    hide = http.borrow_request

    @contextmanager
    def borrow_request():
        with hide() as hidden:
            former = access_buffer.address()
            access_buffer.remember_address(hidden.httprequest.remote_addr)
            try:
                yield hidden
            finally:
                access_buffer.remember_address(former)

    http.borrow_request = borrow_request
