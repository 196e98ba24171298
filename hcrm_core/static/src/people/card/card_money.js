import {Component} from "@odoo/owl";
import {dayText, moneyText} from "./card_utils";

/** What was billed, and who paid; in a currency each. */
export class CardMoney extends Component {
    static template = "hcrm_core.CardMoney";
    static props = {spend: Array};

    setup() {
        Object.assign(this, {dayText, moneyText});
    }

    /** Payers with something to pay, as parts of the whole. */
    payers(row) {
        const whole = row.payers.reduce(
            (sum, payer) => sum + Math.max(payer.amount, 0),
            0
        );
        return row.payers
            .filter((payer) => payer.amount)
            .map((payer) => ({
                ...payer,
                percent: whole
                    ? Math.round((100 * Math.max(payer.amount, 0)) / whole)
                    : 0,
            }));
    }
}
