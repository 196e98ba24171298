{
    "name": "HCRM Test: Mass Texts and Twilio",
    "version": "19.0.1.0.0",
    "category": "Hidden",
    "summary": "Brings Odoo's own mass mailing, mass texts and Twilio under the governor",
    "author": "HCRM contributors",
    "website": "https://example.com/hcrm",
    "license": "AGPL-3",
    "depends": ["hcrm_core", "mass_mailing_sms", "sms_twilio"],
}
