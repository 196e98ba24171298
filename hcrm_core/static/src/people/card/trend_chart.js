import {Component, onWillStart, onWillUnmount, useEffect, useRef} from "@odoo/owl";
import {loadBundle} from "@web/core/assets";
import {cookie} from "@web/core/browser/cookie";
import {getCustomColor, hexToRGBA} from "@web/core/colors/colors";
import {hospitalTime, hospitalTimeFromMillis, momentText} from "./card_utils";

const scheme = cookie.get("color_scheme");
const COLOR = {
    line: getCustomColor(scheme, "#5b6ea8", "#9db0e8"),
    band: getCustomColor(scheme, "#28a745", "#40c463"),
    off: getCustomColor(scheme, "#d9822b", "#f0ad4e"),
    critical: getCustomColor(scheme, "#d23f3a", "#ff6a64"),
    label: getCustomColor(scheme, "#6b7280", "#9ca3af"),
    grid: getCustomColor(scheme, "#e9ebee", "#3c3e4b"),
};

/** The reference range as a band behind the line; open on the side not given. */
const referenceBand = {
    id: "hcrmReferenceBand",
    beforeDatasetsDraw(chart, _args, {low, high}) {
        if (!low && !high) {
            return;
        }
        const {ctx, chartArea, scales} = chart;
        const clamp = (y) => Math.min(Math.max(y, chartArea.top), chartArea.bottom);
        const top = high ? clamp(scales.y.getPixelForValue(high)) : chartArea.top;
        const bottom = clamp(scales.y.getPixelForValue(low || scales.y.min));
        ctx.save();
        ctx.fillStyle = hexToRGBA(COLOR.band, 0.12);
        ctx.fillRect(
            chartArea.left,
            top,
            chartArea.right - chartArea.left,
            bottom - top
        );
        ctx.restore();
    },
};

/** The course of one measured value, with its reference range. */
export class TrendChart extends Component {
    static template = "hcrm_core.TrendChart";
    static props = {serie: Object};

    setup() {
        this.canvasRef = useRef("canvas");
        onWillStart(() => loadBundle("web.chartjs_lib"));
        useEffect(
            () => this.drawChart(),
            () => [this.props.serie]
        );
        onWillUnmount(() => this.chart?.destroy());
    }

    get last() {
        return this.props.serie.points.at(-1);
    }

    get summary() {
        const {name, unit, points} = this.props.serie;
        return `${name}: ${points.map((point) => `${point.value} ${unit}`).join(", ")}`;
    }

    get reference() {
        const {ref_low: low, ref_high: high} = this.props.serie;
        if (low && high) {
            return `${low}–${high}`;
        }
        return high ? `≤ ${high}` : low ? `≥ ${low}` : "";
    }

    pointColor(point) {
        if (point.interpretation === "critical") {
            return COLOR.critical;
        }
        return ["high", "low", "abnormal"].includes(point.interpretation)
            ? COLOR.off
            : COLOR.line;
    }

    drawChart() {
        this.chart?.destroy();
        // eslint-disable-next-line no-undef
        this.chart = new Chart(this.canvasRef.el, this.config);
    }

    get config() {
        const {points, unit, ref_low: low, ref_high: high} = this.props.serie;
        const colors = points.map((point) => this.pointColor(point));
        return {
            type: "line",
            data: {
                datasets: [
                    {
                        data: points.map((point) => ({
                            x: hospitalTime(point.date).toMillis(),
                            y: point.value,
                        })),
                        borderColor: COLOR.line,
                        borderWidth: 2,
                        pointBackgroundColor: colors,
                        pointBorderColor: colors,
                        pointRadius: points.length > 30 ? 1.5 : 3,
                        tension: 0.2,
                        clip: 6,
                    },
                ],
            },
            plugins: [referenceBand],
            options: {
                animation: false,
                maintainAspectRatio: false,
                layout: {padding: {right: 6}},
                plugins: {
                    legend: {display: false},
                    hcrmReferenceBand: {low, high},
                    tooltip: {
                        displayColors: false,
                        callbacks: {
                            title: ([item]) => momentText(points[item.dataIndex].date),
                            label: (item) => `${item.parsed.y} ${unit}`,
                        },
                    },
                },
                scales: {x: this.timeScale, y: this.valueScale(low, high)},
            },
        };
    }

    get timeScale() {
        const {points} = this.props.serie;
        return {
            type: "linear",
            min: hospitalTime(points[0].date).toMillis(),
            max: hospitalTime(points.at(-1).date).toMillis(),
            grid: {display: false},
            // first, middle and last day
            afterBuildTicks: (axis) => {
                const {min, max} = axis;
                const values = max > min ? [min, (min + max) / 2, max] : [min];
                axis.ticks = values.map((value) => ({value}));
            },
            ticks: {
                align: "inner",
                maxRotation: 0,
                color: COLOR.label,
                callback: (value) =>
                    hospitalTimeFromMillis(value).toLocaleString({
                        year: "2-digit",
                        month: "short",
                    }),
            },
        };
    }

    /** The band is in sight even when all values lie on one side of it. */
    valueScale(low, high) {
        return {
            suggestedMin: low || undefined,
            suggestedMax: high || undefined,
            grid: {color: COLOR.grid},
            border: {display: false},
            ticks: {maxTicksLimit: 5, color: COLOR.label},
        };
    }
}
