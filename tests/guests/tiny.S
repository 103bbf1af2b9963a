# A guest in one boot sector: up in a tenth of a second, and enough of a machine to be managed.
#
#   TINY-UP             printed on ttyS0 and on the screen once it runs
#   power button        prints TINY-OFF and powers off
#   P on ttyS0          likewise
#   R on ttyS0          resets the machine through the keyboard controller
#   X on ttyS0          reports a panic to the pvpanic device
#   any other byte      is echoed
#
# SeaBIOS puts the ACPI power management block of both pc and q35 at 0x600.

        .set    COM1, 0x3f8
        .set    COM1_LINE_STATUS, COM1 + 5
        .set    DATA_READY, 0x01
        .set    PM1_STATUS, 0x600
        .set    PM1_ENABLE, 0x602
        .set    PM1_CONTROL, 0x604
        .set    POWER_BUTTON, 0x0100
        .set    SLEEP_NOW_S5, 0x2000
        .set    PVPANIC, 0x505
        .set    PANICKED, 0x01
        .set    KEYBOARD_COMMAND, 0x64
        .set    PULSE_RESET, 0xfe

        .code16
        .globl  _start
_start: xorw    %ax, %ax
        movw    %ax, %ds
        cli
        movw    %ax, %ss
        movw    $0x7c00, %sp
        sti
        ljmp    $0, $main

main:   movw    $PM1_ENABLE, %dx        # before it says that it is up: a button that is off is not felt
        movw    $POWER_BUTTON, %ax
        outw    %ax, %dx
        movw    $up, %si
        call    print

poll:   movw    $PM1_STATUS, %dx
        inw     %dx, %ax
        testw   $POWER_BUTTON, %ax
        jnz     power_off
        movw    $COM1_LINE_STATUS, %dx
        inb     %dx, %al
        testb   $DATA_READY, %al
        jnz     serial
        hlt                             # until the next timer tick
        jmp     poll

serial: movw    $COM1, %dx
        inb     %dx, %al
        cmpb    $'P', %al
        je      power_off
        cmpb    $'R', %al
        je      reset
        cmpb    $'X', %al
        je      panic
        outb    %al, %dx
        jmp     poll

power_off:
        movw    $off, %si
        call    print
        movw    $PM1_CONTROL, %dx
        movw    $SLEEP_NOW_S5, %ax
        outw    %ax, %dx
        jmp     halt

reset:  movb    $PULSE_RESET, %al
        outb    %al, $KEYBOARD_COMMAND
halt:   hlt
        jmp     halt

panic:  movw    $PVPANIC, %dx
        movb    $PANICKED, %al
        outb    %al, %dx
        jmp     poll

# Prints the string at %si on ttyS0 and on the screen.
print:  lodsb
        testb   %al, %al
        jz      printed
        movw    $COM1, %dx
        outb    %al, %dx
        movb    $0x0e, %ah              # BIOS: teletype output
        movw    $0x0007, %bx            # page 0, grey
        int     $0x10
        jmp     print
printed:
        ret

up:     .asciz  "TINY-UP\r\n"
off:    .asciz  "TINY-OFF\r\n"

        .org    510
        .word   0xaa55
