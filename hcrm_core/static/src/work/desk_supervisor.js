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

/** What waits and who has how much; deal again, take over, set a deadline. */
export class DeskSupervisor extends Component {
    static template = "hcrm_core.DeskSupervisor";
    static components = {DataAge, TaskRow};
    static props = {...standardActionServiceProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.notification = useService("notification");
        this.addDialog = useOwnedDialogs();
        this.countLabel = countLabel;
        this.state = useState({section: null});
        this.page = useDeskPage((orm) =>
            orm.call("hcrm.desk.supervisor", "get_desk", [], {
                section: this.state.section,
            })
        );
    }

    get sections() {
        return [
            {key: "red", label: _t("Urgent, nobody has it")},
            {key: "promise", label: _t("Promises overdue")},
            {key: "overdue", label: _t("Overdue")},
            {key: "unowned", label: _t("Nobody has it")},
        ];
    }

    isAlarm(key) {
        return key !== "unowned" && this.page.data.counts[key] > 0;
    }

    dutyLabel(user) {
        return user.is_on_duty ? _t("On duty") : _t("Not on duty");
    }

    setSection(key) {
        this.state.section = key;
        return this.page.load();
    }

    call(method, ...args) {
        return this.orm.call("hcrm.desk.supervisor", method, args);
    }

    openPerson(person) {
        return openCard(this.action, person);
    }

    async redeal(user) {
        const count = await this.call("redeal", user.id);
        this.notification.add(_t("%s tasks were dealt again.", count), {type: "info"});
        await this.page.load();
    }

    async dealUnowned() {
        const count = await this.call("deal_unowned");
        this.notification.add(
            count
                ? _t("%s tasks found somebody.", count)
                : _t("Nobody of these roles is on duty."),
            {type: count ? "success" : "warning"}
        );
        await this.page.load();
    }

    async takeOver(task) {
        await this.call("take_over", task.id);
        await this.page.load();
    }

    assign(task) {
        this.addDialog(AssignDialog, {
            task,
            assign: (one, userId, at, note) =>
                this.call("assign", [one.id], userId, at, note),
            onSaved: () => this.page.load(),
        });
    }
}

registry.category("actions").add("hcrm_core.desk_supervisor", DeskSupervisor);
