import {registry} from "@web/core/registry";

registry.category("web_tour.tours").add("hcrm_people_search", {
    url: "/odoo/people",
    steps: () => [
        {
            content: "The list of people stands there",
            trigger: ".o_list_view .o_data_row:contains('王芳')",
        },
        {
            content: "Search by initials",
            trigger: ".o_searchview_input",
            run: "edit wf",
        },
        {
            content: "One box for name, number, phone and birth date",
            trigger: ".o_searchview_autocomplete .o-dropdown-item:contains('wf')",
            run: "click",
        },
        {
            content: "The person is found with what tells namesakes apart",
            trigger:
                ".o_list_view .o_data_row:contains('王芳'):contains('Female'):contains('5678')",
        },
        {
            content: "Nobody else is found",
            trigger: ".o_list_view:not(:has(.o_data_row:contains('李明')))",
        },
        {
            content: "As cards",
            trigger: ".o_cp_switch_buttons .o_kanban",
            run: "click",
        },
        {
            trigger: ".o_kanban_view .o_kanban_record:contains('王芳'):contains('VIP')",
        },
        {
            content: "Back to the list, open the form",
            trigger: ".o_cp_switch_buttons .o_list",
            run: "click",
        },
        {
            trigger: ".o_data_row:contains('王芳') .o_data_cell[name=display_name]",
            run: "click",
        },
        {
            content: "The hospital page",
            trigger: ".o_form_view .nav-link:contains('Hospital')",
            run: "click",
        },
        {
            trigger:
                ".o_form_view [name=hcrm_contact_point_ids] .o_data_row:contains('13912345678')",
        },
        {
            content: "The card opens from the form",
            trigger: "button[name=action_hcrm_open_card]",
            run: "click",
        },
        {
            trigger: ".o_hcrm_card:contains('王芳')",
        },
    ],
});

registry.category("web_tour.tours").add("hcrm_registration", {
    url: "/odoo/people",
    steps: () => [
        {
            trigger: ".o_list_view button:contains('Register')",
            run: "click",
        },
        {
            content: "Admission",
            trigger: ".modal .o_radio_item:contains('Admission') input",
            run: "click",
        },
        {
            content: "A name that is known",
            trigger: ".modal [name=name] input",
            run: "edit 王芳 && press Tab",
        },
        {
            content: "Who it may be already is listed at once",
            trigger:
                ".modal [name=candidate_ids] .o_data_row:contains('王芳'):contains('5678')",
        },
        {
            content: "Another name, another phone: nobody",
            trigger: ".modal [name=name] input",
            run: "edit 赵云 && press Tab",
        },
        {
            trigger: ".modal:not(:has([name=candidate_ids] .o_data_row))",
        },
        {
            trigger: ".modal [name=phone] input",
            run: "edit 139 8765 4321 && press Tab",
        },
        {
            content: "Whose phone it is",
            trigger: ".modal [name=whose] :is(select, input)",
        },
        {
            trigger: ".modal [name=age] input",
            run: "edit 50 && press Tab",
        },
        {
            trigger: ".modal footer button[name=action_register]",
            run: "click",
        },
        {
            content: "The card of the new person opens",
            trigger: ".o_hcrm_card:contains('赵云')",
        },
    ],
});

registry.category("web_tour.tours").add("hcrm_record_lists", {
    url: "/odoo/action-hcrm_core.hcrm_allergy_action",
    steps: () => [
        {
            content: "Who is allergic to penicillin",
            trigger: ".o_searchview_input",
            run: "edit penicillin",
        },
        {
            trigger:
                ".o_searchview_autocomplete .o-dropdown-item:contains('penicillin')",
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row:contains('王芳'):contains('Penicillin')",
        },
        {
            content: "Facts are read, not made",
            trigger: ".o_list_view:not(:has(.o_list_button_add))",
        },
        {
            trigger: ".o_cp_switch_buttons .o_pivot",
            run: "click",
        },
        {
            trigger: ".o_pivot_view table",
        },
        {
            trigger: ".o_cp_switch_buttons .o_list",
            run: "click",
        },
        {
            trigger: ".o_data_row:contains('王芳') .o_data_cell[name=name]",
            run: "click",
        },
        {
            trigger: ".o_form_view [name=reaction]",
        },
    ],
});
