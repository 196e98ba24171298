import {onMounted, onWillUnmount} from "@odoo/owl";
import {browser} from "@web/core/browser/browser";
import {useService} from "@web/core/utils/hooks";
import {useDeskRefresh} from "../people/desk_common/use_desk_refresh";

export const BUS_DELAY = 400;

/**
 * Call `refresh` when work came, went or changed (told over the bus, many changes at
 * once are one), and every minute as any desk.
 *
 * @param {() => Promise<void>} refresh
 */
export function useDeskBus(refresh) {
    const bus = useService("bus_service");
    let timer;
    const soon = () => {
        browser.clearTimeout(timer);
        timer = browser.setTimeout(refresh, BUS_DELAY);
    };
    onMounted(() => bus.subscribe("hcrm_core/desk", soon));
    onWillUnmount(() => {
        browser.clearTimeout(timer);
        bus.unsubscribe("hcrm_core/desk", soon);
    });
    useDeskRefresh(refresh);
}
