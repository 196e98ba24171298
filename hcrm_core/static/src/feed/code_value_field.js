import {
    SelectionField,
    selectionField,
} from "@web/views/fields/selection/selection_field";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";

/**
 * A text field whose choices depend on the record: they stand in the field
 * `value_options` as [value, label] pairs.
 */
export class CodeValueField extends SelectionField {
    get options() {
        return this.props.record.data.value_options || [];
    }

    get string() {
        const value = this.props.record.data[this.props.name];
        const option = this.options.find((item) => item[0] === value);
        return option ? option[1] : value || "";
    }

    onChange(value) {
        this.props.record.update({[this.props.name]: value ?? false});
    }
}

registry.category("fields").add("hcrm_code_value", {
    ...selectionField,
    component: CodeValueField,
    displayName: _t("Value of a code"),
    supportedTypes: ["char"],
    fieldDependencies: [{name: "value_options", type: "json"}],
});
