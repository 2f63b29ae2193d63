/* Simulates a slow disk: each sync of a program takes SYNC_US microseconds longer. Preload it.
 *
 * cc -shared -fPIC -o slow_disk.so slow_disk.c && SYNC_US=4000 LD_PRELOAD=./slow_disk.so program ...
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void take_longer(void) {
    const char *microseconds = getenv("SYNC_US");
    if (microseconds != NULL) {
        usleep((useconds_t)atoi(microseconds));
    }
}

int msync(void *start, size_t length, int flags) {
    int (*plain)(void *, size_t, int) = (int (*)(void *, size_t, int))dlsym(RTLD_NEXT, "msync");
    if (flags & MS_SYNC) {
        take_longer();
    }
    return plain(start, length, flags);
}

int fsync(int file) {
    int (*plain)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    take_longer();
    return plain(file);
}

int fdatasync(int file) {
    int (*plain)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    take_longer();
    return plain(file);
}
