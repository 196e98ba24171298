import {onWillStart, useState} from "@odoo/owl";
import {KeepLast} from "@web/core/utils/concurrency";
import {useService} from "@web/core/utils/hooks";
import {useDeskBus} from "./use_desk_bus";

/**
 * A page that is read by one call, again when work changes, and tells when it is old.
 *
 * @param {(orm: Object) => Promise<Object>} read
 * @returns {{data: Object, isStale: boolean, load: () => Promise<void>}}
 */
export function useDeskPage(read) {
    const orm = useService("orm");
    const keepLast = new KeepLast();
    const page = useState({
        data: null,
        isStale: false,
        async load(by = orm) {
            page.data = await keepLast.add(read(by));
            page.isStale = false;
        },
    });
    onWillStart(() => page.load());
    useDeskBus(async () => {
        try {
            await page.load(orm.silent);
        } catch {
            page.isStale = true;
        }
    });
    return page;
}
