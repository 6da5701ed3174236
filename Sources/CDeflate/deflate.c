#include "CDeflate.h"

#include <dlfcn.h>
#include <pthread.h>

// Of libdeflate's interface, which has been the same since its version 1.0.
typedef twin_deflate *(*alloc_function)(void);
typedef int (*gzip_function)(twin_deflate *, const void *, size_t, void *, size_t, size_t *, size_t *);
typedef void (*free_function)(twin_deflate *);

static struct {
    alloc_function alloc;
    gzip_function gzip;
    free_function free;
} library;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void) {
    void *handle = dlopen("libdeflate.so.0", RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) return;
    alloc_function alloc = (alloc_function)dlsym(handle, "libdeflate_alloc_decompressor");
    gzip_function gzip = (gzip_function)dlsym(handle, "libdeflate_gzip_decompress_ex");
    free_function release = (free_function)dlsym(handle, "libdeflate_free_decompressor");
    if (alloc == NULL || gzip == NULL || release == NULL) return;
    library.gzip = gzip;
    library.free = release;
    library.alloc = alloc;
}

twin_deflate *twin_deflate_make(void) {
    pthread_once(&once, load);
    return library.alloc == NULL ? NULL : library.alloc();
}

void twin_deflate_free(twin_deflate *decompressor) {
    if (decompressor != NULL) library.free(decompressor);
}

bool twin_deflate_gzip(twin_deflate *decompressor, const void *member, size_t count, void *target, size_t expected) {
    size_t consumed = 0;
    size_t produced = 0;
    return library.gzip(decompressor, member, count, target, expected, &consumed, &produced) == 0 && consumed == count && produced == expected;
}
