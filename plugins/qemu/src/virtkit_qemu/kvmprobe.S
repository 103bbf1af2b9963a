# The firmware of a machine that finds out whether KVM works: enters long mode, which emulation in the kernel gets
# wrong or cannot do at all, computes for some milliseconds of a real CPU, and reports. It is the last 256 bytes below
# 1 MiB, where the reset vector is. Assemble with:
#
#   as --64 -o kvmprobe.o kvmprobe.S && ld -m elf_x86_64 -Ttext 0 --oformat binary -o kvmprobe.bin kvmprobe.o

        .set    SEGMENT, 0xf000
        .set    OFFSET, 0xff00          # of this code in the segment
        .set    PML4, 0x1000
        .set    PDPT, 0x2000
        .set    PD, 0x3000
        .set    PRESENT_WRITABLE, 0x3
        .set    LARGE_PAGE, 0x80
        .set    CR4_PAE, 0x20
        .set    EFER, 0xc0000080
        .set    EFER_LME, 0x100
        .set    CR0_PG_PE, 0x80000001
        .set    CODE64, 0x8
        .set    ROUNDS, 10000000
        .set    REPORT_PORT, 0xf4
        .set    WORKS, 0x10             # QEMU's exit status becomes 2 * 0x10 + 1

        .code16
        .globl  _start
_start: cli
        xorw    %ax, %ax
        movw    %ax, %ds
        movl    $(PDPT + PRESENT_WRITABLE), PML4
        movl    $(PD + PRESENT_WRITABLE), PDPT
        movl    $(LARGE_PAGE + PRESENT_WRITABLE), PD
        lgdtl   %cs:(OFFSET + table - _start)
        movl    $CR4_PAE, %eax
        movl    %eax, %cr4
        movl    $PML4, %eax
        movl    %eax, %cr3
        movl    $EFER, %ecx
        rdmsr
        orl     $EFER_LME, %eax
        wrmsr
        movl    $CR0_PG_PE, %eax
        movl    %eax, %cr0
        ljmpl   $CODE64, $((SEGMENT << 4) + OFFSET + long_mode - _start)

        .code64
long_mode:
        movl    $ROUNDS, %ecx
1:      incq    %rax
        loop    1b
        movb    $WORKS, %al
        outb    %al, $REPORT_PORT
2:      hlt
        jmp     2b

descriptors:
        .quad   0
        .quad   0x00209a0000000000      # 64-bit code
table:  .word   15
        .long   (SEGMENT << 4) + OFFSET + descriptors - _start

        .org    0xf0
        .code16
        ljmp    $SEGMENT, $OFFSET
        .org    0x100
