// zlib's initialisers are macros, which Swift does not import: each is wrapped here as a function of the same meaning.
#ifndef TWIN_CZLIB_SHIM_H
#define TWIN_CZLIB_SHIM_H

#include <zlib.h>

/// deflateInit2: windowBits 31 writes gzip members, 15 zlib streams, -15 raw deflate.
static inline int twin_deflate_init(z_stream *stream, int level, int window_bits) {
    return deflateInit2(stream, level, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
}

/// inflateInit2: windowBits 31 reads one gzip member, 47 detects gzip or zlib, -15 reads raw deflate.
static inline int twin_inflate_init(z_stream *stream, int window_bits) {
    return inflateInit2(stream, window_bits);
}

#endif
