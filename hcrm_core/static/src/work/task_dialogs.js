import {Component, onWillStart, useState} from "@odoo/owl";
import {Dialog} from "@web/core/dialog/dialog";
import {_t} from "@web/core/l10n/translation";
import {useAutofocus, useService} from "@web/core/utils/hooks";
import {saveOnce} from "../people/desk_common/save_once";
import {inHours, tomorrowAt} from "./moments";
import {TakerSelect} from "./taker_select";

const dialogProps = {
    close: Function,
    task: Object,
    onSaved: {type: Function, optional: true},
};

/** What every dialog about a task does: save once, tell the desk, close. */
class TaskDialog extends Component {
    static components = {Dialog, TakerSelect};
    static props = dialogProps;

    setup() {
        this.orm = useService("orm");
        this.notification = useService("notification");
        this.text = useAutofocus({refName: "text", mobile: true});
        this.state = useState({text: "", isSaving: false, ...this.start()});
    }

    start() {
        return {};
    }

    get canSave() {
        return Boolean(this.state.text.trim()) && !this.state.isSaving;
    }

    /** Call the desk; an error leaves what was typed. */
    async call(method, args, message) {
        await saveOnce(this.state, () =>
            this.orm.call("hcrm.desk.work", method, [this.props.task.id, ...args])
        );
        if (message) {
            this.notification.add(message, {type: "success"});
        }
        this.props.close();
        await this.props.onSaved?.();
    }
}

export class DoneDialog extends TaskDialog {
    static template = "hcrm_core.DoneDialog";

    get title() {
        return _t("Done: %s", this.props.task.person.name);
    }

    get outcomes() {
        return [
            _t("Reached, all well"),
            _t("Reached, needs an answer"),
            _t("Left a message"),
            _t("Booked"),
            _t("No longer needed"),
        ];
    }

    save() {
        return this.call("done", [this.state.text]);
    }
}

export class SnoozeDialog extends TaskDialog {
    static template = "hcrm_core.SnoozeDialog";

    setup() {
        super.setup();
        onWillStart(() => this.check());
    }

    start() {
        return {at: inHours(2), check: {wish: "", fits: true, next: ""}};
    }

    get title() {
        return _t("Call back: %s", this.props.task.person.name);
    }

    get chips() {
        return [
            {label: _t("In 1 hour"), at: inHours(1)},
            {label: _t("In 3 hours"), at: inHours(3)},
            {label: _t("Tomorrow 09:00"), at: tomorrowAt(9)},
            {label: _t("Tomorrow 14:00"), at: tomorrowAt(14)},
        ];
    }

    get warning() {
        return _t("This person likes to be reached %s.", this.state.check.wish);
    }

    get nextLabel() {
        const moment = luxon.DateTime.fromISO(this.state.check.next);
        return _t("Rather %s", moment.toFormat("MM-dd HH:mm"));
    }

    /** Outside the hours somebody prefers a reason is needed (F99). */
    get canSave() {
        const {at, check, text, isSaving} = this.state;
        return Boolean(at && (check.fits || text.trim()) && !isSaving);
    }

    async check() {
        this.state.check = await this.orm.call("hcrm.desk.work", "check_time", [
            this.props.task.id,
            this.state.at,
        ]);
    }

    pick(at) {
        this.state.at = at;
        return this.check();
    }

    save() {
        return this.call("snooze", [this.state.at, this.state.text]);
    }
}

export class HandDialog extends TaskDialog {
    static template = "hcrm_core.HandDialog";

    start() {
        return {taker: null};
    }

    get title() {
        return _t("Hand to a colleague: %s", this.props.task.person.name);
    }

    get canSave() {
        return super.canSave && Boolean(this.state.taker);
    }

    save() {
        const {text, taker} = this.state;
        return this.call("hand", [text, taker.user_id || null, taker.group_id || null]);
    }
}

export class AskDialog extends TaskDialog {
    static template = "hcrm_core.AskDialog";

    start() {
        return {taker: null};
    }

    get title() {
        return _t("Ask a doctor about %s", this.props.task.person.name);
    }

    save() {
        const {text, taker} = this.state;
        return this.call(
            "ask",
            [text, taker?.user_id || null],
            _t("Asked. The answer comes to your desk.")
        );
    }
}

/** Give somebody a task with a deadline; `assign` is the desk's own call. */
export class AssignDialog extends TaskDialog {
    static template = "hcrm_core.AssignDialog";
    static props = {...dialogProps, assign: Function};

    start() {
        return {taker: null, at: inHours(2)};
    }

    get title() {
        return _t("Assign: %s", this.props.task.person.name);
    }

    get chips() {
        return [
            {label: _t("In 1 hour"), at: inHours(1)},
            {
                label: _t("Today 17:00"),
                at: tomorrowAt(17).replace(/^\d+-\d+-\d+/, inHours(0).slice(0, 10)),
            },
            {label: _t("Tomorrow 12:00"), at: tomorrowAt(12)},
        ];
    }

    get canSave() {
        const {taker, at, isSaving} = this.state;
        return Boolean(taker?.user_id && at && !isSaving);
    }

    pick(at) {
        this.state.at = at;
    }

    async save() {
        const {taker, at, text} = this.state;
        await saveOnce(this.state, () =>
            this.props.assign(this.props.task, taker.user_id, at, text)
        );
        this.notification.add(
            _t("%(user)s has it, with the deadline.", {user: taker.name}),
            {type: "success"}
        );
        this.props.close();
        await this.props.onSaved?.();
    }
}

/** End of the shift: what is open goes to a colleague, who accepts it (R16). */
export class HandoverDialog extends Component {
    static template = "hcrm_core.HandoverDialog";
    static components = {Dialog};
    static props = {close: Function, onSaved: {type: Function, optional: true}};

    setup() {
        this.orm = useService("orm");
        this.state = useState({data: null, userId: 0, text: "", isSaving: false});
        onWillStart(async () => {
            this.state.data = await this.orm.call("hcrm.desk.work", "get_handover");
        });
    }

    get countLabel() {
        const {count} = this.state.data;
        return count === 1 ? _t("1 open task") : _t("%s open tasks", count);
    }

    get canSave() {
        const {userId, text, isSaving} = this.state;
        return Boolean(userId && text.trim() && !isSaving);
    }

    userLabel(user) {
        return _t("%(name)s · %(role)s · %(load)s open", user);
    }

    async save() {
        await saveOnce(this.state, () =>
            this.orm.call("hcrm.desk.work", "offer_handover", [
                Number(this.state.userId),
                this.state.text,
            ])
        );
        this.props.close();
        await this.props.onSaved?.();
    }
}

/** Say something in a sentence: why not, what else. */
export class TextDialog extends Component {
    static template = "hcrm_core.TextDialog";
    static components = {Dialog};
    static props = {
        close: Function,
        title: String,
        label: String,
        button: String,
        save: Function,
    };

    setup() {
        this.text = useAutofocus({refName: "text", mobile: true});
        this.state = useState({text: "", isSaving: false});
    }

    async save() {
        await saveOnce(this.state, () => this.props.save(this.state.text));
        this.props.close();
    }
}
