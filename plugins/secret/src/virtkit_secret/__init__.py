"""The secret driver of virtkit. `driver` is where to start reading."""
