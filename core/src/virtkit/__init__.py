"""Manage virtual machines, containers, storage and networks through drivers installed with pip."""
