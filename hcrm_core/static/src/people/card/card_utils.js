import {
    deserializeDate,
    deserializeDateTime,
    formatDate,
    toLocaleDateString,
    toLocaleDateTimeString,
} from "@web/core/l10n/dates";
import {formatCurrency} from "@web/core/currency";
import {user} from "@web/core/user";

const {DateTime} = luxon;

/** A server date ("2026-11-03") as the user reads dates. */
export function dateText(value) {
    return value ? toLocaleDateString(deserializeDate(value)) : "";
}

/** A birth date no more precise than it is known. */
export function birthText(value, precision) {
    if (!value) {
        return "";
    }
    const date = deserializeDate(value);
    if (precision === "year") {
        return date.toFormat("yyyy");
    }
    return precision === "month" ? date.toFormat("yyyy-MM") : formatDate(date);
}

/** The clock on the hospital's wall, wherever the browser stands. */
function hospitalZone() {
    return user.activeCompany?.hcrm_tz || "default";
}

/** A server moment (UTC) in the hospital's time zone. */
export function hospitalTime(value) {
    return deserializeDateTime(value, {tz: hospitalZone()});
}

/** The moment of a chart's axis in the hospital's time zone. */
export function hospitalTimeFromMillis(value) {
    return DateTime.fromMillis(value, {zone: hospitalZone()});
}

/** The day of a server moment in the hospital. */
export function dayText(value) {
    return value ? toLocaleDateString(hospitalTime(value)) : "";
}

/** A server moment as the hospital's clock shows it. */
export function momentText(value) {
    return value
        ? toLocaleDateTimeString(hospitalTime(value), {
              showSeconds: false,
              tz: hospitalZone(),
          })
        : "";
}

/** The known ones of ``parts``, as one line. */
export function joined(...parts) {
    return parts.filter(Boolean).join(" · ");
}

export function moneyText(amount, currencyId) {
    return formatCurrency(amount, currencyId);
}

const STATE_CLASS = {
    booked: "text-bg-info",
    pending: "text-bg-warning",
    proposed: "text-bg-warning",
    waitlist: "text-bg-warning",
    planned: "text-bg-info",
    arrived: "text-bg-primary",
    checked_in: "text-bg-primary",
    in_progress: "text-bg-primary",
    onleave: "text-bg-warning",
    active: "text-bg-primary",
    on_hold: "text-bg-warning",
    noshow: "text-bg-danger",
    cancelled: "text-bg-light",
    aborted: "text-bg-light",
};

/** Badge colour of a state; what is over and as it should be stays quiet. */
export function stateClass(state) {
    return STATE_CLASS[state] || "o_hcrm_card_quiet";
}

/** Text colour of a measured value. */
export function resultClass(interpretation) {
    if (interpretation === "critical") {
        return "text-danger fw-bold";
    }
    return ["high", "low", "abnormal"].includes(interpretation)
        ? "o_hcrm_card_off fw-bold"
        : "";
}
