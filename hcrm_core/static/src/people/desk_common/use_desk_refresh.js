import {onMounted, onWillUnmount, useExternalListener} from "@odoo/owl";
import {browser} from "@web/core/browser/browser";

export const REFRESH_DELAY = 60000;

/**
 * Call `refresh` every minute while the page is looked at, and at once when
 * somebody comes back to it. A desk stays open all day: a hidden tab asks nothing.
 *
 * @param {() => Promise<void>} refresh
 */
export function useDeskRefresh(refresh) {
    let timer;
    const tick = () => {
        if (document.visibilityState !== "hidden") {
            refresh();
        }
    };
    onMounted(() => {
        timer = browser.setInterval(tick, REFRESH_DELAY);
    });
    onWillUnmount(() => browser.clearInterval(timer));
    useExternalListener(document, "visibilitychange", tick);
}
