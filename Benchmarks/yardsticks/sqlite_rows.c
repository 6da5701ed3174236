// sqlite_rows bind|select ROWS FILE
//
// How fast this machine's SQLite takes rows of 14 integers, without an index, in WAL mode, 65,536 rows a transaction:
//   bind    one statement, bound and stepped for each row: what a program usually does
//   select  one INSERT ... SELECT for each batch, out of a virtual table over the batch in memory: the floor
// Making the rows is not timed. Prints one line of JSON.
#include "rows.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static row *batch;
static long batch_count;

static void check(sqlite3 *db, int code, const char *what) {
    if (code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE) {
        fprintf(stderr, "sqlite_rows: %s: %s\n", what, sqlite3_errmsg(db));
        exit(4);
    }
}

static void run(sqlite3 *db, const char *sql) { check(db, sqlite3_exec(db, sql, NULL, NULL, NULL), sql); }

// The virtual table: a cursor is a position in the batch.
typedef struct {
    sqlite3_vtab_cursor base;
    long position;
} cursor;

static int connect_table(sqlite3 *db, void *aux, int argc, const char *const *argv, sqlite3_vtab **table, char **error) {
    (void)aux, (void)argc, (void)argv, (void)error;
    char sql[512] = "create table batch(";
    for (int i = 0; i < COLUMNS; i++) {
        char column[24];
        snprintf(column, sizeof column, "%sc%d integer", i ? "," : "", i);
        strcat(sql, column);
    }
    strcat(sql, ")");
    int code = sqlite3_declare_vtab(db, sql);
    if (code != SQLITE_OK) return code;
    *table = calloc(1, sizeof **table);
    return *table ? SQLITE_OK : SQLITE_NOMEM;
}

static int disconnect_table(sqlite3_vtab *table) { free(table); return SQLITE_OK; }
static int plan(sqlite3_vtab *table, sqlite3_index_info *info) { (void)table; info->estimatedCost = 1; return SQLITE_OK; }
static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **out) {
    (void)table;
    *out = calloc(1, sizeof(cursor));
    return *out ? SQLITE_OK : SQLITE_NOMEM;
}
static int close_cursor(sqlite3_vtab_cursor *c) { free(c); return SQLITE_OK; }
static int rewind_cursor(sqlite3_vtab_cursor *c, int number, const char *text, int argc, sqlite3_value **argv) {
    (void)number, (void)text, (void)argc, (void)argv;
    ((cursor *)c)->position = 0;
    return SQLITE_OK;
}
static int next_row(sqlite3_vtab_cursor *c) { ((cursor *)c)->position++; return SQLITE_OK; }
static int at_end(sqlite3_vtab_cursor *c) { return ((cursor *)c)->position >= batch_count; }
static int value_of(sqlite3_vtab_cursor *c, sqlite3_context *context, int column) {
    sqlite3_result_int64(context, batch[((cursor *)c)->position].column[column]);
    return SQLITE_OK;
}
static int id_of(sqlite3_vtab_cursor *c, sqlite3_int64 *id) { *id = ((cursor *)c)->position; return SQLITE_OK; }

static sqlite3_module module = {
    .iVersion = 1, .xCreate = connect_table, .xConnect = connect_table, .xBestIndex = plan, .xDisconnect = disconnect_table,
    .xDestroy = disconnect_table, .xOpen = open_cursor, .xClose = close_cursor, .xFilter = rewind_cursor, .xNext = next_row,
    .xEof = at_end, .xColumn = value_of, .xRowid = id_of,
};

int main(int argc, char **argv) {
    if (argc != 4 || (strcmp(argv[1], "bind") && strcmp(argv[1], "select"))) {
        fprintf(stderr, "usage: sqlite_rows bind|select ROWS FILE\n");
        return 2;
    }
    int by_select = !strcmp(argv[1], "select");
    long rows = atol(argv[2]);
    char side[4096];
    const char *suffixes[] = {"", "-wal", "-shm"};
    for (int i = 0; i < 3; i++) {
        snprintf(side, sizeof side, "%s%s", argv[3], suffixes[i]);
        unlink(side);
    }
    sqlite3 *db;
    check(NULL, sqlite3_open(argv[3], &db), "open");
    run(db, "pragma page_size=8192");
    run(db, "pragma journal_mode=wal");
    run(db, "pragma synchronous=normal");
    run(db, "pragma cache_size=-65536");
    run(db, "pragma locking_mode=exclusive");
    char create[1024] = "create table flow_row(id integer primary key";
    char insert[1024] = "insert into flow_row values(null";
    for (int i = 0; i < COLUMNS; i++) {
        char column[24];
        snprintf(column, sizeof column, ",c%d integer", i);
        strcat(create, column);
        strcat(insert, ",?");
    }
    strcat(create, ") strict");
    strcat(insert, ")");
    run(db, create);
    if (by_select) {
        check(db, sqlite3_create_module(db, "batch", &module, NULL), "module");
        run(db, "create virtual table temp.batch using batch");
        strcpy(insert, "insert into flow_row select null,* from temp.batch");
    }
    sqlite3_stmt *statement;
    check(db, sqlite3_prepare_v2(db, insert, -1, &statement, NULL), insert);
    batch = malloc(BATCH * sizeof *batch);
    if (!batch) return 4;
    uint64_t state = 42;
    int64_t clock = 1791158400000;
    double spent = 0;
    for (long done = 0; done < rows; done += batch_count) {
        batch_count = rows - done < BATCH ? rows - done : BATCH;
        fill_batch(batch, batch_count, &state, &clock);
        double start = seconds_now();
        run(db, "begin");
        if (by_select) {
            check(db, sqlite3_step(statement), "step");
            sqlite3_reset(statement);
        } else {
            for (long i = 0; i < batch_count; i++) {
                for (int k = 0; k < COLUMNS; k++) sqlite3_bind_int64(statement, k + 1, batch[i].column[k]);
                check(db, sqlite3_step(statement), "step");
                sqlite3_reset(statement);
            }
        }
        run(db, "commit");
        spent += seconds_now() - start;
    }
    sqlite3_finalize(statement);
    double start = seconds_now();
    sqlite3_close(db);
    spent += seconds_now() - start;
    FILE *file = fopen(argv[3], "rb");
    if (!file) return 4;
    fseek(file, 0, SEEK_END);
    printf("{\"seconds\": %.4f, \"rows\": %ld, \"bytes\": %ld}\n", spent, rows, ftell(file));
    fclose(file);
    return 0;
}
