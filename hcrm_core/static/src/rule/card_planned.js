import {Component} from "@odoo/owl";
import {momentText} from "@hcrm_core/people/card/card_utils";
import {useService} from "@web/core/utils/hooks";

const ICON = {task: "fa-check-square-o", message: "fa-envelope-o"};

/** What rules have planned for the person: what, when, why, and a way to cancel. */
export class CardPlanned extends Component {
    static template = "hcrm_core.CardPlanned";
    static props = {rows: Array, reload: Function};

    setup() {
        this.action = useService("action");
        this.orm = useService("orm");
        this.momentText = momentText;
    }

    icon(row) {
        return ICON[row.kind] || "fa-cog";
    }

    async cancel(row) {
        const action = await this.orm.call("hcrm.rule.execution", "action_ask_cancel", [
            [row.id],
        ]);
        await this.action.doAction(action, {onClose: () => this.props.reload()});
    }
}
