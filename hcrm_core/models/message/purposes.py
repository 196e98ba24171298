"""The closed lists of what a message is for and how it goes out."""

# no purpose means marketing
PURPOSES = [
    ("security", "Security code"),
    ("care", "Care"),
    ("service", "Service"),
    ("survey", "Survey"),
    ("research", "Research"),
    ("marketing", "Marketing"),
]
# what a person decides about, beside the purposes of messages (R5)
CONSENT_PURPOSES = [
    *[pair for pair in PURPOSES if pair[0] != "security"],
    ("health_marketing", "Use of health data for marketing"),
    ("personalised", "Personalised offers"),
    ("share_entity", "Sharing with another hospital of the group"),
    ("transfer_abroad", "Transfer abroad"),
]
LEGAL_BASES = [
    ("consent", "Consent"),
    ("contract", "Contract"),
    ("necessity", "Necessity"),
    ("law", "Legal duty"),
]
CHANNELS = [
    ("sms", "Text message"),
    ("email", "Email"),
    ("wechat", "WeChat"),
    ("whatsapp", "WhatsApp"),
    ("call", "Call"),
    ("letter", "Letter"),
]
# to colleagues, never to people: a message has it, a consent or a rule has not
STAFF_PURPOSE = ("staff", "Staff")
# purposes that share one daily cap: nobody gets an offer and a survey on one day
OUTREACH = ("survey", "research", "marketing")
# purposes that care for the person: relatives' numbers may be used, in neutral words
CARING = ("care", "service")
# how long a message to who wrote to us is an answer
ANSWER_HOURS = 2
