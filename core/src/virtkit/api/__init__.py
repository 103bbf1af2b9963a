"""The public API: a connection and small typed handles, one module per object kind.

A handle is a connection and a reference; it holds no state of the object. Its methods are named in libvirt's words
and go through the connection's op table, the one place where a call is checked and finds its driver.
"""
