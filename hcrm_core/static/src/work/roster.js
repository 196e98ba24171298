import {Component, onWillStart, useState} from "@odoo/owl";
import {Dialog} from "@web/core/dialog/dialog";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {useOwnedDialogs, useService} from "@web/core/utils/hooks";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {saveOnce} from "../people/desk_common/save_once";
import {useDeskPage} from "./use_desk_page";

/** Put a colleague on duty on a day. */
export class ShiftDialog extends Component {
    static template = "hcrm_core.ShiftDialog";
    static components = {Dialog};
    static props = {
        close: Function,
        person: Object,
        day: Object,
        week: Object,
        onSaved: Function,
    };

    setup() {
        this.orm = useService("orm");
        const [start, end] = this.props.week.usual[0];
        this.state = useState({
            start,
            end,
            groupId: String(this.props.week.group_id || 0),
            campusId: String(
                this.props.week.campus_id || this.props.week.campuses[0]?.id || 0
            ),
            isSaving: false,
        });
    }

    get title() {
        return `${this.props.person.name} · ${this.props.day.label}`;
    }

    pick([start, end]) {
        Object.assign(this.state, {start, end});
    }

    async save() {
        const {start, end, groupId, campusId} = this.state;
        await saveOnce(this.state, () =>
            this.orm.call("hcrm.roster", "plan", [
                this.props.person.id,
                this.props.day.date,
                start,
                end,
                Number(groupId),
                Number(campusId),
            ])
        );
        this.props.close();
        await this.props.onSaved();
    }
}

/** Ask a colleague to take my shift, or to change it against one of theirs. */
export class SwapDialog extends Component {
    static template = "hcrm_core.SwapDialog";
    static components = {Dialog};
    static props = {close: Function, shift: Object, onSaved: Function};

    setup() {
        this.orm = useService("orm");
        this.state = useState({
            data: null,
            userId: "0",
            otherId: "0",
            note: "",
            isSaving: false,
        });
        onWillStart(async () => {
            this.state.data = await this.orm.call("hcrm.roster", "get_swap", [
                this.props.shift.id,
            ]);
        });
    }

    get title() {
        return _t("Swap my shift %s", this.state.data.shift);
    }

    get others() {
        const userId = Number(this.state.userId);
        return this.state.data.people.find((one) => one.id === userId)?.shifts || [];
    }

    async save() {
        await saveOnce(this.state, () =>
            this.orm.call("hcrm.roster", "ask_swap", [
                this.props.shift.id,
                Number(this.state.userId),
                Number(this.state.otherId) || null,
                this.state.note,
            ])
        );
        this.props.close();
        await this.props.onSaved();
    }
}

/** The week of a team: a grid where there is room, a list by day on a phone. */
export class Roster extends Component {
    static template = "hcrm_core.Roster";
    static props = {...standardActionServiceProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.notification = useService("notification");
        this.addDialog = useOwnedDialogs();
        this.state = useState({day: null, groupId: 0, campusId: 0});
        this.page = useDeskPage((orm) =>
            orm.call("hcrm.roster", "get_week", [], {
                day: this.state.day,
                group_id: this.state.groupId,
                campus_id: this.state.campusId,
            })
        );
    }

    get week() {
        return this.page.data;
    }

    shiftsOn(person, day) {
        return person.days[day.date] || [];
    }

    /** On a phone: who works on each day. */
    workingOn(day) {
        return this.week.people.flatMap((person) =>
            this.shiftsOn(person, day).map((shift) => ({person, shift}))
        );
    }

    swapTitle(swap) {
        const what = swap.other ? _t("%(shift)s against %(other)s", swap) : swap.shift;
        return swap.is_mine
            ? _t("You asked %(who)s: %(what)s", {who: swap.to, what})
            : _t("%(who)s asks you: %(what)s", {who: swap.from, what});
    }

    go(days) {
        const monday = luxon.DateTime.fromISO(this.week.monday);
        this.state.day = monday.plus({days}).toISODate();
        return this.page.load();
    }

    today() {
        this.state.day = null;
        return this.page.load();
    }

    choose(name, ev) {
        this.state[name] = Number(ev.target.value);
        return this.page.load();
    }

    async copyWeek() {
        const count = await this.orm.call("hcrm.roster", "copy_week", [
            this.week.monday,
            this.state.groupId,
            this.state.campusId,
        ]);
        this.notification.add(
            count ? _t("%s shifts copied.", count) : _t("Nothing to copy."),
            {type: count ? "success" : "info"}
        );
        await this.page.load();
    }

    plan(person, day) {
        this.addDialog(ShiftDialog, {
            person,
            day,
            week: this.week,
            onSaved: () => this.page.load(),
        });
    }

    async remove(shift) {
        await this.orm.call("hcrm.roster", "remove", [shift.id]);
        await this.page.load();
    }

    async setAbsent(shift, isAbsent) {
        await this.orm.call("hcrm.roster", "set_absent", [shift.id, isAbsent]);
        if (isAbsent && shift.is_running) {
            this.notification.add(_t("Open work was dealt to who is on duty."), {
                type: "info",
            });
        }
        await this.page.load();
    }

    swap(shift) {
        this.addDialog(SwapDialog, {shift, onSaved: () => this.page.load()});
    }

    async answerSwap(swap, accepts) {
        await this.orm.call("hcrm.roster", "answer_swap", [swap.id, accepts]);
        await this.page.load();
    }

    openList() {
        return this.action.doAction("hcrm_core.hcrm_shift_action");
    }
}

registry.category("actions").add("hcrm_core.roster", Roster);
