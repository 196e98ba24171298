"""What the governor is asked, as columns of a set."""

# n, then what a request says; ``asked_address`` empty: the person's best one
REQUEST_COLUMNS = (
    "n",
    "partner_id",
    "company_id",
    "purpose",
    "channel",
    "asked_address",
    "topic",
    "is_greeting",
    "is_urgent",
    "is_answer",
    "date_stale",
)
