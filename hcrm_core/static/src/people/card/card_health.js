import {_t} from "@web/core/l10n/translation";
import {Component, onWillStart, onWillUpdateProps, useState} from "@odoo/owl";
import {useService} from "@web/core/utils/hooks";
import {dayText, joined, resultClass, stateClass} from "./card_utils";
import {TrendChart} from "./trend_chart";

const MAX_CHARTS = 6;

/** Trends, latest results, allergies, problems, medications, procedures. */
export class CardHealth extends Component {
    static template = "hcrm_core.CardHealth";
    static components = {TrendChart};
    static props = {partnerId: Number};

    setup() {
        Object.assign(this, {dayText, joined, resultClass, stateClass});
        this.orm = useService("orm");
        this.state = useState({status: "loading", trends: {}, health: {}, chosen: []});
        onWillStart(() => {
            this.load(this.props.partnerId);
        });
        onWillUpdateProps((next) => {
            if (next.partnerId !== this.props.partnerId) {
                this.load(next.partnerId);
            }
        });
    }

    async load(partnerId) {
        this.state.status = "loading";
        const call = (method) =>
            this.orm.silent.call("res.partner", method, [], {partner_id: partnerId});
        try {
            const [trends, health] = await Promise.all([
                call("hcrm_get_trends"),
                call("hcrm_get_health"),
            ]);
            this.state.trends = trends;
            this.state.health = health;
            this.state.chosen = (trends.series || []).map((serie) => serie.code);
            this.state.status = "ready";
        } catch (error) {
            this.state.status = "error";
            this.state.message = error.data?.message || "";
        }
    }

    retry() {
        return this.load(this.props.partnerId);
    }

    /** Show or hide the chart of a code; the oldest choice makes room. */
    async toggleCode(code) {
        const chosen = this.state.chosen;
        this.state.chosen = chosen.includes(code)
            ? chosen.filter((other) => other !== code)
            : [code, ...chosen].slice(0, MAX_CHARTS);
        if (this.state.chosen.every((other) => this.serie(other))) {
            return;
        }
        const trends = await this.orm.silent.call(
            "res.partner",
            "hcrm_get_trends",
            [],
            {
                partner_id: this.props.partnerId,
                codes: this.state.chosen,
            }
        );
        this.state.trends.series = trends.series;
    }

    serie(code) {
        return (this.state.trends.series || []).find((serie) => serie.code === code);
    }

    get series() {
        return this.state.chosen.map((code) => this.serie(code)).filter(Boolean);
    }

    get categories() {
        const categories = new Map();
        for (const row of this.state.trends.latest || []) {
            if (!categories.has(row.category)) {
                categories.set(row.category, {label: row.category_label, rows: []});
            }
            categories.get(row.category).rows.push(row);
        }
        return [...categories.values()];
    }

    latestTitle(category) {
        return _t("%s: latest", category.label);
    }

    current(name) {
        return this.state.health[name].rows.filter((row) => row.is_current);
    }

    past(name) {
        return this.state.health[name].rows.filter((row) => !row.is_current);
    }

    get isEmpty() {
        const lists = Object.values(this.state.health);
        return (
            !(this.state.trends.latest || []).length &&
            lists.every((l) => !l.rows.length)
        );
    }
}
