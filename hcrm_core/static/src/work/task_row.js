import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {PersonLine, tailLabel} from "../people/desk_common/person_line";

/** One task of a desk: who, what, why, what was promised, by when. */
export class TaskRow extends Component {
    static template = "hcrm_core.TaskRow";
    static components = {PersonLine};
    static props = {
        task: Object,
        isCurrent: {type: Boolean, optional: true},
        showsOwner: {type: Boolean, optional: true},
        onOpen: {type: Function, optional: true},
        slots: {type: Object, optional: true},
    };

    setup() {
        this.tailLabel = tailLabel;
    }

    get priorityLabel() {
        return {1: _t("Now"), 2: _t("Today"), 3: _t("When there is time")}[
            this.props.task.priority
        ];
    }

    get dueLabel() {
        const {task} = this.props;
        return task.from ? _t("Call back at %s", task.from) : _t("Due %s", task.due);
    }

    get wishLabel() {
        return _t("Likes to be reached %s", this.props.task.wish);
    }

    get attemptsLabel() {
        const {attempts} = this.props.task;
        return attempts === 1
            ? _t("Tried once, no answer")
            : _t("Tried %s times, no answer", attempts);
    }

    get askedLabel() {
        return _t("%s asks", this.props.task.asked_by);
    }

    get ownerLabel() {
        const {owner, role} = this.props.task;
        return owner || (role ? _t("Nobody yet (%s)", role) : _t("Nobody yet"));
    }
}
