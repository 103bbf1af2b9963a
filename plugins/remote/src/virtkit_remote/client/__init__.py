"""The driver `remote`: a connection to a libvirtd or a virtkitd."""
