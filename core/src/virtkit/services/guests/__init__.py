"""Guests, as all drivers of hypervisors have them: a definition, a run while it is active, and both on disk.

guest           a guest and its run
catalog         what the folders of a root tell of its guests
status          the words of states in status documents
state           the guests of a root, read by anybody and owned by one
impact          which of a guest's documents a call is about
listing         which guests the flags of a list leave
configuration   functions of a driver about guests as configuration
annotations     and about their metadata
autostart       guests that start with the driver
"""
