"""`python3 docker healthy`: the image's health check: pages, database, websocket."""

import json
import urllib.error
import urllib.request

from steps import say, serving

ADDRESSES = (
    (serving.PORT, "/web/health?db_server_status=1"),
    (serving.GEVENT_PORT, "/websocket/health"),
)


def main(_argv):
    """Exit 0 when Odoo answers on both ports and reaches its database."""
    for port, path in ADDRESSES:
        url = f"http://127.0.0.1:{port}{path}"
        try:
            with urllib.request.urlopen(url, timeout=10) as response:
                status = json.load(response)["status"]
        except (urllib.error.URLError, OSError, ValueError) as error:
            raise say.Stop(f"{url} does not answer: {error}") from error
        if status != "pass":
            raise say.Stop(f"{url} says {status}.")
    return 0
