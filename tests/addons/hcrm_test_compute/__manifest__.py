{
    "name": "HCRM Test: a Stored Compute on Contacts",
    "version": "19.0.1.0.0",
    "category": "Hidden",
    "summary": "Stands for any add-on that computes and stores something on contacts",
    "author": "HCRM contributors",
    "website": "https://example.com/hcrm",
    "license": "AGPL-3",
    "depends": ["base_automation", "hcrm_core"],
}
