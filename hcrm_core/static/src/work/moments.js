/** A count as it is read: no further than a thousand. */
export function countLabel(count) {
    return count >= 1000 ? "999+" : String(count || 0);
}

/**
 * A moment for an input of type datetime-local, on the hospital's clock.
 *
 * @param {luxon.DateTime} moment
 */
export function inputValue(moment) {
    return moment.toFormat("yyyy-MM-dd'T'HH:mm");
}

/** The days and hours that are asked for most. */
export function tomorrowAt(hour) {
    return inputValue(
        luxon.DateTime.now().plus({days: 1}).set({hour, minute: 0, second: 0})
    );
}

export function inHours(hours) {
    return inputValue(luxon.DateTime.now().plus({hours}));
}
