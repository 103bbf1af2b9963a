/* LD_PRELOAD for User Mode Linux on a CPU with AMX.
 *
 * The kernel saves a process's registers with ptrace into 2696 bytes, enough up to AVX-512. With AMX the host has 11 KiB
 * of them, and refuses to set fewer than all. AMX is off until a process asks for it, which none in a test kernel can:
 * what the kernel leaves out is therefore set to zeros, its state in a fresh process.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>

#define ALL_REGISTERS 16384

static long (*real_ptrace)(int, pid_t, void *, void *);

__attribute__((constructor)) static void find_ptrace(void) {
    real_ptrace = (long (*)(int, pid_t, void *, void *))dlsym(RTLD_NEXT, "ptrace");
}

static long set_registers(pid_t pid, void *set, const struct iovec *known) {
    static __thread char all[ALL_REGISTERS] __attribute__((aligned(64)));
    struct iovec whole = {all, sizeof all};
    if (real_ptrace(PTRACE_GETREGSET, pid, set, &whole) < 0) return -1;
    if (known->iov_len < whole.iov_len) {
        memcpy(all, known->iov_base, known->iov_len);
        memset(all + known->iov_len, 0, whole.iov_len - known->iov_len);
        return real_ptrace(PTRACE_SETREGSET, pid, set, &whole);
    }
    return real_ptrace(PTRACE_SETREGSET, pid, set, (void *)known);
}

long ptrace(enum __ptrace_request request, ...) {
    va_list arguments;
    va_start(arguments, request);
    pid_t pid = va_arg(arguments, pid_t);
    void *address = va_arg(arguments, void *);
    void *data = va_arg(arguments, void *);
    va_end(arguments);
    if (request == PTRACE_SETREGSET) return set_registers(pid, address, data);
    return real_ptrace(request, pid, address, data);
}
