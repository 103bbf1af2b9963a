"""The `virtkit` command."""
