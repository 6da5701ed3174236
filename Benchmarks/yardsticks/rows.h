// The rows that both SQLite yardsticks insert: 14 integers of the sizes that a flow row has, from a fixed seed.
#ifndef YARDSTICK_ROWS_H
#define YARDSTICK_ROWS_H

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

enum { COLUMNS = 14, BATCH = 65536 };

typedef struct {
    int64_t column[COLUMNS];
} row;

static inline double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static inline uint64_t next_random(uint64_t *state) {
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

// Start, end, principal, device, Resource, Connector, network, address, port, bytes in, bytes out, verdict, connection id, source offset.
static inline void fill_batch(row *rows, long count, uint64_t *state, int64_t *clock) {
    for (long i = 0; i < count; i++) {
        int64_t *c = rows[i].column;
        *clock += (int64_t)(next_random(state) % 20);
        c[0] = *clock;
        c[1] = *clock + (int64_t)(next_random(state) % 100000);
        c[2] = (int64_t)(next_random(state) % 2000);
        c[3] = c[2] + 2000;
        c[4] = (int64_t)(next_random(state) % 300);
        c[5] = (int64_t)(next_random(state) % 36);
        c[6] = c[5] / 3;
        c[7] = (int64_t)(next_random(state) % 3000);
        c[8] = (int64_t)(next_random(state) % 65536);
        c[9] = (int64_t)(next_random(state) % (1u << (8 + next_random(state) % 16)));
        c[10] = (int64_t)(next_random(state) % (1u << (6 + next_random(state) % 12)));
        c[11] = (int64_t)(next_random(state) % 8);
        c[12] = (int64_t)(next_random(state) >> 1);
        c[13] = i * 565;
    }
}

#endif
