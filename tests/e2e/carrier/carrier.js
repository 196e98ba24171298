// A carrier: SMPP 3.4 on one port, its record and its orders over HTTP on another.
//
//   GET  /log?since=N    texts put together from their parts, in order of arrival
//   GET  /state          who is bound, counts
//   POST /plan           {number: {receipts: [[stat, wait in ms], ...], answer: status}}
//   POST /open, /close   take calls of the gateway, or hang up and take none
//   POST /mo             {from, to, text}: somebody sends a text
//
// Receipts come as planned; without a plan one DELIVRD after RECEIPT_MS.
"use strict";

const http = require("http");
const smpp = require("smpp");

const {SMPP_PORT, CONTROL_PORT, SYSTEM_ID, PASSWORD} = process.env;
const RECEIPT_MS = Number(process.env.RECEIPT_MS || 20);
const UCS2 = 8;
const RECEIPT = 4; // esm_class of a delivery receipt

const texts = [];
const pieces = new Map();
const plans = new Map();
const count = {submits: 0, receipts: 0, binds: 0};
let session = null;
let open = true;
let lastId = 1000000;

function put(pdu, id) {
    // data_coding 8 must be UTF-16BE: what is counted is what a phone would show
    const text = pdu.short_message.message.toString();
    const header = (pdu.short_message.udh || []).find((part) => part[0] === 0);
    const known = {
        at: Date.now(),
        from: pdu.source_addr,
        to: pdu.destination_addr,
        coding: pdu.data_coding,
        parts: 1,
        id,
    };
    if (!header) {
        texts.push({...known, text});
        return;
    }
    const [, , reference, total, number] = header;
    const key = `${pdu.source_addr} ${pdu.destination_addr} ${reference}`;
    const found = pieces.get(key) || new Map();
    found.set(number, text);
    pieces.set(key, found);
    if (found.size === total) {
        pieces.delete(key);
        const order = [...found.keys()].sort((a, b) => a - b);
        const whole = order.map((at) => found.get(at)).join("");
        texts.push({...known, text: whole, parts: total});
    }
}

function stamp() {
    const digits = new Date().toISOString().replace(/\D/g, "");
    return digits.slice(2, 12);
}

function tell(pdu, id, stat) {
    if (!session) return;
    const words = [`id:${id}`, "sub:001", `dlvrd:${stat === "DELIVRD" ? "001" : "000"}`];
    words.push(`submit date:${stamp()}`, `done date:${stamp()}`, `stat:${stat}`);
    words.push(`err:${stat === "DELIVRD" ? "000" : "001"}`, "text:");
    session.deliver_sm({
        source_addr: pdu.destination_addr,
        destination_addr: pdu.source_addr,
        esm_class: RECEIPT,
        short_message: words.join(" "),
    });
    count.receipts += 1;
}

function submit(pdu) {
    count.submits += 1;
    const plan = plans.get(pdu.destination_addr) || {};
    if (plan.answer) {
        this.send(pdu.response({command_status: plan.answer}));
        return;
    }
    lastId += 1;
    const id = String(lastId);
    put(pdu, id);
    this.send(pdu.response({message_id: id}));
    if (!(pdu.registered_delivery & 1)) return;
    for (const [stat, wait] of plan.receipts || [["DELIVRD", RECEIPT_MS]]) {
        setTimeout(tell, wait, pdu, id, stat);
    }
}

function bind(pdu) {
    const known = pdu.system_id === SYSTEM_ID && pdu.password === PASSWORD;
    if (!open || !known) {
        this.send(pdu.response({command_status: smpp.ESME_RBINDFAIL}));
        this.close();
        return;
    }
    session = this;
    count.binds += 1;
    this.send(pdu.response({system_id: "carrier"}));
}

smpp.createServer((caller) => {
    caller.on("error", () => caller.close());
    caller.on("bind_transceiver", bind);
    caller.on("submit_sm", submit);
    caller.on("enquire_link", (pdu) => caller.send(pdu.response()));
    caller.on("unbind", (pdu) => {
        caller.send(pdu.response());
        caller.close();
    });
    caller.on("close", () => {
        if (session === caller) session = null;
    });
}).listen(Number(SMPP_PORT), "127.0.0.1");

const orders = {
    log: (query) => texts.slice(Number(query.get("since") || 0)),
    state: () => ({bound: Boolean(session), texts: texts.length, ...count}),
    plan: (_query, body) => {
        for (const [number, plan] of Object.entries(body)) plans.set(number, plan);
    },
    open: () => {
        open = true;
    },
    close: () => {
        open = false;
        if (session) session.close();
    },
    mo: (_query, {from, to, text}) => {
        const plain = /^[\x20-\x7e]*$/.test(text);
        session.deliver_sm({
            source_addr: from,
            destination_addr: to,
            data_coding: plain ? 0 : UCS2,
            short_message: text,
        });
    },
};

http.createServer((request, response) => {
    const url = new URL(request.url, "http://carrier");
    const order = orders[url.pathname.slice(1)];
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
        if (!order) {
            response.writeHead(404).end();
            return;
        }
        const body = chunks.length ? JSON.parse(Buffer.concat(chunks)) : {};
        const answer = order(url.searchParams, body);
        response.end(JSON.stringify(answer === undefined ? {} : answer));
    });
}).listen(Number(CONTROL_PORT), "127.0.0.1");
