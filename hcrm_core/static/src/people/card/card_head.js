import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {birthText, dateText, dayText} from "./card_utils";

/** Who it is, what must be seen first, and where the person stands in the loop. */
export class CardHead extends Component {
    static template = "hcrm_core.CardHead";
    static props = {card: Object, openForm: Function, openPerson: Function};

    setup() {
        this.dateText = dateText;
    }

    get head() {
        return this.props.card.head;
    }

    get initial() {
        return [...(this.head.name || "?")][0].toUpperCase();
    }

    /** Sex, age, birth date, number: what tells two people of one name apart. */
    get facts() {
        const head = this.head;
        const born = birthText(head.birthdate, head.birthdate_precision);
        return [head.sex_label, head.age, born].filter(Boolean);
    }

    get numberText() {
        return _t("No. %s", this.head.mrn);
    }

    get stages() {
        return (this.props.card.stages || []).map((stage) => ({
            ...stage,
            dateText: dayText(stage.date),
            icon: {done: "fa-check", current: "fa-circle", planned: "fa-clock-o"}[
                stage.state
            ],
        }));
    }
}
