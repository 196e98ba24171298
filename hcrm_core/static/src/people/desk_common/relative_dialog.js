import {Component, onWillStart, useState} from "@odoo/owl";
import {Dialog} from "@web/core/dialog/dialog";
import {_t} from "@web/core/l10n/translation";
import {useService} from "@web/core/utils/hooks";
import {PersonLine, tailLabel} from "./person_line";
import {PersonSearch} from "./person_search";
import {saveOnce} from "./save_once";

/** Add a relative or proxy: found or new, what they are, what they may, until when. */
export class RelativeDialog extends Component {
    static template = "hcrm_core.RelativeDialog";
    static components = {Dialog, PersonLine, PersonSearch};
    static props = {
        close: Function,
        person: Object,
        onSaved: {type: Function, optional: true},
    };

    setup() {
        this.orm = useService("orm");
        this.notification = useService("notification");
        this.tailLabel = tailLabel;
        this.searchPlaceholder = _t("Search the relative by name or phone");
        this.state = useState({
            contact: null,
            // somebody known, or the name and phone of somebody new
            relative: null,
            isNew: false,
            name: "",
            phone: "",
            kind: "",
            is_proxy: false,
            proxy_scope: "all",
            date_end: "",
            is_guardian: false,
            is_emergency: false,
            must_not_know: false,
            isSaving: false,
        });
        onWillStart(async () => {
            this.state.contact = await this.orm.call(
                "hcrm.desk.contact",
                "get_contact",
                [this.props.person.id]
            );
        });
    }

    get title() {
        return _t("Relative or proxy of %s", this.props.person.name);
    }

    get kinds() {
        return this.state.contact.kinds.filter((kind) => kind[0] !== "employer");
    }

    get canSave() {
        const {relative, isNew, name, kind, isSaving} = this.state;
        return Boolean((relative || (isNew && name.trim())) && kind && !isSaving);
    }

    /** What is known already, so that nobody is added twice. */
    get knownText() {
        const known = this.state.contact.relatives.map((relative) => {
            const marks = [
                relative.kind,
                relative.is_proxy && _t("proxy"),
                relative.is_guardian && _t("guardian"),
                relative.must_not_know && _t("must not be told"),
                relative.until && _t("until %s", relative.until),
            ];
            return `${relative.name} (${marks.filter(Boolean).join(", ")})`;
        });
        return _t("Known already: %s", known.join("; "));
    }

    onSelect(person) {
        if (person.id === this.props.person.id) {
            this.notification.add(
                _t("Nobody is a relative of themselves. Choose another person."),
                {
                    type: "warning",
                }
            );
            return;
        }
        Object.assign(this.state, {relative: person, isNew: false});
    }

    createLabel = _t("Add somebody new");

    onCreate(text) {
        // digits are a phone, all else a name
        const isPhone = /^[\d\s+-]+$/.test(text);
        Object.assign(this.state, {
            relative: null,
            isNew: true,
            name: isPhone ? "" : text,
            phone: isPhone ? text : "",
        });
    }

    reset() {
        Object.assign(this.state, {relative: null, isNew: false, name: "", phone: ""});
    }

    toggle(name, ev) {
        this.state[name] = ev.target.checked;
        // one excludes the other: who must not be told decides nothing
        if (ev.target.checked && name === "must_not_know") {
            this.state.is_proxy = this.state.is_guardian = false;
        } else if (ev.target.checked && name !== "is_emergency") {
            this.state.must_not_know = false;
        }
    }

    async save() {
        if (!this.canSave) {
            return;
        }
        const {relative, name, phone, kind, is_proxy, proxy_scope, date_end} =
            this.state;
        const {is_guardian, is_emergency, must_not_know} = this.state;
        await saveOnce(this.state, () =>
            this.orm.call("hcrm.desk.contact", "add_relative", [
                this.props.person.id,
                {
                    ...(relative ? {relative_id: relative.id} : {name, phone}),
                    kind,
                    is_proxy,
                    is_guardian,
                    is_emergency,
                    must_not_know,
                    proxy_scope: is_proxy && proxy_scope,
                    date_end: (is_proxy && date_end) || false,
                },
            ])
        );
        this.notification.add(
            _t("The relative of %s is added.", this.props.person.name),
            {
                type: "success",
            }
        );
        this.props.onSaved?.();
        this.props.close();
    }
}
