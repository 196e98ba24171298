# What a person types; docker/ holds the steps, docker/README.md tells them.
PYTHON ?= python3

.PHONY: run stop test lint format i18n bench e2e prepare shell container

run:            ## prepare what is missing, serve the demo hospital
	@$(PYTHON) docker run
stop:           ## end what `make run` started
	@$(PYTHON) docker stop
test:           ## every test, on throw-away databases
	@$(PYTHON) docker test $(TAGS)
lint:           ## every linter and format check
	@$(PYTHON) docker lint
format:         ## let the formatters rewrite what `make lint` would refuse
	@$(PYTHON) docker format
i18n:           ## export terms, update zh_CN, fail on untranslated ones
	@$(PYTHON) docker i18n
bench:          ## speed, as ratios in one run
	@$(PYTHON) docker bench $(ARGS)
e2e:            ## journeys across addons, APIs and real data
	@$(PYTHON) docker e2e $(ARGS)
container:      ## carry out docker/ without an engine and run it (root)
	@$(PYTHON) docker container $(ARGS)
prepare:        ## only fetch what is missing
	@$(PYTHON) docker prepare
shell:          ## Odoo's shell on the demo database
	@$(PYTHON) docker shell
