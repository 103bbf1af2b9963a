"""Network filters: libvirt's nwfilter documents, compiled to rules of nftables."""
