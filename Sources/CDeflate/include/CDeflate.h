#ifndef TWIN_CDEFLATE_H
#define TWIN_CDEFLATE_H

#include <stdbool.h>
#include <stddef.h>

// libdeflate (libdeflate.so.0), where the system has it. It inflates what lies in memory as a whole about twice as fast as zlib. It is looked
// for once, at run time: nothing needs it to be built or to run, and whoever uses it must be able to do without.

typedef struct twin_deflate twin_deflate;

/// A decompressor, for one thread at a time; NULL where libdeflate is not there.
twin_deflate *twin_deflate_make(void);
void twin_deflate_free(twin_deflate *decompressor);

/// Inflates one gzip member of `count` bytes into `target`. True when it ends with its last byte, gives exactly `expected` bytes, and has their
/// checksum and length. False says nothing about why.
bool twin_deflate_gzip(twin_deflate *decompressor, const void *member, size_t count, void *target, size_t expected);

#endif
