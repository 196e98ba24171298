import {Component, onWillStart, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {useService} from "@web/core/utils/hooks";

/** Who takes it: colleagues on duty first, who has least before the others. */
export class TakerSelect extends Component {
    static template = "hcrm_core.TakerSelect";
    static props = {
        onSelect: Function,
        withRoles: {type: Boolean, optional: true},
        onlyDoctors: {type: Boolean, optional: true},
        empty: {type: String, optional: true},
    };

    setup() {
        this.orm = useService("orm");
        this.state = useState({users: [], roles: []});
        onWillStart(async () => {
            Object.assign(
                this.state,
                await this.orm.call("hcrm.desk.work", "get_takers", [], {})
            );
        });
    }

    get groups() {
        const {onlyDoctors, withRoles} = this.props;
        const users = onlyDoctors
            ? this.state.users.filter((user) => user.is_doctor)
            : this.state.users;
        const groups = [
            {label: _t("On duty"), users: users.filter((u) => u.is_on_duty)},
            {label: _t("Not on duty"), users: users.filter((u) => !u.is_on_duty)},
        ].map(({label, users}) => ({
            label,
            options: users.map((user) => ({
                value: `u${user.id}`,
                label: _t("%(name)s · %(role)s · %(load)s open", user),
            })),
        }));
        if (withRoles) {
            groups.push({
                label: _t("Back to a role"),
                options: this.state.roles.map((r) => ({
                    value: `g${r.id}`,
                    label: r.name,
                })),
            });
        }
        return groups.filter((group) => group.options.length);
    }

    get emptyLabel() {
        return this.props.empty || _t("Choose …");
    }

    onChange(ev) {
        const {value} = ev.target;
        const id = Number(value.slice(1));
        const all = value[0] === "u" ? this.state.users : this.state.roles;
        const name = all.find((one) => one.id === id)?.name || "";
        this.props.onSelect(
            value && {[value[0] === "u" ? "user_id" : "group_id"]: id, name}
        );
    }
}
