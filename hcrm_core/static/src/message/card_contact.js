import {Component, onWillStart, onWillUpdateProps, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {useService} from "@web/core/utils/hooks";
import {dateText, dayText, joined, momentText} from "../people/card/card_utils";

const VERDICT_ICON = {
    allow: "fa-check text-success",
    redirect: "fa-share text-info",
    defer: "fa-clock-o text-warning",
    refuse: "fa-ban text-danger",
};
const STATE_CLASS = {
    delivered: "text-bg-success",
    read: "text-bg-success",
    accepted: "text-bg-success",
    refused: "text-bg-danger",
    failed: "text-bg-danger",
    unknown: "text-bg-danger",
};

/** May we contact this person, why not, and what was sent. */
export class CardContact extends Component {
    static template = "hcrm_core.CardContact";
    static props = {partnerId: Number, edit: Function, reloadKey: Number};

    setup() {
        this.orm = useService("orm");
        this.state = useState({sheet: null, chosen: null});
        Object.assign(this, {dateText, dayText, momentText});
        onWillStart(() => this.load(this.props.partnerId));
        onWillUpdateProps((next) => this.load(next.partnerId));
    }

    async load(partnerId) {
        this.state.sheet = await this.orm.call("res.partner", "hcrm_get_contact", [
            partnerId,
        ]);
        this.state.chosen = null;
    }

    icon(cell) {
        return VERDICT_ICON[cell.verdict];
    }

    messageClass(message) {
        return STATE_CLASS[message.state] || "text-bg-secondary";
    }

    choose(row, index) {
        const channel = this.state.sheet.channels[index];
        this.state.chosen = {
            title: joined(row.label, channel.label),
            ...row.cells[index],
        };
    }

    consentText(row) {
        return joined(
            row.channel || _t("every channel"),
            row.source,
            row.date_end && _t("until %s", dateText(row.date_end))
        );
    }

    addConsent() {
        this.props.edit("hcrm.consent", false, _t("Record a decision"));
    }

    addHold() {
        this.props.edit("hcrm.hold", false, _t("Hold contacts"));
    }

    addReport() {
        this.props.edit(
            "hcrm.person.report",
            false,
            _t("Reported: died, pregnancy lost, wrong number")
        );
    }
}
