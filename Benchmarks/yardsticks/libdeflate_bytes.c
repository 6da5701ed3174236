// libdeflate_bytes FILE...
//
// How fast libdeflate inflates gzip files of any number of members on one core, checksums included: what the reader would gain by it. Each
// file is read whole, and output thrown away. Prints one line of JSON.
#include "rows.h"

#include <libdeflate.h>
#include <stdio.h>

enum { ROOM = 1 << 20 };

static int fail(const char *what) {
    fprintf(stderr, "libdeflate_bytes: %s\n", what);
    return 4;
}

int main(int argc, char **argv) {
    struct libdeflate_decompressor *inflater = libdeflate_alloc_decompressor();
    unsigned char *output = malloc(ROOM);
    unsigned long long plain = 0, packed = 0;
    double start = seconds_now();
    if (!inflater || !output) return fail("no memory");
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (!file || fseek(file, 0, SEEK_END)) return fail("cannot read the file");
        size_t size = (size_t)ftell(file), used = 0;
        rewind(file);
        unsigned char *input = malloc(size + 1);
        if (!input || fread(input, 1, size, file) != size) return fail("cannot read the file");
        fclose(file);
        while (used < size) {
            size_t consumed, produced;
            if (libdeflate_gzip_decompress_ex(inflater, input + used, size - used, output, ROOM, &consumed, &produced) != LIBDEFLATE_SUCCESS)
                return fail("damaged input, or a member of more than 1 MiB");
            used += consumed;
            plain += produced;
        }
        packed += size;
        free(input);
    }
    printf("{\"seconds\": %.4f, \"plain_bytes\": %llu, \"packed_bytes\": %llu}\n", seconds_now() - start, plain, packed);
    return 0;
}
