"""Start the load of the demo hospital: a source, and a run in the server's jobs."""

# ruff: noqa: F821
import os

with env.registry.cursor() as cr:  # leaves with a commit, or with nothing
    Source = env(cr=cr)["hcrm.feed.source"]
    path = os.environ["HCRM_HOSPITAL"]
    source = Source.search([("path", "=", path)], limit=1) or Source.create(
        {"name": "Demo hospital 演示医院", "kind": "fhir_file", "path": path}
    )
    run = source.run_ids.sorted("id")[-1:]
    if run.state in ("stopped", "failed"):
        run.action_resume()
    elif run.state not in ("queued", "running"):
        source.action_start()
