"""Dockerfile, compose file and nginx's configuration keep what they promise."""

import re
from pathlib import Path

import pytest
import yaml

from .dockerfile import parse

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
STAGES = parse(DOCKER / "Dockerfile")
COMPOSE = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
RUNNING = ("odoo", "web")


# ----------------------------------------------------------------------
# DOCKERFILE
# ----------------------------------------------------------------------


@pytest.mark.parametrize("name", STAGES)
def test_bases_are_pinned(name):
    base = STAGES[name].base
    if base in STAGES:
        return
    assert re.search(r":[\w.-]*\d", base), f"{base} names no version"
    assert not base.endswith(":latest")


@pytest.mark.parametrize("name", RUNNING)
def test_images_run_as_nobody_in_particular(name):
    """USER is set, never root, and stands after everything that builds."""
    names = [item.name for item in STAGES[name].instructions]
    users = STAGES[name].all("USER")
    assert users and users[-1].words[0] not in ("root", "0")
    assert "RUN" not in names[names.index("USER") :]


@pytest.mark.parametrize("name", RUNNING)
def test_images_tell_their_health_and_ports(name):
    assert STAGES[name].all("HEALTHCHECK")
    assert STAGES[name].all("EXPOSE")
    start = STAGES[name].all("ENTRYPOINT") + STAGES[name].all("CMD")
    assert start and start[-1].text.startswith("["), "signals must reach the program"


def test_packages_leave_no_lists_and_nothing_is_added_from_the_net():
    for stage in STAGES.values():
        assert not stage.all("ADD"), "COPY what is here; ADD fetches and unpacks"
        for run in stage.all("RUN"):
            if "apt-get update" in run.text:
                assert "rm -rf" in run.text and "/var/lib/apt/lists" in run.text
            if "apt-get install" in run.text:
                assert "--no-install-recommends" in run.text


def test_every_addon_and_script_gets_into_the_image():
    copied = [word for item in STAGES["odoo"].all("COPY") for word in item.words[:-1]]
    copied += [word for item in STAGES["build"].all("COPY") for word in item.words[:-1]]
    for manifest in ROOT.glob("hcrm_*/__manifest__.py"):
        assert manifest.parent.name in copied
    for word in copied:
        assert word.startswith("/") or (ROOT / word).exists(), word


def test_the_context_leaves_secrets_and_local_files_out():
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert ignored[0] == "**", "only what is named goes to the engine"
    assert "docker/secrets" in ignored
    assert "docker/secrets/" in (ROOT / ".gitignore").read_text().split()


# ----------------------------------------------------------------------
# COMPOSE
# ----------------------------------------------------------------------


def test_services_restart_wait_for_each_other_and_keep_their_data():
    for name, service in SERVICES.items():
        assert service["restart"] == "unless-stopped", name
        assert "no-new-privileges:true" in service["security_opt"], name
    assert SERVICES["db"]["healthcheck"]["test"][1] == "pg_isready"
    assert SERVICES["odoo"]["depends_on"]["db"]["condition"] == "service_healthy"
    assert SERVICES["web"]["depends_on"]["odoo"]["condition"] == "service_healthy"
    kept = {
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if not volume.startswith((".", "$"))
    }
    assert kept == set(COMPOSE["volumes"])
    assert any(v.endswith(":/srv/feed:ro") for v in SERVICES["odoo"]["volumes"])


def test_images_are_pinned_and_built_from_stages_that_exist():
    for name, service in SERVICES.items():
        assert re.search(r":\d", service["image"]), name
        if "build" in service:
            assert service["build"]["target"] in STAGES
            assert (DOCKER / service["build"]["context"]).resolve() == ROOT


def test_no_secret_stands_in_a_file_of_ours():
    """Passwords come from secret files; every one that is used is declared."""
    for name, service in SERVICES.items():
        for secret in service.get("secrets", []):
            assert secret in COMPOSE["secrets"], f"{name}: {secret}"
        for key, value in (service.get("environment") or {}).items():
            if re.search("PASS|SECRET|TOKEN|KEY", key):
                assert key.endswith("_FILE") and value.startswith("/run/secrets/")
                assert value.rpartition("/")[2] in service["secrets"], name
    for secret in COMPOSE["secrets"].values():
        assert set(secret) == {"file"} and secret["file"].startswith("./secrets/")


def test_only_the_web_server_is_published_and_the_database_stays_inside():
    published = {name for name, service in SERVICES.items() if "ports" in service}
    assert published == {"web"}
    assert SERVICES["web"]["ports"][0].startswith("${HCRM_PUBLISH:-127.0.0.1:")
    assert SERVICES["db"]["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}


def test_the_cluster_can_search_chinese_names():
    assert "--locale=C.UTF-8" in SERVICES["db"]["environment"]["POSTGRES_INITDB_ARGS"]
    version = re.search(r"postgres:(\d+)", SERVICES["db"]["image"])[1]
    assert int(version) >= 15


# ----------------------------------------------------------------------
# NGINX
# ----------------------------------------------------------------------


def test_nginx_hands_websockets_to_the_gevent_port():
    text = (DOCKER / "web" / "nginx.conf").read_text()
    ports = {word for item in STAGES["odoo"].all("EXPOSE") for word in item.words}
    assert set(re.findall(r"server odoo:(\d+);", text)) == ports
    websocket = re.search(r"location /websocket \{(.*?)\n        \}", text, re.S)[1]
    assert "Upgrade $http_upgrade" in websocket
    assert "Connection $connection_upgrade" in websocket
    # what a location sets replaces all that it would have inherited
    names = set(re.findall(r"proxy_set_header (\S+)", text.split("location")[0]))
    assert names <= set(re.findall(r"proxy_set_header (\S+)", websocket))
