"""Start the load of the demo hospital: a source, and a run in the server's jobs."""

# ruff: noqa: F821
import os

Source = env["hcrm.feed.source"]
path = os.environ["HCRM_HOSPITAL"]
source = Source.search([("path", "=", path)], limit=1) or Source.create(
    {"name": "Demo hospital", "kind": "fhir_file", "path": path}
)
source.action_run()
env.cr.commit()
