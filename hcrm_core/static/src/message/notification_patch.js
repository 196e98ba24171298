import {Notification} from "@mail/core/common/notification_model";

import {_t} from "@web/core/l10n/translation";
import {patch} from "@web/core/utils/patch";

// what the governor refused: cancelled before sending, with its sentence
patch(Notification.prototype, {
    get autoCanceledFailureType() {
        if (this.failure_type === "hcrm_refused") {
            return this.hcrm_why || _t("Not allowed");
        }
        return super.autoCanceledFailureType;
    },
});
