import {Component, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {useOwnedDialogs, useService} from "@web/core/utils/hooks";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {DataAge} from "../people/desk_common/data_age";
import {openCard} from "../people/desk_common/open_card";
import {countLabel} from "./moments";
import {AssignDialog} from "./task_dialogs";
import {TaskRow} from "./task_row";
import {useDeskPage} from "./use_desk_page";

/** The head of centre's page, made for a phone: a number opens its people (R24). */
export class DeskCentre extends Component {
    static template = "hcrm_core.DeskCentre";
    static components = {DataAge, TaskRow};
    static props = {...standardActionServiceProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.addDialog = useOwnedDialogs();
        this.countLabel = countLabel;
        this.state = useState({open: null, label: "", rows: []});
        this.page = useDeskPage(async (orm) => {
            if (this.state.open) {
                this.state.rows = await this.readPeople(orm, this.state.open);
            }
            return orm.call("hcrm.desk.centre", "get_page");
        });
    }

    readPeople(orm, code) {
        return orm.call("hcrm.desk.centre", "get_people", [code]);
    }

    lagLabel(source) {
        if (source.minutes < 0) {
            return _t("never read");
        }
        if (source.minutes < 120) {
            return _t("%s min", source.minutes);
        }
        const hours = Math.round(source.minutes / 60);
        return hours < 48 ? _t("%s h", hours) : _t("%s days", Math.round(hours / 24));
    }

    async open(number) {
        if (!number.count) {
            return;
        }
        this.state.rows = await this.readPeople(this.orm, number.code);
        this.state.label = number.label;
        this.state.open = number.code;
    }

    close() {
        this.state.open = null;
    }

    openPerson(person) {
        return person.id && openCard(this.action, person);
    }

    assign(task) {
        this.addDialog(AssignDialog, {
            task,
            assign: (one, userId, at, note) =>
                this.orm.call("hcrm.desk.centre", "assign_any", [
                    one.id,
                    userId,
                    at,
                    note,
                ]),
            onSaved: () => this.page.load(),
        });
    }
}

registry.category("actions").add("hcrm_core.desk_centre", DeskCentre);
