"""A HIS made of Odoo models in another database, read over Odoo's JSON-2."""

from __future__ import annotations

from .base import AdapterError, SourceConfig, register
from .http_source import HttpSource, HttpStatus, public_url
from .odoo_models import PAGE_REMOTE, OdooModels


class Json2Reader:
    """Calls ``search_read`` and ``fields_get``; the client lets nothing else out."""

    def __init__(self, config: SourceConfig):
        self.http = HttpSource(config)
        self.base = config.url.rstrip("/")
        self.headers = {"X-Odoo-Database": config.database} if config.database else {}
        self._fields: dict[str, dict] = {}

    def search_read(self, model, domain, fields, order, limit):
        """Rows as JSON-2 gives them: ids for relations, text for times."""
        return self._call(
            model,
            "search_read",
            domain=domain,
            fields=fields,
            order=order,
            limit=limit,
            load=None,
            context={"active_test": False},
        )

    def fields(self, model):
        """Fields of a model that the user may see: name -> (type, model)."""
        if model not in self._fields:
            found = self._call(model, "fields_get", attributes=["type", "relation"])
            self._fields[model] = {
                name: (field["type"], field.get("relation") or "")
                for name, field in found.items()
            }
        return self._fields[model]

    def _call(self, model: str, method: str, **body):
        url = f"{self.base}/json/2/{model}/{method}"
        try:
            return self.http.post_json(url, body, self.headers).data
        except HttpStatus as error:
            if error.status == 404:
                raise AdapterError("model_missing", model=model) from None
            if error.status in (400, 422):
                raise AdapterError(
                    "model_refused", model=model, url=public_url(url)
                ) from None
            raise


@register("odoo_json2", lists_ids=True)
class OdooJson2(OdooModels):
    """The same mapping, over the network."""

    page_limit = PAGE_REMOTE

    def _reader(self):
        return Json2Reader(self.config)

    def cleanup(self) -> None:
        """Give the connection back."""
        self.reader.http.close()
