"""Set what a new database in a container must not keep from its installation."""

# ruff: noqa: F821
import os

with env.registry.cursor() as cr:  # leaves with a commit, or with nothing
    env = env(cr=cr)
    env.ref("base.user_admin").password = os.environ["HCRM_ADMIN_PASSWORD"]
    parameters = env["ir.config_parameter"].sudo()
    if os.environ.get("HCRM_FEED"):
        parameters.set_param("hcrm_core.feed_roots", os.environ["HCRM_FEED"])
    parameters.set_param(os.environ["HCRM_MARK"], "yes")
