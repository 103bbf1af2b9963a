# One door for everything: each target sets up what it needs. The recipes stay one line; the work is in tools/.
.PHONY: setup demo test check bench docs
python := .venv/bin/python

setup:
	@tools/setup.sh

demo: setup
	@$(python) demo/run.py

test: setup
	@$(python) -m pytest -n auto --dist loadgroup $(PYTEST_ARGS)

check: setup
	@$(python) tools/check.py

bench: setup
	@$(python) -m bench.run $(BENCH)

docs: setup
	@$(python) tools/build_docs.py
