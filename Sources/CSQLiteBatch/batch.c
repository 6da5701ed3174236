#include "CSQLiteBatch.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    sqlite3_vtab base;
    const twin_batch *batch;
} batch_table;

typedef struct {
    sqlite3_vtab_cursor base;
    int64_t row;
} batch_cursor;

static int batch_connect(sqlite3 *database, void *batch, int argc, const char *const *argv, sqlite3_vtab **table, char **error) {
    (void)argc;
    (void)argv;
    (void)error;
    const twin_batch *rows = batch;
    char declaration[32 + TWIN_BATCH_MAX_COLUMNS * 16];
    sqlite3_str *text = sqlite3_str_new(database);
    sqlite3_str_appendall(text, "CREATE TABLE x(");
    for (int column = 0; column < rows->columns; column++) sqlite3_str_appendf(text, "c%d INTEGER,", column);
    sqlite3_str_appendall(text, "t TEXT)");
    char *sql = sqlite3_str_finish(text);
    if (sql == NULL) return SQLITE_NOMEM;
    sqlite3_snprintf((int)sizeof declaration, declaration, "%s", sql);
    sqlite3_free(sql);
    int status = sqlite3_declare_vtab(database, declaration);
    if (status != SQLITE_OK) return status;
    batch_table *made = calloc(1, sizeof *made);
    if (made == NULL) return SQLITE_NOMEM;
    made->batch = rows;
    *table = &made->base;
    return SQLITE_OK;
}

static int batch_disconnect(sqlite3_vtab *table) {
    free(table);
    return SQLITE_OK;
}

static int batch_best_index(sqlite3_vtab *table, sqlite3_index_info *info) {
    info->estimatedCost = (double)((batch_table *)table)->batch->rows;
    return SQLITE_OK;
}

static int batch_open(sqlite3_vtab *table, sqlite3_vtab_cursor **cursor) {
    (void)table;
    batch_cursor *made = calloc(1, sizeof *made);
    if (made == NULL) return SQLITE_NOMEM;
    *cursor = &made->base;
    return SQLITE_OK;
}

static int batch_close(sqlite3_vtab_cursor *cursor) {
    free(cursor);
    return SQLITE_OK;
}

static int batch_filter(sqlite3_vtab_cursor *cursor, int index, const char *text, int argc, sqlite3_value **argv) {
    (void)index;
    (void)text;
    (void)argc;
    (void)argv;
    ((batch_cursor *)cursor)->row = 0;
    return SQLITE_OK;
}

static int batch_next(sqlite3_vtab_cursor *cursor) {
    ((batch_cursor *)cursor)->row++;
    return SQLITE_OK;
}

static int batch_eof(sqlite3_vtab_cursor *cursor) {
    return ((batch_cursor *)cursor)->row >= ((batch_table *)cursor->pVtab)->batch->rows;
}

static int batch_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int column) {
    const twin_batch *batch = ((batch_table *)cursor->pVtab)->batch;
    int64_t row = ((batch_cursor *)cursor)->row;
    if (column < batch->columns) {
        int64_t value = batch->integers[row * batch->columns + column];
        if (value == TWIN_BATCH_NULL) {
            sqlite3_result_null(context);
        } else {
            sqlite3_result_int64(context, value);
        }
        return SQLITE_OK;
    }
    uint32_t start = row == 0 ? 0 : batch->ends[row - 1] & ~TWIN_BATCH_BLOB;
    uint32_t end = batch->ends[row] & ~TWIN_BATCH_BLOB;
    if (start == end) {
        sqlite3_result_null(context);
    } else if (batch->ends[row] & TWIN_BATCH_BLOB) {
        sqlite3_result_blob(context, batch->text + start, (int)(end - start), SQLITE_STATIC);
    } else {
        sqlite3_result_text(context, (const char *)batch->text + start, (int)(end - start), SQLITE_STATIC);
    }
    return SQLITE_OK;
}

static int batch_rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *rowid) {
    *rowid = ((batch_cursor *)cursor)->row;
    return SQLITE_OK;
}

// No xCreate: the table exists in every schema of the connection as it is, and none can be made.
static const sqlite3_module batch_module = {
    .iVersion = 1,
    .xConnect = batch_connect,
    .xBestIndex = batch_best_index,
    .xDisconnect = batch_disconnect,
    .xOpen = batch_open,
    .xClose = batch_close,
    .xFilter = batch_filter,
    .xNext = batch_next,
    .xEof = batch_eof,
    .xColumn = batch_column,
    .xRowid = batch_rowid,
};

int twin_batch_register(sqlite3 *database, const char *name, const twin_batch *batch) {
    if (batch->columns < 0 || batch->columns > TWIN_BATCH_MAX_COLUMNS) return SQLITE_MISUSE;
    return sqlite3_create_module_v2(database, name, &batch_module, (void *)batch, NULL);
}

// Takes its arguments by number, as only C can.
int twin_sqlite_stop_counting_memory(void) {
    return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}
