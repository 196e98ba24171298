import {Component, onMounted, onWillUnmount, xml} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";

const SECONDS = 3;

/** Keeps the form of a feed run up to date while the run is under way. */
export class FeedPoll extends Component {
    static template = xml`<span class="d-none"/>`;
    static props = {...standardWidgetProps};

    setup() {
        let timer;
        onMounted(() => {
            timer = setInterval(() => this.refresh(), SECONDS * 1000);
        });
        onWillUnmount(() => clearInterval(timer));
    }

    refresh() {
        const {record} = this.props;
        if (["queued", "running"].includes(record.data.state) && !document.hidden) {
            return record.load();
        }
    }
}

registry.category("view_widgets").add("hcrm_feed_poll", {component: FeedPoll});
