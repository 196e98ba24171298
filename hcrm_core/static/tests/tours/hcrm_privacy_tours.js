import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

tours.add("hcrm_desk_privacy_tour", {
    url: "/odoo",
    steps: () => [
        {
            content:
                "The privacy officer lands on their lists; a star stands under alias",
            trigger:
                "section[data-list=restricted] tr:contains(Test nurse):contains(Guest 7)",
        },
        {
            content: "The reason of the break-glass is there",
            trigger: "section[data-list=restricted] .o_hcrm_why:contains(curious)",
        },
        {
            content: "Exports are there, with how many people",
            trigger:
                "section[data-list=exports] tr:contains(Test marketing):contains(2 people)",
        },
        {
            content: "Ask the nurse why",
            trigger:
                "section[data-list=restricted] tr:contains(Test nurse) .o_hcrm_ask",
            run: "click",
        },
        {
            content: "She is asked, once",
            trigger:
                "section[data-list=restricted] tr[data-state=asked]:contains(Test nurse):not(:has(.o_hcrm_ask))",
        },
        {
            content: "The doctor's reading is explained",
            trigger:
                "section[data-list=no_relation] tr:contains(Test doctor) .o_hcrm_explain",
            run: "click",
        },
        {
            content: "It has left the list",
            trigger: "section[data-list=no_relation]:not(:contains(Test doctor))",
        },
    ],
});

tours.add("hcrm_desk_privacy_mobile_tour", {
    url: "/odoo",
    steps: () => [
        {
            content: "One column: nothing is wider than the screen",
            trigger: ".o_hcrm_desk_privacy tr:contains(Guest 7)",
            run() {
                const {scrollWidth, clientWidth} = document.querySelector(
                    ".o_hcrm_desk_privacy .o_hcrm_desk_body"
                );
                if (scrollWidth > clientWidth || clientWidth > 390) {
                    throw new Error(
                        `The desk is ${scrollWidth} px wide on ${clientWidth}`
                    );
                }
                for (const button of this.anchor.querySelectorAll(
                    ".o_hcrm_actions .btn"
                )) {
                    const {height} = button.getBoundingClientRect();
                    if (height < 44) {
                        throw new Error(`"${button.textContent}" is ${height} px high`);
                    }
                }
            },
        },
    ],
});

tours.add("hcrm_break_glass_tour", {
    url: "/odoo/action-hcrm_core.hcrm_break_glass_action",
    steps: () => [
        {
            content: "A wrong number",
            trigger:
                ".o_dialog [name=person_number] input, .o_form_view [name=person_number] input",
            run: "edit S-7",
        },
        {
            content: "and a reason",
            trigger: "[name=reason] input",
            run: "edit collapsed at the desk",
        },
        {content: "Open", trigger: "button[name=action_open]", run: "click"},
        {
            content: "is told as any miss",
            trigger: ".o_notification:contains(Nobody at)",
        },
        {
            content: "The whole number",
            trigger: "[name=person_number] input",
            run: "edit S-77",
        },
        {content: "Open", trigger: "button[name=action_open]", run: "click"},
        {
            content: "The card is open, under alias",
            trigger: ".o_hcrm_card_action:contains(Guest 7)",
        },
    ],
});
