"""Fetch Debian's odoo-19 with apt, without touching the machine's own lists."""

import shutil

from . import say, settings, shell

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
APT = settings.CACHE / "apt"
SID = [
    "odoo-19",
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
    "fonts-montserrat",
    "fonts-roboto-unhinted",
    "fonts-inconsolata",
    "fonts-ocr-b",
    "fonts-glyphicons-halflings",
]
# Odoo's links expect the paths of the older Font Awesome.
BOOKWORM = ["fonts-font-awesome"]
HELP = (
    "Odoo 19 could not be fetched from the Debian mirror of this machine. Check the "
    "network and run the same command again (what was fetched is kept), or name an "
    "Odoo 19 of your own: HCRM_ODOO=/path/to/odoo make run"
)


def fetch_odoo(tree):
    """Download the packages, check their signatures, unpack them into `tree`."""
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        raise say.Stop(
            "no Odoo 19 is installed and this is not a Debian machine, so none can be "
            "fetched. Name one: HCRM_ODOO=/path/to/odoo make run"
        )
    with say.step("fetching Odoo 19 from Debian", settings.LOG / "odoo.log"):
        address = mirror()
        packages = _download(address, "sid", SID)
        packages += _download(address, "bookworm", BOOKWORM)
    with say.step("unpacking Odoo 19"):
        new = tree.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        for package in packages:
            shell.run(["dpkg", "-x", package, new], "odoo", HELP)
        shell.replace(new, tree)
        shutil.rmtree(APT, ignore_errors=True)


def mirror():
    """Return the address of the Debian archive this machine is set up with."""
    _code, out = shell.capture(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]
    )
    addresses = [row for row in out.splitlines() if "security" not in row]
    for address in addresses:
        if address.rstrip("/").endswith("/debian"):
            return address
    raise say.Stop(
        "apt on this machine knows no Debian mirror, so Odoo 19 cannot be fetched. "
        "Name one of your own: HCRM_ODOO=/path/to/odoo make run"
    )


def _download(address, suite, packages):
    """Return the paths of the packages of a suite, fetched into the cache."""
    folder = APT / suite
    (folder / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    (folder / "cache" / "archives" / "partial").mkdir(parents=True, exist_ok=True)
    sources = folder / "sources.list"
    sources.write_text(f"deb [signed-by={KEYRING}] {address} {suite} main\n")
    options = [
        f"-oDir::Etc::sourcelist={sources}",
        "-oDir::Etc::sourceparts=/dev/null",
        f"-oDir::State::Lists={folder}/lists",
        f"-oDir::Cache={folder}/cache",
        "-oAPT::Sandbox::User=root",
        "-oAcquire::Retries=3",
        "-oAcquire::Languages=none",
        "-oAPT::Update::Error-Mode=any",
    ]
    shell.run(["apt-get", "-q", *options, "update"], "odoo", HELP)
    # apt resumes a file that an interrupted download left, and checks its hash.
    shell.run(
        ["apt-get", "-q", *options, "download", *packages], "odoo", HELP, cwd=folder
    )
    return [next(folder.glob(f"{package}_*.deb")) for package in packages]
