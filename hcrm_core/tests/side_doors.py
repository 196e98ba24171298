"""Looks through addons for ways in which a message could leave past the governor."""

import ast
import re
from pathlib import Path

# the queues whose sending methods lead through the gate
QUEUES = {
    "sms.sms": {"send", "_send", "_send_with_api", "_process_queue", "_split_by_api"},
    "mail.mail": {"send", "_send", "process_email_queue", "send_after_commit"},
}
# calls that give a message to a provider or a mail server
CALLS = {
    "_send_sms_batch": "texts straight to a provider",
    "_send_with_api": "texts straight to a provider",
    "_contact_iap": "the in-app text service",
    "send_email": "mails straight to a mail server",
    "sendmail": "mails by SMTP",
    "send_message": "mails by SMTP",
    "_snailmail_print": "letters through a service",
}
# classes that are providers, made by somebody
PROVIDERS = {"SmsApi", "SmsApiBase", "SmsApiTwilio"}
LIBRARIES = {"smtplib", "aiosmtplib", "twilio", "sendgrid", "mailgun", "gammu"}
NETWORK = {"requests", "httpx", "urllib.request", "urllib3", "aiohttp", "http.client"}
# houses that carry messages to people, as they stand in addresses
CARRIERS = re.compile(
    r"https?://[^\s\"']*(?:sms|twilio|nexmo|vonage|sendgrid|mailgun|whatsapp"
    r"|graph\.facebook|weixin|wechat|dysmsapi|aliyuncs|qcloud|telegram|infobip"
    r"|messagebird|plivo|clickatell|kannel)",
    re.IGNORECASE,
)
# most files hold nothing of all that: they are not even parsed
WORTH_A_LOOK = re.compile(
    "|".join(
        re.escape(word) for word in (*QUEUES, *CALLS, *PROVIDERS, *LIBRARIES, *NETWORK)
    )
)
NOT_CODE = {"tests", "test", "migrations", "upgrades", "populate", "static", "docs"}


def ways_out(addons: Path):
    """Yield (addon, file name, line, what) of every way out below a folder."""
    for addon in sorted(addons.iterdir()):
        if not (addon / "__manifest__.py").is_file():
            continue
        for path in sorted(addon.rglob("*.py")):
            if NOT_CODE & set(path.relative_to(addon).parts):
                continue
            text = path.read_text(encoding="utf-8", errors="replace")
            if WORTH_A_LOOK.search(text):
                for line, what in _of_file(ast.parse(text)):
                    yield addon.name, path.name, line, what


def _of_file(tree):
    reaches_out = False
    carriers = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = _imported(node)
            for name in names & LIBRARIES:
                yield node.lineno, f"uses {name}"
            reaches_out |= bool(names & NETWORK)
        elif isinstance(node, ast.ClassDef):
            yield from _of_class(node)
        elif isinstance(node, ast.Call):
            yield from _of_call(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if found := CARRIERS.search(node.value):
                carriers.append((node.lineno, found.group()))
    if reaches_out:
        for line, address in carriers:
            yield line, f"talks to {address}"


def _imported(node):
    if isinstance(node, ast.Import):
        full = {alias.name for alias in node.names}
    else:
        full = {node.module or ""} if not node.level else set()
    return full | {name.split(".")[0] for name in full}


def _of_class(node):
    """Methods of the queues that are overridden."""
    inherited = set()
    for item in node.body:
        if isinstance(item, ast.Assign) and any(
            getattr(target, "id", "") in ("_inherit", "_name")
            for target in item.targets
        ):
            inherited |= {
                leaf.value
                for leaf in ast.walk(item.value)
                if isinstance(leaf, ast.Constant)
            }
    for model in inherited & QUEUES.keys():
        for item in node.body:
            if isinstance(item, ast.FunctionDef) and item.name in QUEUES[model]:
                yield item.lineno, f"overrides {model}.{item.name}"
    bases = {getattr(base, "id", getattr(base, "attr", "")) for base in node.bases}
    if bases & PROVIDERS:
        yield node.lineno, f"is a provider of texts: {node.name}"


def _of_call(node):
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if name in CALLS and not _is_super(node.func):
        yield node.lineno, f"calls {name}: {CALLS[name]}"


def _is_super(func):
    inner = getattr(func, "value", None)
    return isinstance(inner, ast.Call) and getattr(inner.func, "id", "") == "super"
