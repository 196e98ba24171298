import {Component, onWillStart, useState} from "@odoo/owl";
import {Dialog} from "@web/core/dialog/dialog";
import {_t} from "@web/core/l10n/translation";
import {KeepLast} from "@web/core/utils/concurrency";
import {useAutofocus, useService} from "@web/core/utils/hooks";
import {useDebounced} from "@web/core/utils/timing";
import {SEARCH_DELAY} from "./person_search";
import {saveOnce} from "./save_once";

/** Correct a telephone number: the new one, whose it is, and what the old one is. */
export class PhoneDialog extends Component {
    static template = "hcrm_core.PhoneDialog";
    static components = {Dialog};
    static props = {
        close: Function,
        person: Object,
        onSaved: {type: Function, optional: true},
    };

    setup() {
        this.orm = useService("orm");
        this.notification = useService("notification");
        this.keepLast = new KeepLast();
        useAutofocus({refName: "value", mobile: true});
        this.state = useState({
            contact: null,
            oldId: 0,
            oldMark: "wrong",
            value: "",
            preview: null,
            whose: "",
            whoseId: 0,
            isSaving: false,
        });
        this.preview = useDebounced(() => this.loadPreview(), SEARCH_DELAY);
        onWillStart(async () => {
            this.state.contact = await this.orm.call(
                "hcrm.desk.contact",
                "get_contact",
                [this.props.person.id]
            );
            const first = this.phones[0];
            this.state.oldId = first ? first.id : 0;
        });
    }

    get title() {
        return _t("Correct the phone of %s", this.props.person.name);
    }

    /** Numbers that still are in use: those may be the one to replace. */
    get phones() {
        return this.state.contact.phones.filter(
            (phone) => !phone.is_wrong && !phone.is_old
        );
    }

    get relatives() {
        return this.state.contact.relatives.filter(
            (relative) => !relative.must_not_know
        );
    }

    get canSave() {
        const {value, whose, preview, isSaving} = this.state;
        return Boolean(
            value.trim() && whose && !isSaving && !(preview && preview.is_junk)
        );
    }

    get readText() {
        const {number, extension} = this.state.preview;
        return extension
            ? _t("Read as %(number)s, extension %(extension)s", {number, extension})
            : _t("Read as %s", number);
    }

    facts(person) {
        return [person.name, person.sex, person.age].filter(Boolean).join(" · ");
    }

    setId(name, ev) {
        this.state[name] = Number(ev.target.value);
    }

    onInput(ev) {
        this.state.value = ev.target.value;
        this.preview();
    }

    async loadPreview() {
        const value = this.state.value.trim();
        if (!value) {
            this.state.preview = null;
            return;
        }
        this.state.preview = await this.keepLast.add(
            this.orm.silent.call("hcrm.desk.contact", "preview_phone", [
                this.props.person.id,
                value,
            ])
        );
    }

    async save() {
        if (!this.canSave) {
            return;
        }
        await saveOnce(this.state, () =>
            this.orm.call("hcrm.desk.contact", "correct_phone", [
                this.props.person.id,
                this.state.value,
                this.state.whose,
                this.state.oldId || false,
                this.state.oldMark,
                this.state.whose === "self" ? false : this.state.whoseId || false,
            ])
        );
        this.notification.add(
            _t("The phone of %s is corrected.", this.props.person.name),
            {
                type: "success",
            }
        );
        this.props.onSaved?.();
        this.props.close();
    }
}
