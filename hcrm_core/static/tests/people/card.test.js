import {expect, test} from "@odoo/hoot";
import {click, edit, queryAllTexts} from "@odoo/hoot-dom";
import {animationFrame, mockDate, runAllTimers} from "@odoo/hoot-mock";
import {defineMailModels} from "@mail/../tests/mail_test_helpers";
import {
    mountWithCleanup,
    onRpc,
    patchWithCleanup,
} from "@web/../tests/web_test_helpers";
import {user} from "@web/core/user";
import {CardHead} from "@hcrm_core/people/card/card_head";
import {CardHealth} from "@hcrm_core/people/card/card_health";
import {CardTimeline} from "@hcrm_core/people/card/card_timeline";
import {dayText, momentText} from "@hcrm_core/people/card/card_utils";
import {TrendChart} from "@hcrm_core/people/card/trend_chart";

defineMailModels();

const KINDS = [
    {kind: "encounter", label: "Visit", icon: "hospital-o"},
    {kind: "observation", label: "Result", icon: "flask"},
];

function row(id, date, values = {}) {
    return {
        id,
        date,
        kind: "encounter",
        model: "hcrm.encounter",
        icon: "hospital-o",
        label: "Visit",
        title: "Outpatient",
        details: [],
        state: "finished",
        state_label: "Finished",
        department: "Cardiology",
        practitioner: "Dr Wen",
        ...values,
    };
}

function result(id, date, value, interpretation = false) {
    return row(id, date, {
        kind: "observation",
        title: `Potassium ${id}`,
        label: "Result",
        state: false,
        state_label: false,
        value,
        unit: "mmol/L",
        reference: "3.5–5.1",
        interpretation,
    });
}

/** Observers that report when the test says so. */
function mockIntersection() {
    const observers = [];
    patchWithCleanup(window, {
        IntersectionObserver: class {
            constructor(callback) {
                this.callback = callback;
                observers.push(this);
            }
            observe() {}
            disconnect() {
                observers.splice(observers.indexOf(this), 1);
            }
        },
    });
    return () => observers.at(-1).callback([{isIntersecting: true}]);
}

function mockTimeline(pages) {
    onRpc("res.partner", "hcrm_get_timeline_years", () => [2026, 2025]);
    onRpc("res.partner", "hcrm_get_timeline", ({kwargs}) => {
        expect.step(
            JSON.stringify([kwargs.kinds, kwargs.before, kwargs.year, kwargs.search])
        );
        return pages(kwargs);
    });
}

const page = (rows, next = false) => ({rows, next, kinds: KINDS});

test("timeline groups rows by month and the results of a day in one row", async () => {
    mockDate("2026-03-20 12:00:00", +8);
    mockIntersection();
    mockTimeline(() =>
        page([
            row(1, "2026-04-01 01:00:00", {state: "booked", state_label: "Booked"}),
            row(2, "2026-03-02 01:00:00"),
            result(3, "2026-03-02 00:30:00", "4.1"),
            result(4, "2026-03-02 00:30:00", "6.2", "high"),
            result(5, "2026-02-27 16:30:00", "4.0"),
            row(6, false),
        ])
    );
    await mountWithCleanup(CardTimeline, {props: {partnerId: 7}});
    await animationFrame();
    expect(queryAllTexts(".o_hcrm_card_month h3")).toEqual([
        "Coming",
        "March 2026",
        "February 2026",
        "Without a date",
    ]);
    expect(".o_hcrm_card_item").toHaveCount(5);
    expect(".o_hcrm_card_month:eq(1) .o_hcrm_card_results > span").toHaveCount(2);
    expect(".o_hcrm_card_results .o_hcrm_card_off").toHaveText("6.2 mmol/L");
    expect(".o_hcrm_card_end").toHaveCount(1);
    expect.verifySteps(["[null,null,null,null]"]);
});

test("timeline fetches the next page when its end is in sight", async () => {
    const scrollToEnd = mockIntersection();
    const next = ["2026-03-02 01:00:00", "encounter", 1];
    mockTimeline(({before}) =>
        before ? page([row(2, "2026-03-01 01:00:00")]) : page([row(1, next[0])], next)
    );
    await mountWithCleanup(CardTimeline, {props: {partnerId: 7}});
    await animationFrame();
    scrollToEnd();
    scrollToEnd(); // while it loads, nothing is asked twice
    await animationFrame();
    expect(".o_hcrm_card_item").toHaveCount(2);
    scrollToEnd(); // nothing after the last page
    await animationFrame();
    expect.verifySteps([
        "[null,null,null,null]",
        `[null,${JSON.stringify(next)},null,null]`,
    ]);
});

test("timeline filters by kind, year and words, and offers a way back", async () => {
    mockIntersection();
    mockTimeline(({search}) => page(search ? [] : [row(1, "2026-03-02 01:00:00")]));
    const filters = {kinds: [], year: "", search: ""};
    await mountWithCleanup(CardTimeline, {props: {partnerId: 7, filters}});
    await animationFrame();
    await click("[data-kind=encounter].o_hcrm_card_chip");
    await animationFrame();
    expect("[data-kind=encounter].o_hcrm_card_chip").toHaveAttribute(
        "aria-pressed",
        "true"
    );
    await click(".o_hcrm_card_search");
    await edit("fever");
    await runAllTimers();
    await animationFrame();
    expect(".o_hcrm_card_empty").toHaveText(/Nothing matches these filters/);
    expect(filters).toEqual({kinds: ["encounter"], year: "", search: "fever"});
    await click(".o_hcrm_card_empty button");
    await animationFrame();
    expect(".o_hcrm_card_item").toHaveCount(1);
    expect.verifySteps([
        "[null,null,null,null]",
        '[["encounter"],null,null,null]',
        '[["encounter"],null,null,"fever"]',
        "[null,null,null,null]",
    ]);
});

