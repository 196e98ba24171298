import {expect, test} from "@odoo/hoot";
import {click, edit, press, queryOne} from "@odoo/hoot-dom";
import {advanceTime, animationFrame} from "@odoo/hoot-mock";
import {defineMailModels} from "@mail/../tests/mail_test_helpers";
import {MainComponentsContainer} from "@web/core/main_components_container";
import {browser} from "@web/core/browser/browser";
import {
    getService,
    mockService,
    mountWithCleanup,
    onRpc,
} from "@web/../tests/web_test_helpers";
import {PersonSearch, SEARCH_DELAY} from "@hcrm_core/people/desk_common/person_search";
import {PhoneDialog} from "@hcrm_core/people/desk_common/phone_dialog";
import {REFRESH_DELAY} from "@hcrm_core/people/desk_common/use_desk_refresh";
import {DeskFront} from "@hcrm_core/people/desk_front/desk_front";
import {DeskVip} from "@hcrm_core/people/desk_vip/desk_vip";

defineMailModels();

const person = (id, vals = {}) => ({
    id,
    name: "王伟",
    sex: "Male",
    age: "45 y",
    birth_year: 1980,
    phone_tail: `000${id}`,
    mrn_tail: "",
    last_visit: "03/02/2026",
    last_department: "Cardiology",
    class: "Outpatient",
    alert: "",
    is_vip: false,
    is_restricted: false,
    is_deceased: false,
    today: "",
    ...vals,
});

const row = (id, vals = {}) => ({
    id,
    person: person(id),
    time: "09:00",
    department: "Cardiology",
    practitioner: "Dr Wen",
    state: "expected",
    his_state: "Booked",
    is_late: false,
    greeted: "",
    greeted_by: "",
    ...vals,
});

const frontDesk = (rows, vals = {}) => ({
    campus_id: 1,
    campuses: [
        {id: 1, name: "Main Campus"},
        {id: 2, name: "East Campus"},
    ],
    company: "Hospital A",
    day: "2026-03-10",
    day_label: "Tuesday, 10 March",
    is_today: true,
    now: "09:12",
    state: "all",
    counts: {all: rows.length, expected: rows.length, arrived: 0, done: 0, off: 0},
    total: rows.length,
    rows,
    as_of: [{source: "HIS", at: "09:12", is_old: false}],
    can_write: true,
    ...vals,
});

async function type(text) {
    await click(".o_hcrm_person_search input");
    await edit(text);
    await advanceTime(SEARCH_DELAY);
    await animationFrame();
}

const actionProps = {action: {}, actionId: 1, className: ""};

test("arrow keys choose among namesakes, Enter opens", async () => {
    onRpc("hcrm_desk_search", ({args}) => {
        expect.step(args[0]);
        return {people: [person(1), person(2), person(3)], has_more: false};
    });
    await mountWithCleanup(PersonSearch, {
        props: {onSelect: ({id}) => expect.step(`open ${id}`)},
    });
    await type("王伟");
    expect(".o_hcrm_search_row").toHaveCount(3);
    expect(".o_hcrm_search_row:eq(0)").toHaveText(
        /born 1980[^]*Phone …0001[^]*03\/02\/2026/
    );
    await press("ArrowDown");
    await press("ArrowDown");
    await press("ArrowDown");
    await press("ArrowUp");
    await animationFrame();
    expect(".o_hcrm_search_row.o_active").toHaveAttribute("data-id", "3");
    await press("Enter");
    await animationFrame();
    expect(".o_hcrm_search_people").toHaveCount(0);
    expect.verifySteps(["王伟", "open 3"]);
});

test("Enter faster than the answer never guesses among several", async () => {
    onRpc("hcrm_desk_search", ({args}) => ({
        people: args[0] === "one" ? [person(1)] : [person(1), person(2)],
        has_more: false,
    }));
    await mountWithCleanup(PersonSearch, {
        props: {onSelect: ({id}) => expect.step(`open ${id}`)},
    });
    await click("input");
    await edit("two");
    await press("Enter");
    await animationFrame();
    expect(".o_hcrm_search_row").toHaveCount(2);
    expect.verifySteps([]);
    await edit("one");
    await press("Enter");
    await animationFrame();
    expect.verifySteps(["open 1"]);
});

test("keys of an input method are its own", async () => {
    onRpc("hcrm_desk_search", () => ({people: [person(1)], has_more: false}));
    await mountWithCleanup(PersonSearch, {
        props: {onSelect: ({id}) => expect.step(`open ${id}`)},
    });
    await type("wang");
    queryOne("input").dispatchEvent(
        new KeyboardEvent("keydown", {key: "Enter", isComposing: true, bubbles: true})
    );
    await animationFrame();
    expect.verifySteps([]);
});

test("who is found by nobody can be added with the text typed", async () => {
    onRpc("hcrm_desk_search", () => ({people: [], has_more: false}));
    await mountWithCleanup(PersonSearch, {
        props: {onSelect: () => {}, onCreate: (text) => expect.step(text)},
    });
    await type("新人");
    expect(".o_hcrm_search_nobody").toHaveText(/新人/);
    await click(".o_hcrm_search_nobody button");
    await animationFrame();
    expect.verifySteps(["新人"]);
});

test("the front desk refreshes each minute without flicker", async () => {
    let rows = [row(1), row(2)];
    onRpc("get_front_desk", () => frontDesk(rows));
    await mountWithCleanup(DeskFront, {props: actionProps});
    expect(".o_hcrm_data_age").toHaveText("HIS data as of 09:12");
    expect(".o_hcrm_person_search input").toBeFocused();
    const first = queryOne("tr[data-id='1']");
    rows = [row(1, {state: "arrived", greeted: "09:13"}), row(2), row(3)];
    await advanceTime(REFRESH_DELAY);
    await animationFrame();
    expect("tbody tr").toHaveCount(3);
    expect(queryOne("tr[data-id='1']")).toBe(first);
    expect("tr[data-id='1'] .o_hcrm_undo").toHaveCount(1);
});

