{
    "name": "HCRM Test: a small HIS",
    "version": "19.0.1.0.0",
    "category": "Hidden",
    "summary": "Stands for HIS addons whose patients delegate to the contact",
    "author": "HCRM contributors",
    "website": "https://example.com/hcrm",
    "license": "AGPL-3",
    "depends": ["base"],
    "data": [
        "security/ir.model.access.csv",
        "views/medical_patient_views.xml",
    ],
}
