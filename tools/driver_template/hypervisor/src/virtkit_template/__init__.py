"""The template driver of virtkit."""
