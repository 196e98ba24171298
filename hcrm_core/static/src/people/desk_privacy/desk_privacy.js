import {Component, onWillStart, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {KeepLast} from "@web/core/utils/concurrency";
import {useService} from "@web/core/utils/hooks";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {useDeskRefresh} from "../desk_common/use_desk_refresh";

export const PERIODS = [1, 7, 30, 90];

/** Lists of readings to ask about, not a log: what was explained has left them. */
export class DeskPrivacy extends Component {
    static template = "hcrm_core.DeskPrivacy";
    static props = {...standardActionServiceProps};

    setup() {
        this.orm = useService("orm");
        this.keepLast = new KeepLast();
        this.periods = PERIODS;
        this.state = useState({desk: null, days: 7, isStale: false});
        onWillStart(() => this.load());
        useDeskRefresh(() => this.refresh());
    }

    get staleText() {
        return _t("No connection; this list is of %s", this.state.desk.now);
    }

    periodLabel(days) {
        return days === 1 ? _t("Today") : _t("%s days", days);
    }

    /** What was read how often, in the unit of its list. */
    timesLabel(row) {
        if (row.partner_id) {
            return row.times === 1 ? _t("once") : _t("%s times", row.times);
        }
        return row.times === 1 ? _t("one person") : _t("%s people", row.times);
    }

    stateLabel(row) {
        return {asked: _t("Asked"), answered: _t("Answered")}[row.state];
    }

    stateClass(row) {
        return row.state === "answered" ? "text-bg-success" : "text-bg-info";
    }

    async load(orm = this.orm) {
        this.state.desk = await this.keepLast.add(
            orm.call("hcrm.privacy.desk", "get_desk", [], {days: this.state.days})
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

    setDays(days) {
        this.state.days = days;
        return this.load();
    }

    args(row) {
        return [row.topic, row.user_id, row.day, row.partner_id];
    }

    /** A reading may stand in several lists: the answer shows in all of them. */
    async ask(row) {
        await this.orm.call("hcrm.privacy.desk", "ask", this.args(row));
        return this.load();
    }

    /** The reader exports no people until the lock is lifted. */
    async lock(row) {
        await this.orm.call("hcrm.privacy.desk", "lock_export", [
            row.user_id,
            !row.is_locked,
        ]);
        return this.load();
    }

    lockLabel(row) {
        return row.is_locked ? _t("Lift the lock") : _t("Lock exports");
    }

    async explain(row) {
        await this.orm.call("hcrm.privacy.desk", "explain", this.args(row));
        return this.load();
    }
}

registry.category("actions").add("hcrm_core.desk_privacy", DeskPrivacy);
