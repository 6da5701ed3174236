// A read-only SQLite table over arrays in memory, so that one INSERT … SELECT loads a batch without a bind per value.
#ifndef TWIN_CSQLITE_BATCH_H
#define TWIN_CSQLITE_BATCH_H

#include <sqlite3.h>
#include <stdint.h>

/// Stands for NULL in `integers`.
#define TWIN_BATCH_NULL INT64_MIN

/// In `ends`: the bytes are a blob. No part of the place.
#define TWIN_BATCH_BLOB 0x80000000u

/// The most integer columns that a batch may have.
#define TWIN_BATCH_MAX_COLUMNS 32

/// The rows to be read: integer columns `c0` … and one text column `t`, all owned by the caller and left alone while a statement runs.
typedef struct {
    int64_t rows;
    int32_t columns;
    /// Row after row, `columns` of them in each: what is written and read together lies together.
    const int64_t *integers;
    /// The texts one after the other; row i is text[ends[i - 1] ..< ends[i]]. An empty text reads as NULL, and as a blob what ends with
    /// TWIN_BATCH_BLOB set.
    const uint8_t *text;
    const uint32_t *ends;
} twin_batch;

/// Makes the table `name` over `batch` known to one connection; `batch` must outlive the connection. Returns an SQLite result code.
int twin_batch_register(sqlite3 *database, const char *name, const twin_batch *batch);

/// Has SQLite no longer count the memory it takes, in the whole process; to be called before its first use. Returns an SQLite result code.
int twin_sqlite_stop_counting_memory(void);

#endif
