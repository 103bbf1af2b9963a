"""Linux containers, from libvirt's documents of type lxc: liblxc starts and holds them."""
