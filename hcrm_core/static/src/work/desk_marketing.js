import {Component, useState} from "@odoo/owl";
import {Dialog} from "@web/core/dialog/dialog";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {useOwnedDialogs, useService} from "@web/core/utils/hooks";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {DataAge} from "../people/desk_common/data_age";
import {saveOnce} from "../people/desk_common/save_once";
import {useDeskPage} from "./use_desk_page";

export const PERIODS = [1, 7, 30];

/** Asks once: what is stopped is taken back at once, and people may wait for it. */
export class StopDialog extends Component {
    static template = "hcrm_core.StopDialog";
    static components = {Dialog};
    static props = {close: Function, topic: String, stop: Function};

    setup() {
        this.state = useState({reason: "", isSaving: false});
    }

    get title() {
        return this.props.topic
            ? _t("Stop “%s” now", this.props.topic)
            : _t("Stop everything now");
    }

    async stop() {
        await saveOnce(this.state, () => this.props.stop(this.state.reason));
        this.props.close();
    }
}

/** What went, what is held and why, who said no; one button that stops it all. */
export class DeskMarketing extends Component {
    static template = "hcrm_core.DeskMarketing";
    static components = {DataAge};
    static props = {...standardActionServiceProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.notification = useService("notification");
        this.addDialog = useOwnedDialogs();
        this.periods = PERIODS;
        this.state = useState({days: 7});
        this.page = useDeskPage((orm) =>
            orm.call("hcrm.desk.marketing", "get_desk", [], {days: this.state.days})
        );
    }

    get figures() {
        const {totals} = this.page.data;
        return [
            {key: "sent", label: _t("Sent"), value: totals.sent},
            {key: "delivered", label: _t("Delivered"), value: totals.delivered},
            {key: "held", label: _t("Held"), value: totals.held},
            {key: "refused", label: _t("Not sent"), value: totals.refused},
            {key: "failed", label: _t("Failed"), value: totals.failed},
        ];
    }

    periodLabel(days) {
        return days === 1 ? _t("Today") : _t("%s days", days);
    }

    topicLabel(row) {
        return row.topic || _t("No campaign");
    }

    stopLabel(stop) {
        return stop.topic
            ? _t("“%(topic)s” is stopped since %(since)s by %(user)s: %(reason)s", stop)
            : _t("Everything is stopped since %(since)s by %(user)s: %(reason)s", stop);
    }

    setDays(days) {
        this.state.days = days;
        return this.page.load();
    }

    async openMessages(kwargs) {
        const action = await this.orm.call(
            "hcrm.desk.marketing",
            "get_messages_action",
            [],
            {days: this.state.days, ...kwargs}
        );
        return this.action.doAction(action);
    }

    stop(topic) {
        this.addDialog(StopDialog, {
            topic,
            stop: async (reason) => {
                await this.orm.call("hcrm.desk.marketing", "stop", [reason, topic]);
                this.notification.add(
                    _t("Stopped. What was queued or claimed is taken back."),
                    {type: "success"}
                );
                await this.page.load();
            },
        });
    }

    async lift(stop) {
        await this.orm.call("hcrm.desk.marketing", "lift", [stop.id]);
        await this.page.load();
    }
}

registry.category("actions").add("hcrm_core.desk_marketing", DeskMarketing);
