{
    "name": "HCRM Test: What the Bench Compares With",
    "version": "19.0.1.0.0",
    "category": "Hidden",
    "summary": "An empty page, and pages read without the access log",
    "author": "HCRM contributors",
    "website": "https://example.com/hcrm",
    "license": "AGPL-3",
    "depends": ["hcrm_core"],
}