test("timeline says what is wrong and tries again", async () => {
    mockIntersection();
    let isBroken = true;
    mockTimeline(() => {
        if (isBroken) {
            throw new Error("boom");
        }
        return page([row(1, "2026-03-02 01:00:00")]);
    });
    await mountWithCleanup(CardTimeline, {props: {partnerId: 7}});
    await animationFrame();
    expect("[role=alert]").toHaveText(/could not be loaded/);
    isBroken = false;
    await click("[role=alert] button");
    await animationFrame();
    expect(".o_hcrm_card_item").toHaveCount(1);
    expect.verifySteps(["[null,null,null,null]", "[null,null,null,null]"]);
});

test("head shows alerts in order, the loop, and no more than it was given", async () => {
    const card = {
        head: {
            name: "王芳",
            sex: "female",
            sex_label: "Female",
            age: "58 years",
            birthdate: "1968-03-01",
            birthdate_precision: "year",
            status: "deceased",
            status_label: "Deceased",
            deceased_date: "2026-03-05",
            class_name: "Inpatient",
            is_vip: true,
            owner: false,
        },
        alerts: [
            {kind: "deceased", level: "dark", icon: "circle", text: "Deceased."},
            {kind: "service", level: "info", icon: "bell", text: "Wheelchair"},
        ],
        stages: [
            {code: "lead", label: "Known", state: "done", date: "2026-01-01 00:00:00"},
            {code: "visit", label: "Visit", state: "open", date: false},
        ],
    };
    await mountWithCleanup(CardHead, {
        props: {card, openForm: () => expect.step("form"), openPerson: () => {}},
    });
    expect("h1").toHaveText("王芳");
    expect(".o_hcrm_card_facts").toHaveText(/Female.*58 years.*1968/s);
    expect(".o_hcrm_card_facts").not.toHaveText(/1968-03/);
    expect(queryAllTexts(".o_hcrm_card_alert")).toEqual(["Deceased.", "Wheelchair"]);
    expect(".o_hcrm_card_stage_done").toHaveCount(1);
    expect(".o_hcrm_card_vip").toHaveCount(1);
    expect(".o_hcrm_card_mrn").toHaveCount(0);
    await click(".o_hcrm_card_form");
    expect.verifySteps(["form"]);
});

test("health tab draws chosen codes and fetches the series of another", async () => {
    patchWithCleanup(TrendChart.prototype, {drawChart() {}});
    const latest = (code, count) => ({
        id: count,
        code,
        name: code,
        category: "laboratory",
        category_label: "Laboratory",
        date: "2026-03-02 01:00:00",
        count_numeric: count,
        value: "4.1",
        unit: "mmol/L",
        reference: "3.5–5.1",
        interpretation: false,
    });
    const serie = (code) => ({
        code,
        name: code,
        unit: "mmol/L",
        ref_low: 3.5,
        ref_high: 5.1,
        points: [
            {date: "2026-03-01 01:00:00", value: 4, interpretation: false},
            {date: "2026-03-02 01:00:00", value: 6, interpretation: "high"},
        ],
    });
    onRpc("res.partner", "hcrm_get_trends", ({kwargs}) => {
        expect.step(`trends ${kwargs.codes || ""}`);
        return {
            latest: [latest("K", 3), latest("NA", 2), latest("CRP", 1)],
            series: (kwargs.codes || ["K"]).map(serie),
        };
    });
    onRpc("res.partner", "hcrm_get_health", () => ({
        allergies: {rows: [], more: false},
        medications: {
            rows: [
                {id: 1, name: "Amlodipine", is_current: true, state: "active"},
                {id: 2, name: "Aspirin", is_current: false, state: "stopped"},
            ],
            more: false,
        },
    }));
    await mountWithCleanup(CardHealth, {props: {partnerId: 7}});
    await animationFrame();
    expect(".o_hcrm_card_trend").toHaveCount(1);
    expect(".o_hcrm_card_trend").toHaveText(/Reference 3.5–5.1/);
    // one value makes no course
    expect(".o_hcrm_card_code").toHaveCount(2);
    await click(".o_hcrm_card_code:contains(NA)");
    await animationFrame();
    expect(queryAllTexts(".o_hcrm_card_trend figcaption .fw-bold.flex-grow-1")).toEqual(
        ["NA", "K"]
    );
    await click(".o_hcrm_card_code:contains(K)");
    await animationFrame();
    expect(".o_hcrm_card_trend").toHaveCount(1);
    expect(queryAllTexts(".o_hcrm_card_box h2")).toEqual([
        "Allergies",
        "Current medication",
        "Past medication",
        "Laboratory: latest",
    ]);
    expect.verifySteps(["trends ", "trends NA,K"]);
});

test("days and times are the hospital's, wherever the browser stands", () => {
    mockDate("2026-03-20 12:00:00", +8);
    patchWithCleanup(user, {
        get activeCompany() {
            return {id: 1, hcrm_tz: "America/New_York"};
        },
    });
    expect(dayText("2026-03-02 02:30:00")).toBe("Mar 1");
    expect(momentText("2026-03-02 02:30:00")).toMatch(/^Mar 1, 9:30.PM$/);
});
