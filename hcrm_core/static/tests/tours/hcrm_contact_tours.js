import {registry} from "@web/core/registry";

registry.category("web_tour.tours").add("hcrm_contact_tour", {
    steps: () => [
        {
            content: "How the person may be contacted",
            trigger: "[role=tab][data-tab=contact]",
            run: "click",
        },
        {
            content: "Marketing needs a consent: the mark says so",
            trigger: "tr[data-purpose=marketing] td:first button:has(.fa-ban)",
            run: "click",
        },
        {trigger: ".o_hcrm_contact_why:contains(did not agree)"},
        {
            content: "Record that the person agreed",
            trigger: ".o_hcrm_contact_consent",
            run: "click",
        },
        {
            trigger: ".modal [name=purpose] input",
            run: "click",
        },
        {
            trigger: ".o_select_menu_item:contains(Marketing):not(:contains(health))",
            run: "click",
        },
        {
            trigger: ".modal [name=decision] .o_radio_item:contains(Agreed) input",
            run: "click",
        },
        {trigger: ".modal .o_form_button_save", run: "click"},
        {
            content: "The decision stands on the card",
            trigger:
                "body:not(:has(.modal)) .o_hcrm_card_contact:contains(Told to staff)",
        },
        {
            content: "Somebody tells that the person died",
            trigger: ".o_hcrm_contact_report",
            run: "click",
        },
        {
            trigger:
                ".modal [name=kind] .o_radio_item:contains(Reported deceased) input",
            run: "click",
        },
        {
            trigger: ".modal [name=source] input",
            run: "click",
        },
        {
            trigger: ".o_select_menu_item:contains(A relative)",
            run: "click",
        },
        {trigger: ".modal .o_form_button_save", run: "click"},
        {
            content: "Nothing goes out any more",
            trigger: "body:not(:has(.modal)) .alert-danger:contains(Reported deceased)",
        },
        {
            trigger: "tr[data-purpose=care] td:first button:has(.fa-ban)",
            run: "click",
        },
        {trigger: ".o_hcrm_contact_why:contains(reported dead)"},
    ],
});
