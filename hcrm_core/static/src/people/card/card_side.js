import {Component} from "@odoo/owl";
import {CardPlanned} from "@hcrm_core/rule/card_planned";
import {_t} from "@web/core/l10n/translation";
import {dateText, dayText, joined, momentText, stateClass} from "./card_utils";

const SYSTEM_ICON = {phone: "fa-phone", email: "fa-envelope-o", wechat: "fa-weixin"};

/** Left column: how to reach the person, who else there is, what is next. */
export class CardSide extends Component {
    static template = "hcrm_core.CardSide";
    static components = {CardPlanned};
    static props = {
        card: Object,
        edit: Function,
        openPerson: Function,
        reload: {type: Function, optional: true},
    };

    setup() {
        Object.assign(this, {dateText, dayText, momentText, stateClass});
    }

    contactIcon(point) {
        return SYSTEM_ICON[point.system] || "fa-comment-o";
    }

    contactLink(point) {
        if (point.is_wrong || point.is_junk) {
            return false;
        }
        if (point.system === "phone") {
            const extension = point.extension ? `;ext=${point.extension}` : "";
            return `tel:${point.number}${extension}`;
        }
        return point.system === "email" ? `mailto:${point.number}` : false;
    }

    contactUse(point) {
        const owner = point.whose_partner
            ? point.whose_partner.name
            : point.whose_label;
        return joined(point.use_label, point.whose !== "self" && owner);
    }

    contactMarks(point) {
        return [
            point.is_wrong && {text: _t("Wrong number"), class: "text-bg-danger"},
            point.is_junk && {text: _t("Not usable"), class: "text-bg-danger"},
            point.is_shared && {text: _t("Shared number"), class: "text-bg-warning"},
            point.is_verified && {text: _t("Verified"), class: "text-bg-success"},
        ].filter(Boolean);
    }

    relativeMarks(row) {
        const proxy = row.scope_label ? _t("Proxy: %s", row.scope_label) : _t("Proxy");
        return [
            row.must_not_know && {
                text: _t("Must not be told"),
                class: "text-bg-danger",
            },
            row.is_guardian && {text: _t("Guardian"), class: "text-bg-primary"},
            row.is_proxy && {text: proxy, class: "text-bg-info"},
            row.is_emergency && {
                text: _t("Emergency contact"),
                class: "text-bg-warning",
            },
        ].filter(Boolean);
    }

    relativeTerm(row) {
        if (row.is_ended) {
            return _t("Ended %s", dateText(row.date_end));
        }
        return row.date_end ? _t("until %s", dateText(row.date_end)) : "";
    }

    visitText(visit) {
        return joined(
            visit.kind_label,
            visit.department,
            visit.practitioner,
            visit.campus
        );
    }

    stayText(stay) {
        return _t("since %s", dayText(stay.date));
    }

    visitCountText(file) {
        return _t("Visits: %s", file.visit_count);
    }

    get missingText() {
        return _t("Not known yet: %s", this.props.card.profile.missing);
    }

    editContact(id) {
        this.props.edit("hcrm.contact.point", id, _t("Contact point"));
    }

    editRelative(id) {
        this.props.edit("hcrm.person.relation", id, _t("Relative or proxy"));
    }

    editProfile(id) {
        this.props.edit("hcrm.person.profile", id, _t("Habits and wishes"));
    }

    addContact() {
        this.props.edit("hcrm.contact.point", false, _t("New contact point"));
    }

    addRelative() {
        this.props.edit("hcrm.person.relation", false, _t("New relative or proxy"));
    }
}
