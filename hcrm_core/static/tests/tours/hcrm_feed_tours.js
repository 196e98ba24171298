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
            trigger: ".o_field_widget[name=check_report]:contains(Patient: 2)",
        },
        {
            content: "Start it",
            trigger: "button[name=action_start]",
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
    url: "/odoo/hcrm-quarantine",
    steps: () => [
        {
            content: "The reason stands in words",
            trigger:
                ".o_data_row:contains(2023-02-30 in period is not a possible date) .o_data_cell",
            run: "click",
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
            content: "Back to the list",
            trigger: ".breadcrumb-item a, .o_back_button",
            run: "click",
        },
        {
            content: "The other record says nobody's name",
            trigger: ".o_data_row:contains(does not say whose it is) .o_data_cell",
            run: "click",
        },
        {
            content: "Drop it",
            trigger: "button[name=action_drop]",
            run: "click",
        },
        {
            content: "Yes, drop it",
            trigger: ".modal .btn-primary",
            run: "click",
        },
        {
            content: "It can be put back",
            trigger: "button[name=action_put_back]",
        },
    ],
});
