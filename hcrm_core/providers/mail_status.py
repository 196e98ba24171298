"""What a mail server's refusal means: by its reply code and enhanced status."""

from __future__ import annotations

import re

ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
# RFC 3463: the address does not exist, moved, is malformed; the mailbox is disabled
NO_SUCH_ADDRESS = frozenset(
    ("1.0", "1.1", "1.2", "1.3", "1.6", "1.10", "2.1", "4.4", "5.4")
)
MAILBOX_FULL = frozenset(("2.2", "3.1"))
# plain replies to RCPT that mean "no such mailbox here" (RFC 5321)
NO_MAILBOX = frozenset((550, 551, 553))


def failure_of(text: str, code: int = 0, is_recipient: bool = True) -> str:
    """Kind of failure of a permanent refusal.

    :param text: what the server said, or the status of a delivery report
    :param code: reply code, where there is one; only a server without enhanced
        status codes is judged by it
    :param is_recipient: whether the recipient was refused, not the message
    """
    found = ENHANCED.search(text)
    if found:
        detail = f"{found[2]}.{found[3]}"
        if detail in NO_SUCH_ADDRESS:
            return "address"
        if detail in MAILBOX_FULL:
            return "full"
        return "rejected"
    if is_recipient and code in NO_MAILBOX:
        return "address"
    if is_recipient and code == 552:
        return "full"
    return "rejected" if code else "not_delivered"
