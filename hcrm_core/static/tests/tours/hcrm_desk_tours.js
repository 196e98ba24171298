import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

/** The box has the cursor: whoever sits down types. */
const cursorStep = {
    content: "The cursor is in the search box",
    trigger: ".o_hcrm_desk .o_hcrm_person_search input:focus",
};

const searchSteps = (text) => [
    {
        content: `Type ${text}`,
        trigger: ".o_hcrm_desk .o_hcrm_person_search input",
        run: `edit ${text}`,
    },
];

tours.add("hcrm_desk_front_tour", {
    url: "/odoo",
    steps: () => [
        {
            content: "The front desk lands on its desk",
            trigger: ".o_hcrm_desk_front tr[data-state=expected]:contains(王伟)",
        },
        cursorStep,
        ...searchSteps("王伟"),
        {
            content: "All 14 are found; the one born in 1957 is the right one",
            trigger: ".o_hcrm_search_people:has(.o_hcrm_search_row:nth-of-type(14))",
        },
        {
            content: "Open the right one",
            trigger: ".o_hcrm_search_row:contains(born 1957):contains(0007)",
            run: "click",
        },
        {
            content: "Their card is open",
            trigger: ".o_hcrm_card_action:contains(王伟)",
        },
        {
            content: "Back to the desk",
            trigger: ".breadcrumb-item a:contains(Front desk)",
            run: "click",
        },
        {
            content: "One click: arrived",
            trigger: ".o_hcrm_desk_front tr:contains(王伟) .o_hcrm_greet",
            run: "click",
        },
        {
            content: "It says so, and can be taken back",
            trigger: "tr[data-state=arrived]:contains(王伟):has(.o_hcrm_undo)",
        },
        {
            content: "Correct the phone",
            trigger: "tr:contains(王伟) .o_hcrm_correct_phone",
            run: "click",
        },
        {
            content: "Type the new number",
            trigger: ".o_hcrm_phone_dialog input[type=tel]",
            run: "edit 139 0000 8888",
        },
        {
            content:
                "It is read, and nothing is saved before somebody said whose it is",
            trigger:
                ".o_dialog:has(.o_hcrm_preview:contains(13900008888)) .o_hcrm_save:disabled",
        },
        {
            content: "The mother's",
            trigger: ".o_hcrm_phone_dialog label:contains(Mother)",
            run: "click",
        },
        {content: "Save", trigger: ".o_dialog .o_hcrm_save:enabled", run: "click"},
        {
            content: "The list shows the new tail",
            trigger:
                "body:not(:has(.o_dialog)) tr:contains(王伟) .o_hcrm_tail:contains(8888)",
        },
        {
            content: "Add a proxy",
            trigger: "tr:contains(王伟) .o_hcrm_add_relative",
            run: "click",
        },
        {
            content: "Somebody the hospital does not know yet",
            trigger: ".o_hcrm_relative_dialog .o_hcrm_person_search input",
            run: "edit 陈新人",
        },
        {
            content: "is added on the spot",
            trigger: ".o_hcrm_relative_dialog .o_hcrm_search_nobody button",
            run: "click",
        },
        {
            content: "with a phone",
            trigger: ".o_hcrm_relative_dialog .o_hcrm_phone",
            run: "edit 13900009999",
        },
        {
            content: "as the spouse",
            trigger: ".o_hcrm_relative_dialog label:contains(Spouse)",
            run: "click",
        },
        {
            content: "who speaks for the person",
            trigger: ".o_hcrm_relative_dialog .o_hcrm_proxy",
            run: "click",
        },
        {
            content: "about appointments",
            trigger: ".o_hcrm_relative_dialog .o_hcrm_scope",
            run: "selectByLabel Appointments only",
        },
        {content: "Save", trigger: ".o_dialog .o_hcrm_save:enabled", run: "click"},
        {content: "Done", trigger: "body:not(:has(.o_dialog)) .o_hcrm_desk_front"},
    ],
});

tours.add("hcrm_desk_front_mobile_tour", {
    url: "/odoo",
    steps: () => [
        {
            content: "One column: nothing is wider than the screen",
            trigger: ".o_hcrm_desk_front tr[data-state=expected]:contains(王伟)",
            run() {
                const {scrollWidth, clientWidth} =
                    document.querySelector(".o_hcrm_desk");
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
                        throw new Error(
                            `"${button.title}" is ${height} px high for a thumb`
                        );
                    }
                }
            },
        },
        ...searchSteps("王伟"),
        {
            content: "Results fit too",
            trigger: ".o_hcrm_search_people:has(.o_hcrm_search_row:nth-of-type(14))",
            run() {
                if (this.anchor.scrollWidth > this.anchor.clientWidth) {
                    throw new Error("The results are wider than the screen");
                }
            },
        },
        {
            content: "Open the right one",
            trigger: ".o_hcrm_search_row:contains(born 1957)",
            run: "click",
        },
        {content: "Their card is open", trigger: ".o_hcrm_card_action:contains(王伟)"},
    ],
});

tours.add("hcrm_desk_vip_tour", {
    url: "/odoo",
    steps: () => [
        {
            content: "The VIP centre lands on its desk, the guest under alias",
            trigger: ".o_hcrm_desk_vip tr:contains(Guest 7):not(:contains(刘德华))",
        },
        cursorStep,
        {
            content: "Who greets",
            trigger: "tr:contains(Guest 7) .o_hcrm_greeter",
            run: "selectByLabel Test vip_centre",
        },
        {
            content: "In which room",
            trigger: "tr:contains(Guest 7) .o_hcrm_room",
            run: "edit Lounge 2 && press Tab",
        },
        {
            content: "With whom",
            trigger: "tr:contains(Guest 7) .o_hcrm_companion",
            run: "selectByLabel 陈秘书 (Companion)",
        },
        {
            content: "Greeted",
            trigger: "tr:contains(Guest 7) .o_hcrm_greet",
            run: "click",
        },
        {
            content: "It says so",
            trigger: "tr[data-state=arrived]:contains(Guest 7):has(.o_hcrm_undo)",
        },
    ],
});
