import {Component} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";

/** Where roles land that see no list of people: outsourced agents, head office. */
export class DeskNone extends Component {
    static template = "hcrm_core.DeskNone";
    static props = {...standardActionServiceProps};
}

registry.category("actions").add("hcrm_core.desk_none", DeskNone);