test("a lost connection is told beside the list, which stays", async () => {
    let isLost = false;
    onRpc("get_front_desk", () => {
        if (isLost) {
            throw new Error("lost");
        }
        return frontDesk([row(1)]);
    });
    await mountWithCleanup(DeskFront, {props: actionProps});
    isLost = true;
    await advanceTime(REFRESH_DELAY);
    await animationFrame();
    expect("tbody tr").toHaveCount(1);
    expect(".o_hcrm_data_age").toHaveText(/this list is of 09:12/);
});

test("arrived is one click, and the campus is remembered", async () => {
    onRpc("get_front_desk", ({kwargs}) => {
        expect.step(`campus ${kwargs.campus_id}`);
        return frontDesk([row(1)], {campus_id: kwargs.campus_id || 1});
    });
    onRpc("greet", ({args}) => {
        expect.step(`greet ${args[0]}`);
        return row(1, {state: "arrived", greeted: "09:13", greeted_by: "Ann"});
    });
    await mountWithCleanup(DeskFront, {props: actionProps});
    await click(".o_hcrm_greet");
    await animationFrame();
    queryOne(".o_hcrm_desk_campus").value = "2";
    queryOne(".o_hcrm_desk_campus").dispatchEvent(new Event("change"));
    await animationFrame();
    expect(browser.localStorage.getItem("hcrm_core.desk_front.campus")).toBe("2");
    expect.verifySteps(["campus null", "greet 1", "campus null", "campus 2"]);
});

test("nobody found: the registration opens with what was typed", async () => {
    onRpc("get_front_desk", () => frontDesk([]));
    onRpc("hcrm_desk_search", () => ({people: [], has_more: false}));
    mockService("action", {
        doAction(action, {additionalContext}) {
            expect.step([action, additionalContext]);
        },
    });
    await mountWithCleanup(DeskFront, {props: actionProps});
    for (const [text, field] of [
        ["新人", "default_name"],
        ["139 0000 1234", "default_phone"],
    ]) {
        await type(text);
        await click(".o_hcrm_search_nobody button");
        await animationFrame();
        expect.verifySteps([["hcrm_core.hcrm_registration_action", {[field]: text}]]);
    }
});

test("who may not write has no buttons that write", async () => {
    onRpc("get_front_desk", () => frontDesk([row(1)], {can_write: false}));
    await mountWithCleanup(DeskFront, {props: actionProps});
    expect(".o_hcrm_actions button").toHaveCount(0);
});

test("a phone is saved only when somebody said whose it is", async () => {
    onRpc("get_contact", () => ({
        person: person(1),
        phones: [
            {id: 7, value: "13900001234", whose: "Own", is_wrong: false, is_old: false},
        ],
        relatives: [],
        whose: [
            ["self", "Own"],
            ["mother", "Mother's"],
        ],
        kinds: [],
        scopes: [],
    }));
    onRpc("preview_phone", ({args}) => ({
        number: args[1],
        is_read: true,
        extension: "",
        is_junk: args[1] === "95588",
        others: [],
    }));
    onRpc("correct_phone", ({args}) => {
        expect.step(args);
        return {};
    });
    await mountWithCleanup(MainComponentsContainer);
    getService("dialog").add(
        PhoneDialog,
        {person: person(1)},
        {onClose: () => expect.step("close")}
    );
    await animationFrame();
    await click("input[type=tel]");
    await edit("95588");
    await click("label[for=o_hcrm_whose_mother]");
    await advanceTime(SEARCH_DELAY);
    await animationFrame();
    expect(".o_hcrm_save").not.toBeEnabled();
    await click("input[type=tel]");
    await edit("13900008888");
    await advanceTime(SEARCH_DELAY);
    await animationFrame();
    await click(".o_hcrm_save");
    await animationFrame();
    expect.verifySteps([[1, "13900008888", "mother", 7, "wrong", false], "close"]);
});

test("the VIP centre writes who greets in place", async () => {
    const guest = (vals) => ({
        ...row(5, {person: person(5, {name: "Guest 7", is_restricted: true})}),
        day: "2026-03-10",
        greeter_id: false,
        room: "",
        companion_id: false,
        companion: "",
        companions: [{id: 9, name: "Chen", kind: "Companion"}],
        note: "",
        language: "Cantonese",
        diet: "No pork",
        ...vals,
    });
    onRpc("get_vip_centre", () => ({
        company: "Hospital A",
        now: "09:12",
        days: [
            {
                day: "2026-03-10",
                label: "Tuesday, 10 March",
                is_today: true,
                rows: [guest()],
            },
            {
                day: "2026-03-11",
                label: "Wednesday, 11 March",
                is_today: false,
                rows: [],
            },
        ],
        greeters: [{id: 3, name: "Ann"}],
        rooms: [],
        as_of: [],
        can_write: true,
    }));
    onRpc("plan", ({args}) => {
        expect.step(args);
        return guest(args[1]);
    });
    await mountWithCleanup(DeskVip, {props: actionProps});
    expect("tbody tr").toHaveText(/Guest 7[^]*Cantonese[^]*No pork/);
    expect(".o_hcrm_data_age").toHaveText("No HIS data has been read yet");
    const greeter = queryOne(".o_hcrm_greeter");
    greeter.value = "3";
    greeter.dispatchEvent(new Event("change"));
    await animationFrame();
    expect(".o_hcrm_greeter").toHaveValue("3");
    expect.verifySteps([[5, {greeter_id: 3}]]);
});
