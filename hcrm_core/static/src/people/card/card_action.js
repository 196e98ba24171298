import {Component, onWillStart, onWillUpdateProps, useRef, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {useOwnedDialogs, useService} from "@web/core/utils/hooks";
import {useSetupAction} from "@web/search/action_hook";
import {Layout} from "@web/search/layout";
import {FormViewDialog} from "@web/views/view_dialogs/form_view_dialog";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {CardHead} from "./card_head";
import {CardHealth} from "./card_health";
import {CardMoney} from "./card_money";
import {CardSide} from "./card_side";
import {CardContact} from "../../message/card_contact";
import {CardTimeline} from "./card_timeline";

/**
 * The 360° card of a person (`/odoo/hcrm-card/<id>`): what the user may know of
 * them on one screen. The server decides what that is; a section or tab that is
 * absent from its answer does not exist here.
 */
export class CardAction extends Component {
    static template = "hcrm_core.CardAction";
    static components = {
        CardHead,
        CardHealth,
        CardMoney,
        CardSide,
        CardContact,
        CardTimeline,
        Layout,
    };
    static props = {...standardActionServiceProps};
    static displayName = _t("Card");
    static path = "hcrm-card";

    setup() {
        this.orm = useService("orm");
        this.actionService = useService("action");
        this.addDialog = useOwnedDialogs();
        this.ui = useState(useService("ui"));
        this.rootRef = useRef("root");
        const kept = this.props.state?.card || {};
        this.filters = kept.filters || {kinds: [], year: "", search: ""};
        this.visitKinds = ["appointment", "encounter"];
        this.chargeKinds = ["charge"];
        this.state = useState({
            card: null,
            error: "",
            tab: kept.tab || "",
            reloadKey: 0,
        });
        useSetupAction({
            rootRef: this.rootRef,
            getLocalState: () => ({card: {tab: this.state.tab, filters: this.filters}}),
        });
        onWillStart(() => this.load());
        onWillUpdateProps((next) => this.load(next));
    }

    personId(props = this.props) {
        const {params, context} = props.action;
        return props.resId || params?.resId || params?.partner_id || context?.active_id;
    }

    async load(props = this.props) {
        const id = this.personId(props);
        if (!id) {
            this.state.error = _t("Choose a person from the list or by search first.");
            return;
        }
        try {
            const card = await this.orm.call("res.partner", "hcrm_get_card", [], {
                partner_id: id,
            });
            this.state.error = "";
            this.state.card = card;
            this.env.config.setDisplayName(card.head.name);
            // the address names the person, so that it can be reloaded and kept
            this.props.updateActionState?.({resId: id, active_id: false});
        } catch (error) {
            this.state.error =
                error.data?.message ||
                _t("The card could not be loaded. Check the connection.");
        }
    }

    async refresh() {
        await this.load();
        this.state.reloadKey++;
    }

    get tabs() {
        const card = this.state.card;
        return [
            // one column: who it is and how to reach them is a tab of its own
            this.ui.isSmall && {id: "person", label: _t("Profile")},
            {id: "timeline", label: _t("Timeline")},
            card.allergies && {id: "health", label: _t("Health")},
            {id: "visits", label: _t("Visits")},
            {id: "contact", label: _t("Contacting")},
            card.spend && {id: "money", label: _t("Money")},
        ].filter(Boolean);
    }

    get tab() {
        const tabs = this.tabs;
        return tabs.some((tab) => tab.id === this.state.tab)
            ? this.state.tab
            : tabs[0].id;
    }

    /** Arrow keys move between tabs, as in any tab list. */
    onTabKeydown(ev) {
        const step = {ArrowRight: 1, ArrowLeft: -1}[ev.key];
        if (!step) {
            return;
        }
        const tabs = this.tabs;
        const index = tabs.findIndex((tab) => tab.id === this.tab);
        this.state.tab = tabs[(index + step + tabs.length) % tabs.length].id;
        const buttons = ev.currentTarget.querySelectorAll("[role=tab]");
        buttons[(index + step + tabs.length) % tabs.length].focus();
    }

    /** On a phone the empty control panel would be a blank strip. */
    get display() {
        const hasWay = this.env.config.breadcrumbs?.length > 1;
        return {controlPanel: !this.ui.isSmall || hasWay ? {} : false};
    }

    openPerson(id) {
        return this.actionService.doAction({
            type: "ir.actions.client",
            tag: "hcrm_core.card",
            context: {active_id: id},
        });
    }

    openForm() {
        return this.actionService.doAction({
            type: "ir.actions.act_window",
            res_model: "res.partner",
            res_id: this.state.card.id,
            views: [[false, "form"]],
        });
    }

    edit(resModel, resId, title) {
        this.addDialog(FormViewDialog, {
            resModel,
            resId: resId || false,
            title,
            context: {default_partner_id: this.state.card.id},
            onRecordSaved: () => this.refresh(),
        });
    }
}

registry.category("actions").add("hcrm_core.card", CardAction);
