import {Component, onWillStart, useState} from "@odoo/owl";
import {Dialog} from "@web/core/dialog/dialog";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {useOwnedDialogs, useService} from "@web/core/utils/hooks";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {saveOnce} from "../people/desk_common/save_once";

const KINDS = () => [
    {key: "", label: _t("As its weekday")},
    {key: "holiday", label: _t("Day off")},
    {key: "makeup", label: _t("Make-up workday")},
    {key: "special", label: _t("Special opening")},
];

/** What one day is, said by hand. */
export class DayDialog extends Component {
    static template = "hcrm_core.DayDialog";
    static components = {Dialog};
    static props = {
        close: Function,
        day: Object,
        campusId: Number,
        onSaved: Function,
    };

    setup() {
        this.orm = useService("orm");
        this.kinds = KINDS();
        const {day} = this.props;
        this.state = useState({
            kind: day.kind === "normal" ? "" : day.kind,
            name: day.name,
            isMemorial: day.is_memorial,
            isSaving: false,
        });
    }

    async save() {
        const {kind, name, isMemorial} = this.state;
        await saveOnce(this.state, () =>
            this.orm.call("hcrm.day.page", "set_day", [
                this.props.day.date,
                kind,
                name,
                this.props.campusId,
                isMemorial,
            ])
        );
        this.props.close();
        await this.props.onSaved();
    }
}

/** A year at a glance: which days people work, and why where it is not plain (R10). */
export class DayPage extends Component {
    static template = "hcrm_core.DayPage";
    static props = {...standardActionServiceProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.notification = useService("notification");
        this.addDialog = useOwnedDialogs();
        this.state = useState({year: null, campusId: 0, data: null});
        onWillStart(() => this.load());
    }

    get countsLabel() {
        const {work, off} = this.state.data.counts;
        return _t("%(work)s days of work, %(off)s off", {work, off});
    }

    get originLabel() {
        return _t("From: %s", this.state.data.origins.join(", "));
    }

    dayTitle(day) {
        const words = [day.name || (day.is_work ? _t("Work") : _t("Off"))];
        if (day.is_memorial) {
            words.push(_t("no greetings"));
        }
        if (day.is_provisional) {
            words.push(_t("not announced yet"));
        }
        return `${day.date} · ${words.join(" · ")}`;
    }

    dayClass(day) {
        return {
            o_hcrm_off: !day.is_work,
            o_hcrm_holiday: day.kind === "holiday",
            o_hcrm_makeup: day.kind === "makeup",
            o_hcrm_special: day.kind === "special",
            o_hcrm_memorial: day.is_memorial,
            o_hcrm_provisional: day.is_provisional,
            o_hcrm_day_today: day.is_today,
        };
    }

    async load() {
        this.state.data = await this.orm.call("hcrm.day.page", "get_year", [], {
            year: this.state.year,
            campus_id: this.state.campusId,
        });
        this.state.year = this.state.data.year;
    }

    go(years) {
        this.state.year += years;
        return this.load();
    }

    chooseCampus(ev) {
        this.state.campusId = Number(ev.target.value);
        return this.load();
    }

    edit(day) {
        if (this.state.data.can_write) {
            this.addDialog(DayDialog, {
                day,
                campusId: this.state.campusId,
                onSaved: () => this.load(),
            });
        }
    }

    paste() {
        return this.action.doAction("hcrm_core.hcrm_day_notice_action", {
            onClose: () => this.load(),
        });
    }

    async fill() {
        const count = await this.orm.call("hcrm.day.page", "fill", [this.state.year]);
        this.notification.add(
            count ? _t("%s days filled in.", count) : _t("Nothing is new."),
            {type: count ? "success" : "info"}
        );
        await this.load();
    }

    openList() {
        return this.action.doAction("hcrm_core.hcrm_day_action");
    }
}

registry.category("actions").add("hcrm_core.day_page", DayPage);
