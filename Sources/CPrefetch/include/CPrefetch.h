// Hints to the processor that Swift has no words for.
#ifndef TWIN_CPREFETCH_H
#define TWIN_CPREFETCH_H

/// Begins to fetch the cache line of an address, which will be read and may be written; the address need not be valid.
static inline void twin_prefetch(const void *address) { __builtin_prefetch(address, 1, 3); }

#endif
