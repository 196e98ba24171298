import {Component, onWillStart, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {KeepLast} from "@web/core/utils/concurrency";
import {useOwnedDialogs, useService} from "@web/core/utils/hooks";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {DataAge} from "../desk_common/data_age";
import {openCard} from "../desk_common/open_card";
import {PersonLine, tailLabel} from "../desk_common/person_line";
import {PersonSearch} from "../desk_common/person_search";
import {RelativeDialog} from "../desk_common/relative_dialog";
import {useDeskRefresh} from "../desk_common/use_desk_refresh";

export class DeskVip extends Component {
    static template = "hcrm_core.DeskVip";
    static components = {DataAge, PersonLine, PersonSearch};
    static props = {...standardActionServiceProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.addDialog = useOwnedDialogs();
        this.keepLast = new KeepLast();
        this.tailLabel = tailLabel;
        this.state = useState({desk: null, isStale: false});
        onWillStart(() => this.load());
        useDeskRefresh(() => this.refresh());
    }

    stateLabel(row) {
        return {
            expected: row.is_late ? _t("Late") : _t("Expected"),
            arrived: _t("Greeted"),
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

    dayLabel(day) {
        return day.is_today ? _t("Today, %s", day.label) : day.label;
    }

    /** A greeter who left the centre since stays in the list of the row. */
    isCompanionKnown(row) {
        return (
            !row.companion_id ||
            row.companions.some((relative) => relative.id === row.companion_id)
        );
    }

    async load(orm = this.orm) {
        this.state.desk = await this.keepLast.add(
            orm.call("hcrm.reception", "get_vip_centre", [])
        );
        this.state.isStale = false;
    }

    async refresh() {
        try {
            await this.load(this.orm.silent);
        } catch {
            this.state.isStale = true;
        }
    }

    openPerson(person) {
        return openCard(this.action, person);
    }

    planId(row, field, ev) {
        return this.plan(row, field, Number(ev.target.value));
    }

    planText(row, field, ev) {
        return this.plan(row, field, ev.target.value.trim());
    }

    async plan(row, field, value) {
        this.replaceRow(
            await this.orm.call("hcrm.reception", "plan", [row.id, {[field]: value}])
        );
    }

    addRelative(row) {
        this.addDialog(RelativeDialog, {
            person: row.person,
            onSaved: () => this.refresh(),
        });
    }

    async greet(row) {
        this.replaceRow(await this.orm.call("hcrm.reception", "greet", [row.id]));
    }

    async undoGreet(row) {
        this.replaceRow(await this.orm.call("hcrm.reception", "undo_greet", [row.id]));
    }

    replaceRow(row) {
        for (const day of this.state.desk.days) {
            const index = day.rows.findIndex((other) => other.id === row.id);
            if (index >= 0) {
                day.rows[index] = row;
            }
        }
    }
}

registry.category("actions").add("hcrm_core.desk_vip", DeskVip);
