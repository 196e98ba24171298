import {Component, onWillStart, useState} from "@odoo/owl";
import {browser} from "@web/core/browser/browser";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {KeepLast} from "@web/core/utils/concurrency";
import {useOwnedDialogs, useService} from "@web/core/utils/hooks";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {DataAge} from "../desk_common/data_age";
import {openCard} from "../desk_common/open_card";
import {PersonLine, tailLabel} from "../desk_common/person_line";
import {PersonSearch} from "../desk_common/person_search";
import {PhoneDialog} from "../desk_common/phone_dialog";
import {RelativeDialog} from "../desk_common/relative_dialog";
import {useDeskRefresh} from "../desk_common/use_desk_refresh";

// kept in the browser: the computer stands at a campus, whoever logs in
const CAMPUS_KEY = "hcrm_core.desk_front.campus";
const PAGE = 200;

export class DeskFront extends Component {
    static template = "hcrm_core.DeskFront";
    static components = {DataAge, PersonLine, PersonSearch};
    static props = {...standardActionServiceProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.addDialog = useOwnedDialogs();
        this.keepLast = new KeepLast();
        this.tailLabel = tailLabel;
        this.register = this.register.bind(this);
        this.state = useState({
            desk: null,
            campusId: this.readCampus(),
            filter: "all",
            limit: PAGE,
            isStale: false,
        });
        onWillStart(() => this.load());
        useDeskRefresh(() => this.refresh());
    }

    get filters() {
        return [
            {key: "all", label: _t("All")},
            {key: "expected", label: _t("Expected")},
            {key: "arrived", label: _t("Arrived")},
            {key: "done", label: _t("Done")},
            {key: "off", label: _t("Not coming")},
        ];
    }

    get moreLabel() {
        const {rows, total} = this.state.desk;
        return _t("Show more (%(shown)s of %(total)s)", {shown: rows.length, total});
    }

    stateLabel(row) {
        return {
            expected: row.is_late ? _t("Late") : _t("Expected"),
            arrived: _t("Arrived"),
            done: _t("Done"),
            off: row.his_state,
        }[row.state];
    }

    stateClass(row) {
        return {
            expected: row.is_late ? "text-bg-warning" : "bg-view text-body border",
            arrived: "text-bg-success",
            done: "text-bg-secondary",
            off: "bg-view text-muted border",
        }[row.state];
    }

    greetedTitle(row) {
        return _t(
            "Arrived at our desk at %(time)s, seen by %(user)s. The HIS says: %(state)s",
            {
                time: row.greeted,
                user: row.greeted_by,
                state: row.his_state,
            }
        );
    }

    // ------------------------------------------------------------------
    // READ
    // ------------------------------------------------------------------

    /** null: the user's usual campus; 0: the whole hospital. */
    readCampus() {
        const stored = browser.localStorage.getItem(CAMPUS_KEY);
        return stored === null ? null : Number(stored);
    }

    async load(orm = this.orm) {
        const {campusId, filter, limit} = this.state;
        this.state.desk = await this.keepLast.add(
            orm.call("hcrm.desk", "get_front_desk", [], {
                campus_id: campusId === 0 ? false : campusId,
                state: filter,
                limit,
            })
        );
        this.state.isStale = false;
    }

    /** In the background a lost connection is told beside the list, not over it. */
    async refresh() {
        try {
            await this.load(this.orm.silent);
        } catch {
            this.state.isStale = true;
        }
    }

    async onCampusChange(ev) {
        this.state.campusId = Number(ev.target.value);
        this.state.limit = PAGE;
        browser.localStorage.setItem(CAMPUS_KEY, this.state.campusId);
        await this.load();
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

    /** What was typed in vain is not typed again: digits are a phone, else a name. */
    register(text) {
        const field = /^[\d\s+-]+$/.test(text) ? "default_phone" : "default_name";
        return this.action.doAction("hcrm_core.hcrm_registration_action", {
            additionalContext: text ? {[field]: text} : {},
            onClose: () => this.refresh(),
        });
    }

    async greet(row) {
        this.replaceRow(await this.orm.call("hcrm.desk", "greet", [row.id]));
        await this.refresh();
    }

    async undoGreet(row) {
        this.replaceRow(await this.orm.call("hcrm.desk", "undo_greet", [row.id]));
        await this.refresh();
    }

    correctPhone(row) {
        this.addDialog(PhoneDialog, {
            person: row.person,
            onSaved: () => this.refresh(),
        });
    }

    addRelative(row) {
        this.addDialog(RelativeDialog, {
            person: row.person,
            onSaved: () => this.refresh(),
        });
    }

    /** The row changes at once where it stands; the counts follow with the refresh. */
    replaceRow(row) {
        const {rows} = this.state.desk;
        const index = rows.findIndex((other) => other.id === row.id);
        if (index >= 0) {
            rows[index] = row;
        }
    }
}

registry.category("actions").add("hcrm_core.desk_front", DeskFront);
