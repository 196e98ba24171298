import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {useService} from "@web/core/utils/hooks";

const {DateTime, Info} = luxon;
const STEPS = 4;

/**
 * Actions per day of a back-test as a calendar: a block a month, the darker the more.
 * A click on a day lists its actions.
 */
export class RuleHeatField extends Component {
    static template = "hcrm_core.RuleHeat";
    static props = {...standardFieldProps};

    setup() {
        this.action = useService("action");
        this.weekdays = Info.weekdays("narrow");
    }

    get value() {
        return this.props.record.data[this.props.name] || {days: {}};
    }

    get months() {
        const {from, to, days} = this.value;
        if (!from) {
            return [];
        }
        const most = Math.max(1, ...Object.values(days));
        const last = DateTime.fromISO(to);
        const months = [];
        let month = DateTime.fromISO(from).startOf("month");
        while (month <= last) {
            months.push(this.month(month, days, most));
            month = month.plus({months: 1});
        }
        return months;
    }

    month(first, days, most) {
        const cells = [];
        for (let empty = 1; empty < first.weekday; empty++) {
            cells.push({key: `e${empty}`});
        }
        let total = 0;
        for (let day = 1; day <= first.daysInMonth; day++) {
            const date = first.set({day}).toISODate();
            const count = days[date] || 0;
            total += count;
            cells.push({
                key: date,
                day,
                count,
                level: Math.ceil((count / most) * STEPS),
                label: _t("%(date)s: %(count)s actions", {date, count}),
            });
        }
        return {key: first.toISODate(), name: first.toFormat("yyyy LLL"), total, cells};
    }

    open(cell) {
        const day = DateTime.fromISO(cell.key);
        const stamp = (moment) => moment.toUTC().toFormat("yyyy-MM-dd HH:mm:ss");
        this.action.doAction({
            type: "ir.actions.act_window",
            name: cell.label,
            res_model: "hcrm.rule.test.line",
            views: [[false, "list"]],
            domain: [
                ["test_id", "=", this.props.record.resId],
                ["date_due", ">=", stamp(day)],
                ["date_due", "<", stamp(day.plus({days: 1}))],
            ],
            target: "new",
        });
    }
}

registry.category("fields").add("hcrm_rule_heat", {
    component: RuleHeatField,
    displayName: _t("Calendar of a back-test"),
    supportedTypes: ["json"],
});
