"""A FHIR R4 server not written here, for the journey that reads one."""

import shutil

from . import node, say, settings

FOLDER = settings.ROOT / "tests" / "e2e" / "medplum"


def prepare(_world):
    """Install the server that its lock file pins; the variables for a journey."""
    with say.step("preparing the FHIR server", settings.LOG / "node.log"):
        folder = node.install("medplum", sorted(FOLDER.iterdir()))
    program = shutil.which("node", path=node.environment()["PATH"])
    return {"HCRM_NODE": program, "HCRM_FHIR_SERVER": str(folder / "server.mjs")}
