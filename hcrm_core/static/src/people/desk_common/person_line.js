import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";

/** Who somebody is, at a glance: name, sex, age and what a greeter must know (R13). */
export class PersonLine extends Component {
    static template = "hcrm_core.PersonLine";
    static props = {
        person: Object,
        onOpen: {type: Function, optional: true},
    };

    get facts() {
        const {sex, age} = this.props.person;
        return [sex, age].filter(Boolean).join(" · ");
    }
}

/** "…1234" of the phone, else of the hospital number. */
export function tailLabel(person) {
    if (person.phone_tail) {
        return _t("Phone …%s", person.phone_tail);
    }
    return person.mrn_tail ? _t("No. …%s", person.mrn_tail) : "";
}
