"""What storage backends are written from: the specification (`backend`) and parts that several of them need.

virtkit.storage.backend       the specification: what a type of pools is, and its volumes
virtkit.storage.directory     volumes that are the files of a folder
virtkit.storage.nodes         device nodes, for volumes that are devices
virtkit.storage.mounts        volumes that are the files of something mounted
virtkit.storage.formatting    what a device holds, and making filesystems
virtkit.storage.image         what the header of an image file tells, read without starting a program
virtkit.storage.qemu_img      making, converting and resizing images with qemu-img
"""
