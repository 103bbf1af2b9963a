"""A kernel for tests: User Mode Linux over the root of this machine. See README.md."""
