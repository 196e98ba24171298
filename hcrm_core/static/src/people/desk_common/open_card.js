import {registry} from "@web/core/registry";

/**
 * Open the 360° card of a person; the plain form where the card is not installed.
 *
 * @param {Object} action the action service
 * @param {{id: number, name: string}} person
 */
export function openCard(action, person) {
    if (registry.category("actions").contains("hcrm_core.card")) {
        return action.doAction({
            type: "ir.actions.client",
            tag: "hcrm_core.card",
            name: person.name,
            params: {partner_id: person.id},
            context: {active_id: person.id, active_model: "res.partner"},
        });
    }
    return action.doAction({
        type: "ir.actions.act_window",
        res_model: "res.partner",
        res_id: person.id,
        views: [[false, "form"]],
    });
}
