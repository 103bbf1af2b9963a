"""libvirt's wire protocol: the driver `remote` and the daemon `virtkitd`."""
