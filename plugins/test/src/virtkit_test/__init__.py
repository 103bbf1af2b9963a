"""The test driver of virtkit: a complete hypervisor that lives in memory."""
