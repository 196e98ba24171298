{
    "name": "HCRM Test: a Server That Dies at Named Points",
    "version": "19.0.1.0.0",
    "category": "Hidden",
    "summary": "Kills the server with SIGKILL before or after a step of the feed",
    "author": "HCRM contributors",
    "website": "https://example.com/hcrm",
    "license": "AGPL-3",
    "depends": ["hcrm_core"],
}
