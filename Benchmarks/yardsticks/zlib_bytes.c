// zlib_bytes inflate FILE...
// zlib_bytes deflate LEVEL FRAME FILE
//
// How fast zlib is on one core. inflate reads gzip files of any number of members; deflate makes one gzip member of every FRAME bytes
// of FILE. Input is read, and output thrown away, 1 MiB at a time. Prints one line of JSON.
#include "rows.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

enum { BLOCK = 1 << 20 };

static int fail(const char *what) {
    fprintf(stderr, "zlib_bytes: %s\n", what);
    return 4;
}

static void report(double seconds, unsigned long long plain, unsigned long long packed) {
    printf("{\"seconds\": %.4f, \"plain_bytes\": %llu, \"packed_bytes\": %llu}\n", seconds, plain, packed);
}

static unsigned long long plain, packed;

static int run_inflate(FILE *file) {
    static unsigned char input[BLOCK], output[BLOCK];
    z_stream stream;
    memset(&stream, 0, sizeof stream);
    if (inflateInit2(&stream, 31) != Z_OK) return fail("no memory");
    for (;;) {
        size_t count = fread(input, 1, BLOCK, file);
        if (!count) break;
        packed += count;
        stream.next_in = input;
        stream.avail_in = (uInt)count;
        while (stream.avail_in) {
            stream.next_out = output;
            stream.avail_out = BLOCK;
            int code = inflate(&stream, Z_NO_FLUSH);
            plain += BLOCK - stream.avail_out;
            if (code == Z_STREAM_END) inflateReset(&stream);
            else if (code != Z_OK && code != Z_BUF_ERROR) return fail("damaged input");
        }
    }
    inflateEnd(&stream);
    return 0;
}

static int run_deflate(FILE *file, int level, size_t frame) {
    unsigned char *input = malloc(frame);
    z_stream stream;
    memset(&stream, 0, sizeof stream);
    if (!input || deflateInit2(&stream, level, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK) return fail("no memory");
    uLong room = deflateBound(&stream, frame);
    unsigned char *output = malloc(room);
    if (!output) return fail("no memory");
    for (size_t count; (count = fread(input, 1, frame, file)) > 0;) {
        deflateReset(&stream);
        stream.next_in = input;
        stream.avail_in = (uInt)count;
        stream.next_out = output;
        stream.avail_out = (uInt)room;
        if (deflate(&stream, Z_FINISH) != Z_STREAM_END) return fail("deflate");
        plain += count;
        packed += stream.total_out;
    }
    deflateEnd(&stream);
    free(input);
    free(output);
    return 0;
}

int main(int argc, char **argv) {
    int inflating = argc >= 3 && !strcmp(argv[1], "inflate");
    int deflating = argc == 5 && !strcmp(argv[1], "deflate");
    if (!inflating && !deflating) {
        fprintf(stderr, "usage: zlib_bytes inflate FILE... | deflate LEVEL FRAME FILE\n");
        return 2;
    }
    double start = seconds_now();
    for (int i = inflating ? 2 : 4; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (!file) return fail("cannot open the file");
        int code = inflating ? run_inflate(file) : run_deflate(file, atoi(argv[2]), (size_t)atol(argv[3]));
        fclose(file);
        if (code) return code;
    }
    report(seconds_now() - start, plain, packed);
    return 0;
}
