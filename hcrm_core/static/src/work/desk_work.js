import {Component, useExternalListener, useRef, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {useOwnedDialogs, useService} from "@web/core/utils/hooks";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {DataAge} from "../people/desk_common/data_age";
import {openCard} from "../people/desk_common/open_card";
import {countLabel} from "./moments";
import {
    AskDialog,
    DoneDialog,
    HandDialog,
    HandoverDialog,
    SnoozeDialog,
    TextDialog,
} from "./task_dialogs";
import {TaskRow} from "./task_row";
import {useDeskPage} from "./use_desk_page";

const PAGE = 50;

/** My work: what is mine, what waits with my role, one click for each thing to do. */
export class DeskWork extends Component {
    static template = "hcrm_core.DeskWork";
    static components = {DataAge, TaskRow};
    static props = {...standardActionServiceProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.notification = useService("notification");
        this.addDialog = useOwnedDialogs();
        this.root = useRef("root");
        this.countLabel = countLabel;
        this.state = useState({filter: "all", limit: PAGE, currentId: 0, answers: {}});
        this.page = useDeskPage((orm) => {
            const {filter, limit} = this.state;
            return orm.call("hcrm.desk.work", "get_desk", [], {filter, limit});
        });
        useExternalListener(window, "keydown", (ev) => this.onKey(ev));
    }

    get isDoctor() {
        return this.page.data.variant === "doctor";
    }

    get isOutsourced() {
        return this.page.data.variant === "outsourced";
    }

    get filters() {
        return [
            {key: "all", label: _t("All")},
            {key: "overdue", label: _t("Overdue")},
            {key: "red", label: _t("Urgent")},
            {key: "today", label: _t("Due today")},
            {key: "promise", label: _t("My promises")},
        ];
    }

    /** A doctor's page: what is red, what was asked, and only then the rest. */
    get sections() {
        const {rows} = this.page.data;
        if (!this.isDoctor || this.state.filter !== "all") {
            return [{key: "mine", label: "", rows}];
        }
        const red = rows.filter((row) => row.priority === "1" && !row.is_question);
        const asked = rows.filter((row) => row.is_question);
        const rest = rows.filter((row) => !red.includes(row) && !row.is_question);
        return [
            {key: "red", label: _t("Red"), rows: red},
            {key: "asked", label: _t("Questions to me"), rows: asked},
            {key: "mine", label: _t("Other work of mine"), rows: rest},
        ].filter((section) => section.rows.length);
    }

    get shiftLabel() {
        const {shift, is_off_duty} = this.page.data;
        if (shift) {
            return _t("On duty until %s", shift);
        }
        return is_off_duty ? _t("Off duty") : "";
    }

    get doneLabel() {
        return _t("%s done today", this.countLabel(this.page.data.counts.done));
    }

    get waitingLabel() {
        return this.isDoctor ? _t("Waits for any doctor") : _t("Waiting with my role");
    }

    get moreLabel() {
        return _t("Show more (%(shown)s of %(total)s)", {
            shown: this.page.data.rows.length,
            total: this.countLabel(this.page.data.counts[this.state.filter]),
        });
    }

    get emptyLabel() {
        const {filter} = this.state;
        const desk = this.page.data;
        if (this.isOutsourced && desk.is_off_duty) {
            return _t("You are off duty. Your work is shown during your shift.");
        }
        if (filter !== "all") {
            return _t("Nothing of this kind.");
        }
        return desk.waiting.length
            ? _t("You have nothing. Take the next one from your role.")
            : _t("Nothing waits for you.");
    }

    offerTitle(offer) {
        return offer.is_mine
            ? _t("Offered to %(to)s: %(count)s tasks", offer)
            : _t("%(from)s hands over %(count)s tasks to you", offer);
    }

    // ------------------------------------------------------------------
    // READ
    // ------------------------------------------------------------------

    load() {
        return this.page.load();
    }

    async setFilter(filter) {
        this.state.filter = filter;
        this.state.limit = PAGE;
        await this.load();
    }

    async showMore() {
        this.state.limit += PAGE;
        await this.load();
    }

    // ------------------------------------------------------------------
    // ONE CLICK
    // ------------------------------------------------------------------

    openPerson(person) {
        return openCard(this.action, person);
    }

    call(method, ...args) {
        return this.orm.call("hcrm.desk.work", method, args);
    }

    async takeNext() {
        const row = await this.call("take_next");
        if (!row) {
            this.notification.add(_t("Nothing waits for you."), {type: "info"});
            return;
        }
        this.state.filter = "all";
        await this.load();
        this.select(row.id);
    }

    async take(task) {
        await this.call("take", task.id);
        await this.load();
        this.select(task.id);
    }

    async noAnswer(task) {
        const at = await this.call("no_answer", task.id);
        this.notification.add(_t("Next attempt %s", at), {type: "info"});
        await this.load();
    }

    async answer(task) {
        await this.call("answer", task.id, this.state.answers[task.id] || "");
        delete this.state.answers[task.id];
        this.notification.add(_t("Your answer is with %s.", task.asked_by), {
            type: "success",
        });
        await this.load();
    }

    ask(Dialog, task) {
        this.addDialog(Dialog, {task, onSaved: () => this.load()});
    }

    done(task) {
        this.ask(DoneDialog, task);
    }

    snooze(task) {
        this.ask(SnoozeDialog, task);
    }

    hand(task) {
        this.ask(HandDialog, task);
    }

    askDoctor(task) {
        this.ask(AskDialog, task);
    }

    giveBack(task) {
        this.addDialog(TextDialog, {
            title: _t("Give back: %s", task.person.name),
            label: _t("Why"),
            button: _t("Give back"),
            save: async (text) => {
                await this.call("hand", task.id, text);
                await this.load();
            },
        });
    }

    handOver() {
        this.addDialog(HandoverDialog, {onSaved: () => this.load()});
    }

    async accept(offer) {
        const count = await this.call("accept_handover", offer.id);
        this.notification.add(_t("%s tasks are yours now.", count), {type: "success"});
        await this.load();
    }

    decline(offer) {
        this.addDialog(TextDialog, {
            title: _t("Not take over from %s", offer.from),
            label: _t("Why"),
            button: _t("Decline"),
            save: async (text) => {
                await this.call("decline_handover", offer.id, text);
                await this.load();
            },
        });
    }

    async withdraw(offer) {
        await this.call("withdraw_handover", offer.id);
        await this.load();
    }

    // ------------------------------------------------------------------
    // KEYBOARD
    // ------------------------------------------------------------------

    select(id) {
        this.state.currentId = id;
        requestAnimationFrame(() =>
            this.root.el
                ?.querySelector(`.o_hcrm_task[data-id="${id}"]`)
                ?.scrollIntoView({block: "nearest"})
        );
    }

    move(step) {
        const ids = this.sections.flatMap((section) =>
            section.rows.map((row) => row.id)
        );
        if (ids.length) {
            const at = ids.indexOf(this.state.currentId);
            const next = at < 0 ? 0 : Math.min(Math.max(at + step, 0), ids.length - 1);
            this.select(ids[next]);
        }
    }

    onKey(ev) {
        const isTyping = ev.target.closest?.("input, textarea, select, .modal");
        const hasModifier = ev.ctrlKey || ev.metaKey || ev.altKey;
        if (isTyping || hasModifier || document.querySelector(".modal")) {
            return;
        }
        const current = this.page.data.rows.find(
            (row) => row.id === this.state.currentId
        );
        const keys = {
            n: () => this.takeNext(),
            j: () => this.move(1),
            k: () => this.move(-1),
            ...(current && {
                d: () => this.done(current),
                l: () => this.snooze(current),
                ...(this.page.data.can_hand && {
                    h: () => this.hand(current),
                    o: () => this.openPerson(current.person),
                }),
            }),
        };
        const act = keys[ev.key];
        if (act) {
            ev.preventDefault();
            act();
        }
    }
}

registry.category("actions").add("hcrm_core.desk_work", DeskWork);
