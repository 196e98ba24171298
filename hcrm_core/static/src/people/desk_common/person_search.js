import {Component, useRef, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {KeepLast} from "@web/core/utils/concurrency";
import {useAutofocus, useService} from "@web/core/utils/hooks";
import {useDebounced} from "@web/core/utils/timing";
import {useExternalListener} from "@odoo/owl";

export const SEARCH_DELAY = 150;

/**
 * One box that finds a person as the name, number or telephone is typed, and shows
 * enough to tell namesakes apart. Arrow keys move, Enter opens, Escape clears.
 */
export class PersonSearch extends Component {
    static template = "hcrm_core.PersonSearch";
    static props = {
        onSelect: Function,
        // called with the text typed when nobody is found; offered only where given
        onCreate: {type: Function, optional: true},
        createLabel: {type: String, optional: true},
        placeholder: {type: String, optional: true},
        isClearedOnSelect: {type: Boolean, optional: true},
        isLarge: {type: Boolean, optional: true},
    };
    static defaultProps = {isClearedOnSelect: true, isLarge: false};

    setup() {
        this.orm = useService("orm");
        this.root = useRef("root");
        this.input = useAutofocus({refName: "input", mobile: true});
        this.keepLast = new KeepLast();
        this.state = useState({
            text: "",
            // the text the people below were found by; null: nothing was asked yet
            found: null,
            people: [],
            hasMore: false,
            active: 0,
            isOpen: false,
        });
        this.search = useDebounced(() => this.load(), SEARCH_DELAY);
        useExternalListener(window, "pointerdown", (ev) => {
            if (!this.root.el?.contains(ev.target)) {
                this.state.isOpen = false;
            }
        });
    }

    get placeholder() {
        return (
            this.props.placeholder || _t("Name, pinyin, phone, number or birth date")
        );
    }

    get createLabel() {
        return this.props.createLabel || _t("Register “%s”", this.state.found);
    }

    get isNobody() {
        return this.state.found !== null && !this.state.people.length;
    }

    get nobodyText() {
        return _t("Nobody here is found by “%s”.", this.state.found);
    }

    facts(person) {
        const birth = person.birth_year ? _t("born %s", person.birth_year) : "";
        return [person.sex, person.age, birth].filter(Boolean).join(" · ");
    }

    tails(person) {
        return [
            person.phone_tail && _t("Phone …%s", person.phone_tail),
            person.mrn_tail && _t("No. …%s", person.mrn_tail),
        ]
            .filter(Boolean)
            .join(" · ");
    }

    todayText(person) {
        return _t("Today %s", person.today);
    }

    visit(person) {
        if (!person.last_visit) {
            return _t("No visit yet");
        }
        return [person.last_visit, person.last_department].filter(Boolean).join(" · ");
    }

    onInput(ev) {
        this.state.text = ev.target.value;
        this.search();
    }

    async load() {
        const text = this.state.text.trim();
        if (!text) {
            this.clear();
            return;
        }
        const {people, has_more} = await this.keepLast.add(
            this.orm.silent.call("res.partner", "hcrm_desk_search", [text])
        );
        if (text !== this.state.text.trim()) {
            return; // somebody typed on; the next answer is on its way
        }
        Object.assign(this.state, {
            people,
            hasMore: has_more,
            found: text,
            active: 0,
            isOpen: true,
        });
    }

    clear() {
        Object.assign(this.state, {
            text: "",
            found: null,
            people: [],
            hasMore: false,
            isOpen: false,
        });
    }

    async onKeydown(ev) {
        // while an input method composes, its keys are its own
        if (ev.isComposing) {
            return;
        }
        const {people} = this.state;
        switch (ev.key) {
            case "ArrowDown":
            case "ArrowUp": {
                ev.preventDefault();
                if (people.length) {
                    this.state.isOpen = true;
                    const step = ev.key === "ArrowDown" ? 1 : people.length - 1;
                    this.state.active = (this.state.active + step) % people.length;
                    this.scrollToActive();
                }
                break;
            }
            case "Enter":
                ev.preventDefault();
                await this.onEnter();
                break;
            case "Escape":
                if (this.state.text) {
                    ev.stopPropagation();
                    this.clear();
                }
                break;
        }
    }

    /** Enter pressed faster than the answer waits for it, and never guesses. */
    async onEnter() {
        const text = this.state.text.trim();
        if (text && this.state.found !== text) {
            this.search.cancel();
            await this.load();
            if (this.state.people.length !== 1) {
                return;
            }
        }
        if (this.state.people.length) {
            this.select(this.state.people[this.state.active]);
        } else if (this.isNobody && this.props.onCreate) {
            this.create();
        }
    }

    scrollToActive() {
        const row =
            this.root.el.querySelectorAll(".o_hcrm_search_row")[this.state.active];
        row?.scrollIntoView({block: "nearest"});
    }

    select(person) {
        if (this.props.isClearedOnSelect) {
            this.clear();
        } else {
            this.state.text = person.name;
            this.state.isOpen = false;
        }
        this.props.onSelect(person);
    }

    create() {
        const text = this.state.found;
        this.clear();
        this.props.onCreate(text);
    }
}
