"""Run data/demo_setup.py inside Odoo's shell and remember the logins it made."""

# ruff: noqa: F821
import importlib.util
import json
import os

spec = importlib.util.spec_from_file_location("demo_setup", os.environ["HCRM_SETUP"])
demo_setup = importlib.util.module_from_spec(spec)
spec.loader.exec_module(demo_setup)

with env.registry.cursor() as cr:  # leaves with a commit, or with nothing
    env = env(cr=cr)
    logins = demo_setup.setup(env)
    env["ir.config_parameter"].sudo().set_param(
        os.environ["HCRM_PARAMETER"], os.environ["HCRM_FINGERPRINT"]
    )
env.registry.signal_changes()  # a running server forgets what it remembered
with open(os.environ["HCRM_LOGINS"], "w", encoding="utf-8") as stream:
    json.dump(logins, stream, ensure_ascii=False, indent=2)
