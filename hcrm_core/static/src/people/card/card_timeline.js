import {
    Component,
    onWillStart,
    onWillUpdateProps,
    useEffect,
    useRef,
    useState,
} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {KeepLast} from "@web/core/utils/concurrency";
import {useService} from "@web/core/utils/hooks";
import {useDebounced} from "@web/core/utils/timing";
import {
    dayText,
    hospitalTime,
    joined,
    momentText,
    moneyText,
    resultClass,
    stateClass,
} from "./card_utils";

const {DateTime} = luxon;
const PAGE = 40;

/**
 * What happened to the person, newest first; the next page is fetched when the
 * end of the list comes into sight.
 */
export class CardTimeline extends Component {
    static template = "hcrm_core.CardTimeline";
    static props = {
        partnerId: Number,
        // without it, the user chooses
        kinds: {type: Array, element: String, optional: true},
        // year, kinds and words survive a change of tab
        filters: {type: Object, optional: true},
        reloadKey: {type: Number, optional: true},
    };

    setup() {
        Object.assign(this, {dayText, momentText, moneyText, resultClass, stateClass});
        this.orm = useService("orm");
        this.keepLast = new KeepLast();
        this.state = useState({
            rows: [],
            next: false,
            status: "loading", // loading, ready, error
            availableKinds: [],
            years: [],
            kinds: [],
            year: "",
            search: "",
            ...this.props.filters,
        });
        this.endRef = useRef("end");
        this.onSearch = useDebounced(() => this.reload(), 300);
        onWillStart(() => {
            this.reload();
            this.loadYears();
        });
        onWillUpdateProps((next) => {
            if (
                next.partnerId !== this.props.partnerId ||
                next.reloadKey !== this.props.reloadKey
            ) {
                this.reload(next);
                this.loadYears(next);
            }
        });
        useEffect(
            (end) => {
                if (!end) {
                    return;
                }
                const observer = new IntersectionObserver(
                    (entries) => {
                        if (entries.some((entry) => entry.isIntersecting)) {
                            this.loadMore();
                        }
                    },
                    {rootMargin: "300px"}
                );
                observer.observe(end);
                return () => observer.disconnect();
            },
            // a new observer per page: it reports at once if the end is still in sight
            () => [this.endRef.el, this.state.rows.length]
        );
    }

    // ------------------------------------------------------------------
    // Data
    // ------------------------------------------------------------------

    params(before, props = this.props) {
        return {
            partner_id: props.partnerId,
            kinds:
                props.kinds || (this.state.kinds.length ? [...this.state.kinds] : null),
            before,
            limit: PAGE,
            year: this.state.year || null,
            search: this.state.search || null,
        };
    }

    fetch(before, props) {
        return this.keepLast.add(
            this.orm.silent.call(
                "res.partner",
                "hcrm_get_timeline",
                [],
                this.params(before, props)
            )
        );
    }

    /** The choice of years comes after the rows; without it the list still works. */
    async loadYears(props = this.props) {
        try {
            this.state.years = await this.orm.silent.call(
                "res.partner",
                "hcrm_get_timeline_years",
                [],
                {partner_id: props.partnerId}
            );
        } catch {
            this.state.years = [];
        }
    }

    async reload(props) {
        this.state.status = "loading";
        this.state.rows = [];
        this.state.next = false;
        try {
            const page = await this.fetch(null, props);
            this.state.availableKinds = page.kinds || [];
            this.state.rows = page.rows;
            this.state.next = page.next;
            this.state.status = "ready";
        } catch (error) {
            this.fail(error);
        }
    }

    async loadMore() {
        if (this.state.status !== "ready" || !this.state.next) {
            return;
        }
        this.state.status = "loading";
        try {
            const page = await this.fetch(this.state.next);
            this.state.rows.push(...page.rows);
            this.state.next = page.next;
            this.state.status = "ready";
        } catch (error) {
            this.fail(error);
        }
    }

    fail(error) {
        this.state.status = "error";
        this.state.message = error.data?.message || "";
    }

    retry() {
        if (this.state.rows.length) {
            this.state.status = "ready";
            return this.loadMore();
        }
        return this.reload();
    }

    // ------------------------------------------------------------------
    // Filters
    // ------------------------------------------------------------------

    toggleKind(kind) {
        const kinds = this.state.kinds;
        this.state.kinds = kinds.includes(kind)
            ? kinds.filter((other) => other !== kind)
            : [...kinds, kind];
        this.keepFilters();
        this.reload();
    }

    showAll() {
        this.state.kinds = [];
        this.keepFilters();
        this.reload();
    }

    onYear(ev) {
        this.state.year = ev.target.value;
        this.keepFilters();
        this.reload();
    }

    onSearchInput(ev) {
        this.state.search = ev.target.value;
        this.keepFilters();
        this.onSearch();
    }

    clearFilters() {
        Object.assign(this.state, {kinds: [], year: "", search: ""});
        this.keepFilters();
        this.reload();
    }

    keepFilters() {
        if (this.props.filters) {
            const {kinds, year, search} = this.state;
            Object.assign(this.props.filters, {kinds, year, search});
        }
    }

    get isFiltered() {
        return Boolean(this.state.kinds.length || this.state.year || this.state.search);
    }

    // ------------------------------------------------------------------
    // Rows
    // ------------------------------------------------------------------

    /** Rows under the heading of their month; the results of one day in one row. */
    get groups() {
        const now = DateTime.now();
        const groups = [];
        for (const row of this.state.rows) {
            const date = row.date && hospitalTime(row.date);
            const title = this.groupTitle(date, now);
            let group = groups.at(-1);
            if (group?.title !== title) {
                group = {title, key: `${title}-${groups.length}`, items: []};
                groups.push(group);
            }
            this.addItem(group.items, row, date);
        }
        return groups;
    }

    groupTitle(date, now) {
        if (!date) {
            return _t("Without a date");
        }
        return date > now
            ? _t("Coming")
            : date.toLocaleString({year: "numeric", month: "long"});
    }

    addItem(items, row, date) {
        const day = date ? date.toISODate() : "";
        const last = items.at(-1);
        if (row.kind === "observation" && last?.results && last.day === day) {
            last.results.push(row);
            return;
        }
        items.push({
            ...row,
            key: `${row.kind}-${row.id}`,
            day,
            isNewDay: last?.day !== day,
            when: date ? date.toLocaleString({month: "short", day: "numeric"}) : "–",
            time: date ? date.toLocaleString(DateTime.TIME_SIMPLE) : "",
            where: joined(row.department, row.practitioner),
            detail: joined(...row.details),
            results: row.kind === "observation" ? [row] : undefined,
        });
    }

    resultText(row) {
        return (
            [row.value, row.unit].filter(Boolean).join(" ") ||
            row.interpretation_label ||
            "–"
        );
    }

    resultTitle(row) {
        const reference = row.reference ? _t("Reference %s", row.reference) : "";
        return joined(row.interpretation_label, reference);
    }
}
