"""The daemon `virtkitd`: it serves the drivers of this process to clients of libvirt's wire protocol."""
