import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

tours.add("hcrm_feed_source_tour", {
    url: "/odoo/hcrm-feed-sources",
    steps: () => [
        {
            content: "Open the source",
            trigger: ".o_list_view .o_data_row:contains(Inpatient system) .o_data_cell",
            run: "click",
        },
        {
            content: "Look at what is there",
            trigger: "button[name=action_check]",
            run: "click",
        },
        {
            content: "Types and counts are told",
            trigger:
                ".alert-success .o_field_widget[name=check_report]:contains(Patient: 2)",
        },
        {
            content: "Look at the records as they would be written",
            trigger: "button[name=action_preview]",
            run: "click",
        },
        {
            content: "A column per field",
            trigger: ".modal .o_hcrm_preview td:contains(张p2)",
        },
        {
            content: "Close it",
            trigger: ".modal .modal-footer .btn-primary",
            run: "click",
        },
        {
            content: "Start it",
            trigger: "body:not(:has(.modal)) button[name=action_start]",
            run: "click",
        },
        {
            content: "The run is queued and can be stopped",
            trigger: ".o_form_view button[name=action_stop]",
            run: "click",
        },
        {
            content: "It can go on",
            trigger: "button[name=action_resume]",
        },
    ],
});

tours.add("hcrm_feed_quarantine_tour", {
    url: "/odoo/hcrm-held-back",
    steps: () => [
        {
            content: "A code holds two records back",
            trigger: ".o_data_row:contains(VIP-1):contains(2)",
        },
        {
            content: "Say what it means",
            trigger: ".o_data_row:contains(VIP-1) button[name=action_map]",
            run: "click",
        },
        {
            content: "Choose",
            trigger: ".modal .o_field_widget[name=value] input",
            run: "click",
        },
        {
            content: "A public person",
            trigger: ".o_select_menu_item:contains(Public person)",
            run: "click",
        },
        {
            content: "Save and retry",
            trigger: ".modal button[name=action_apply]",
            run: "click",
        },
        {
            content: "Both are taken over",
            trigger: ".o_notification:contains(2 records were taken over)",
        },
        {
            content: "The case is gone; the reason of the next stands in words",
            trigger:
                ".o_list_view:not(:has(.o_data_row:contains(VIP-1))) .o_data_row:contains(2023-02-30 in period is not a possible date) .o_data_cell",
            run: "click",
        },
        {
            content: "Field by field what becomes of it",
            trigger: ".o_hcrm_mapping tr.table-danger:contains(2023-02-30)",
        },
        {
            content: "The record stands beside it",
            trigger: ".o_field_widget[name=payload_pretty]:contains(Patient/p1)",
        },
        {
            content: "Try it again",
            trigger: "button[name=action_retry]",
            run: "click",
        },
        {
            content: "It is told what came of it",
            trigger: ".o_notification:contains(1 are still held back)",
        },
        {
            content: "Back to the cases",
            trigger: ".breadcrumb-item a, .o_back_button",
            run: "click",
        },
        {
            content: "The other record says nobody's name: give it up",
            trigger:
                ".o_data_row:contains(does not say whose it is) button[name=action_dismiss]",
            run: "click",
        },
        {
            content: "Say why",
            trigger: ".modal .o_field_widget[name=note] input",
            run: "edit A test of the interface",
        },
        {
            content: "Dismiss",
            trigger: ".modal button[name=action_dismiss]",
            run: "click",
        },
        {
            content: "It is gone from the list",
            trigger:
                ".o_list_view:not(:has(.o_data_row:contains(does not say whose it is)))",
        },
    ],
});
