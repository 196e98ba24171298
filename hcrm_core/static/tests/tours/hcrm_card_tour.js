import {registry} from "@web/core/registry";

/** Scroll the end of the list into sight, as a reader does. */
function scrollToEnd() {
    document.querySelector(".o_hcrm_card_sentinel").scrollIntoView();
}

const tours = registry.category("web_tour.tours");

tours.add("hcrm_card_desktop", {
    steps: () => [
        {
            content: "Open the card from the person's form",
            trigger: "button[name=action_hcrm_open_card]",
            run: "click",
        },
        {
            content: "The severe allergy stands at the top",
            trigger: ".o_hcrm_card_alert[data-kind=allergy]:contains(Penicillin)",
        },
        {trigger: ".o_hcrm_card_contacts:contains(13900000001)"},
        {trigger: ".o_hcrm_card_stage_done[data-stage=visit]"},
        {
            content: "What is to come is first",
            trigger: ".o_hcrm_card_month:first:contains(Coming)",
        },
        {
            content: "The next page comes when the end is in sight",
            trigger: ".o_hcrm_card_item:contains(V20)",
            run: scrollToEnd,
        },
        {trigger: ".o_hcrm_card_item:contains(V60)", run: scrollToEnd},
        {trigger: ".o_hcrm_card_item:contains(V89)", run: scrollToEnd},
        {trigger: ".o_hcrm_card_end"},
        {
            content: "Only allergies",
            trigger: ".o_hcrm_card_chip[data-kind=allergy]",
            run: "click",
        },
        {
            trigger:
                ".o_hcrm_card_timeline:not(:has([data-kind=encounter].o_hcrm_card_item))",
        },
        {trigger: ".o_hcrm_card_item[data-kind=allergy]"},
        {
            trigger: ".o_hcrm_card_search",
            run: "edit no such thing",
        },
        {
            content: "An empty list offers the way back",
            trigger: ".o_hcrm_card_empty button",
            run: "click",
        },
        {trigger: ".o_hcrm_card_item:contains(V1)"},
        {
            content: "Trends with their reference range",
            trigger: "[role=tab][data-tab=health]",
            run: "click",
        },
        {trigger: ".o_hcrm_card_trend:contains(Systolic) canvas"},
        {trigger: ".o_hcrm_card_box:contains(Current medication):contains(Amlodipine)"},
        {trigger: "[role=tab][data-tab=visits]", run: "click"},
        {trigger: ".o_hcrm_card_item[data-kind=encounter]"},
        {
            content: "No money on a nurse's card",
            trigger: ".o_hcrm_card_tabs:not(:has([data-tab=money]))",
        },
        {
            content: "Correct a number in a dialog",
            trigger: ".o_hcrm_card_contacts .o_hcrm_card_edit",
            run: "click",
        },
        {trigger: ".modal .o_form_view"},
        {trigger: ".modal .o_form_button_cancel", run: "click"},
        {
            content: "Back to the form by the breadcrumb",
            trigger:
                "body:not(:has(.modal)) .o_breadcrumb a, body:not(:has(.modal)) .breadcrumb a",
            run: "click",
        },
        {
            content: "And to the card again: it opens on the tab that was left",
            trigger: "button[name=action_hcrm_open_card]",
            run: "click",
        },
        {trigger: ".o_hcrm_card_item"},
    ],
});

tours.add("hcrm_card_phone", {
    steps: () => [
        {trigger: ".o_hcrm_card_name:contains(Wang Fang)"},
        {
            content: "On a phone the person is a tab",
            trigger: "[role=tab][data-tab=person][aria-selected=true]",
        },
        {trigger: ".o_hcrm_card_relatives:contains(Li Ming)"},
        {trigger: "[role=tab][data-tab=timeline]", run: "click"},
        {trigger: ".o_hcrm_card_item:contains(V30)", run: scrollToEnd},
        {
            content: "Name and tabs stay in sight while the list scrolls",
            trigger: ".o_hcrm_card_item:contains(V60)",
            run() {
                for (const selector of [".o_hcrm_card_who", ".o_hcrm_card_tabs"]) {
                    const box = document
                        .querySelector(selector)
                        .getBoundingClientRect();
                    if (box.top < 0 || box.bottom > 250) {
                        throw new Error(`${selector} is out of sight: ${box.top}`);
                    }
                }
                const {scrollWidth, clientWidth} =
                    document.querySelector(".o_hcrm_card");
                if (scrollWidth > clientWidth) {
                    throw new Error("The card is wider than the phone.");
                }
            },
        },
        {trigger: "[role=tab][data-tab=money]", run: "click"},
        {trigger: ".o_hcrm_card_money:contains(Self-pay)"},
        {
            content: "No clinical tab for who is not of a clinical role",
            trigger: ".o_hcrm_card_tabs:not(:has([data-tab=health]))",
        },
    ],
});
