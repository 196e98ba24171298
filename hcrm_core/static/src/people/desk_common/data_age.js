import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";

/** Says how old the data of a desk is: when it was refreshed, when the HIS was read. */
export class DataAge extends Component {
    static template = "hcrm_core.DataAge";
    static props = {
        ages: {type: Array, element: Object},
        now: String,
        isStale: {type: Boolean, optional: true},
    };

    get staleText() {
        return _t("No connection; this list is of %s", this.props.now);
    }

    /** With one source its name is no news. */
    label(age) {
        return this.props.ages.length === 1
            ? _t("HIS data as of %s", age.at)
            : _t("%(source)s as of %(time)s", {source: age.source, time: age.at});
    }
}
