# Print what the tests read; runs in the test kernel.
table() { sfdisk --quiet --no-reread --no-tell-kernel --wipe always "$1"; }
record() { echo "== $1"; shift; "$@"; }

table /dev/ubdb <<END
label: gpt
/dev/p1 : start=2048, size=102400, type=linux
/dev/p3 : start=122880, size=102401, type=swap
END
record gpt.json sfdisk --json /dev/ubdb
record wipefs-gpt.json wipefs --no-act --json /dev/ubdb
table /dev/ubdc <<END
label: dos
/dev/p1 : start=2048, size=102400, type=83
/dev/p2 : start=104448, size=204800, type=f
/dev/p4 : start=329728, size=20480, type=8e
/dev/p5 : start=106496, size=20480, type=83
/dev/p6 : start=129024, size=20480, type=82
END
record dos.json sfdisk --json /dev/ubdc
echo 'label: gpt' | table /dev/ubdc
record gpt-empty.json sfdisk --json /dev/ubdc
echo 'label: sun' | table /dev/ubdd
record sun.json sfdisk --json /dev/ubdd
mkfs.vfat -I /dev/ubdd >/dev/null
record vfat.json sfdisk --json /dev/ubdd
record wipefs-vfat.json wipefs --no-act --json /dev/ubdd
record wipefs-none.json wipefs --no-act --json /dev/ubde
